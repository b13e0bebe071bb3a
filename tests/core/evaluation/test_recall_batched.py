"""Many streams at once give what each gives alone."""

import random

import pytest
import torch

from memory_app.core.evaluation.decode_greedy import feed, greedy_ids, greedy_replies
from memory_app.core.evaluation.diversity import distinct_2, evaluate_variety, openings
from memory_app.core.model.config import ModelConfig
from memory_app.core.model.model import LanguageModel
from memory_app.core.text.tokenizer import Tokenizer


@pytest.fixture(scope="module")
def tokenizer():
    return Tokenizer.train(openings(), 400)


def model_of(tokenizer, cell="lstm", scale=1.0):
    torch.manual_seed(1)
    model = LanguageModel(ModelConfig(tokenizer.vocab_size, 16, 20, 2, cell=cell)).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(scale)
    return model


def prompts_of(tokenizer, count=23):
    rng = random.Random(2)
    ids = range(3, tokenizer.vocab_size)
    return [
        tokenizer.prompt_ids([rng.choice(ids) for _ in range(rng.randint(0, 30))])
        for _ in range(count)
    ]


@pytest.mark.parametrize("cell", ["lstm", "tanh_rnn", "article_lstm"])
def test_feeding_together_equals_feeding_alone(tokenizer, cell):
    model = model_of(tokenizer, cell)
    prompts = prompts_of(tokenizer)
    outputs, state = feed(model, prompts)
    with torch.inference_mode():
        for row, prompt in enumerate(prompts):
            alone, after = model.hidden(torch.tensor([prompt]))
            torch.testing.assert_close(outputs[row], alone[0, -1], rtol=0, atol=1e-5)
            torch.testing.assert_close(
                state.part("h")[:, row], after.part("h")[:, 0], rtol=0, atol=1e-5
            )
            torch.testing.assert_close(
                state.part("c")[:, row], after.part("c")[:, 0], rtol=0, atol=1e-5
            )


@pytest.mark.parametrize("cell", ["lstm", "tanh_rnn", "article_lstm"])
def test_feeding_in_two_parts_equals_feeding_at_once(tokenizer, cell):
    model = model_of(tokenizer, cell)
    prompts = prompts_of(tokenizer, 9)
    rest = prompts_of(tokenizer, 18)[9:]
    outputs, state = feed(model, rest, feed(model, prompts)[1])
    whole, after = feed(model, [first + then for first, then in zip(prompts, rest, strict=True)])
    torch.testing.assert_close(outputs, whole, rtol=0, atol=1e-5)
    torch.testing.assert_close(state.part("h"), after.part("h"), rtol=0, atol=1e-5)
    torch.testing.assert_close(state.part("c"), after.part("c"), rtol=0, atol=1e-5)


def plain_reply(model, tokenizer, prompt, limit):
    """The same by the slow reference: one step a token, one row."""
    outputs, state = feed(model, [prompt])
    logits, reply = model.logits(outputs), []
    while len(reply) < limit:
        logits[0, [tokenizer.user_id, tokenizer.bot_id]] = -torch.inf
        token = int(logits.argmax())
        if token == tokenizer.end_id:
            break
        reply.append(token)
        step = model.step(torch.tensor([token]), state)
        logits, state = step.logits, step.state
    return reply


def test_greedy_replies_of_a_batch_equal_those_alone(tokenizer):
    # Weights at which replies depend on the prompt and most of them end, some late, some never.
    model = model_of(tokenizer, scale=2.0)
    with torch.no_grad():
        model.embedding.weight.mul_(10)
        model.head.bias[tokenizer.end_id] += 5
    prompts = prompts_of(tokenizer, 80)
    together = greedy_ids(model, tokenizer, prompts, max_tokens=12)
    with torch.inference_mode():
        assert together == [plain_reply(model, tokenizer, prompt, 12) for prompt in prompts]
    assert len({len(reply) for reply in together}) > 2
    assert len(set(map(tuple, together))) > 5


def test_a_reply_holds_no_control_token_and_keeps_the_mode(tokenizer):
    model = model_of(tokenizer).train()
    texts = greedy_replies(model, tokenizer, prompts_of(tokenizer, 5), max_tokens=6)
    assert model.training
    assert all("<|" not in text for text in texts)


def test_variety_is_the_same_for_the_same_seed(tokenizer):
    model = model_of(tokenizer)
    first = evaluate_variety(model, tokenizer, count=6, seed=3)
    assert first == evaluate_variety(model, tokenizer, count=6, seed=3)
    assert 0 <= first.loops <= 1


def test_a_model_that_repeats_one_word_is_all_loops(tokenizer):
    model = model_of(tokenizer)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.zero_()
        model.head.bias[tokenizer.encode("a")[0]] = 60
    variety = evaluate_variety(model, tokenizer, count=4)
    assert variety.loops == 1.0


def test_distinct_pairs_are_counted_over_all_replies():
    assert distinct_2(["a b c", "A B d"]) == 3 / 4
    assert distinct_2(["one", ""]) == 0.0
