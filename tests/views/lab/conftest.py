"""A small checkpoint for sentiment, registered."""

from pathlib import Path

import pytest

from memory_app import registry
from memory_app.models import Checkpoint


@pytest.fixture
def reviews(transactional_db: None, sentiment_folder: Path) -> Checkpoint:
    return registry.register(sentiment_folder)
