"""An uploaded checkpoint: inspected in a process of its own, then registered."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User

from memory_app import registry
from memory_app.core.model.checkpoint_format import FILES, Checked, CheckpointError, read_config
from memory_app.core.model.checkpoint_zip import CARD_FILES, is_zip, read_card, unpack_checkpoint
from memory_app.core.model.config import ConfigError, ModelConfig
from memory_app.core.sandbox import ConfinedError, run_confined
from memory_app.core.text.graphemes import is_one_line
from memory_app.models import Checkpoint
from memory_app.services.operations.audit import audit_record
from memory_app.services.operations.upload_folder import MIB, working_folder

#: The name of the upload that contains the others.
ARCHIVE = "archive"


def _check_confined(folder: Path, archive: Path | None) -> tuple[Checked, str]:
    """`check_incoming` in another process; then its config, which is bounded and valid, here.

    An archive is unpacked into the folder first; the result has its own folder's name.
    """
    request = {
        "folder": str(folder),
        "zip": str(archive) if archive else "",
        "limit": settings.UPLOAD_MAX_MB * MIB,
    }
    try:
        answer = run_confined(
            "memory_app.core.model.check_upload", request, seconds=settings.UPLOAD_SECONDS
        )
        config = read_config(folder)
        checked = Checked(config, ModelConfig.from_dict(config), str(answer["sha256"]))
        return checked, str(answer["name"])
    except (ConfinedError, ConfigError) as fault:
        raise CheckpointError(fault.sentence) from None


def missing_files(files: Iterable[str]) -> list[str]:
    """The files that are missing beside these; a zip contains all of them."""
    sent = set(files)
    return [] if ARCHIVE in sent else [name for name in FILES if name not in sent]


def checkpoint_receive(
    *, files: Mapping[str, Path], name: str, user: User
) -> tuple[Checkpoint, bool]:
    """Register the files of a checkpoint folder, or its zip; returns whether the weights are new.

    Raises:
        RegistryError: a file is missing or invalid, for the reason in its message.
    """
    name = name.strip()
    if len(name) > 200 or not is_one_line(name):
        raise registry.RegistryError(
            "A checkpoint's name must be one line of at most 200 characters.", field="name"
        )
    archive = files.get(ARCHIVE)
    if missing := missing_files(files):
        raise registry.RegistryError("Also choose {files}.", files=", ".join(missing))
    with working_folder() as folder:
        for file_name in () if archive else (*FILES, *CARD_FILES):
            if file_name in files:
                os.link(files[file_name], folder / file_name)
        try:
            # First and outside of any transaction: it takes seconds, and SQLite has one writer.
            checked, called = _check_confined(folder, archive)
            card = read_card(folder)
        except CheckpointError as fault:
            raise registry.RegistryError(fault.sentence) from None
        return _register(
            folder,
            user=user,
            name=name or str(checked.config.get("name") or called or "uploaded"),
            card=card,
            check=lambda _: checked,
        )


def checkpoint_import(*, path: Path, name: str = "") -> tuple[Checkpoint, bool]:
    """Register a folder or a zip of this machine, with its card; whether its weights are new here.

    Raises:
        RegistryError: it isn't a sound checkpoint.
    """
    try:
        if not is_zip(path):
            return _register(path, user=None, name=name, card=read_card(path))
        with working_folder() as folder:
            called = unpack_checkpoint(path, folder) or path.stem
            card = read_card(folder)
            return _register(folder, user=None, name=name, called=called, card=card)
    except CheckpointError as fault:
        raise registry.RegistryError(fault.sentence) from fault


def _register(folder: Path, *, user: User | None, **about: Any) -> tuple[Checkpoint, bool]:
    """`registry.register` with its audit entry; whether these weights are new here."""
    newest = Checkpoint.objects.order_by("-sequence").values_list("sequence", flat=True).first()
    row = registry.register(folder, **about)
    new = row.sequence > (newest or 0)
    audit_record(
        user=user,
        action="checkpoint.import" if new else "checkpoint.import_known",
        object=str(row),
        detail={"id": str(row.pk), "sha256": row.sha256, "new": new},
    )
    return row, new
