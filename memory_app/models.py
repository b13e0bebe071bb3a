"""Rows. A turn's ids are the truth of what was said; its state is what the model made of them."""

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone

#: By this name, since a row's own `settings` hides Django's inside its class.
USER = settings.AUTH_USER_MODEL


class TurnStatus(models.TextChoices):
    RUNNING = "running"
    COMPLETE = "complete"
    STOPPED = "stopped"
    LENGTH = "length"
    INTERRUPTED = "interrupted"
    FAILED = "failed"


#: A turn with one of these has reply ids and a state, and may be a parent.
COMMITTED = (TurnStatus.COMPLETE, TurnStatus.STOPPED, TurnStatus.LENGTH)


class RunStatus(models.TextChoices):
    QUEUED = "queued"
    RUNNING = "running"
    CANCELLING = "cancelling"
    CANCELLED = "cancelled"
    PAUSING = "pausing"
    PAUSED = "paused"
    FINISHED = "finished"
    FAILED = "failed"


#: A run with one of these has somebody who carries it out, or whose death nobody has seen yet.
HELD = (RunStatus.RUNNING, RunStatus.CANCELLING, RunStatus.PAUSING)
#: What a person asked of a held run, and what it becomes when that is done.
ASKED = {RunStatus.CANCELLING: RunStatus.CANCELLED, RunStatus.PAUSING: RunStatus.PAUSED}


class Person(models.Model):
    """A guest (no user; known by the session) or a member."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.OneToOneField(USER, models.CASCADE, null=True, blank=True, related_name="person")
    created = models.DateTimeField(default=timezone.now)
    seen = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return self.user.get_username() if self.user else f"guest {str(self.id)[:8]}"


class Checkpoint(models.Model):
    """A trained model; its files lie in DATA_DIR/checkpoints/<path> (registry.py)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    sha256 = models.CharField(max_length=64, unique=True)
    name = models.CharField(max_length=200)
    cell = models.CharField(max_length=32)
    language = models.CharField(max_length=16)
    path = models.CharField(max_length=500)
    live = models.BooleanField(default=False)
    bundled = models.BooleanField(default=False)
    config = models.JSONField(default=dict)
    # The checkpoint whose weights its training began from, if any.
    parent = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, related_name="children"
    )
    # The model card, Markdown; rendered through the same sanitiser as a reply.
    card = models.TextField(blank=True, default="")
    created = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering: ClassVar = ["created", "id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["language"], condition=models.Q(live=True), name="one_live_a_language"
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.sha256[:12]})"

    @property
    def num_layers(self) -> int:
        return int(self.config["num_layers"])

    @property
    def hidden_size(self) -> int:
        return int(self.config["hidden_size"])

    @property
    def shape(self) -> dict[str, str | int]:
        """The settings that a run which begins from these weights can't choose.

        Not the hidden size: the new model may be wider.
        """
        keys = ("cell", "vocab_size", "embedding_dim", "num_layers")
        return {key: self.config[key] for key in keys}

    @property
    def state_bytes(self) -> int:
        """h and c in float32."""
        return 2 * self.num_layers * self.hidden_size * 4


def _holds(field: str, word: str) -> models.Q:
    """Whether a text has `word` in it, in any case.

    SQLite's LIKE knows the case of ASCII letters alone, so the others are asked for as they are
    commonly written.
    """
    spellings = {word} if word.isascii() else {word, word.lower(), word.upper(), word.capitalize()}
    return models.Q(*((f"{field}__icontains", one) for one in spellings), _connector=models.Q.OR)


class ChatQuerySet(models.QuerySet["Chat"]):
    def of(self, person: Person | None) -> "ChatQuerySet":
        """The chats of one person that are not deleted; nobody's are none."""
        return self.filter(owner=person, deleted=None) if person else self.none()

    def deleted_before(self, moment: datetime) -> "ChatQuerySet":
        """Those whose deletion can't be taken back any more."""
        return self.filter(deleted__lt=moment)

    def pinned_first(self) -> "ChatQuerySet":
        return self.order_by("-pinned", "-updated", "-id")

    def newest_first(self) -> "ChatQuerySet":
        return self.order_by("-updated", "-id")

    def mentioning(self, words: Sequence[str]) -> "ChatQuerySet":
        """Those with every one of `words`, in any case, in the title or in anything said."""
        found = self
        for word in words:
            said = Turn.objects.saying([word]).filter(chat=models.OuterRef("pk"))
            found = found.filter(_holds("title", word) | models.Exists(said))
        return found


