"""Files as programs write them: each is taken rightly, or refused with one clear sentence."""

import json
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from memory_app.core.data.formats import Skipped, Taken
from memory_app.core.data.json_document import document_rows, values
from memory_app.core.data.read_corpus import Refusal, parse

PAIRS = [(f"ask {n}", f"reply {n}") for n in range(6)]
TURNS = [[("user", asked), ("bot", replied)] for asked, replied in PAIRS]


def messages(asked: str, replied: str, **more: object) -> dict[str, object]:
    said = [{"role": "user", "content": asked}, {"role": "assistant", "content": replied}]
    return {"messages": said, **more}


def table(delimiter: str, head: str = "question,answer", end: str = "\n") -> str:
    rows = [head.replace(",", delimiter), *(delimiter.join(pair) for pair in PAIRS)]
    return end.join(rows) + end


def spoken(end: str = "\n", user: str = "User:", bot: str = "Bot:") -> str:
    return (end * 2).join(f"{user} {asked}{end}{bot} {replied}" for asked, replied in PAIRS) + end


DIALOGUES = [messages(*pair) for pair in PAIRS]
#: Name of the file, its bytes, and how many rows of it are skipped; all hold PAIRS.
TAKEN = {
    "commas": ("a.csv", table(",").encode(), 1),
    "no header": ("a.csv", table(",").partition("\n")[2].encode(), 0),
    "semicolons": ("a.csv", table(";").encode(), 1),
    "semicolons, no header": ("a.txt", table(";").partition("\n")[2].encode(), 0),
    "tabs": ("a.tsv", table("\t").encode(), 1),
    "Excel's sep=": ("a.csv", b"sep=;\r\n" + table(";", end="\r\n").encode(), 2),
    "Excel's sep=, with a mark": ("a.csv", b"\xef\xbb\xbfsep=,\n" + table(",").encode(), 2),
    "CR alone": ("a.csv", table(",", end="\r").encode(), 1),
    "CR alone, spoken": ("a.txt", spoken("\r").encode(), 0),
    "a mark and capitals": ("a.csv", b"\xef\xbb\xbf" + table(",", "Prompt,RESPONSE").encode(), 1),
    "the answer first": (
        "a.csv",
        "\n".join(["answer,question", *(f"{two},{one}" for one, two in PAIRS)]).encode(),
        1,
    ),
    "an id before the two": (
        "a.csv",
        "\n".join(["id,question,answer", *(f"7,{one},{two}" for one, two in PAIRS)]).encode(),
        1,
    ),
    "empty cells behind": ("a.csv", table(",", end=",,\n").encode(), 1),
    "files joined, a mark and a header each": (
        "a.csv",
        b"".join(
            b"\xef\xbb\xbfquestion,answer\n" + f"{one},{two}\n".encode() for one, two in PAIRS
        ),
        6,
    ),
    "JSON lines joined, a mark each": (
        "a.jsonl",
        b"".join(b"\xef\xbb\xbf" + json.dumps(row).encode() + b"\n" for row in DIALOGUES),
        0,
    ),
    "an array": ("a.json", json.dumps(DIALOGUES).encode(), 0),
    "an array, named as text": ("a.txt", json.dumps(DIALOGUES).encode(), 0),
    "an array, pretty-printed": ("a.json", json.dumps(DIALOGUES, indent=2).encode(), 0),
    "an array, CRLF and a mark": (
        "a.json",
        b"\xef\xbb\xbf" + json.dumps(DIALOGUES, indent=1).replace("\n", "\r\n").encode(),
        0,
    ),
    "arrays joined": (
        "a.json",
        b"\n".join(b"\xef\xbb\xbf" + json.dumps([row]).encode() for row in DIALOGUES),
        0,
    ),
    "objects, pretty-printed": (
        "a.jsonl",
        "\n".join(json.dumps(row, indent=4) for row in DIALOGUES).encode(),
        0,
    ),
    "OpenAI's parts": (
        "a.jsonl",
        "\n".join(
            json.dumps(messages([{"type": "text", "text": one}], two)) for one, two in PAIRS
        ).encode(),
        0,
    ),
    "ShareGPT": (
        "a.json",
        json.dumps(
            [
                {"conversations": [{"from": "human", "value": a}, {"from": "gpt", "value": b}]}
                for a, b in PAIRS
            ]
        ).encode(),
        0,
    ),
    "Alpaca": (
        "a.json",
        json.dumps([{"instruction": a, "input": "", "output": b} for a, b in PAIRS]).encode(),
        0,
    ),
    "Alpaca's table": (
        "a.csv",
        "\n".join(["instruction,input,output", *(f"{a},,{b}" for a, b in PAIRS)]).encode(),
        1,
    ),
    "no-break spaces and capitals": (
        "a.txt",
        spoken(user="USER\u00a0:", bot="BOT\u00a0:").encode(),
        0,
    ),
}


