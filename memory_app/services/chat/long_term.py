"""A member's long-term memory: which adapter speaks, and what it was made of.

What a chat knows is stored as token ids (core/consolidation/rehearsal.py), and the adapter is a
function of the checkpoint and of these. Forgetting a chat is therefore fitting the adapter without
it, byte for byte the one that never had it.
"""

import logging
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import models, transaction
from django.utils import timezone
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from memory_app.core.consolidation.rehearsal import Memory
from memory_app.core.facts import languages
from memory_app.core.model.adapter import Adapter, AdapterError
from memory_app.core.model.checkpoint import Checkpoint
from memory_app.models import (
    Chat,
    Consolidation,
    ConsolidationStatus,
    LongTermMemory,
    Person,
)
from memory_app.models import Checkpoint as CheckpointRow
from memory_app.refusal import Refused
from memory_app.services.operations.worker_queue import tell_worker

log = logging.getLogger(__name__)
WAITING = (ConsolidationStatus.QUEUED, ConsolidationStatus.RUNNING)
MEMBERS = _("Sign up to let the model remember a chat for good: long-term memory needs an account.")


def adapter_of(*, chat: Chat, model: Checkpoint) -> Adapter | None:
    """The adapter that a reply in this chat is spoken with."""
    if not chat.long_term or chat.owner.user_id is None:
        return None
    row = LongTermMemory.objects.filter(owner=chat.owner_id, checkpoint=chat.checkpoint_id).first()
    return adapter_stored(row=row, model=model)


def adapter_stored(*, row: LongTermMemory | None, model: Checkpoint) -> Adapter | None:
    """A row's adapter; None where there is none, or it can't be used."""
    data = bytes(row.data) if row is not None else b""
    if row is None or not data:
        return None
    try:
        adapter = Adapter.read(data, model.model.config, model.sha256)
        if adapter.sha256 != row.sha256:
            raise AdapterError("The adapter is not a safetensors file.")
    except AdapterError as fault:
        log.error("adapter unusable", extra={"adapter": row.sha256, "reason": str(fault)})
        return None
    return adapter


def is_remembering(*, person: Person, checkpoint: CheckpointRow) -> bool:
    """Whether the person has a long-term memory on this checkpoint."""
    rows = LongTermMemory.objects.filter(owner=person, checkpoint=checkpoint)
    return person.user_id is not None and rows.exclude(sha256="").exists()


def remembered(person: Person, checkpoint: CheckpointRow) -> models.QuerySet[Consolidation]:
    """The chats whose memories are in effect, in the order of their consolidation."""
    rows = Consolidation.objects.filter(owner=person, checkpoint=checkpoint, chat__deleted=None)
    return rows.exclude(place=None).order_by("place")


def memories_of(rows: models.QuerySet[Consolidation]) -> dict[str, list[Memory]]:
    """What each of these chats knows, by its id."""
    return {
        str(chat): [Memory.from_dict(own) for own in memories]
        for chat, memories in rows.values_list("chat_id", "memories")
    }


def consolidation_ask(*, chat: Chat) -> Consolidation:
    """Queue a chat to be remembered for good; a chat that waits already is returned as it is.

    Raises:
        Refused: `forbidden` for a guest; `unavailable` where the checkpoint's language has no
            rehearsal; `invalid` for a chat without a memory; `quota`.
    """
    owner = chat.owner
    if owner.user_id is None:
        raise Refused("forbidden", MEMBERS)
    if chat.checkpoint.language.partition("-")[0] not in languages():
        raise Refused(
            "unavailable", _("Long-term memory isn’t available in this chat’s language yet.")
        )
    with transaction.atomic():
        # The person is held while counting: two requests at once would each see room for one.
        Person.objects.select_for_update().get(pk=owner.pk)
        current = Chat.objects.filter(pk=chat.pk, deleted=None).select_related("head").first()
        if current is None or current.head is None:
            raise Refused(
                "invalid", _("This chat’s memory is blank: there is nothing to remember.")
            )
        row = Consolidation.objects.select_for_update().filter(chat=chat.pk).first()
        if row is not None and row.status in WAITING:
            return row
        if row is None:
            if owner.consolidations.count() >= settings.LONG_TERM_CHATS_MAX:
                raise Refused("quota", quota_sentence())
            row = Consolidation(owner=owner, chat=current, checkpoint=chat.checkpoint)
        row.status = ConsolidationStatus.QUEUED
        row.learned, row.done, row.deaths, row.error_said = None, 0, 0, {}
        row.progress = {}
        row.save()
        key = row.pk
        transaction.on_commit(lambda: tell_worker("consolidate", str(key)))
    return row


def quota_sentence() -> Any:
    """Why another chat can't be remembered."""
    sentence = _("At most {most} chats can be remembered for good: forget one of them first.")
    return format_lazy(sentence, most=settings.LONG_TERM_CHATS_MAX)


@transaction.atomic
def chat_forgotten(*, chat: Chat) -> bool:
    """Remove what was consolidated of a chat; returns whether there was anything.

    From now on no reply is spoken with an adapter that holds it. The one without it follows.
    """
    row = Consolidation.objects.filter(chat=chat.pk).first()
    if row is None:
        return False
    Person.objects.select_for_update().get(pk=row.owner_id)
    row.delete()
    if row.place is not None:
        adapter_outdated(owner=row.owner_id, checkpoint=row.checkpoint_id)
    return True


def adapter_outdated(*, owner: UUID, checkpoint: UUID) -> None:
    """Empty the adapter, and have the worker fit it to what is left."""
    rows = LongTermMemory.objects.filter(owner=owner, checkpoint=checkpoint)
    rows.update(
        data=b"", sha256="", rank=0, size=0, version=models.F("version") + 1,
        changed=timezone.now(),
    )  # fmt: skip
    key = rows.values_list("pk", flat=True).first()
    if key is not None:
        transaction.on_commit(lambda: tell_worker("refit", key))


def adapter_store(
    *, owner: Person, checkpoint: CheckpointRow, adapter: Adapter | None, version: int
) -> None:
    """Put an adapter in the place of the present one, in the caller's transaction."""
    LongTermMemory.objects.filter(owner=owner, checkpoint=checkpoint).update(
        data=adapter.data if adapter is not None else b"",
        sha256=adapter.sha256 if adapter is not None else "",
        rank=adapter.rank if adapter is not None else 0,
        size=len(adapter.data) if adapter is not None else 0,
        version=version,
        fitted=version,
        changed=timezone.now(),
    )


def figures_of(row: Consolidation) -> Mapping[str, Any]:
    """Before and after, as stored."""
    return row.figures if isinstance(row.figures, dict) else {}
