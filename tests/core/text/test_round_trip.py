"""A tokenizer that can't give a text back as it was is no tokenizer to remember by."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memory_app.core.model.checkpoint_format import CheckpointError, check_folder, check_incoming
from memory_app.core.text.round_trip import check_round_trip
from memory_app.core.text.tokenizer import Tokenizer

SOUND = Tokenizer.train(["Hello, what is your name?", "你好，世界"] * 3, 320)


def without_byte(file: dict, char: str) -> dict:
    """The file as if this byte had never been in its alphabet."""
    model = file["model"]
    pieces = [
        piece for piece in sorted(model["vocab"], key=model["vocab"].get) if char not in piece
    ]
    merges = [merge for merge in model["merges"] if char not in "".join(merge)]
    vocab = {piece: at for at, piece in enumerate(pieces)}
    return {**file, "model": {**model, "vocab": vocab, "merges": merges}}


BAD = {
    "no token for the byte 0x65": lambda file: without_byte(file, "e"),
    "no token for the byte 0xFF": lambda file: without_byte(file, "ÿ"),
    "lower case": lambda file: {**file, "normalizer": {"type": "Lowercase"}},
    "NFC": lambda file: {**file, "normalizer": {"type": "NFC"}},
    "NFKC": lambda file: {**file, "normalizer": {"type": "NFKC"}},
    "strip": lambda file: {
        **file, "normalizer": {"type": "Strip", "strip_left": True, "strip_right": False}
    },
    "no blanks": lambda file: {
        **file,
        "pre_tokenizer": {
            "type": "Sequence",
            "pretokenizers": [{"type": "WhitespaceSplit"}, file["pre_tokenizer"]],
        },
    },
    "a blank in front": lambda file: {
        **file, "pre_tokenizer": {**file["pre_tokenizer"], "add_prefix_space": True}
    },
    "an added word that swallows blanks": lambda file: {
        **file,
        "added_tokens": [
            *file["added_tokens"],
            {
                "id": 320, "content": "hello there", "single_word": False, "lstrip": True,
                "rstrip": True, "normalized": False, "special": False,
            },
        ],
    },
}  # fmt: skip


def saved(path, file) -> Tokenizer:
    path.write_text(json.dumps(file), "utf-8")
    return Tokenizer.load(path)


@pytest.mark.parametrize("fault", BAD)
def test_a_tokenizer_that_changes_texts_is_refused(tmp_path, fault):
    path = tmp_path / "tokenizer.json"
    check_round_trip(saved(path, json.loads(SOUND.to_json())))
    tokenizer = saved(path, BAD[fault](json.loads(SOUND.to_json())))
    with pytest.raises(
        ValueError, match=r"no token for the byte|reproduce every text exactly"
    ) as refused:
        check_round_trip(tokenizer)
    if fault.startswith("no token"):
        assert fault in str(refused.value)


def test_it_is_refused_where_it_comes_in_and_loads_where_it_is(checkpoint_folder):
    assert check_incoming(checkpoint_folder) == check_folder(checkpoint_folder)
    path = checkpoint_folder / "tokenizer.json"
    before = path.read_bytes()
    try:
        file = json.loads(before)
        path.unlink()  # it may be shared by a link
        path.write_text(json.dumps({**file, "normalizer": {"type": "Lowercase"}}))
        check_folder(checkpoint_folder)
        with pytest.raises(CheckpointError, match="reproduce every text exactly"):
            check_incoming(checkpoint_folder)
    finally:
        path.write_bytes(before)


@given(st.text(st.characters(exclude_categories=["Cs"])), st.binary(max_size=40))
def test_what_passes_gives_any_text_back(text, data):
    for said in (text, data.decode("utf-8", "replace"), data.decode("latin-1")):
        assert SOUND.decode(SOUND.encode(said)) == said
