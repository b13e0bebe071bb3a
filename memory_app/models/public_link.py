"""A public read-only link to a chat or to one turn; without its row the address is a 404."""

import secrets
from typing import ClassVar

from django.db import models
from django.utils import timezone

from memory_app.models.chat import Chat
from memory_app.models.turn import Turn


def new_token() -> str:
    """192 random bits, in letters, digits, - and _."""
    return secrets.token_urlsafe(24)


class PublicLink(models.Model):
    """What anyone with the token may read: a chat up to a turn, or that turn alone."""

    token = models.CharField(max_length=64, unique=True, default=new_token, editable=False)
    chat = models.ForeignKey(Chat, models.CASCADE, related_name="links")
    # The last turn that the link shows: later messages stay private.
    turn = models.ForeignKey(Turn, models.CASCADE, related_name="links")
    # The branch up to the turn, not the turn alone.
    whole = models.BooleanField()
    created = models.DateTimeField(default=timezone.now)
    # Since when the front page lists it; staff decide (services/chat/showcase.py).
    showcased = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["chat"], condition=models.Q(whole=True), name="one_link_a_chat"
            ),
            models.UniqueConstraint(
                fields=["turn"], condition=models.Q(whole=False), name="one_link_a_turn"
            ),
        ]

    def __str__(self) -> str:
        return f"link to {'chat' if self.whole else 'turn'} {self.turn_id}"
