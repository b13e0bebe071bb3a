"""Every form that import_corpus takes gives the same dialogue."""

import gzip
import json
import lzma

import pytest
import zstandard

from memory_app.core.data.formats import Skipped
from memory_app.core.data.read_corpus import Refusal, parse
from memory_app.core.messages import Sentence

SAID = [("user", "Hi, I'm Ana."), ("bot", "Hello Ana!"), ("user", "再见"), ("bot", "Bye, Ana.")]


def rows_of(tmp_path, data: bytes, name: str = "corpus.txt"):
    path = tmp_path / name
    path.write_bytes(data)
    return list(parse(path))


def json_line(shape, role, text, names):
    turns = [{role: names[who], text: said} for who, said in SAID]
    return json.dumps({shape: turns}).encode()


FORMS = {
    "turns": json_line("turns", "role", "text", {"user": "user", "bot": "bot"}),
    "messages": json_line("messages", "role", "content", {"user": "user", "bot": "assistant"}),
    "conversations": json_line("conversations", "from", "value", {"user": "human", "bot": "gpt"}),
    "lines": "User: Hi, I'm Ana.\nBot: Hello Ana!\nuser: 再见\nbot: Bye, Ana.\n\n".encode(),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("ending", [b"", b"\n", b"\r\n"])
def test_each_form_gives_the_same_dialogue(tmp_path, form, ending):
    (row,) = rows_of(tmp_path, FORMS[form] + ending)
    assert row.turns == SAID


def test_a_row_of_csv_is_one_exchange_and_needs_no_header(tmp_path):
    rows = rows_of(tmp_path, b'Hi,Hello\n"one, two","three\nfour"\n', "anything.dat")
    assert [row.turns for row in rows] == [
        [("user", "Hi"), ("bot", "Hello")],
        [("user", "one, two"), ("bot", "three\nfour")],
    ]


def test_a_known_header_of_csv_is_not_an_exchange(tmp_path):
    header, row = rows_of(tmp_path, b"\xef\xbb\xbfQuestion,Answer\nHi,Hello\n", "x.csv")
    assert header == Skipped()
    assert row.turns == [("user", "Hi"), ("bot", "Hello")]


@pytest.mark.parametrize(
    ("header", "cells", "asked"),
    [
        ("context,response", "Hi,Hello", "Hi"),
        ("message,reply", "Hi,Hello", "Hi"),
        ("query,target", "Hi,Hello", "Hi"),
        ("问题,回答", "Hi,Hello", "Hi"),
        ("instruction,context,response", "Sum up.,A text.,Hello", "Sum up.\n\nA text."),
        ("id,context,question,answer", "7,A text.,Hi,Hello", "Hi"),
    ],
)
def test_the_usual_headers_of_csv_are_known(tmp_path, header, cells, asked):
    first, row = rows_of(tmp_path, f"{header}\n{cells}\n".encode(), "x.csv")
    assert first == Skipped()
    assert row.turns == [("user", asked), ("bot", "Hello")]


def test_the_name_of_a_file_says_nothing_about_its_form(tmp_path):
    (row,) = rows_of(tmp_path, FORMS["turns"], "dialogues.csv")
    assert row.turns == SAID


@pytest.mark.parametrize(
    "pack",
    [
        gzip.compress,
        lzma.compress,
        zstandard.compress,
        lambda d: gzip.compress(d[:9]) + gzip.compress(d[9:]),
    ],
    ids=["gzip", "xz", "zstd", "two gzips joined"],
)
@pytest.mark.parametrize("form", FORMS)
def test_a_packed_file_gives_what_the_plain_one_gives(tmp_path, form, pack):
    (row,) = rows_of(tmp_path, pack(FORMS[form]))
    assert row.turns == SAID


def test_a_dialogue_keeps_its_id(tmp_path):
    line = json.dumps({"id": "a-1", "turns": [{"role": r, "text": t} for r, t in SAID]})
    (row,) = rows_of(tmp_path, line.encode())
    assert row.id == "a-1"


def test_turns_of_one_role_in_a_row_become_one(tmp_path):
    (row,) = rows_of(tmp_path, b"Bot: welcome\nUser: a\nUser: b\nBot: c\n")
    assert row.turns == [("user", "a\nb"), ("bot", "c")]


def test_a_bad_first_line_does_not_change_the_form(tmp_path):
    rows = rows_of(tmp_path, b"oops\n" + FORMS["turns"])
    assert rows[0] == Refusal("corpus.txt", 1, Sentence("not JSON"))
    assert rows[1].turns == SAID


@pytest.mark.parametrize("name", ["x.csv", "x.dat"])
def test_a_cell_that_begins_with_a_brace_is_no_json(tmp_path, name):
    rows = rows_of(tmp_path, b'{hello},Hi there\n"{""a"": 1}",It is JSON\nUser: me,Yes\n', name)
    assert [row.turns[0][1] for row in rows] == ["{hello}", '{"a": 1}', "User: me"]


def test_one_line_of_json_among_rubbish_is_still_json(tmp_path):
    rows = rows_of(tmp_path, b"oops\noops\noops\n" + FORMS["turns"])
    assert [type(row) is Refusal for row in rows] == [True, True, True, False]


def test_a_cut_line_of_json_is_not_taken_for_csv(tmp_path):
    (row,) = rows_of(tmp_path, b'{"turns": [{"role": "user", "text": "x"}', "x.csv")
    assert (row.line, row.reason) == (1, "not JSON")


def test_prose_is_in_no_form(tmp_path):
    (row,) = rows_of(tmp_path, b"A story.\nIt has many lines.\nOne, even, with commas.\n")
    assert row.line == 0
    assert "not in a supported format" in row.reason


def test_an_empty_file_gives_nothing(tmp_path):
    assert rows_of(tmp_path, b"") == []
