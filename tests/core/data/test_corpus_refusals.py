"""What is wrong in a corpus is refused by its line, and never read into memory whole."""

import gzip
import json
import lzma
import os

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from memory_app.core.data.decompress import UnpackError, lines
from memory_app.core.data.formats import RefusedError, Skipped, Taken, normalise
from memory_app.core.data.read_corpus import Refusal, parse, parse_all, to_line

GOOD = b'{"turns":[{"role":"user","text":"hi"},{"role":"bot","text":"hello"}]}'


def turns(*said):
    return json.dumps({"turns": [{"role": r, "text": t} for r, t in said]}).encode()


BAD_LINES = {
    b"[1]": "not a JSON object",
    b"{}": "no turns",
    b'{"turns": []}': "not a list of turns",
    b'{"turns": ["x"]}': "text is missing or not a string",
    b'{"turns": [{"role": "user", "text": 3}]}': "text is missing or not a string",
    b'{"turns": [{"role": "user"': "not JSON",
    b'{"turns": ' + b"[" * 100_000 + b"]" * 100_000 + b"}": "nested too deeply",
    b'{"turns": ' + b"9" * 5000 + b"}": "a number that is too long",
    turns(("system", "obey"), ("user", "hi")): "unknown role",
    turns(("assistant", "obey"), ("user", "hi")): "unknown role",
    b'{"messages": [{"role": ["user"], "content": "x"}]}': "unknown role",
    turns(("user", "hi"), ("bot", " \n")): "empty text",
    turns(("user", "h\0i"), ("bot", "a")): "NUL",
    turns(("user", "h\ud800i"), ("bot", "a")): "invalid UTF-8",
    b'{"turns": [{"role": "user", "text": "\xff"}]}': "invalid UTF-8",
    turns(("user", "a" * 8001), ("bot", "a")): "more than 8,000 characters",
    turns(*[("user", "ab")] * 4000, ("bot", "a")): "together more than 8,000",
    GOOD.replace(b"{", b'{"id": NaN, ', 1): "NaN is not a number",
    GOOD.replace(b"{", b'{"turns": [], ', 1): "duplicate key",
    turns(("user", "nobody answers")): "followed by a bot turn",
    turns(("bot", "only me")): "followed by a bot turn",
}


@pytest.mark.parametrize("line", BAD_LINES, ids=lambda line: repr(line[:30]))
def test_a_bad_line_is_refused_with_its_number_and_its_neighbours_are_taken(tmp_path, line):
    path = tmp_path / "c.jsonl"
    path.write_bytes(GOOD + b"\n\n" + line + b"\n" + GOOD)
    before, refusal, after = parse(path)
    assert before.turns == after.turns == [("user", "hi"), ("bot", "hello")]
    assert (refusal.file, refusal.line) == ("c.jsonl", 3)
    assert BAD_LINES[line] in refusal.reason


FOREIGN = {
    "a pickle": b"\x80\x04\x95",
    "zip": b"PK\x03\x04" + bytes(40),
    "archive inside an archive": gzip.compress(gzip.compress(GOOD)),
    "tar": gzip.compress(b"a" * 257 + b"ustar\0" + bytes(300)),
    "weights": b"\x02" + bytes(7) + b'{"a":1}',
    "UTF-16": "hi".encode("utf-16"),
}


@pytest.mark.parametrize("kind", FOREIGN)
def test_a_file_that_is_no_text_is_named_as_what_it_is(tmp_path, kind):
    path = tmp_path / "c.jsonl"
    path.write_bytes(FOREIGN[kind])
    (row,) = parse(path)
    assert row.line == 0
    assert kind in row.reason


def test_a_turn_of_exactly_the_limit_is_taken(tmp_path):
    path = tmp_path / "c.jsonl"
    path.write_bytes(turns(("user", "字" * 8000), ("bot", "a")))
    (row,) = parse(path)
    assert len(row.turns[0][1]) == 8000


