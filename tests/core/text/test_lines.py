"""Lines of verse, their lengths, and the marks before them."""

import pytest

from memory_app.core.text.characters import byte_tokenizer, character_tokenizer
from memory_app.core.text.lines import Mark, lengths_of, letters_left, lines_of, marked, unmarked

VERSE = "忆当时、纹衾粲枕，未尝孤。\n\n夜，"


def test_the_lines_joined_are_the_text() -> None:
    assert lines_of(VERSE) == ["忆当时、纹衾粲枕，", "未尝孤。\n\n", "夜，"]
    assert "".join(lines_of(VERSE)) == VERSE
    assert lines_of("") == []
    assert lengths_of(VERSE) == [7, 3, 1]
    assert lengths_of("，。") == []


def test_a_mark_says_a_lines_length_and_can_be_taken_out() -> None:
    a, b, c = (Mark(*mark).written() for mark in ((7, 2), (3, 1), (1, 0)))
    assert marked(VERSE) == f"{a}忆当时、纹衾粲枕，{b}未尝孤。\n\n{c}夜，"
    assert unmarked(marked(VERSE)) == VERSE
    assert marked(marked(VERSE)) == marked(VERSE)
    assert marked("字" * 33)[0] == Mark(31, 0).written()
    assert Mark.read(a) == Mark(7, 2)
    assert Mark.read("忆") is None
    assert lengths_of(marked(VERSE)) == lengths_of(VERSE)


def test_the_letters_left_fall_to_none() -> None:
    three, two = Mark(3, 1).written(), Mark(2, 0).written()
    assert letters_left(f"{three}未尝孤。{two}今") == [3, 2, 1, 0, None, 1, 0]
    assert letters_left(f"{three}未尝孤。{two}今", ended=False) == [3, 2, 1, 0, None, 2, 1]
    assert letters_left("未尝孤。今", ended=False) == [2, 1, 0, None, None]
    assert letters_left("") == []


@pytest.mark.parametrize("text", ["未尝孤。", "ab 未é🎈尝\n", "<|end|>", "𣃁㬠"])
def test_a_character_is_a_token_and_any_other_is_spelled(text: str) -> None:
    tokenizer = character_tokenizer(["未尝孤。é🎈"], 400)
    ids = tokenizer.encode(text)
    assert tokenizer.decode(ids) == text
    assert not tokenizer.special_ids.intersection(ids)
    assert [tokenizer.decode([token]) for token in tokenizer.encode("未é🎈尝")] == list("未é🎈尝")


def test_a_small_vocabulary_holds_the_most_frequent_characters() -> None:
    tokenizer = character_tokenizer(["月月月", "山"], 261)
    assert tokenizer.vocab_size == 261
    assert len(tokenizer.encode("月")) == 1
    assert len(tokenizer.encode("山")) == 3


def test_a_token_a_byte() -> None:
    tokenizer = byte_tokenizer()
    assert tokenizer.vocab_size == 259
    assert len(tokenizer.encode("a月 ")) == 5
    assert tokenizer.decode(tokenizer.encode("a月 ")) == "a月 "
