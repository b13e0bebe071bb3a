"""Loops, and replies that are each what they would be alone."""

from memory_app.core.evaluation.diversity import openings, repeats_itself, sampled_replies
from memory_app.core.model.config import ModelConfig
from memory_app.core.model.model import LanguageModel
from memory_app.core.text.tokenizer import Tokenizer


def test_four_tokens_three_times_are_a_loop_wherever_they_stand():
    assert repeats_itself([9, 1, 2, 3, 4, 8, 1, 2, 3, 4, 7, 7, 1, 2, 3, 4])
    assert repeats_itself([5] * 6)


def test_twice_or_three_tokens_are_none():
    assert not repeats_itself([1, 2, 3, 4, 8, 1, 2, 3, 4])
    assert not repeats_itself([1, 2, 3, 8, 1, 2, 3, 9, 1, 2, 3])
    assert not repeats_itself([5] * 5)
    assert not repeats_itself([])


def test_openings_are_fixed_and_all_different():
    assert len(openings()) == 200 == len(set(openings()))
    assert openings() == openings()


def test_a_sampled_reply_doesn_t_depend_on_its_neighbours():
    tokenizer = Tokenizer.train(["hello there, how are you today?"] * 30, 300)
    model = LanguageModel(ModelConfig(tokenizer.vocab_size, 8, 12, 2))
    texts = ["hello", "how are you", "there, there"]
    together = sampled_replies(model, tokenizer, texts, seed=4)
    alone = [sampled_replies(model, tokenizer, [t], seed=4 + k)[0] for k, t in enumerate(texts)]
    assert together == alone
