"""The chats of ten relations, and how much fits: what is asked was told, once, before."""

import json
import random
from pathlib import Path

import pytest

from benchmarks.quality import how_much_fits as fits
from benchmarks.quality import relation_chats as module
from benchmarks.quality.relation_chats import MESSAGES, THINGS, relation_chats, script
from memory_app.core.evaluation.exam.texts import exam_texts_of
from memory_app.core.evaluation.recall import Question, contains_value
from memory_app.core.model.checkpoint import save_checkpoint
from memory_app.core.model.config import ModelConfig
from memory_app.core.model.model import LanguageModel
from memory_app.core.text.tokenizer import Tokenizer

TEXTS = exam_texts_of("en")
assert TEXTS is not None
SCRIPTS = [script(random.Random(seed), TEXTS) for seed in range(60)]


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return Tokenizer.train(["hello there, you", "my name is Tom"] * 9, 280)


@pytest.fixture(scope="module")
def model() -> LanguageModel:
    return LanguageModel(ModelConfig(280, 4, 4, 1)).eval()


def test_a_chat_has_thirty_messages_and_tells_before_it_asks() -> None:
    for lines in SCRIPTS:
        assert len(lines) == MESSAGES
        asked = lines[-THINGS:]
        assert len({line.topic for line in asked}) == THINGS
        assert not any(line.topic for line in lines[:-THINGS])
        for line in asked:
            told = [said.said for said in lines if contains_value(said.said, line.answer)]
            assert told
            assert not contains_value(line.said, line.answer)


def test_only_replies_that_name_what_was_told_count(model, tokenizer, monkeypatch):
    def answered(model, tokenizer, scripts, seed):
        # All questions right in the first chat, three in every other one.
        return [
            [
                line.answer if line.topic and (chat == 0 or place < MESSAGES - THINGS + 3) else "?"
                for place, line in enumerate(lines)
            ]
            for chat, lines in enumerate(scripts)
        ]

    monkeypatch.setattr(module, "hold", answered)
    found = relation_chats(model, tokenizer, count=5)
    assert (found["chats"], found["questions"], found["told"]) == (5, 50, 0.44)
    assert found["told_interval"][0] < 0.44 < found["told_interval"][1]
    assert {n: count for n, count in found["chats_by_right"].items() if count} == {"3": 4, "10": 1}


@pytest.mark.parametrize("told", [1, 8, 64])
def test_so_many_facts_are_told_and_one_is_asked_for(told: int) -> None:
    assert TEXTS is not None
    for question in fits.draw(5, told, TEXTS):
        assert len(question.told) == told + fits.GAP
        says = [user for user, _ in question.told[:told] if contains_value(user, question.answer)]
        assert len(says) == 1


def test_what_fits_is_printed_for_each_checkpoint(
    model, tokenizer, tmp_path: Path, capsys, monkeypatch
):
    folder = tmp_path / "tiny"
    save_checkpoint(folder, model, tokenizer, {"name": "tiny"})

    def replier(model, tokenizer):
        return lambda questions: [question.answer for question in questions[1:]] + ["no"]

    monkeypatch.setattr(fits, "model_replier", replier)
    monkeypatch.setattr(fits, "draw", lambda n, told, texts: fits_questions(n))
    fits.main([str(folder), str(folder), "--n", "4", "--told", "2", "8"])
    one, two = json.loads(capsys.readouterr().out)["checkpoints"]
    assert one == two
    assert (one["checkpoint"], one["cell"], one["state_bytes"]) == ("tiny", "lstm", 32)
    assert one["parameters"] == sum(p.numel() for p in model.parameters())
    assert {told: cell["share"] for told, cell in one["fits"].items()} == {"2": 0.0, "8": 0.0}


def fits_questions(n: int) -> list[Question]:
    return [Question((), "What?", f"value{place}") for place in range(n)]


def test_what_fits_is_the_share_times_the_number(model, tokenizer, monkeypatch):
    def half(model, tokenizer):
        return lambda questions: [q.answer if n % 2 else "" for n, q in enumerate(questions)]

    monkeypatch.setattr(fits, "model_replier", half)
    found = fits.how_much_fits(model, tokenizer, n=10, told=(1, 16))
    assert found["16"]["share"] == 0.5
    assert found["16"]["kept"] == 8.0
    low, high = found["1"]["interval"]
    assert low < 0.5 < high
