"""chrF and BLEU: equal to what sacrebleu 2.5.1 computes (corpus_chrf; corpus_bleu, 13a and zh)."""

import pytest
import torch

from memory_app.core.evaluation.bleu import bleu, bleu_counts, chinese_words, english_words
from memory_app.core.evaluation.chrf import chrf, chrf_counts

EN = (
    ["The cat sat on a mat.", "I don't know, do you?", "It costs 3.50 dollars (at most)!"],
    ["The cat is on the mat.", "I don't know. Do you?", "It costs $3.50, at most."],
)
ZH = (
    ["我喜欢读书。", "他的“朋友”住在New York。", "今天3点见…"],
    ["我喜欢阅读编程书籍。", "他的朋友住在纽约。", "今天下午3:30见……"],
)


def chrf_of(outputs: list[str], references: list[str]) -> float:
    rows = [chrf_counts(*pair) for pair in zip(outputs, references, strict=True)]
    return float(chrf(torch.tensor(rows).sum(0)))


def bleu_of(outputs: list[str], references: list[str], *, chinese: bool = False) -> float:
    words = chinese_words if chinese else english_words
    rows = [bleu_counts(words(a), words(b)) for a, b in zip(outputs, references, strict=True)]
    return float(bleu(torch.tensor(rows).sum(0)))


def test_they_are_sacrebleus() -> None:
    assert chrf_of(*EN) == pytest.approx(51.577733240851565, abs=1e-9)
    assert chrf_of(*ZH) == pytest.approx(15.22736962334242, abs=1e-9)
    assert bleu_of(*EN) == pytest.approx(14.798105822289179, abs=1e-9)
    assert bleu_of(*ZH, chinese=True) == pytest.approx(11.931834682419309, abs=1e-9)


def test_an_order_without_a_match_is_smoothed_and_no_match_at_all_is_zero() -> None:
    few = (["the cat is on a mat now"], ["the dog sat on it now ok"])
    assert bleu_of(*few) == pytest.approx(8.643019616048525)
    assert bleu_of(["a b"], ["c d"]) == 0
    assert bleu_of(["the cat"], ["the dog sat"]) == 0
    assert chrf_of(["", ""], ["ab", "c"]) == 0


def test_the_same_sentence_is_a_hundred() -> None:
    assert chrf_of(EN[1], EN[1]) == pytest.approx(100)
    assert bleu_of(EN[1], EN[1]) == pytest.approx(100)


def test_many_samples_are_scored_at_once() -> None:
    rows = torch.tensor([chrf_counts(*pair) for pair in zip(*EN, strict=True)])
    together = chrf(torch.stack((rows.sum(0), rows[:1].sum(0))))
    assert together[0] == pytest.approx(chrf_of(*EN))
    assert together[1] == pytest.approx(chrf_of(EN[0][:1], EN[1][:1]))
