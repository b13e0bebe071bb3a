from pathlib import Path
from typing import Any

import pytest

from tests.dashboard.staff import Staff


@pytest.fixture
def staff(transactional_db: None, settings: Any, tmp_path: Path) -> Staff:
    settings.DATA_DIR = tmp_path / "data"
    settings.DATA_DIR.mkdir()
    return Staff()
