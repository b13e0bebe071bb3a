"""A signature never rules out a text that has the word, and rules out most that lack it."""

import random

from hypothesis import given
from hypothesis import strategies as st

from memory_app.core.text.case_folding import fold
from memory_app.core.text.search_signature import BITS, COLUMNS, grams, signature

LETTERS = st.text(st.sampled_from("abcéßяк猫你好ガ한😀1-.") | st.characters(), max_size=30)


def covers(text: tuple[int, ...], word: tuple[int, ...]) -> bool:
    return all(one & other == other for one, other in zip(text, word, strict=True))


@given(LETTERS, LETTERS, LETTERS)
def test_a_text_has_every_bit_of_what_stands_in_it(before, word, after):
    text = fold(f"{before}{word}{after}")
    for start in range(0, len(text), 3):
        for end in range(start + 1, len(text) + 1, 2):
            assert covers(signature(text), signature(text[start:end]))


def test_grams_are_three_letters_and_without_an_alphabet_one_and_two():
    assert grams("oslo") == {"osl", "slo"}
    assert grams("клара") == {"кла", "лар", "ара"}
    assert grams("hi") == set()
    assert grams("猫") == {"猫"}
    assert grams("我a猫b") == {"我", "猫", "我a", "a猫", "猫b"}


def test_a_signature_is_the_same_in_every_process():
    # Rows keep them: another hash would find nothing that was stored before.
    bits = [(n, part.bit_length()) for n, part in enumerate(signature("oslo")) if part]
    assert bits == [(0, 58), (6, 16)]
    assert all(0 <= part < 1 << BITS for part in signature("oslo lima 杭州"))
    assert len(signature("")) == COLUMNS


def test_most_texts_without_a_word_are_ruled_out():
    draw = random.Random(1)
    words = ["".join(draw.choices("etaoinshrdlu", k=draw.randint(2, 9))) for _ in range(2000)]
    texts = [" ".join(draw.choices(words, k=280)) for _ in range(100)]
    rare = ["zanzibar", "marzipan", "insurance", "杭州", "猫"]
    left = sum(covers(signature(text), signature(word)) for text in texts for word in rare)
    assert left < 0.2 * len(texts) * len(rare)
