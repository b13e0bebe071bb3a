"""States that a replay gives again, dropped to save space where the host asks for it (STATE_KEEP).

A turn's ids are the record; its state follows from them and the state before it. A dropped state is
stored as no bytes, its hash stays, and `state_after` replays it when it is asked for.
"""

import logging
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from memory_app.core.cpu import fingerprint
from memory_app.models import Chat, Turn
from memory_app.services.chat.memory import DROPPED

log = logging.getLogger(__name__)
#: Younger states are kept: people go back to what they have just said.
KEPT_FOR = timedelta(days=1)
_AT_ONCE = 500


def states_drop(*, older_than: timedelta = KEPT_FOR) -> int:
    """Drop what STATE_KEEP lets be dropped; returns how many states.

    Kept are heads, the turns that more than one other follows, a fork's last inherited turn, and
    every STATE_KEEP-th turn of a branch. Only states that this machine computed are dropped: here
    their replay is equal to the bit.
    """
    if not settings.STATE_KEEP:
        return 0
    old = Turn.objects.committed().filter(
        created__lt=timezone.now() - older_than, machine=fingerprint()
    )
    old = old.exclude(state=None).exclude(state=DROPPED)
    count = 0
    for chat in list(old.order_by().values_list("chat", flat=True).distinct()):
        kept = set(_kept(chat, settings.STATE_KEEP))
        rows = old.filter(chat=chat).values_list("pk", flat=True)
        keys = [key for key in rows if key not in kept]
        for start in range(0, len(keys), _AT_ONCE):
            count += old.filter(pk__in=keys[start : start + _AT_ONCE]).update(state=DROPPED)
    if count:
        log.info("states dropped", extra={"count": count})
    return count


def _kept(chat: UUID, every: int) -> Iterator[UUID]:
    """The turns of a chat whose states stay."""
    heads = Chat.objects.filter(pk=chat).values_list("head", "blanked")
    yield from (key for row in heads for key in row if key)
    rows = Turn.objects.filter(chat=chat).oldest_first()
    depths: dict[UUID, int] = {}
    children: Counter[UUID] = Counter()
    inherited: set[UUID] = set()
    for key, parent, copied in rows.values_list("pk", "parent", "inherited"):
        depths[key] = depths[parent] + 1 if parent in depths else 1
        if parent:
            children[parent] += 1
        if copied:
            inherited.add(key)
            inherited.discard(parent)
    yield from (key for key, depth in depths.items() if depth % every == 0)
    yield from (key for key, count in children.items() if count > 1)
    yield from inherited
