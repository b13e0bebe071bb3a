"""Mira is on the staff; Alice is not."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client

from memory_app import registry
from memory_app.core.data import ingest
from memory_app.models import Checkpoint
from memory_app.services.operations.roles import ROLES, roles_make
from memory_app.services.training import corpora
from tests.conftest import Player, make_checkpoint
from tests.views.dashboard.staff import Staff


@pytest.fixture
def staff(transactional_db: None, settings: Any, tmp_path: Path) -> Staff:
    settings.DATA_DIR = tmp_path / "data"
    settings.DATA_DIR.mkdir()
    return Staff()


@pytest.fixture
def mira(make_player: Callable[[str], Player]) -> Player:
    player = make_player("mira")
    User.objects.filter(username="mira").update(is_staff=True, is_superuser=True)
    return player


@pytest.fixture
def other(transactional_db: None, tmp_path: Path) -> Checkpoint:
    """A second checkpoint, not promoted."""
    make_checkpoint(tmp_path / "other", seed=2)
    return registry.register(tmp_path / "other")


@pytest.fixture(autouse=True)
def _nothing_reaches_a_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is queued here stays in its row: the broker's folder is not what is tested."""
    from celery import current_app

    monkeypatch.setattr(current_app, "send_task", lambda *args, **facts: None)


@pytest.fixture
def client(mira: Player) -> Any:
    """Mira's browser."""
    return mira.client


@pytest.fixture
def in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process for each of so many files would take minutes."""

    def read(module: str, request: dict[str, Any], **_: Any) -> dict[str, Any]:
        assert module == "memory_app.core.data.ingest"
        return ingest._answer(request)

    monkeypatch.setattr(corpora, "run_confined", read)


@pytest.fixture
def people(transactional_db: None) -> dict[str, Client]:
    """{role: a client of a member of staff in it}, and "nobody", who is in none."""
    roles_make()
    made = {}
    for role in [*ROLES, "nobody"]:
        user = User.objects.create_user(role, password="a-pass-word-9", is_staff=True)
        if role != "nobody":
            user.groups.add(Group.objects.get(name=role))
        made[role] = Client()
        made[role].force_login(user)
    return made
