"""Checkpoints: a row in the database, files on disk, and the sha256 that ties them together.

Every registered checkpoint has a folder DATA_DIR/checkpoints/<sha256>/, the bundled ones too: an
upgrade may replace those of the program, and chats on the old weights go on.
"""

import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import ProtectedError

from memory_app.core.atomic_files import remove_folder, whole_folder
from memory_app.core.evaluation.model_card import write_card
from memory_app.core.messages import SentenceError, quoted
from memory_app.core.model.checkpoint import file_sha256
from memory_app.core.model.checkpoint_format import (
    FILES,
    MODEL_FILE,
    Checked,
    CheckpointError,
    check_incoming,
)
from memory_app.core.model.checkpoint_zip import CARD_FILES, CARD_MAX
from memory_app.core.model.config import CHAT_TASK
from memory_app.core.text.graphemes import cut, name_of, one_line
from memory_app.models import Checkpoint, Promotion

BUNDLED = Path(__file__).parent / "bundled"
#: Seconds after which an unfinished copy counts as abandoned.
TORN_AFTER = 3600


class RegistryError(SentenceError):
    """A request to the registry that can't be carried out; its message is one sentence."""


def folder_of(sha256: str) -> Path:
    """The folder of a registered checkpoint."""
    return Path(settings.DATA_DIR) / "checkpoints" / sha256


def live(language: str = "en") -> Checkpoint | None:
    """The checkpoint for new chats of this language; another language's if it has none."""
    rows = {row.language: row for row in Checkpoint.objects.filter(live=True)}
    short = language.partition("-")[0]
    return rows.get(short) or rows.get("en") or next(iter(rows.values()), None)


def find(name: str) -> Checkpoint:
    """The checkpoint of this id, sha256 or name.

    Raises:
        RegistryError: none has it, or several have the name.
    """
    try:
        query = Checkpoint.objects.filter(pk=UUID(name))
    except ValueError:
        query = Checkpoint.objects.filter(sha256=name)
    rows = list(query or Checkpoint.objects.filter(name=name))
    if not rows:
        raise RegistryError("There is no checkpoint {name}.", name=quoted(name))
    if len(rows) > 1:
        raise RegistryError(
            "{count} checkpoints are named {name}. Use an id instead.",
            count=len(rows),
            name=quoted(name),
        )
    return rows[0]


def describe(row: Checkpoint) -> dict[str, Any]:
    """One checkpoint as `checkpoints list` and `show` print it."""
    return {
        "id": str(row.pk),
        "sha256": row.sha256,
        "name": row.name,
        "cell": row.cell,
        "language": row.language,
        "live": row.live,
        "bundled": row.bundled,
        "created": row.created.isoformat(),
    }


