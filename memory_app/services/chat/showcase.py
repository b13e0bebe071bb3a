"""The showcase: public chats that the front page lists, to be read without the engine.

Its chats belong to members of staff, or to a user of its own that can't log in; strangers' chats
never stand there, whoever shared them.
"""

from collections.abc import Sequence

from django.contrib.auth.models import AnonymousUser, User
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from memory_app.models import Chat, Person, PublicLink
from memory_app.refusal import Refused
from memory_app.services.chat.chats import chat_delete
from memory_app.services.chat.public_links import link_by_token, link_open
from memory_app.services.operations.audit import audit_record

#: Chats on the front page.
MOST = 6
#: The user that chats made by `manage.py showcase` belong to: its password is unusable, and it is
#: inactive.
OWNER = "showcase"


def showcase_links() -> list[PublicLink]:
    """The links that the front page lists, the oldest first, each with its chat and last turn."""
    links = PublicLink.objects.filter(showcased__isnull=False, chat__deleted=None)
    rows = links.select_related("chat__checkpoint", "turn").defer("turn__state", "turn__given")
    return list(rows.order_by("showcased", "pk")[:MOST])


@transaction.atomic
def showcase_add(*, address: str, user: User | AnonymousUser | None) -> PublicLink:
    """List the chat of this public link, or of its address.

    Raises:
        Refused: `not_found` without such a link; `invalid` for a link to one turn or to a chat
            that isn't of the staff; `quota` when the showcase is full.
    """
    token = address.strip().rstrip("/").rsplit("/", 1)[-1]
    link = link_by_token(token=token[:64])
    if link is None:
        raise Refused("not_found", _("There is no public link with this address."))
    if not link.whole:
        raise Refused("invalid", _("This link shows one turn: share the whole chat."))
    if not _may_stand_there(link.chat):
        raise Refused("invalid", _("Only chats of members of staff can stand on the front page."))
    if link.showcased is None:
        if PublicLink.objects.filter(showcased__isnull=False).count() >= MOST:
            raise Refused("quota", _("The front page shows six chats: remove one first."))
        link.showcased = timezone.now()
        link.save(update_fields=["showcased"])
        audit_record(user=user, action="showcase.add", object=str(link.chat_id))
    return link


@transaction.atomic
def showcase_remove(*, link: PublicLink, user: User | AnonymousUser | None) -> None:
    """Take a link from the front page; the link itself stays."""
    if PublicLink.objects.filter(pk=link.pk, showcased__isnull=False).update(showcased=None):
        audit_record(user=user, action="showcase.remove", object=str(link.chat_id))


def showcase_owner() -> Person:
    """The person whose chats `manage.py showcase` makes.

    Raises:
        Refused: `invalid`, where a person who can log in has the name.
    """
    user, created = User.objects.get_or_create(username=OWNER, defaults={"is_active": False})
    if created:
        user.set_unusable_password()
        user.save(update_fields=["password"])
    if user.is_active:
        raise Refused("invalid", _("A user who can log in is called “showcase”: rename it first."))
    return Person.objects.get_or_create(user=user)[0]


@transaction.atomic
def showcase_replace(*, owner: Person, chats: Sequence[Chat]) -> list[PublicLink]:
    """List these chats of the showcase's own user, and delete its others.

    Chats of the staff keep their places; where they leave too few, the last of `chats` are shared
    without being listed.
    """
    Person.objects.select_for_update().get(pk=owner.pk)
    for old in Chat.objects.of(owner).exclude(pk__in=[chat.pk for chat in chats]):
        chat_delete(chat=old)
    links = [link_open(chat=chat) for chat in chats]
    room = MOST - PublicLink.objects.filter(showcased__isnull=False).count()
    for link in links[: max(room, 0)]:
        link.showcased = timezone.now()
        link.save(update_fields=["showcased"])
    audit_record(user=None, action="showcase.replace", detail={"chats": len(links)})
    return links


def _may_stand_there(chat: Chat) -> bool:
    of_staff = Q(user__is_staff=True, user__is_active=True) | Q(
        user__username=OWNER, user__is_active=False
    )
    return Person.objects.filter(of_staff, pk=chat.owner_id).exists()
