"""Dora works at the dashboard: a member of staff and her browser."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.contrib.auth import get_user_model
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http.response import HttpResponseBase
from django.test import Client

GOOD = b'{"turns":[{"role":"user","text":"Hi"},{"role":"bot","text":"Hello there!"}]}\n'


class Staff:
    """One member of staff with a client that is logged in as her."""

    def __init__(self, name: str = "dora") -> None:
        self.user = get_user_model().objects.create_user(
            name, password="dora-pass-word", is_staff=True, is_superuser=True
        )
        self.client = Client()
        self.client.force_login(self.user)

    def upload(self, data: bytes, name: str = "talks.jsonl", **fields: str) -> Any:
        file = SimpleUploadedFile(name, data) if isinstance(data, bytes) else data
        said = {"name": "talks", "split": "train", "language": "en"} | fields
        return self.client.post("/admin/corpora/", {**said, "file": file})

    def send_checkpoint(self, folder: Path, **fields: str) -> Any:
        parts = {"model": "model.safetensors", "config": "config.json"}
        parts["tokenizer"] = "tokenizer.json"
        files = {
            field: SimpleUploadedFile(name, (folder / name).read_bytes())
            for field, name in parts.items()
            if (folder / name).is_file()
        }
        return self.client.post("/admin/checkpoints/import/", {**files, **fields})


def problem_of(response: HttpResponseBase) -> str:
    """The one sentence that a refusal shows."""
    assert response.status_code == 400, response.status_code
    context = response.context  # type: ignore[attr-defined]
    [sentence] = [context["problem"]] if context.get("problem") else context["errors"].values()
    assert sentence.endswith(".")
    assert "\n" not in sentence
    return sentence


def files_below(folder: Path) -> Iterator[Path]:
    """Every file that lies there, folders aside."""
    return (path for path in sorted(folder.rglob("*")) if not path.is_dir())