class Chat(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(Person, models.CASCADE, related_name="chats")
    title = models.CharField(max_length=200, blank=True, default="")
    # A state belongs to its weights: no checkpoint goes while a chat lives on it.
    checkpoint = models.ForeignKey(Checkpoint, models.PROTECT, related_name="chats")
    head = models.ForeignKey(
        "Turn", models.SET_NULL, null=True, blank=True, related_name="+", db_index=False
    )
    # The one turn that may run; taken by a conditional UPDATE, whose row count says who won.
    running = models.ForeignKey("Turn", models.SET_NULL, null=True, blank=True, related_name="+")
    # A deleted chat is nobody's at once; until it is purged its owner may take that back.
    deleted = models.DateTimeField(null=True, blank=True, db_index=True)
    # Staff see no chat's text unless its owner has shared it.
    shared = models.BooleanField(default=False)
    # Its owner keeps it above the others, or out of their list; never both.
    pinned = models.BooleanField(default=False)
    archived = models.BooleanField(default=False)
    created = models.DateTimeField(default=timezone.now)
    updated = models.DateTimeField(default=timezone.now)

    objects = ChatQuerySet.as_manager()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["owner", "-updated"], name="chats_of_person")]

    def __str__(self) -> str:
        return str(self.id)


class TurnQuerySet(models.QuerySet["Turn"]):
    def of(self, person: Person | None) -> "TurnQuerySet":
        return self.filter(chat__owner=person, chat__deleted=None) if person else self.none()

    def oldest_first(self) -> "TurnQuerySet":
        return self.order_by("created", "id")

    def committed(self) -> "TurnQuerySet":
        return self.filter(status__in=COMMITTED)

    def saying(self, words: Sequence[str]) -> "TurnQuerySet":
        """Those in whose message or reply one of `words` stands, in any case."""
        found = models.Q(pk__in=[])
        for word in words:
            found |= _holds("user_text", word) | _holds("reply_text", word)
        return self.filter(found)


class Turn(models.Model):
    """One user message with the reply to it; a node of its chat's tree."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    chat = models.ForeignKey(Chat, models.CASCADE, related_name="turns")
    parent = models.ForeignKey(
        "self", models.CASCADE, null=True, blank=True, related_name="children"
    )
    kind = models.CharField(max_length=16, default="talk")
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
    # null where there is no state, as it is told on the wire: "" would be a hash of something.
    state_sha256 = models.CharField(max_length=64, null=True, blank=True)  # noqa: DJ001
    created = models.DateTimeField(default=timezone.now)
    finished = models.DateTimeField(null=True, blank=True)
    # Who speaks it (liveness.py); recovery touches only the turns of processes that died.
    process = models.CharField(max_length=64, blank=True, default="")
    heartbeat = models.DateTimeField(null=True, blank=True)
    stop_requested = models.BooleanField(default=False)
    # Where the state was computed (lm/machine.py): there a replay gives it again to the bit.
    machine = models.CharField(max_length=32, blank=True, default="")
    # From taking the message to the reply's first token, as this server saw it.
    first_token_ms = models.PositiveIntegerField(null=True, blank=True)

    objects = TurnQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["chat", "client_turn_id"], name="one_turn_a_message")
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["process"], condition=models.Q(status="running"), name="running_turns"
            ),
            models.Index(fields=["chat", "created"], name="turns_of_chat"),
        ]

    def __str__(self) -> str:
        return str(self.id)

    @property
    def is_committed(self) -> bool:
        return self.status in COMMITTED

    @property
    def tokens(self) -> int:
        """How many tokens the turn feeds: U, R and the four around them (lm/tokenizer.py)."""
        return (
            len(self.user_token_ids) + len(self.reply_token_ids) + 4 if self.kind == "talk" else 0
        )


class Corpus(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=200)
    split = models.CharField(max_length=8, default="train")
    language = models.CharField(max_length=16, default="en")
    licence = models.CharField(max_length=200, blank=True, default="")
    attribution = models.CharField(max_length=500, blank=True, default="")
    path = models.CharField(max_length=500)
    sha256 = models.CharField(max_length=64)
    bytes = models.PositiveBigIntegerField(default=0)
    rows = models.PositiveIntegerField(default=0)
    refused = models.PositiveIntegerField(default=0)
    # The first refusals: [{"file", "line", "reason", "said"}, …]..
    refusals = models.JSONField(default=list)
    tokens = models.PositiveBigIntegerField(null=True, blank=True)
    # What the pages draw without reading the file again: turns, words, histogram of lengths.
    profile = models.JSONField(default=dict)
    uploaded_by = models.ForeignKey(USER, models.SET_NULL, null=True, blank=True, related_name="+")
    created = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name_plural = "corpora"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["name", "split"], name="one_corpus_a_split")
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.split})"


class ParameterSearch(models.Model):
    """Runs that differ in chosen settings alone, queued together and compared in one table."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=200)
    method = models.CharField(max_length=16)  # grid, random
    # {setting: [value, …]} for a grid; {setting: [low, high]} or [value, …] at random.
    space = models.JSONField(default=dict)
    preset = models.CharField(max_length=32)
    settings = models.JSONField(default=dict)
    corpora = models.JSONField(default=list)
    created_by = models.ForeignKey(USER, models.SET_NULL, null=True, blank=True, related_name="+")
    created = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return self.name


