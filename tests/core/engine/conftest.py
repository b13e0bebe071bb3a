from types import SimpleNamespace

import pytest

from memory_app import runtime
from tests.core.engine.small import BOT, END, USER, make_model


@pytest.fixture
def model():
    return make_model()


@pytest.fixture
def checkpoint(model):
    """What the engine reads of a checkpoint."""
    return SimpleNamespace(
        model=model, tokenizer=SimpleNamespace(user_id=USER, bot_id=BOT, end_id=END)
    )


@pytest.fixture(scope="module", autouse=True)
def _no_other_engine_runs() -> None:
    """The site's own, which tests before these have used, has a thread of the same name."""
    runtime.stop()
