"""Promotion, rollback, deletion, export and cards of checkpoints; every promotion has a row."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from memory_app import registry
from memory_app.core.evaluation.model_card import write_card
from memory_app.core.messages import Sentence, quoted
from memory_app.core.model.checkpoint_format import FILES
from memory_app.core.model.checkpoint_zip import CARD_FILES
from memory_app.core.text.graphemes import is_name
from memory_app.models import UNFINISHED, Checkpoint, Promotion, TrainingRun
from memory_app.services.chat.unit_index import index_forget
from memory_app.services.operations.audit import audit_record
from memory_app.services.operations.zip_stream import zip_pieces

By = User | None


@transaction.atomic
def checkpoint_promote(*, checkpoint: Checkpoint, by: By = None) -> Promotion | None:
    """Make it the live checkpoint of its language; None where it is that already.

    Existing chats stay on theirs. Without `by` it was done on the command line.

    Raises:
        RegistryError: its cell is for study.
    """
    return _change(checkpoint, by, "checkpoint.promote")


@transaction.atomic
def checkpoint_roll_back(*, language: str, by: By = None) -> Promotion:
    """Make the checkpoint live that was live before the last promotion; again, the one before that.

    Raises:
        RegistryError: no existing checkpoint was live before.
    """
    target = roll_back_target(language)
    if target is None:
        raise registry.RegistryError("There is no earlier checkpoint to roll back to.")
    done = _change(target, by, "checkpoint.roll_back")
    if done is None:
        raise registry.RegistryError("{name} is already live.", name=target.name)
    return done


def roll_back_target(language: str) -> Checkpoint | None:
    """The checkpoint that `checkpoint_roll_back` would make live.

    The promotions are read as steps forward and back: one to what was live just before is a step
    back, whoever made it, so that two rollbacks go two steps and not to and fro.
    """
    now = Checkpoint.objects.filter(language=language, live=True).first()
    path: list[Any] = []
    pairs = Promotion.objects.filter(language=language).order_by("id")
    for new, before in pairs.values_list("checkpoint_id", "previous_id"):
        if not path or path[-1] != before:
            path.append(before)
        if len(path) > 1 and path[-2] == new:
            path.pop()
        else:
            path.append(new)
    # A promotion at a start, without a user, comes after those that people chose.
    if now is not None and path and path[-1] != now.pk:
        path.append(now.pk)
    rows = Checkpoint.objects.in_bulk([key for key in path[:-1] if key is not None])
    for key in reversed(path[:-1]):
        row = rows.get(key)
        if row is not None and not row.live:
            return row
    return None


def _change(checkpoint: Checkpoint, by: By, action: str) -> Promotion | None:
    previous = Checkpoint.objects.filter(language=checkpoint.language, live=True).first()
    if previous is not None and previous.pk == checkpoint.pk:
        return None
    registry.promote(checkpoint)
    audit_record(
        user=by,
        action=action,
        object=str(checkpoint),
        detail={"language": checkpoint.language, "previous": str(previous) if previous else None},
    )
    return Promotion.objects.create(
        checkpoint=checkpoint,
        previous=previous,
        language=checkpoint.language,
        by=by,
    )


def checkpoint_kept(checkpoint: Checkpoint) -> Sentence | None:
    """Why it can't be deleted now, or None where it can."""
    run = TrainingRun.objects.filter(parent=checkpoint, status__in=UNFINISHED).first()
    chats = checkpoint.chats.count()
    name = quoted(checkpoint.name)
    if checkpoint.bundled:
        return Sentence("{name} ships with the program and can't be deleted.", {"name": name})
    if checkpoint.live:
        return Sentence("{name} is live. Promote another checkpoint first.", {"name": name})
    if chats:
        return Sentence(
            "{name} is in use. Chats on it: {count}.", {"name": name, "count": f"{chats:,}"}
        )
    if run is not None:
        return Sentence(
            "The run {run} starts from {name}, so it can't be deleted.",
            {"name": name, "run": quoted(run)},
        )
    return None


def checkpoint_delete(*, checkpoint: Checkpoint, by: By = None) -> None:
    """Remove it, row and files.

    Raises:
        RegistryError: it is live, it ships with the program, or a chat or a run uses it.
    """
    about = str(checkpoint)
    with transaction.atomic():
        run = TrainingRun.objects.filter(parent=checkpoint, status__in=UNFINISHED).first()
        if run is not None:
            raise registry.RegistryError(
                "The run {run} starts from {name}, so it can't be deleted.",
                name=checkpoint.name,
                run=run,
            )
        audit_record(user=by, action="checkpoint.delete", object=about)
        registry.delete(checkpoint)
        sha256 = checkpoint.sha256
        transaction.on_commit(lambda: index_forget(sha256=sha256))


