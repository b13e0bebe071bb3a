"""A small checkpoint for each task of the Lab, registered."""

from pathlib import Path

import pytest

from memory_app import registry
from memory_app.models import Checkpoint


@pytest.fixture
def songs(transactional_db: None, songs_folder: Path) -> Checkpoint:
    return registry.register(songs_folder)


@pytest.fixture
def reviews(transactional_db: None, sentiment_folder: Path) -> Checkpoint:
    return registry.register(sentiment_folder)
