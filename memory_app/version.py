"""The version of this program; pyproject.toml is the only file that states it."""

import tomllib
from pathlib import Path


def _declared() -> str:
    path = Path(__file__).resolve().parents[1] / "pyproject.toml"
    version: str = tomllib.loads(path.read_text("utf-8"))["project"]["version"]
    return version


__version__ = _declared()