class TrainingRunQuerySet(models.QuerySet["TrainingRun"]):
    def waiting(self) -> "TrainingRunQuerySet":
        """Those that no worker has yet, the one that is due first."""
        return self.filter(status=RunStatus.QUEUED).order_by("created", "id")

    def held(self) -> "TrainingRunQuerySet":
        """Those that a process carries out or did until it died."""
        return self.filter(status__in=HELD)


class TrainingRun(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=200, blank=True, default="")
    preset = models.CharField(max_length=32)
    settings = models.JSONField(default=dict)
    # [[corpus name, weight], …]
    corpora = models.JSONField(default=list)
    status = models.CharField(max_length=16, choices=RunStatus.choices, default=RunStatus.QUEUED)
    step = models.PositiveIntegerField(default=0)
    total_steps = models.PositiveIntegerField(default=0)
    checkpoint = models.ForeignKey(
        Checkpoint, models.SET_NULL, null=True, blank=True, related_name="runs"
    )
    error = models.TextField(blank=True, default="")
    # The same as a sentence that can be put into other words (lm/sentence.py).
    error_said = models.JSONField(blank=True, default=dict)
    # Where it begins from another checkpoint's weights and tokenizer instead of at random.
    parent = models.ForeignKey(
        Checkpoint, models.SET_NULL, null=True, blank=True, related_name="descendants"
    )
    search = models.ForeignKey(
        ParameterSearch, models.SET_NULL, null=True, blank=True, related_name="runs"
    )
    # What staff write about it; an archived one is left out of the list until it is asked for.
    note = models.TextField(blank=True, default="")
    archived = models.BooleanField(default=False)
    started_by = models.ForeignKey(USER, models.SET_NULL, null=True, blank=True, related_name="+")
    # One more with each claim: whoever holds a lower number writes nothing any more, neither here
    # nor on disk, where the saves bear it in their names.
    fence = models.PositiveIntegerField(default=0)
    # Who carries it out (liveness.py), and when that process last said so.
    process = models.CharField(max_length=64, blank=True, default="")
    heartbeat = models.DateTimeField(null=True, blank=True)
    # The step of the last save, and how many workers have died since.
    saved = models.PositiveIntegerField(default=0)
    deaths = models.PositiveSmallIntegerField(default=0)
    created = models.DateTimeField(default=timezone.now)
    started = models.DateTimeField(null=True, blank=True)
    finished = models.DateTimeField(null=True, blank=True)

    objects = TrainingRunQuerySet.as_manager()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["status", "created"], name="runs_by_status")]

    def __str__(self) -> str:
        return self.name or str(self.id)

    @property
    def is_preparing(self) -> bool:
        """Whether a worker has it but no step is done yet: corpora are read, pieces learned."""
        return self.status == RunStatus.RUNNING and self.step == 0

    @property
    def is_finishing(self) -> bool:
        """Whether all steps are done and only the evaluation and the checkpoint are left."""
        return self.status == RunStatus.RUNNING and 0 < self.total_steps <= self.step

    def seconds_left(self) -> float | None:
        """How long the rest takes at the rate of the last figures; None before there are any."""
        rates = self.metrics.filter(name="steps_per_second", value__gt=0).order_by("-step")
        last = list(rates.values_list("value", flat=True)[:10])
        if self.status not in HELD or not last or self.step >= self.total_steps:
            return None
        # Each figure stands for equally many steps: their times are what is averaged.
        return (self.total_steps - self.step) * sum(1 / rate for rate in last) / len(last)


