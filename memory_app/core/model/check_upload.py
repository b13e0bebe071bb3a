"""Looks at a checkpoint that a stranger sent, as a zip or as its files, in a process of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from memory_app.core.model.checkpoint_format import check_incoming
from memory_app.core.model.checkpoint_zip import unpack_checkpoint
from memory_app.core.sandbox import answer_confined


def _answer(request: dict[str, Any]) -> dict[str, Any]:
    folder = Path(request["folder"])
    name = ""
    if request.get("zip"):
        name = unpack_checkpoint(Path(request["zip"]), folder, limit=request["limit"])
    return {"sha256": check_incoming(folder).sha256, "name": name}


if __name__ == "__main__":
    answer_confined(_answer)
