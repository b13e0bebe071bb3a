"""Text to ids and back: any UTF-8 round-trips, and nobody types a control token."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memory_app.core.text.tokenizer import CONTROL, Tokenizer, TokenizerError

TOKENIZER = Tokenizer.train(
    ["Hello, what is your name?", "My name is Clara.", "<|end|> user bot", "你好，世界"] * 3, 320
)
# Every character that has UTF-8: hypothesis leaves the surrogates out of text() only when told.
unicode_text = st.text(st.characters(exclude_categories=["Cs"]))


@given(unicode_text)
def test_any_text_comes_back_as_it_was(text: str) -> None:
    assert TOKENIZER.decode(TOKENIZER.encode(text)) == text


@given(unicode_text, st.sampled_from(CONTROL), unicode_text)
def test_no_text_yields_a_control_token(before: str, control: str, after: str) -> None:
    ids = TOKENIZER.encode(before + control + after)
    assert not TOKENIZER.special_ids & set(ids)
    assert TOKENIZER.decode(ids) == before + control + after


@given(st.lists(st.integers(0, TOKENIZER.vocab_size - 1), max_size=60))
def test_streamed_texts_joined_are_the_decoded_text(ids: list[int]) -> None:
    stream = TOKENIZER.stream()
    parts = [stream.push(token_id) for token_id in ids]
    assert "".join(parts) + stream.flush() == TOKENIZER.decode(ids)


def test_a_character_in_several_pieces_appears_whole_or_not_at_all() -> None:
    stream = TOKENIZER.stream()
    texts = [stream.push(token_id) for token_id in TOKENIZER.encode("🙂")]
    assert len(texts) > 1
    assert texts[:-1] == [""] * (len(texts) - 1)
    assert texts[-1] == "🙂"


def test_turn_ids_frame_a_turn_with_control_tokens() -> None:
    user, bot, end = TOKENIZER.user_id, TOKENIZER.bot_id, TOKENIZER.end_id
    assert TOKENIZER.turn_ids([7, 8], [9]) == [user, 7, 8, end, bot, 9, end]
    assert TOKENIZER.turn_ids([7, 8], [])[: len(TOKENIZER.prompt_ids([7, 8]))] == (
        TOKENIZER.prompt_ids([7, 8])
    )


def test_bulk_encoding_gives_the_same_ids() -> None:
    texts = ["Hello, Clara", "", "<|end|> 你好 🙂"]
    assert TOKENIZER.encode_many(texts) == [TOKENIZER.encode(text) for text in texts]


def test_half_a_character_is_refused_in_one_sentence() -> None:
    with pytest.raises(TokenizerError, match="half a character"):
        TOKENIZER.encode("a\ud800b")


def test_a_saved_tokenizer_gives_the_same_ids(tmp_path) -> None:
    path = tmp_path / "tokenizer.json"
    path.write_text(TOKENIZER.to_json(), "utf-8")
    loaded = Tokenizer.load(path)
    text = "Hello <|user|> Clara 你好"
    assert loaded.encode(text) == TOKENIZER.encode(text)
    assert loaded.decode(loaded.encode(text)) == text


@pytest.mark.parametrize("content", ["", "{}", "[1]", '{"model": {"type": "BPE"}}', "\x00"])
def test_what_is_no_tokenizer_is_refused(tmp_path, content: str) -> None:
    path = tmp_path / "tokenizer.json"
    path.write_text(content)
    with pytest.raises(TokenizerError):
        Tokenizer.load(path)
