"""Rows. A turn's ids are the truth of what was said; its state is what the model made of them."""

import uuid
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar
from uuid import UUID

from django.conf import settings
from django.db import models
from django.db.models.functions import Coalesce, RowNumber, StrIndex
from django.db.models.lookups import Exact, GreaterThan, IsNull
from django.utils import timezone

from memory_app.core.cells import cell_named, chat_cell_names
from memory_app.core.model.config import CHAT_TASK, ModelConfig
from memory_app.core.text.case_folding import fold
from memory_app.core.text.search_signature import COLUMNS, signature

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


class Sequenced(models.Model):
    """A row with a number that grows with each new one.

    Rows are ordered by it and never by their time: a clock can be put back.
    """

    sequence = models.PositiveBigIntegerField(editable=False, db_index=True)

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self._state.adding and not self.sequence:
            rows = type(self)._default_manager
            self.sequence = (rows.aggregate(last=models.Max("sequence"))["last"] or 0) + 1
        super().save(*args, **kwargs)


class Person(models.Model):
    """A guest (no user; known by the session) or a member."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.OneToOneField(USER, models.CASCADE, null=True, blank=True, related_name="person")
    created = models.DateTimeField(default=timezone.now)
    seen = models.DateTimeField(default=timezone.now)
    # Chats that were opened and in which nothing was said yet (memory_app/pending_chats.py).
    pending = models.JSONField(default=list, blank=True)

    def __str__(self) -> str:
        return self.user.get_username() if self.user else f"guest {str(self.id)[:8]}"


class Checkpoint(Sequenced):
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
        ordering: ClassVar = ["sequence", "id"]
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
    def model_config(self) -> ModelConfig:
        """The sizes of its model."""
        return ModelConfig.from_dict(self.config)

    @property
    def task(self) -> str:
        """What it was trained for."""
        return str(self.config.get("task") or CHAT_TASK)

    @property
    def serves_chats(self) -> bool:
        """Whether it was trained for chat and chats run on its cell; others are for study."""
        return self.task == CHAT_TASK and self.cell in chat_cell_names()

    @property
    def state_bytes(self) -> int:
        """Of one state in float32."""
        return self.model_config.state_bytes

    def to_client(self) -> dict[str, Any]:
        """What a client is told of it: `chat.ready`, and `turns.json` of the contract."""
        cell = cell_named(self.cell)
        parts: dict[str, list[int]] = {}
        for layer in self.model_config.layer_parts:
            parts |= {name: list(shape) for name, shape in layer.items()}
        return {
            "id": str(self.pk),
            "sha256": self.sha256,
            "name": self.name,
            "language": self.language,
            "cell": self.cell,
            "state_parts": {name: parts[name] for name in cell.state_parts},
            "gate_names": list(cell.strip_gates),
        }


def folded_word(word: str) -> str:
    """A word of a search as it stands in a chunk: folding makes a blank of some characters."""
    return " ".join(fold(word).split())


def _holds(field: str, word: str) -> models.Q:
    """Whether a folded text has the folded `word` in it."""
    return models.Q(GreaterThan(StrIndex(field, models.Value(word)), models.Value(0)))


def _signed(words: Sequence[str], prefix: str = "") -> models.Q:
    """Whether a signature has every gram of the folded words: without one a chunk lacks a word."""
    signed = models.Q()
    for column, bits in _columns(" ".join(words)).items():
        if bits:
            field = models.F(prefix + column)
            signed &= models.Q(Exact(field.bitand(bits), models.Value(bits)))
    return signed


def _stands_in_chunks(words: Sequence[str]) -> models.Q:
    """Whether some chunk of the chat of the outer query has all of the folded words."""
    chunks = SearchSignature.objects.filter(_signed(words), chat=models.OuterRef("pk"))
    for word in words:
        chunks = chunks.filter(_holds("chunk__text", word))
    # Not EXISTS: PostgreSQL would rather read the chunks of every chat than stop at a chat's first.
    return models.Q(IsNull(models.Subquery(chunks.values("pk")[:1]), False))


class ChatQuerySet(models.QuerySet["Chat"]):
    def of(self, person: Person | None) -> "ChatQuerySet":
        """The chats of one person that are not deleted; nobody's are none."""
        return self.filter(owner=person, deleted=None) if person else self.none()

    def deleted_before(self, moment: datetime) -> "ChatQuerySet":
        """Those whose deletion can't be taken back any more."""
        return self.filter(deleted__lt=moment)

    def pinned_first(self) -> "ChatQuerySet":
        return self.order_by("-pinned", "-activity", "-updated", "-id")

    def newest_first(self) -> "ChatQuerySet":
        """By what was done last, whatever the clock said then."""
        return self.order_by("-activity", "-updated", "-id")

    def mentioning(self, words: Sequence[str]) -> "ChatQuerySet":
        """Those with every one of `words`, in any case, in the title or in anything said."""
        # Long words are the rare ones: what lacks the first isn't asked for the others.
        folded = sorted({folded_word(word) for word in words}, key=len, reverse=True)
        each = models.Q()
        for word in folded:
            each &= _holds("folded_title", word) | _stands_in_chunks([word])
        # Common words mostly stand together in one of the first chunks: one look instead of many.
        return self.filter(_stands_in_chunks(folded) | each if len(folded) > 1 else each)

    def keys_mentioning(self, words: Sequence[str]) -> list[UUID]:
        """The keys of those with every one of `words`, newest first."""
        return list(self.mentioning(words).newest_first().values_list("pk", flat=True))

    def update(self, **fields: Any) -> int:
        """As Django's; what a search compares follows the title."""
        if isinstance(fields.get("title"), str):
            fields["folded_title"] = fold(fields["title"])
        return super().update(**fields)

    def done_now(self) -> dict[str, Any]:
        """The fields that put a chat first in its owner's list."""
        newest = Chat.objects.order_by("-activity").values("activity")[:1]
        return {"updated": timezone.now(), "activity": Coalesce(models.Subquery(newest), 0) + 1}


