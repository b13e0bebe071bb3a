"""A site in processes of its own, gone after the test whatever happens."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.processes.site import Site

# One process for both: each would import torch anew.
PREPARE = """
from pathlib import Path
from memory_app import registry
from memory_app.management.base import prepare_database
prepare_database()
registry.promote(registry.register(Path({folder!r})))
"""


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory, checkpoint_folder: Path) -> Path:
    """A DATA_DIR with a database and the small model in it."""
    site = Site(tmp_path_factory.mktemp("prepared") / "data")
    made = site.manage("shell", "-v0", "-c", PREPARE.format(folder=str(checkpoint_folder)))
    assert made.returncode == 0, made.stderr
    return site.data_dir


@pytest.fixture
def site(tmp_path: Path, prepared: Path) -> Iterator[Site]:
    """A site with the small model; not started yet."""
    site = Site(tmp_path / "data")
    shutil.copytree(prepared, site.data_dir)
    yield site
    if site.process is not None:
        site.kill_all()
