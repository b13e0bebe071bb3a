"""The recall exam on repliers whose score is known."""

import pytest
import torch

from memory_app.core.evaluation.recall import (
    GAPS,
    Question,
    abstains,
    contains_value,
    draw_exam,
    is_right,
    prompt_of,
    run_exam,
)
from memory_app.core.evaluation.recall_suite import evaluate_recall
from memory_app.core.evaluation.suites import EvaluationError, evaluate
from memory_app.core.evaluation.wilson import wilson
from memory_app.core.model.config import ModelConfig
from memory_app.core.model.model import LanguageModel
from memory_app.core.text.tokenizer import Tokenizer

pytestmark = pytest.mark.slow


def leaves(tree):
    for value in tree.values():
        if isinstance(value, dict):
            yield from leaves(value)
        else:
            yield value


@pytest.fixture(scope="module")
def exam():
    return draw_exam(12, seed=1)


@pytest.fixture(scope="module")
def tokenizer(exam):
    told = [text for cell in exam.values() for item in cell for pair in item.told for text in pair]
    return Tokenizer.train(told, 600)


@pytest.fixture(scope="module")
def model(tokenizer):
    torch.manual_seed(0)
    return LanguageModel(ModelConfig(tokenizer.vocab_size, 16, 24, 2)).eval()


def test_the_exam_has_the_cells_of_the_contract(exam):
    result = run_exam(exam, lambda items: ["" for _ in items])
    gaps = {f"gap_{gap}" for gap in GAPS}
    assert set(result["exact_match"]) == gaps
    assert set(result["held_out"]) == {"values", "phrasings"}
    assert set(result["held_out"]["values"]) == set(result["held_out"]["phrasings"]) == gaps
    assert {"several_core", "update", "abstain", "control"} < set(result)
    assert all(len(items) == 12 for items in exam.values())


def test_one_that_knows_everything_scores_one(exam):
    result = run_exam(
        exam, lambda items: [f"It's {i.answer}." if i.answer else "No idea." for i in items]
    )
    result.pop("intervals")
    assert set(leaves(result)) == {1.0}


def test_one_that_remembers_nothing_scores_zero_but_may_abstain(exam):
    result = run_exam(exam, lambda items: ["You haven't told me." for _ in items])
    assert result.pop("abstain") == 1.0
    result.pop("intervals")
    assert set(leaves(result)) == {0.0}


def test_one_that_keeps_the_first_value_fails_the_update(exam):
    result = run_exam(exam, lambda items: [i.replaced or i.answer for i in items])
    assert result["update"] == 0.0
    assert result["several_core"] == 1.0


def test_naming_both_the_old_and_the_new_value_is_no_update():
    item = Question((), "what is my name?", "Clara", replaced="Anna")
    assert is_right(item, "Your name is clara!")
    assert not is_right(item, "Your name is Clara, not Anna.")


def test_the_control_asks_the_same_questions_of_a_blank_state(exam):
    for asked, paired in zip(exam["control"], exam["exact_match/gap_0"], strict=True):
        assert asked.told == ()
        assert (asked.text, asked.answer) == (paired.text, paired.answer)


def test_each_gap_is_kept(exam):
    near = [len(item.told) for item in exam["held_out/values/gap_2"]]
    far = [len(item.told) for item in exam["held_out/values/gap_32"]]
    assert min(near) >= 3
    assert min(far) >= 33


def test_seed_and_n_fix_the_exam():
    assert draw_exam(5, seed=3) == draw_exam(5, seed=3)
    assert draw_exam(5, seed=3) != draw_exam(5, seed=4)


@pytest.mark.parametrize(
    ("reply", "value", "found"),
    [
        ("Your name is CLARA.", "Clara", True),
        ("new york!", "New York", True),
        ("Your name is Annabel.", "Anna", False),
        ("It's 7.", "7", True),
        ("It's 17.", "7", False),
        ("", "Clara", False),
    ],
)
def test_a_value_counts_as_whole_words_in_any_case(reply, value, found):
    assert contains_value(reply, value) is found