def _copy(source: Path, target: Path) -> None:
    """Copy the three files, whole or not at all."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        with whole_folder(target) as part:
            for name in FILES:
                shutil.copyfile(source / name, part / name)
    except OSError:
        # Another process may have stored the same bytes first.
        if not target.is_dir():
            raise


def store(folder: Path, *, check: Callable[[Path], Checked] = check_incoming) -> Checked:
    """Check a folder and store a copy of it under its sha256, whole or not at all; no row yet.

    `check` inspects it: an upload isn't parsed in this process.

    Raises:
        RegistryError: the folder isn't a valid checkpoint, or it can't be copied.
    """
    folder = Path(folder)
    try:
        checked = check(folder)
    except CheckpointError as fault:
        raise RegistryError(fault.sentence) from fault
    sha256 = checked.sha256
    target = folder_of(sha256)
    if not _intact(sha256):
        try:
            remove_folder(target)
            _copy(folder, target)
        except OSError as fault:
            raise RegistryError(
                "The checkpoint couldn't be copied: {reason}.", reason=fault.strerror
            ) from fault
        if file_sha256(target / MODEL_FILE) != sha256:
            remove_folder(target)
            raise RegistryError("The files changed while they were copied.")
    return checked


def register(
    folder: Path,
    *,
    name: str = "",
    bundled: bool = False,
    parent: Checkpoint | None = None,
    card: str = "",
    called: str = "",
    check: Callable[[Path], Checked] = check_incoming,
) -> Checkpoint:
    """Store a folder (`store`) and give it a row; the same weights give the same row.

    Without a `name` it gets its config's, else the `called` one, else its folder's.

    Raises:
        RegistryError: as `store`.
    """
    checked = store(folder, check=check)
    named = name or str(checked.config.get("name") or called or Path(folder).resolve().name)
    return enter(checked, name=named, bundled=bundled, parent=parent, card=card)


def enter(
    checked: Checked,
    *,
    name: str,
    bundled: bool = False,
    parent: Checkpoint | None = None,
    card: str = "",
) -> Checkpoint:
    """The row of a stored checkpoint, created unless these weights have one."""
    sha256 = checked.sha256
    card = card[:CARD_MAX]
    fields = {
        "name": name_of(name) or sha256[:12],
        "cell": checked.shape.cell,
        "language": checked.shape.language,
        "path": sha256,
        "bundled": bundled,
        "config": checked.config,
        "parent": parent,
        "card": card,
    }
    try:
        with transaction.atomic():
            row = Checkpoint.objects.get_or_create(sha256=sha256, defaults=fields)[0]
    except IntegrityError:
        row = Checkpoint.objects.get(sha256=sha256)
    if card and not row.card:  # these weights were registered without a card
        Checkpoint.objects.filter(pk=row.pk, card="").update(card=card)
        row.card = card
    return row


def sweep() -> int:
    """Remove what killed copies left, once it is an hour old; returns how many."""
    old = [
        part
        for part in folder_of(".*").parent.glob(".*.*")
        if time.time() - part.stat().st_mtime > TORN_AFTER
    ]
    for part in old:
        shutil.rmtree(part, ignore_errors=True)
    return len(old)


def _intact(sha256: str) -> bool:
    target = folder_of(sha256)
    return all((target / name).is_file() for name in FILES) and (
        file_sha256(target / MODEL_FILE) == sha256
    )


def register_bundled() -> list[Checkpoint]:
    """Register the checkpoints that ship with the program.

    A newer one replaces an older one until a person promotes or rolls back a checkpoint of its
    language; afterwards only they do.
    """
    rows = []
    for folder in sorted(BUNDLED.glob("*/")) if BUNDLED.is_dir() else []:
        if not (folder / MODEL_FILE).is_file():
            continue
        sha256 = file_sha256(folder / MODEL_FILE)
        row = Checkpoint.objects.filter(sha256=sha256).first()
        # Loading takes a second: skip it where an earlier start has checked these very bytes.
        if row is None or not _intact(sha256):
            row = register(folder, bundled=True)
        if not row.card:
            row.card = write_card(row.name, row.sha256, row.config)
            Checkpoint.objects.filter(pk=row.pk, card="").update(card=row.card)
        if not row.bundled:  # imported by hand before it shipped
            Checkpoint.objects.filter(pk=row.pk).update(bundled=True)
            row.bundled = True
        now = Checkpoint.objects.filter(live=True, language=row.language).first()
        chosen = Promotion.objects.filter(language=row.language).exists()
        older = now is not None and now.bundled and now.pk != row.pk and not chosen
        if row.serves_chats and (now is None or older):
            promote(row)
        rows.append(row)
    return rows


@transaction.atomic
def promote(row: Checkpoint) -> None:
    """Make a checkpoint the one for new chats of its language.

    Actions of people go through services/training/checkpoints.py, which records the user.

    Raises:
        RegistryError: its cell is for study.
    """
    if row.task != CHAT_TASK:
        raise RegistryError(
            "{name} was trained for {task}, not for chat, and can't be promoted.",
            name=row.name,
            task=row.task,
        )
    if not row.serves_chats:
        raise RegistryError(
            "{name} has the cell {cell}, which is for study only and can't be promoted.",
            name=row.name,
            cell=row.cell,
        )
    Checkpoint.objects.filter(language=row.language, live=True).update(live=False)
    Checkpoint.objects.filter(pk=row.pk).update(live=True)
    row.live = True


def require_intact(row: Checkpoint) -> None:
    """Read the stored files once.

    Raises:
        RegistryError: they differ from the row.
    """
    if not _intact(row.sha256):
        raise RegistryError("The files of {name} are missing or damaged.", name=row.name)


def card_of(row: Checkpoint) -> str:
    """The model card that is exported with the files."""
    return row.card or write_card(row.name, row.sha256, row.config)


def file_name(row: Checkpoint) -> str:
    """The checkpoint's name as a file or folder name that is valid on any system."""
    kept = "".join("-" if char in '/\\:*?"<>|' else char for char in one_line(row.name))
    return cut(kept, 80, characters=120).strip(". ") or row.sha256[:12]


def export(row: Checkpoint, target: Path) -> None:
    """Write the checkpoint's folder to `target`, which must not exist or be empty.

    The model card is added as README.md.

    Raises:
        RegistryError: the target is taken, or the stored files differ from the row.
    """
    target = Path(target)
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise RegistryError("{place} exists and isn't an empty folder.", place=target)
    require_intact(row)
    try:
        if target.is_dir():
            target.rmdir()
        _copy(folder_of(row.sha256), target)
        (target / CARD_FILES[0]).write_text(card_of(row), "utf-8")
    except OSError as fault:
        raise RegistryError(
            "{place} can't be written: {reason}.", place=target, reason=fault.strerror
        ) from fault


def delete(row: Checkpoint) -> None:
    """Remove a checkpoint, row and files.

    Raises:
        RegistryError: it is live, it ships with the program, or a chat uses it.
    """
    if row.bundled:
        raise RegistryError("{name} ships with the program and can't be deleted.", name=row.name)
    try:
        with transaction.atomic():
            # One statement decides, so that a promotion at the same moment can't be lost.
            if not Checkpoint.objects.filter(pk=row.pk, live=False).delete()[0]:
                raise RegistryError(
                    "{name} is live. Promote another checkpoint first.", name=row.name
                )
    except ProtectedError as fault:
        count = len(fault.protected_objects)
        raise RegistryError(
            "{name} is in use. Chats on it: {count}.", name=row.name, count=count
        ) from fault
    # The row first: a row without files would be worse than files without a row.
    folder = folder_of(row.sha256)
    transaction.on_commit(lambda: remove_folder(folder))
