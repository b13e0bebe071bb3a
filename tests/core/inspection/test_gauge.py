"""What a memory would say equals one state asked one question, token by token."""

import math

import pytest
import torch

from memory_app.core.engine.ask import GaveWay, ask
from memory_app.core.evaluation.decode_greedy import greedy_ids
from memory_app.core.inspection.gauge import Weighed, answer, product, weigh
from memory_app.core.model.config import ModelConfig
from memory_app.core.model.model import LanguageModel
from memory_app.core.model.replay import replay
from memory_app.core.text.tokenizer import Tokenizer
from tests.conftest import SENTENCES
from tests.core.engine.small import make_engine

TALK = ("My name is Clara", "I live in Lima", "I have a cat")
QUESTIONS = ("What is my name?", "Where?", "What pet do I have?")
CELLS = {"lstm": {}, "xlstm": {"hidden_size": 16}}


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return Tokenizer.train(SENTENCES * 4, 300)


@pytest.fixture(params=CELLS)
def model(request, tokenizer: Tokenizer) -> LanguageModel:
    torch.manual_seed(4)
    sizes = {"embedding_dim": 16, "hidden_size": 16, "num_layers": 2} | CELLS[request.param]
    model = LanguageModel(ModelConfig(tokenizer.vocab_size, cell=request.param, **sizes)).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(3)
    return model.requires_grad_(False)


def streams(tokenizer: Tokenizer) -> list[list[int]]:
    """The ids of one turn, two turns, three."""
    ids: list[int] = []
    found = []
    for text in TALK:
        ids = ids + tokenizer.turn_ids(tokenizer.encode(text), tokenizer.encode("Nice"))
        found.append(ids)
    return found


def test_each_answer_is_that_of_one_state_and_one_question_alone(model, tokenizer) -> None:
    prompts = [tokenizer.prompt_ids(tokenizer.encode(question)) for question in QUESTIONS]
    told = streams(tokenizer)
    states = [replay(model, model.blank(1), ids) for ids in told]
    before = [state.to_bytes() for state in states]
    pairs = [(state, prompt) for state in states for prompt in prompts]
    # Fewer rows than questions: some have to wait for a row.
    engine = make_engine(model, max_batch=4, slice_length=100)
    replies = ask(engine, pairs, max_tokens=12)
    alone = [
        greedy_ids(model, tokenizer, [ids + prompt], max_tokens=12)[0]
        for ids in told
        for prompt in prompts
    ]
    assert replies == alone
    assert [state.to_bytes() for state in states] == before

    weights = weigh(
        model, [Weighed(*pair, reply) for pair, reply in zip(pairs, replies, strict=True)]
    )
    for (state, prompt), reply, found in zip(pairs, replies, weights, strict=True):
        slow = []
        for token in prompt:
            step = model.step(torch.tensor([token]), state)
            state = step.state
        for token in reply:
            slow.append(float(step.logits[0].log_softmax(-1)[token]))
            step = model.step(torch.tensor([token]), step.state)
        assert found == pytest.approx(slow, abs=1e-4)
        assert product(found) == pytest.approx(math.prod(map(math.exp, slow)), rel=1e-3)
    assert [state.to_bytes() for state in states] == before


def test_questions_give_way_and_can_be_asked_again(model, tokenizer) -> None:
    engine = make_engine(model, max_batch=2)
    prompt = tokenizer.prompt_ids(tokenizer.encode(QUESTIONS[0]))
    pairs = [(model.blank(1), prompt)] * 5
    steps = iter([False, False, False, True])
    with pytest.raises(GaveWay):
        ask(engine, pairs, give_way=lambda: next(steps))
    assert not engine.has_work
    whole = ask(engine, pairs, max_tokens=5)
    assert len(whole) == 5
    assert whole == [whole[0]] * 5


def test_nothing_is_asked_of_a_state_of_another_shape(model, tokenizer) -> None:
    other = LanguageModel(ModelConfig(300, 16, 24, 2))
    prompt = tokenizer.prompt_ids(tokenizer.encode(QUESTIONS[0]))
    with pytest.raises(ValueError, match="shape"):
        weigh(model, [Weighed(other.blank(1), prompt, [5])])
    with pytest.raises(ValueError, match="vocabulary"):
        weigh(model, [Weighed(model.blank(1), prompt, [model.config.vocab_size])])


def test_an_answer_names_its_value_unless_it_says_that_it_does_not_know(tokenizer) -> None:
    ids = tokenizer.encode("Your name is Clara.")
    clara = [place for place, token in enumerate(ids) if b"lara" in tokenizer.bytes_of(token)]
    own, blank = [-0.1] * len(ids), [-0.2] * len(ids)
    blank[0] = -7.0
    for place in clara:
        blank[place] = -8.0
    found = answer(tokenizer, ids, own, blank)
    assert (found.text, found.value, found.told) == ("Your name is Clara.", "Clara", True)
    assert found.probability == pytest.approx(math.exp(-0.1 * len(ids)))
    assert found.value_probability == pytest.approx(
        math.exp(-0.1 * (found.stop - found.start)), rel=1e-6
    )
    abstains = answer(tokenizer, ids, own, blank, opening=ids[:2])
    assert (abstains.told, abstains.value, abstains.value_probability) == (False, "", 0.0)
    same = answer(tokenizer, ids, own, own)
    assert (same.told, same.value) == (False, "")
