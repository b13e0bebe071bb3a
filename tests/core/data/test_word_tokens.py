"""Which pieces are words: whole, after a space, and not those of the exam."""

from memory_app.core.data.word_tokens import one_piece_words, word_of
from memory_app.core.facts import held_out_values
from memory_app.core.text.tokenizer import Tokenizer

HELD_OUT = next(v for v in held_out_values("core") if v.isalpha() and v.isascii() and len(v) > 2)
TEXT = f" window {HELD_OUT} café of 1234 unwell"
TOKENIZER = Tokenizer.train([TEXT] * 50, 400)


def pieces() -> dict[bytes, int]:
    return {TOKENIZER.bytes_of(piece): piece for piece in range(TOKENIZER.vocab_size)}


def test_a_word_is_a_whole_one_after_a_space() -> None:
    found = {text: word_of(TOKENIZER, piece) for text, piece in pieces().items()}
    assert found[b" window"] == "window"
    assert found[" café".encode()] == "café"
    for text, word in found.items():
        if word:
            assert text == f" {word}".encode()
            assert word.isalpha()
    for no_word in (b" of", b" 1234", b"w", "é".encode()[:1], b""):
        assert found[no_word] is None


def test_held_out_words_are_not_among_those_that_training_draws_from() -> None:
    drawn = one_piece_words(TOKENIZER)
    assert f" {HELD_OUT}".encode() in pieces()
    assert {"window", "unwell"} <= set(drawn)
    assert HELD_OUT not in drawn
    assert "café" not in drawn