def rows_of(folder: Path, name: str, data: bytes) -> list[Taken | Skipped | Refusal]:
    file = folder / name
    file.write_bytes(data)
    return list(parse(file))


@pytest.mark.parametrize("case", TAKEN)
def test_a_form_that_programs_write_is_taken(tmp_path, case):
    name, data, skipped = TAKEN[case]
    rows = rows_of(tmp_path, name, data)
    assert [row.turns for row in rows if isinstance(row, Taken)] == TURNS
    assert sum(isinstance(row, Skipped) for row in rows) == skipped
    assert len(rows) == len(TURNS) + skipped


#: What is refused: the file, and for each refusal its line and words of its sentence.
REFUSED = {
    "JSON cut off": (
        "a.jsonl",
        b"[1,2",
        [(1, "not a JSON object"), (1, "not a JSON object"), (1, "the array has no end")],
    ),
    "JSON cut off, no ending": ("a", b"[1,2", [(1, ""), (1, ""), (1, "the array has no end")]),
    "CSV that calls itself JSON": (
        "a.json",
        b"one,two\nthree,four\n",
        [(1, "not JSON"), (2, "not JSON")],
    ),
    "cut inside an object": (
        "a.json",
        b'[\n{"messages": [{"role"',
        [(2, "the file ends inside it")],
    ),
    "cut inside an object, after rubbish": (
        "a.json",
        b'\n{"turns": [\n nonsense\n\x00\xff',
        [(3, "not JSON, in a value that begins on line 2 and has no end")],
    ),
    "cut inside a string": ("a.json", b'[{"messages": "abc', [(1, "inside a string")]),
    "a line break in a string": ("a.json", b'[{"a": "b\nc"}, {"d": 1}]', [(1, "inside a string")]),
    "a bracket that is missing": (
        "a.json",
        b'[{"a": [1}, {"b": 2}]',
        [(1, "not JSON"), (1, "no turns")],
    ),
    "a key twice": ("a.json", b'[{"a": 1, "a": 2}]', [(1, "duplicate key")]),
    "words in an array": ("a.json", b'["a, b]", true, 3]', [(1, "object")] * 3),
    "UTF-16": ("a.csv", table(",").encode("utf-16"), [(0, "UTF-16")]),
    "UTF-16, no mark": ("a.txt", spoken().encode("utf-16-be"), [(0, "UTF-16")]),
    "Latin-1": ("a.csv", "été,allô\n".encode("latin-1"), [(1, "invalid UTF-8")]),
    "three columns": ("a.csv", b"a,b\nc,d,e\n", [(2, "3 columns instead of two")]),
    "fewer than the header": ("a.csv", b"question,answer\nc\n", [(2, "columns: 1")]),
    "a turn of two lines": (
        "a.txt",
        b"User: a\nand b\nBot: c\n\nUser: d\nBot: e\n",
        [(2, "neither User: nor Bot:")],
    ),
    "too long a number": (
        "a.jsonl",
        json.dumps(DIALOGUES[0]).encode() + b'\n{"id": ' + b"1" * 5000 + b"}",
        [(2, "a number that is too long")],
    ),
    "a picture's part": (
        "a.jsonl",
        json.dumps(messages([{"type": "image_url"}], "x")).encode(),  # type: ignore[arg-type]
        [(1, "content is missing or not a string")],
    ),
    "a system alone": (
        "a.jsonl",
        b'{"messages": [{"role": "system", "content": "x"}]}',
        [(1, "no user turn followed by")],
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_can_not_be_taken_is_refused_by_its_line(tmp_path, case):
    name, data, expected = REFUSED[case]
    refused = [row for row in rows_of(tmp_path, name, data) if isinstance(row, Refusal)]
    assert [row.line for row in refused] == [line for line, _ in expected]
    for row, (_, words) in zip(refused, expected, strict=True):
        assert words in row.reason


def test_a_fault_in_an_array_leaves_its_neighbours(tmp_path):
    good = json.dumps(DIALOGUES[0]).encode()
    bad = [b'{"messages": [{"role": "user"]}', b"3", b'{"messages": [}']
    rows = rows_of(tmp_path, "a.json", b"[" + b",\n".join([good, *bad, good]) + b"]")
    assert [type(row) for row in rows] == [Taken, *[Refusal] * 3, Taken]
    assert [row.line for row in rows if isinstance(row, Refusal)] == [2, 3, 4]


def test_system_and_tool_messages_are_left_out_and_counted(tmp_path):
    call = {"role": "assistant", "content": None, "tool_calls": [{"id": "1"}]}
    said = [
        {"role": "system", "content": "Be kind."},
        {"role": "assistant", "content": "Welcome."},
        {"role": "user", "content": "ask 0"},
        call,
        {"role": "tool", "content": [{"no": "text"}]},
        {"role": "developer", "content": "Be brief."},
        {"role": "assistant", "content": "reply 0"},
    ]
    (row,) = rows_of(tmp_path, "a.jsonl", json.dumps({"messages": said}).encode())
    assert (row.turns, row.skipped) == (TURNS[0], 5)


def test_alpacas_input_is_part_of_the_question(tmp_path):
    data = json.dumps({"instruction": "Translate.", "input": "Hi", "output": "你好"}).encode()
    (row,) = rows_of(tmp_path, "a.json", data)
    assert row.turns == [("user", "Translate.\n\nHi"), ("bot", "你好")]


def test_line_ends_of_unicode_stay_in_the_text(tmp_path):
    text = "User: one\u2028two\u0085three\nBot: four\n"
    (row,) = rows_of(tmp_path, "a.txt", text.encode())
    assert row.turns[0] == ("user", "one\u2028two\u0085three")


# A stray quote ---------------------------------------------------------------------------------

STRAY = {
    "opens a line": ('"ask 2,reply 2', 5),
    "opens a line, closed later": ('"ask 2,reply 2\nask 8,"reply 8"', 6),
    "in the middle": ('5" of ask 2,reply 2', 6),
    "not doubled": ('"he said "hi" to me",reply 2', 5),
    "opens the second cell": ('ask 2,"reply 2', 5),
}


@pytest.mark.parametrize("case", STRAY)
def test_a_stray_quote_refuses_its_own_line_alone(tmp_path, case):
    bad, taken = STRAY[case]
    lines = [",".join(pair) for pair in PAIRS]
    lines[2] = bad
    rows = rows_of(tmp_path, "a.csv", "\n".join(lines).encode())
    assert sum(isinstance(row, Taken) for row in rows) == taken
    refused = [row for row in rows if isinstance(row, Refusal)]
    assert len(rows) == len("\n".join(lines).splitlines())
    assert all((row.line, "quote" in row.reason) == (3, True) for row in refused)


def test_a_quote_and_its_partner_far_below_do_not_take_in_the_rows_between(tmp_path):
    lines = [f"ask {n},reply {n}" for n in range(20)]
    lines[3], lines[15] = '"ask 3,reply 3', 'ask 15",reply 15'
    rows = rows_of(tmp_path, "a.csv", "\n".join(lines).encode())
    assert len(rows) == 20
    assert [row.line for row in rows if isinstance(row, Refusal)] == [4]


def test_a_cell_of_many_lines_is_one_cell(tmp_path):
    letter = "Dear Sir,\n\nI ask for two things, a ball, and a net.\n\nThanks,\nBo"
    rows = rows_of(tmp_path, "a.csv", f'"{letter}","Dear Bo, no."\nHi,Hello\n'.encode())
    assert [row.turns[0][1] for row in rows] == [letter, "Hi"]


letters = st.text(st.sampled_from("abé 漢;'\t"), max_size=6)
#: Where a quote is lost or added: at the line's start, in a word, before or behind the comma.
spoilt = st.sampled_from(
    ['"row{n} {one}x,y{two}', 'row{n} {one}"x,y{two}', 'row{n} {one}x,"y{two}']
)
sound = st.sampled_from(["row{n} {one}x,y{two}", '"row{n} ""{one}"", x","y, {two}"'])


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150, deadline=None
)
@given(
    rows=st.lists(st.tuples(sound | spoilt, letters, letters), min_size=1, max_size=12),
    header=st.booleans(),
    end=st.sampled_from(["\n", "\r\n", "\n\n"]),
)
def test_nothing_of_a_csv_vanishes(tmp_path, rows, header, end):
    """Rows taken + refused + skipped = rows in, wherever quotes are lost or added."""
    lines = [row.format(n=n, one=one, two=two) for n, (row, one, two) in enumerate(rows)]
    data = (end.join(["question,answer"] * header + lines) + end).encode()
    found = rows_of(tmp_path, "a.csv", data)
    assert len(found) == len(lines) + header
    assert sum(isinstance(row, Skipped) for row in found) == header
    taken = [row.turns[0][1].split()[0] for row in found if isinstance(row, Taken)]
    assert len(taken) == len(set(taken))
    refused = sum(isinstance(row, Refusal) for row in found)
    assert len(taken) + refused == len(lines)


# A document larger than memory -----------------------------------------------------------------


@pytest.mark.parametrize("indent", [None, 1])
def test_an_array_is_never_held_whole(indent):
    row = json.dumps(messages("ask " * 50, "reply " * 50), indent=indent).encode()

    def pieces():
        yield b"["
        for _ in range(20):
            yield (row + b",\n") * 500
        yield row + b"]"

    tracemalloc.start()
    try:
        count = sum(isinstance(taken, Taken) for _, taken in document_rows(pieces()))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert count == 10_001
    assert len(row) * 10_001 > 5 << 20
    assert peak < 2 << 20


def test_an_element_that_is_too_long_is_passed_over():
    good = json.dumps(DIALOGUES[0]).encode()
    long = b'{"a": [' + b'"x", ' * 1_000_000 + b"1]}"
    whole = b"[" + good + b"," + long + b"," + good + b"]"
    rows = [
        row
        for _, row in document_rows(whole[at : at + 65536] for at in range(0, len(whole), 65536))
    ]
    assert [type(row).__name__ for row in rows] == ["Taken", "RefusedError", "Taken"]
    assert "more than 4 MiB" in str(rows[1])


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.lists(json_values, max_size=6), st.sampled_from([None, 2]), st.integers(1, 40))
def test_an_array_falls_into_its_elements_wherever_it_is_cut(elements, indent, step):
    data = json.dumps(elements, indent=indent, ensure_ascii=False).encode()
    found = list(values(data[at : at + step] for at in range(0, len(data), step)))
    assert [json.loads(value) for _, value in found] == elements