@pytest.mark.parametrize(
    "reply",
    [
        "I don't know your name yet.",
        "You haven't told me.",
        "You never told me where you live.",
        "I don't think you've told me.",
        "Sorry, no idea.",
        "I wasn't told.",
        "I do not know.",
        "I don’t remember that.",
    ],
)
def test_saying_that_one_does_not_know_is_recognised(reply):
    assert abstains(reply)


@pytest.mark.parametrize("reply", ["Your name is Clara.", "Nice!", "You told me: blue.", ""])
def test_other_replies_do_not_abstain(reply):
    assert not abstains(reply)


def test_a_prompt_is_whole_turns_and_then_the_question(tokenizer):
    item = Question((("hi", "hello"),), "who am I?", "Clara")
    ids = prompt_of(tokenizer, item)
    encode = tokenizer.encode
    assert ids == [
        *tokenizer.turn_ids(encode("hi"), encode("hello")),
        *tokenizer.prompt_ids(encode("who am I?")),
    ]


def test_the_whole_evaluation_has_the_shape_of_the_contract(model, tokenizer):
    dialogues = [[("user", "hi"), ("bot", "hello there")], [("user", "who?"), ("bot", "me")]]
    seen = []
    result = evaluate(
        model,
        tokenizer,
        "all",
        sources={"mine": dialogues},
        n=2,
        on_cell=lambda cell, done, total: seen.append((done, total)),
    )
    assert list(result) == ["perplexity", "recall", "loops", "distinct_2"]
    assert set(result["perplexity"]) == {
        *("bits_per_byte", "perplexity_per_token", "tokens", "bytes", "per_source"),
    }
    assert result["perplexity"]["bytes"] == len("hello thereme")
    assert set(result["recall"]) == {
        *("exact_match", "several_core", "update", "abstain", "held_out", "control"),
        *("open", "several", "others", "forget", "list", "n", "intervals"),
    }
    assert set(result["recall"]["list"]) == {"named", "false"}
    assert set(result["recall"]["intervals"]) == set(result["recall"]) - {"n", "intervals"}
    assert result["recall"]["intervals"]["list"]["named"] == [0.0, round(wilson(0, 10)[1], 4)]
    assert result["recall"]["n"] == 2
    assert 0 <= result["loops"] <= 1
    assert 0 <= result["distinct_2"] <= 1
    assert seen == [(done, 21) for done in range(1, 22)]


def test_a_language_is_the_one_named_else_the_models_else_english(tokenizer):
    torch.manual_seed(0)
    config = ModelConfig(tokenizer.vocab_size, 16, 24, 2, language="zh")
    chinese = LanguageModel(config).eval()
    by_default = evaluate_recall(chinese, tokenizer, 1)
    assert by_default == evaluate_recall(chinese, tokenizer, 1, language="en")
    assert "open" in by_default


def test_an_evaluation_that_cannot_be_is_refused_in_one_sentence(model, tokenizer):
    with pytest.raises(EvaluationError, match="suite must be"):
        evaluate(model, tokenizer, "taste")
    with pytest.raises(EvaluationError, match="needs a corpus"):
        evaluate(model, tokenizer, "perplexity")
    with pytest.raises(
        EvaluationError, match=r"^There is no recall test in zh; there is one in en\.$"
    ):
        evaluate(model, tokenizer, "recall", n=1, language="zh")
    with pytest.raises(EvaluationError, match="at least 1"):
        evaluate(model, tokenizer, "recall", n=0)
    with pytest.raises(EvaluationError, match="no reply"):
        evaluate(model, tokenizer, "perplexity", sources={"empty": []})
    with pytest.raises(ValueError, match="at least 1"):
        evaluate_recall(model, tokenizer, 0)


def test_the_interval_is_wilsons():
    low, high = wilson(8, 10)
    assert low == pytest.approx(0.4901625, abs=1e-6)
    assert high == pytest.approx(0.9433178, abs=1e-6)
    assert wilson(0, 20)[0] == 0
    assert wilson(20, 20)[1] == 1
    with pytest.raises(ValueError, match="at least one trial"):
        wilson(0, 0)
