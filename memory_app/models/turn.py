"""One user message with its reply. The ids are the record; the state is computed from them."""

import uuid
from collections.abc import Sequence
from typing import Any, ClassVar

from django.db import connection, models
from django.utils import timezone

from memory_app.models.chat import Chat
from memory_app.models.person import Person
from memory_app.models.search import SearchChunk


class TurnStatus(models.TextChoices):
    RUNNING = "running"
    COMPLETE = "complete"
    STOPPED = "stopped"
    LENGTH = "length"
    INTERRUPTED = "interrupted"
    FAILED = "failed"


class TurnKind(models.TextChoices):
    """What made a turn's state: its tokens (talk), or a change to its parent's state."""

    TALK = "talk"
    EDIT = "edit"
    TRANSPLANT = "transplant"
    BLEND = "blend"
    MIND_FILE = "mind_file"


#: A turn with one of these has reply ids and a state, and may be a parent.
COMMITTED = (TurnStatus.COMPLETE, TurnStatus.STOPPED, TurnStatus.LENGTH)


class TurnQuerySet(models.QuerySet["Turn"]):
    def of(self, person: Person | None) -> "TurnQuerySet":
        return self.filter(chat__owner=person, chat__deleted=None) if person else self.none()

    def oldest_first(self) -> "TurnQuerySet":
        """By position in the chat: a parent precedes its children."""
        return self.order_by("position")

    def committed(self) -> "TurnQuerySet":
        return self.filter(status__in=COMMITTED)

    def spoken(self) -> "TurnQuerySet":
        """Those that somebody sent: no changes by hand, nor what was read again after Forget."""
        return self.filter(kind=TurnKind.TALK).exclude(parameters__has_key="of")

    def branch_of(self, heads: Sequence[uuid.UUID]) -> set[uuid.UUID]:
        """The keys of these turns and of all their ancestors, in one query."""
        if not heads:
            return set()
        table, key = connection.ops.quote_name(Turn._meta.db_table), Turn._meta.pk
        marks = ", ".join(["%s"] * len(heads))
        # UNION, not UNION ALL: damaged rows may form a circle.
        sql = f"""
            WITH RECURSIVE branch (id, parent_id) AS (
                SELECT id, parent_id FROM {table} WHERE id IN ({marks})
                UNION SELECT t.id, t.parent_id FROM {table} t JOIN branch b ON t.id = b.parent_id)
            SELECT id FROM branch"""  # noqa: S608 - the table's name and placeholders alone
        with connection.cursor() as cursor:
            cursor.execute(sql, [key.get_db_prep_value(head, connection) for head in heads])
            return {key.to_python(row[0]) for row in cursor.fetchall()}


class Turn(models.Model):
    """One user message with the reply to it; a node of its chat's tree."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    chat = models.ForeignKey(Chat, models.CASCADE, related_name="turns")
    parent = models.ForeignKey(
        "self", models.CASCADE, null=True, blank=True, related_name="children"
    )
    # Its position in the chat, from 1: a turn that began later has a higher one, by any clock.
    # Set while the chat's row is held.
    position = models.PositiveIntegerField(editable=False)
    kind = models.CharField(max_length=16, choices=TurnKind.choices, default=TurnKind.TALK)
    # Of a turn that isn't talk: what was done to the parent's state. Of talk: why it was replayed.
    parameters = models.JSONField(default=dict, blank=True)
    # The gates that were held while this turn was fed and spoken; null for none.
    hold = models.JSONField(null=True, blank=True)
    # The other state of a transplant, blend or mind file, so that a replay needs no other chat.
    given = models.BinaryField(null=True, blank=True)
    # Copied from the chat that this one was forked from.
    inherited = models.BooleanField(default=False)
    client_turn_id = models.UUIDField()
    status = models.CharField(max_length=16, choices=TurnStatus.choices, default=TurnStatus.RUNNING)
    user_text = models.TextField(blank=True)
    reply_text = models.TextField(blank=True, default="")
    user_token_ids = models.JSONField(default=list)
    reply_token_ids = models.JSONField(default=list)
    seed = models.BigIntegerField()
    sampling = models.JSONField(default=dict)
    # h then c, float32 little-endian, C order: 2 * layers * hidden * 4 bytes.
    state = models.BinaryField(null=True, blank=True)
    # null without a state, as on the wire: "" would be a hash of something.
    state_sha256 = models.CharField(max_length=64, null=True, blank=True)  # noqa: DJ001
    created = models.DateTimeField(default=timezone.now)
    finished = models.DateTimeField(null=True, blank=True)
    # The process that generates it (process_liveness.py); recovery touches dead processes' turns.
    process = models.CharField(max_length=64, blank=True, default="")
    heartbeat = models.DateTimeField(null=True, blank=True)
    stop_requested = models.BooleanField(default=False)
    # The machine that computed the state (core/cpu.py): a replay there is equal to the bit.
    machine = models.CharField(max_length=32, blank=True, default="")
    # The long-term memory that it was spoken with (core/model/adapter.py); null for none.
    adapter_sha256 = models.CharField(max_length=64, null=True, blank=True)  # noqa: DJ001
    # From receiving the message to the reply's first token, measured by the server.
    first_token_ms = models.PositiveIntegerField(null=True, blank=True)

    objects = TurnQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["chat", "client_turn_id"], name="one_turn_a_message"),
            models.UniqueConstraint(fields=["chat", "position"], name="one_turn_a_position"),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["process"], condition=models.Q(status="running"), name="running_turns"
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)

    def save(self, *args: Any, **kwargs: Any) -> None:
        adding = self._state.adding
        if adding and not self.position:
            turns = Turn.objects.filter(chat=self.chat_id)
            self.position = (turns.aggregate(last=models.Max("position"))["last"] or 0) + 1
        super().save(*args, **kwargs)
        if adding:
            SearchChunk.objects.note(
                self.chat_id, [(self.position, self.user_text), (self.position, self.reply_text)]
            )

    @property
    def is_committed(self) -> bool:
        return self.status in COMMITTED

    @property
    def is_talk(self) -> bool:
        return self.kind == TurnKind.TALK

    @property
    def has_trace(self) -> bool:
        """Whether it has tokens whose gates can be replayed."""
        return self.is_committed and self.is_talk

    @property
    def cut_by(self) -> str | None:
        """What cut the reply off: its "length" limit or a "loop"; None where nothing did.

        The engine asks for the limit first, so a shorter reply repeated itself.
        """
        if self.status != TurnStatus.LENGTH:
            return None
        most = self.sampling.get("max_tokens") if isinstance(self.sampling, dict) else None
        short = isinstance(most, int) and len(self.reply_token_ids) < most
        return "loop" if short else "length"

    @property
    def tokens(self) -> int:
        """The number of tokens that the turn feeds: message, reply, four control tokens."""
        if not self.is_talk:
            return 0
        return len(self.user_token_ids) + len(self.reply_token_ids) + 4