def test_one_bad_line_refuses_its_spoken_dialogue_alone(tmp_path):
    path = tmp_path / "c.txt"
    path.write_bytes(b"User: a\nNarrator: b\nBot: c\n\nUser: d\nBot: e\n\nUser:\nBot: f\n")
    first, second, third = parse(path)
    assert (first.line, second.turns, third.line) == (2, [("user", "d"), ("bot", "e")], 8)
    assert "unknown role" in first.reason
    assert "empty text" in third.reason


def test_bad_rows_of_csv_are_refused_by_their_first_line(tmp_path):
    path = tmp_path / "c.csv"
    path.write_bytes(b'a,"b\nb"\na,b,c\n\xff,b\n,b\nx,\0\nlast,one\n')
    rows = list(parse(path))
    refused = [(row.line, row.reason) for row in rows if isinstance(row, Refusal)]
    assert [line for line, _ in refused] == [3, 4, 5, 6]
    for (_, reason), part in zip(refused, ["3", "UTF-8", "empty", "NUL"], strict=True):
        assert part in reason
    assert len(rows) == 6


def test_a_line_beyond_the_limit_is_passed_over_in_pieces(tmp_path):
    path = tmp_path / "long"
    path.write_bytes(b"a\n" + b"x" * 200_000 + b"\nb\n" + b"y" * 150_000)
    with path.open("rb") as file:
        assert list(lines(file, "long", longest=1000)) == [b"a", None, b"b", None]


@pytest.mark.parametrize("pack", [gzip.compress, lzma.compress, zstandard.compress])
def test_an_archive_that_grows_beyond_the_cap_is_refused(tmp_path, pack):
    path = tmp_path / "bomb"
    path.write_bytes(pack(GOOD + b"\n" + bytes(30 << 20)))
    with pytest.raises(UnpackError, match="more than 1 MiB"):
        list(parse(path, limit=1 << 20))


@pytest.mark.parametrize("pack", [gzip.compress, lzma.compress, zstandard.compress])
def test_a_cut_archive_is_refused(tmp_path, pack):
    path = tmp_path / "cut"
    path.write_bytes(pack(os.urandom(5000))[:-100])
    with pytest.raises(UnpackError, match="damaged archive"):
        list(parse(path))


def test_links_and_pipes_are_refused(tmp_path):
    outside = tmp_path / "outside.jsonl"
    outside.write_bytes(GOOD)
    folder = tmp_path / "folder"
    (folder / "deep").mkdir(parents=True)
    (folder / "deep" / "good.jsonl").write_bytes(GOOD)
    (folder / "link.jsonl").symlink_to(outside)
    (folder / "loop").symlink_to(folder)
    os.mkfifo(folder / "pipe")
    rows = list(parse_all(folder))
    refused = {row.file: row.reason for row in rows if isinstance(row, Refusal)}
    assert set(refused) == {"link.jsonl", "loop", "pipe"}
    assert len(rows) == 4
    with pytest.raises(UnpackError, match="symlink"):
        list(parse_all(folder / "link.jsonl"))
    with pytest.raises(UnpackError, match="symlink"):
        list(parse_all(folder / "loop"))


@given(st.lists(st.tuples(st.sampled_from(["user", "bot"]), st.text(max_size=8))))
def test_whatever_is_taken_alternates_and_survives_storing(said):
    try:
        taken = normalise(said)
    except RefusedError:
        return
    assert [role for role, _ in taken] == [("user", "bot")[i % 2] for i in range(len(taken))]
    stored = json.loads(to_line(Taken(taken, "1")))
    assert [(t["role"], t["text"]) for t in stored["turns"]] == taken


@given(st.binary(max_size=300))
def test_no_bytes_whatever_break_the_parser(tmp_path_factory, data):
    path = tmp_path_factory.getbasetemp() / "noise"
    path.write_bytes(data)
    try:
        for row in parse(path):
            assert isinstance(row, Refusal | Skipped) or row.turns
    except UnpackError:
        pass
