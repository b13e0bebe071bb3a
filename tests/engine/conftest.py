from types import SimpleNamespace

import pytest

from tests.engine.small import BOT, END, USER, make_model


@pytest.fixture
def model():
    return make_model()


@pytest.fixture
def checkpoint(model):
    """What the engine reads of a checkpoint."""
    return SimpleNamespace(
        model=model, tokenizer=SimpleNamespace(user_id=USER, bot_id=BOT, end_id=END)
    )