class Chat(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(Person, models.CASCADE, related_name="chats")
    title = models.CharField(max_length=200, blank=True, default="")
    # The same as a search compares it (core/text/case_folding.py).
    folded_title = models.TextField(blank=True, default="", editable=False)
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
    # It came out of a file, so that lists can tell it from the chat that the file was made of.
    imported = models.BooleanField(default=False)
    created = models.DateTimeField(default=timezone.now)
    updated = models.DateTimeField(default=timezone.now)
    # Higher than any other chat's when something was last done here: lists go by it, since a clock
    # can be put back.
    activity = models.PositiveBigIntegerField(editable=False, db_index=True)

    objects = ChatQuerySet.as_manager()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["owner", "-activity"], name="chats_of_person")]

    def __str__(self) -> str:
        return str(self.id)

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.folded_title = fold(self.title)
        if self._state.adding and not self.activity:
            last = Chat.objects.aggregate(last=models.Max("activity"))["last"]
            self.activity = (last or 0) + 1
        super().save(*args, **kwargs)


class TurnQuerySet(models.QuerySet["Turn"]):
    def of(self, person: Person | None) -> "TurnQuerySet":
        return self.filter(chat__owner=person, chat__deleted=None) if person else self.none()

    def oldest_first(self) -> "TurnQuerySet":
        """By their place in the chat: a parent comes before its children."""
        return self.order_by("position")

    def committed(self) -> "TurnQuerySet":
        return self.filter(status__in=COMMITTED)


