"""A checkpoint that a browser sent: looked at in a process of its own, then registered."""

import os
from collections.abc import Mapping
from pathlib import Path

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser

from memory_app import registry
from memory_app.lm.config import ConfigError, ModelConfig
from memory_app.lm.confined import ConfinedError, run_confined
from memory_app.lm.folder import FILES, Checked, CheckpointError, read_config
from memory_app.lm.graphemes import is_one_line
from memory_app.models import Checkpoint
from memory_app.services.audit import audit_record
from memory_app.services.uploads import working_folder


def _check_confined(folder: Path) -> Checked:
    """`check_folder`, elsewhere; then its config, which is bounded and known to be sound, here."""
    try:
        answer = run_confined(
            "memory_app.lm.folder", {"folder": str(folder)}, seconds=settings.UPLOAD_SECONDS
        )
        config = read_config(folder)
        return Checked(config, ModelConfig.from_dict(config), str(answer["sha256"]))
    except (ConfinedError, ConfigError) as fault:
        raise CheckpointError(fault.sentence) from None


def checkpoint_receive(
    *, files: Mapping[str, Path], name: str, user: AbstractBaseUser
) -> tuple[Checkpoint, bool]:
    """Register the three files of a checkpoint folder; whether these weights are new here.

    Raises:
        RegistryError: a file is missing or unsound, for the reason that its message gives.
    """
    name = name.strip()
    if len(name) > 200 or not is_one_line(name):
        raise registry.RegistryError("A checkpoint's name is one line of at most 200 characters.")
    missing = [one for one in FILES if one not in files]
    if missing:
        raise registry.RegistryError("{files} must be sent too.", files=", ".join(missing))
    with working_folder() as folder:
        for one in FILES:
            os.link(files[one], folder / one)
        try:
            # First and outside of any transaction: it takes seconds, and SQLite has one writer.
            checked = _check_confined(folder)
        except CheckpointError as fault:
            raise registry.RegistryError(fault.sentence) from None
        new = not Checkpoint.objects.filter(sha256=checked.sha256).exists()
        row = registry.register(
            folder,
            name=name or str(checked.config.get("name") or "uploaded"),
            check=lambda _: checked,
        )
    audit_record(
        user=user,
        action="checkpoint.import",
        object=str(row),
        detail={"id": str(row.pk), "sha256": row.sha256, "new": new},
    )
    return row, new
