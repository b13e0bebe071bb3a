"""Commands as `manage.py` runs them, in this process: arguments in; status, stdout, stderr out."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.core.management import load_command_class
from django.db import connections

from memory_app import registry


@dataclass
class Ran:
    status: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """What stdout holds, which has to be one JSON document and nothing else."""
        return json.loads(self.out)

    @property
    def mistake(self) -> str:
        """The one line on stderr that says what was wrong."""
        (line,) = self.err.splitlines()
        assert self.status != 0
        assert line.startswith("error: ")
        return line.removeprefix("error: ")


Manage = Callable[..., Ran]


@pytest.fixture
def manage(
    transactional_db: None,
    settings: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Manage:
    settings.DATA_DIR = tmp_path / "data"
    # What ships is megabytes, and none of it is needed here.
    monkeypatch.setattr(registry, "BUNDLED", tmp_path / "nothing")
    # A command closes the connections at its end; the test still needs its own.
    monkeypatch.setattr(connections, "close_all", lambda: None)

    def run(*argv: object) -> Ran:
        name, *rest = [str(word) for word in argv]
        command = load_command_class("memory_app", name)
        capsys.readouterr()
        status = 0
        try:
            command.run_from_argv(["manage.py", name, *rest])
        except SystemExit as end:
            status = end.code if isinstance(end.code, int) else 1
        said = capsys.readouterr()
        return Ran(status, said.out, said.err)

    return run


@pytest.fixture
def dialogues(tmp_path: Path) -> Path:
    """A corpus of a few dialogues, in the first form."""
    path = tmp_path / "few.jsonl"
    rows = []
    for name in ("Ana", "Ben", "Clara", "Dan", "Eve", "Finn", "Gus", "Hana"):
        said = [f"My name is {name}.", f"Hello {name}!", "What is my name?", f"You are {name}."]
        turns = [{"role": ("user", "bot")[i % 2], "text": text} for i, text in enumerate(said)]
        rows.append(json.dumps({"turns": turns}))
    path.write_text("\n".join(rows * 4))
    return path
