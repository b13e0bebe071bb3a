"""The canonical replay: one result to the bit, in one pass or several, alone."""

import pytest
import torch

from memory_app.core.model.config import ModelConfig
from memory_app.core.model.model import LanguageModel
from memory_app.core.model.replay import REPLAY_THREADS, configure_process, replay
from memory_app.core.model.state import State

MODEL = LanguageModel(ModelConfig(200, 24, 64, 2)).eval()


def ids_of(seed: int, count: int) -> list[int]:
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, 200, (count,), generator=generator).tolist()


def test_ten_replays_have_one_hash() -> None:
    configure_process()
    assert torch.get_num_threads() == REPLAY_THREADS
    ids = ids_of(1, 70)
    assert len({replay(MODEL, State.zeros(MODEL.config), ids).sha256() for _ in range(10)}) == 1


def test_turn_by_turn_equals_one_long_replay() -> None:
    ids, state = ids_of(2, 90), State.zeros(MODEL.config)
    whole = replay(MODEL, state, ids)
    for start, stop in ((0, 20), (20, 21), (21, 90)):
        state = replay(MODEL, state, ids[start:stop])
    assert torch.allclose(whole.part("h"), state.part("h"), atol=1e-6)
    assert torch.allclose(whole.part("c"), state.part("c"), atol=1e-6)


def test_a_replay_leaves_the_state_it_began_from_alone() -> None:
    state = State.zeros(MODEL.config)
    before = state.sha256()
    replay(MODEL, state, ids_of(3, 5))
    assert state.sha256() == before


@pytest.mark.parametrize("ids", [[], [-1], [200], [3, 10**9]])
def test_ids_that_cannot_be_fed_are_refused(ids: list[int]) -> None:
    with pytest.raises(ValueError):
        replay(MODEL, State.zeros(MODEL.config), ids)


def test_a_state_of_another_shape_is_refused() -> None:
    with pytest.raises(ValueError, match="another shape"):
        replay(MODEL, State.zeros(ModelConfig(200, 24, 32, 2)), [1])
