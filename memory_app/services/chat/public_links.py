"""Public read-only links to chats and turns: created, found by their token, revoked."""

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from memory_app.models import Chat, PublicLink, Turn, TurnKind
from memory_app.refusal import Refused
from memory_app.services.chat.memory import GONE

#: Links of one chat, of its turns too.
MOST = 100


@transaction.atomic
def link_open(*, chat: Chat, turn: Turn | None = None) -> PublicLink:
    """The link to the chat as it is now, or to one of its turns; one per target.

    The link to a chat shows the branch up to its present head. Opened again, it keeps its address
    and shows the branch up to the head of that moment.

    Raises:
        Refused: `invalid` where there is nothing to read, `quota` when the chat has too many links.
    """
    # Held, so that two requests at once make one link, and a deletion ends it.
    row = Chat.objects.select_for_update().filter(pk=chat.pk, deleted=None).first()
    if row is None:
        if chat._state.adding:
            raise Refused("invalid", _("This chat has no messages to share yet."))
        raise Refused("not_found", GONE)
    if turn is not None and (not turn.is_committed or turn.kind != TurnKind.TALK):
        raise Refused("invalid", _("This turn has no reply to share."))
    last = turn.pk if turn is not None else row.head_id or row.blanked_id
    if last is None:
        raise Refused("invalid", _("This chat has no messages to share yet."))
    whole = turn is None
    mine = PublicLink.objects.filter(chat=row, whole=whole)
    link = mine.first() if whole else mine.filter(turn=last).first()
    if link is None:
        if row.links.count() >= MOST:
            raise Refused("quota", _("This chat has 100 public links: revoke some of them first."))
        return PublicLink.objects.create(chat=row, turn_id=last, whole=whole)
    if link.turn_id != last:
        PublicLink.objects.filter(pk=link.pk).update(turn_id=last)
        link.turn_id = last
    return link


def link_of(*, chat: Chat, turn: Turn | None = None) -> PublicLink | None:
    """The link to the chat, or to one of its turns, if there is one."""
    links = PublicLink.objects.filter(chat=chat.pk, whole=turn is None)
    return (links.filter(turn=turn) if turn is not None else links).first()


def link_revoke(*, chat: Chat, turn: Turn | None = None) -> None:
    """End the link: its address is a 404 from now on, and a later one has another address."""
    links = PublicLink.objects.filter(chat=chat.pk, whole=turn is None)
    (links.filter(turn=turn) if turn is not None else links).delete()


def link_by_token(*, token: str) -> PublicLink | None:
    """The link with this token, of a chat that isn't deleted."""
    links = PublicLink.objects.filter(token=token, chat__deleted=None)
    return links.select_related("chat__checkpoint").first()