class Turn(models.Model):
    """One user message with the reply to it; a node of its chat's tree."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    chat = models.ForeignKey(Chat, models.CASCADE, related_name="turns")
    parent = models.ForeignKey(
        "self", models.CASCADE, null=True, blank=True, related_name="children"
    )
    # Its place among the chat's turns, from 1: what was begun later has a higher one, whatever the
    # clock said. Given while the chat's row is held.
    position = models.PositiveIntegerField(editable=False)
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
    # Who speaks it (process_liveness.py); recovery touches only the turns of processes that died.
    process = models.CharField(max_length=64, blank=True, default="")
    heartbeat = models.DateTimeField(null=True, blank=True)
    stop_requested = models.BooleanField(default=False)
    # Where the state was computed (core/cpu.py): there a replay gives it again to the bit.
    machine = models.CharField(max_length=32, blank=True, default="")
    # From taking the message to the reply's first token, as this server saw it.
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
        """How many tokens the turn feeds: U, R and the four around them (tokenizer.py)."""
        return (
            len(self.user_token_ids) + len(self.reply_token_ids) + 4 if self.kind == "talk" else 0
        )


class SearchChunkQuerySet(models.QuerySet["SearchChunk"]):
    def note(self, chat: UUID, texts: Sequence[tuple[int, str]]) -> None:
        """Add what was said, each with its turn's position, to the chat's last chunk or new ones.

        The caller holds the chat's row, or has just made it.
        """
        if not (lines := folded_lines(texts)):
            return
        last = self.filter(chat=chat).order_by("-number").first()
        if last is None:
            self.store(chunks_of(chat, texts))
            return
        (text, positions), *more = fill((last.text, list(last.positions)), lines)
        if positions != last.positions:
            self.filter(pk=last.pk).update(text=text, positions=positions)
            SearchSignature.objects.filter(pk=last.pk).update(**_columns(text))
        self.store(_numbered(chat, more, last.number + 1))

    def store(self, chunks: "Sequence[SearchChunk]") -> None:
        """Insert chunks with their signatures; the caller's transaction holds both together."""
        SearchChunk.objects.bulk_create(chunks, batch_size=CHUNKS_AT_ONCE)
        rows = [
            SearchSignature(chunk=chunk, chat_id=chunk.chat_id, **_columns(chunk.text))
            for chunk in chunks
        ]
        SearchSignature.objects.bulk_create(rows, batch_size=CHUNKS_AT_ONCE)

    def places(self, chats: Sequence[UUID], words: Sequence[str]) -> dict[UUID, int]:
        """Of each chat the position of a turn in which all of the words stand, or one of them."""
        folded = [folded_word(word) for word in words]
        each, some = models.Q(), models.Q(pk__in=[])
        for word in folded:
            signed = _signed([word], "signature__") & _holds("text", word)
            each &= signed
            some |= signed
        places: dict[UUID, int] = {}
        # With one word the first chunk that holds it will do. Several that share a chunk may still
        # stand in different turns, so a few more chunks are looked at.
        rounds = [(each, all, LOOKED_AT if len(folded) > 1 else 1), (some, any, 1)]
        for which, enough, most in rounds:
            wanted = [chat for chat in chats if chat not in places]
            # The signature's own chat is named, too: PostgreSQL would else ask those of everybody.
            rows = self.filter(which, chat__in=wanted, signature__chat__in=wanted)
            ranked = rows.annotate(
                rank=models.Window(
                    RowNumber(), partition_by=models.F("chat"), order_by=models.F("number").asc()
                )
            ).filter(rank__lte=most)
            for chunk in ranked.order_by("chat", "number"):
                if chunk.chat_id not in places:
                    position = chunk.position_of(folded, enough)
                    if position is not None:
                        places[chunk.chat_id] = position
        return places


#: Of the chunks of a chat in which all words of a search stand, so many are read for the turn.
LOOKED_AT = 8


def folded_lines(texts: Iterable[tuple[int, str]]) -> list[tuple[int, str]]:
    """Each text as one line of a chunk; words of a search hold no white space, so none is lost."""
    lines = ((position, " ".join(fold(text).split())) for position, text in texts)
    return [(position, line) for position, line in lines if line]


def fill(
    last: tuple[str, list[int]] | None, lines: Iterable[tuple[int, str]]
) -> list[tuple[str, list[int]]]:
    """Text and positions of the last chunk and of those that follow it once `lines` are added."""
    filled = [last] if last else []
    for position, line in lines:
        if not filled or len(filled[-1][0].encode()) + len(line.encode()) + 1 > CHUNK_BYTES:
            filled.append((line, [position]))
        else:
            text, positions = filled[-1]
            filled[-1] = (f"{text}\n{line}", [*positions, position])
    return filled


def chunks_of(chat: UUID, texts: Iterable[tuple[int, str]]) -> "list[SearchChunk]":
    """All chunks of a chat, not stored yet; each text comes with its turn's position."""
    return _numbered(chat, fill(None, folded_lines(texts)), 1)


def _numbered(chat: UUID, filled: list[tuple[str, list[int]]], first: int) -> "list[SearchChunk]":
    return [
        SearchChunk(chat_id=chat, number=number, text=text, positions=positions)
        for number, (text, positions) in enumerate(filled, first)
    ]


def _columns(text: str) -> dict[str, int]:
    """The signature of a folded text by the names of its columns."""
    return dict(zip(SIGNATURE, signature(text), strict=True))