def checkpoint_export(*, checkpoint: Checkpoint, by: By = None) -> Iterator[bytes]:
    """The checkpoint's folder as a zip, in pieces; the first is made when it is requested.

    Raises:
        RegistryError: the stored files differ from the row.
    """
    registry.require_intact(checkpoint)
    audit_record(user=by, action="checkpoint.export", object=str(checkpoint))
    card = {CARD_FILES[0]: registry.card_of(checkpoint)}
    name = registry.file_name(checkpoint)
    return zip_pieces(registry.folder_of(checkpoint.sha256), FILES, name, card)


def checkpoint_export_folder(*, checkpoint: Checkpoint, path: Path, by: By = None) -> None:
    """The checkpoint's folder, written to a path of this machine.

    Raises:
        RegistryError: the path is taken, or the stored files are damaged.
    """
    registry.export(checkpoint, path)
    audit_record(user=by, action="checkpoint.export", object=str(checkpoint))


def checkpoint_export_zip(*, checkpoint: Checkpoint, path: Path) -> None:
    """`checkpoint_export` into a new file, whole or not at all.

    Raises:
        RegistryError: the file exists or can't be written, or the stored files are damaged.
    """
    if path.exists() or path.is_symlink():
        raise registry.RegistryError("{place} already exists.", place=path)
    pieces = checkpoint_export(checkpoint=checkpoint)
    part = path.with_name(f".{path.name}.part")
    try:
        with part.open("wb") as file:
            file.writelines(pieces)
        part.rename(path)
    except OSError as fault:
        raise registry.RegistryError(
            "{place} can't be written: {reason}.", place=path, reason=fault.strerror
        ) from fault
    finally:
        part.unlink(missing_ok=True)


def checkpoint_card(*, checkpoint: Checkpoint, text: str, by: By = None) -> None:
    """Store a checkpoint's model card: Markdown, shown through the sanitiser."""
    with transaction.atomic():
        rows = Checkpoint.objects.filter(pk=checkpoint.pk).exclude(card=text)
        # Sent twice, it is stored once.
        if rows.update(card=text):
            audit_record(user=by, action="checkpoint.card", object=str(checkpoint))
    checkpoint.card = text


def written_card(checkpoint: Checkpoint, *, name: str = "", **how: Any) -> str | None:
    """Its model card generated anew from its config, as `write_card`, unless a person edited it.

    None where one did. `name`: its new name.
    """
    for parent in {"", checkpoint.parent.name if checkpoint.parent else ""}:
        of_it = checkpoint.sha256, checkpoint.config
        # A config from anywhere can break the generated card.
        with suppress(AttributeError, TypeError, ValueError):
            if write_card(checkpoint.name, *of_it, parent=parent) == checkpoint.card:
                return write_card(name or checkpoint.name, *of_it, parent=parent, **how)
    return None


@transaction.atomic
def checkpoint_rename(*, checkpoint: Checkpoint, name: str, by: By = None) -> None:
    """Rename it, and its card, unless a person edited the card.

    Raises:
        RegistryError: it ships with the program, or the name is invalid.
    """
    name = name.strip()
    if checkpoint.bundled:
        raise registry.RegistryError(
            "{name} ships with the program and keeps its name.", field="name", name=checkpoint.name
        )
    if not is_name(name):
        raise registry.RegistryError(
            "A checkpoint needs a name of 1 to 200 visible characters.", field="name"
        )
    if name == checkpoint.name:
        return
    before, card = checkpoint.name, written_card(checkpoint, name=name) or checkpoint.card
    Checkpoint.objects.filter(pk=checkpoint.pk).update(name=name, card=card)
    checkpoint.name, checkpoint.card = name, card
    audit_record(
        user=by,
        action="checkpoint.rename",
        object=str(checkpoint),
        detail={"name": f"{before} → {name}"},
    )


def checkpoint_lineage(checkpoint: Checkpoint) -> Iterator[Checkpoint]:
    """Its parent, that one's parent, and so on, as far as they still exist."""
    seen = {checkpoint.pk}
    row: Checkpoint | None = parent_of(checkpoint)
    while row is not None and row.pk not in seen:
        yield row
        seen.add(row.pk)
        row = parent_of(row)


def parent_of(checkpoint: Checkpoint) -> Checkpoint | None:
    """The checkpoint whose weights its training began from: by its row, else by its config."""
    if checkpoint.parent is not None:
        return checkpoint.parent
    training: Any = checkpoint.config.get("training")
    sha256 = training.get("parent") if isinstance(training, dict) else None
    return Checkpoint.objects.filter(sha256=sha256).first() if isinstance(sha256, str) else None
