"""The owner of chats: a guest of one browser, or a member."""

import uuid

from django.conf import settings
from django.db import models
from django.utils import timezone


class Person(models.Model):
    """A guest (no user; known by the session) or a member."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, null=True, blank=True, related_name="person"
    )
    created = models.DateTimeField(default=timezone.now)
    seen = models.DateTimeField(default=timezone.now)
    # Chats that were opened and have no message yet (memory_app/pending_chats.py).
    pending = models.JSONField(default=list, blank=True)

    def __str__(self) -> str:
        return self.user.get_username() if self.user else f"guest {str(self.id)[:8]}"