#: Rows of one INSERT.
CHUNKS_AT_ONCE = 500
#: A row of this size is stored in one piece by both databases: PostgreSQL would put a longer one
#: aside, compressed, and SQLite spread it over pages.
CHUNK_BYTES = 1_800


class SearchChunk(models.Model):
    """What was said in a chat as a search compares it, a line a text, many lines a row.

    The signatures below tell which rows a search needn't read. An FTS5 index would keep the words
    of deleted chats in its segments until they happen to be merged.
    """

    chat = models.ForeignKey(Chat, models.CASCADE, related_name="chunks", db_index=False)
    number = models.PositiveIntegerField()
    text = models.TextField()
    # Of each line the position of its turn.
    positions = models.JSONField(default=list)

    objects = SearchChunkQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["chat", "number"], name="one_chunk_a_number")
        ]

    def __str__(self) -> str:
        return f"{self.chat_id} {self.number}"

    def position_of(
        self, words: Sequence[str], enough: Callable[[Iterable[bool]], bool]
    ) -> int | None:
        """The first turn here with all or any (`enough`) of the folded words, message or reply."""
        turns: dict[int, str] = {}
        for position, line in zip(self.positions, self.text.split("\n"), strict=True):
            turns[position] = f"{turns[position]}\n{line}" if position in turns else line
        for position, said in turns.items():
            if enough(word in said for word in words):
                return position
        return None


class SearchSignature(models.Model):
    """The index of a search: which grams a chunk has (core/text/search_signature.py).

    It has a tenth of the texts' size.

    Both databases find a chat's signatures by its key and compare integers; only the texts that
    are left are read. It is made of the chunks, and `rebuild_search` makes it anew.
    """

    chunk = models.OneToOneField(
        SearchChunk, models.CASCADE, primary_key=True, related_name="signature"
    )
    chat = models.ForeignKey(Chat, models.CASCADE, related_name="+")

    def __str__(self) -> str:
        return f"signature of {self.chunk_id}"


#: The columns of a signature.
SIGNATURE = tuple(f"bits_{column:02d}" for column in range(COLUMNS))
for _name in SIGNATURE:
    SearchSignature.add_to_class(_name, models.BigIntegerField(editable=False))


class ImportStatus(models.TextChoices):
    QUEUED = "queued"
    RUNNING = "running"
    FINISHED = "finished"
    FAILED = "failed"


class ChatImport(Sequenced):
    """A chat's file that is being replayed; the chat has the same id and appears when it is done.

    The row is the truth of it: whoever replays holds it by its fence, as a run is held.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(Person, models.CASCADE, related_name="imports")
    title = models.CharField(max_length=200, blank=True, default="")
    # The file as it was sent; emptied when the import has ended.
    data = models.BinaryField(default=bytes)
    status = models.CharField(
        max_length=16, choices=ImportStatus.choices, default=ImportStatus.QUEUED
    )
    # Tokens to replay, and how many of them are.
    total = models.PositiveIntegerField(default=0)
    done = models.PositiveIntegerField(default=0)
    # Why it failed, as a sentence of the catalogue and what fills its gaps.
    error_said = models.JSONField(blank=True, default=dict)
    fence = models.PositiveIntegerField(default=0)
    deaths = models.PositiveSmallIntegerField(default=0)
    process = models.CharField(max_length=64, blank=True, default="")
    heartbeat = models.DateTimeField(null=True, blank=True)
    created = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["status"], name="imports_by_status")]

    def __str__(self) -> str:
        return f"{self.title or self.id} ({self.status})"


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

    @property
    def file(self) -> Path:
        """Its stored rows, JSON lines; the disk may have lost them."""
        return Path(settings.DATA_DIR) / self.path


class ParameterSearch(Sequenced):
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
        return self.filter(status=RunStatus.QUEUED).order_by("sequence", "id")

    def held(self) -> "TrainingRunQuerySet":
        """Those that a process carries out or did until it died."""
        return self.filter(status__in=HELD)


class TrainingRun(Sequenced):
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
    # The same as a sentence that can be put into other words (core/messages.py).
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
    # Who carries it out (process_liveness.py), and when that process last said so.
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
        indexes: ClassVar = [models.Index(fields=["status", "sequence"], name="runs_by_status")]

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
    # Who sits it (process_liveness.py): when that process has died, another takes it up again.
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
