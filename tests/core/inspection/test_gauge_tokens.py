"""A value's probability after each token equals that of a replay up to there, asked alone."""

import pytest
import torch

from memory_app.core.inspection.gauge_tokens import MOST_PLACES, Candidate, places, token_course
from memory_app.core.model.config import ModelConfig
from memory_app.core.model.model import LanguageModel
from memory_app.core.model.replay import replay


@pytest.mark.parametrize("cell", ["lstm", "xlstm"])
def test_each_number_is_that_of_a_replay_up_to_its_token(cell: str) -> None:
    torch.manual_seed(2)
    model = LanguageModel(ModelConfig(60, 16, 16, 3, cell=cell)).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(3)
    before = replay(model, model.blank(1), [5, 6, 7])
    kept = before.to_bytes()
    ids = torch.randint(3, 60, (12,)).tolist()
    prompt = [0, 9, 8, 2, 1]
    values = [Candidate([11, 12, 13], 1), Candidate([14], 0), Candidate([11, 20, 21, 22], 2)]
    found = token_course(model, before, ids, prompt, values)
    assert [len(row) for row in found] == [13] * 3
    for number in range(13):
        state = replay(model, before, ids[:number]) if number else before
        for value, row in zip(values, found, strict=True):
            with torch.no_grad():
                fed = [*prompt, *value.reply_ids]
                logits, _ = model(torch.tensor([fed]), state)
            p = 1.0
            for place in range(value.start, len(value.reply_ids)):
                share = logits[0, len(prompt) - 1 + place].softmax(-1)
                p *= float(share[value.reply_ids[place]])
            assert row[number] == pytest.approx(p, rel=2e-3, abs=1e-7)
    some = token_course(model, before, ids, prompt, values, at=[3, 11])
    for row, whole in zip(some, found, strict=True):
        assert row == pytest.approx([whole[0], whole[4], whole[12]], rel=1e-3, abs=1e-7)
    assert before.to_bytes() == kept
    assert token_course(model, before, ids, prompt, []) == []


def test_of_a_long_turn_every_so_many_tokens_are_asked_and_the_last() -> None:
    assert places(0) == []
    assert places(3) == [0, 1, 2]
    assert places(MOST_PLACES) == list(range(MOST_PLACES))
    for length in (MOST_PLACES + 1, 2048, 2560):
        found = places(length)
        assert len(found) <= MOST_PLACES + 1
        assert found[-1] == length - 1
        assert found == sorted(set(found))
