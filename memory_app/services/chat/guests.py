"""Guests: how much each may keep, and when they go."""

import logging
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from memory_app import limits
from memory_app.models import Chat, Person
from memory_app.refusal import Refused
from memory_app.services.operations.erase_deleted import RemainsLeft, remains_clear

log = logging.getLogger(__name__)


def may_begin(person: Person | None) -> None:
    """Whether this person may have one more chat.

    Raises:
        Refused: `quota`, for a guest with as many as a guest may have.
    """
    most = settings.GUEST_CHATS
    if not most or person is None or person.user_id is not None:
        return
    if Chat.objects.of(person).count() >= most:
        sentence = _(
            "A guest may have {most} chats: delete one, or sign up to keep these and begin more."
        )
        raise Refused("quota", format_lazy(sentence, most=f"{most:,}"))


def may_go_on(chat: Chat) -> None:
    """Whether this chat may have one more turn.

    Raises:
        Refused: `quota`, for a guest's chat with as many as it may have.
    """
    most = settings.GUEST_TURNS
    if not most or chat.owner.user_id is not None:
        return
    if chat.turns.count() >= most:
        sentence = _("A guest’s chat may have {most} turns: begin another one, or sign up.")
        raise Refused("quota", format_lazy(sentence, most=f"{most:,}"))


def guests_purge() -> int:
    """Remove guests who didn't come for `GUEST_DAYS`, with everything of theirs; returns how many.

    Each in a transaction that holds the person, so that a log-in, which makes the guest a member,
    or a visit comes before or after. A reply that still runs raises TurnGone at its commit.
    """
    if not settings.GUEST_DAYS:
        return 0
    oldest = timezone.now() - timedelta(days=settings.GUEST_DAYS)
    gone = Person.objects.filter(user=None, seen__lt=oldest)
    count = 0
    for key in list(gone.values_list("pk", flat=True)):
        with transaction.atomic():
            person = gone.select_for_update().filter(pk=key).first()
            if person is not None:
                Chat.objects.filter(owner=person).delete()
                person.delete()
                count += 1
        limits.person_forget(str(key))
    if count:
        log.info("guests removed", extra={"count": count})
        try:
            remains_clear(within=5, whatever_size=False)
        except RemainsLeft as left:
            log.warning("removed guests may be left on the disk", extra={"reason": str(left)})
    return count
