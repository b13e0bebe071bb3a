"""Which checkpoints' units a person may look at, and the person's notes on them."""

from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from memory_app.models import Checkpoint, Person, UnitNote
from memory_app.refusal import Refused

_TOO_LONG = _("A note has at most 2,000 characters.")
_NOT_TEXT = _("A note can’t hold control characters.")


def checkpoints_shown(*, person: Person, staff: bool) -> QuerySet[Checkpoint]:
    """Those that anyone can chat with, and those of the person's chats; for staff all."""
    rows = Checkpoint.objects.all()
    if staff:
        return rows
    return rows.filter(
        Q(live=True) | Q(bundled=True) | Q(chats__owner=person, chats__deleted=None)
    ).distinct()


def note_text(*, person: Person, checkpoint: Checkpoint, layer: int, unit: int) -> str:
    """The person's note on a unit; empty where there is none."""
    row = UnitNote.objects.filter(
        person=person, checkpoint=checkpoint, layer=layer, unit=unit
    ).first()
    return row.text if row else ""


@transaction.atomic
def note_write(*, person: Person, checkpoint: Checkpoint, layer: int, unit: int, text: str) -> None:
    """Keep a note in place of the one before it; an empty one deletes it.

    Raises:
        Refused: `invalid`, with one sentence.
    """
    text = text.replace("\r\n", "\n").strip()
    if len(text) > UnitNote.LONGEST:
        raise Refused("invalid", _TOO_LONG)
    if any(ord(c) < 32 and c not in "\n\t" for c in text):
        raise Refused("invalid", _NOT_TEXT)
    place: dict[str, Any] = {
        "person": person,
        "checkpoint": checkpoint,
        "layer": layer,
        "unit": unit,
    }
    if not text:
        UnitNote.objects.filter(**place).delete()
        return
    fresh = {"text": text, "changed": timezone.now()}
    UnitNote.objects.update_or_create(**place, defaults=fresh)


def notes_merge(*, guest: Person, member: Person) -> None:
    """Give a guest's notes to the member, whose own on the same unit stay as they are."""
    own = set(member.unit_notes.values_list("checkpoint_id", "layer", "unit"))
    for note in guest.unit_notes.all():
        if (note.checkpoint_id, note.layer, note.unit) not in own:
            UnitNote.objects.filter(pk=note.pk).update(person=member)