class TrainingMetric(models.Model):
    run = models.ForeignKey(TrainingRun, models.CASCADE, related_name="metrics")
    step = models.PositiveIntegerField()
    name = models.CharField(max_length=100)
    value = models.FloatField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["run", "name", "step"], name="one_value_a_step")
        ]

    def __str__(self) -> str:
        return f"{self.name} @ {self.step}"


class RunSample(models.Model):
    """What a run's model said at one evaluation: [{"prompt", "reply"}, …]."""

    run = models.ForeignKey(TrainingRun, models.CASCADE, related_name="samples")
    step = models.PositiveIntegerField()
    exchanges = models.JSONField(default=list)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["run", "step"], name="one_sample_a_step")
        ]

    def __str__(self) -> str:
        return f"sample @ {self.step}"


class Promotion(models.Model):
    """One change of the live checkpoint of a language; rolling back is one more."""

    checkpoint = models.ForeignKey(Checkpoint, models.CASCADE, related_name="promotions")
    previous = models.ForeignKey(
        Checkpoint, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    language = models.CharField(max_length=16)
    by = models.ForeignKey(USER, models.SET_NULL, null=True, blank=True, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"{self.checkpoint} @ {self.at:%Y-%m-%d %H:%M}"


class AuditEntry(models.Model):
    """What a member of staff did; never changed, and kept when the user goes."""

    at = models.DateTimeField(default=timezone.now, db_index=True)
    user = models.ForeignKey(USER, models.SET_NULL, null=True, blank=True, related_name="+")
    username = models.CharField(max_length=150)
    action = models.CharField(max_length=64)
    object = models.CharField(max_length=300, blank=True, default="")
    detail = models.JSONField(default=dict)

    def __str__(self) -> str:
        return f"{self.username}: {self.action} {self.object}"


class FaultEntry(models.Model):
    """An error that some process logged, for the overview; nobody's text is in it."""

    at = models.DateTimeField(default=timezone.now, db_index=True)
    source = models.CharField(max_length=100)
    message = models.CharField(max_length=500)

    def __str__(self) -> str:
        return f"{self.source}: {self.message}"


class EvaluationStatus(models.TextChoices):
    QUEUED = "queued"
    RUNNING = "running"
    FINISHED = "finished"
    FAILED = "failed"


class Evaluation(models.Model):
    """One exam of a checkpoint: asked for on its page and sat by the worker, or by `evaluate`."""

    checkpoint = models.ForeignKey(Checkpoint, models.CASCADE, related_name="evaluations")
    suite = models.CharField(max_length=32)
    # {"n": questions a cell, "corpora": [name, …]}
    request = models.JSONField(default=dict)
    status = models.CharField(
        max_length=16, choices=EvaluationStatus.choices, default=EvaluationStatus.FINISHED
    )
    result = models.JSONField(default=dict)
    error = models.CharField(max_length=500, blank=True, default="")
    error_said = models.JSONField(blank=True, default=dict)
    # Who sits it (liveness.py): when that process has died, another takes it up again.
    process = models.CharField(max_length=64, blank=True, default="")
    heartbeat = models.DateTimeField(null=True, blank=True)
    asked_by = models.ForeignKey(USER, models.SET_NULL, null=True, blank=True, related_name="+")
    created = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"{self.suite} of {self.checkpoint}"


class ProcessReport(models.Model):
    """What one of the site's processes carries right now; the overview adds them up."""

    process = models.CharField(max_length=64, primary_key=True)
    at = models.DateTimeField(db_index=True)
    sockets = models.PositiveIntegerField(default=0)
    replies = models.PositiveIntegerField(default=0)
    # Of its engine: replies in the batch, and those that wait for a place in it.
    batch = models.PositiveIntegerField(default=0)
    waiting = models.PositiveIntegerField(default=0)
    # Tokens sampled since it started, and milliseconds of its latest steps.
    tokens = models.PositiveBigIntegerField(default=0)
    step_ms = models.FloatField(default=0)

    def __str__(self) -> str:
        return self.process


class WorkerHeartbeat(models.Model):
    """When the training worker of this name was last alive; /readyz reads it."""

    name = models.CharField(max_length=100, primary_key=True)
    seen = models.DateTimeField()

    def __str__(self) -> str:
        return self.name
