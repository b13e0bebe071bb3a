"""The search index: the folded texts of chats in chunks, and a signature of each chunk."""

import re
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import ClassVar, NamedTuple
from uuid import UUID

from django.db import models
from django.db.models.functions import RowNumber, StrIndex
from django.db.models.lookups import Exact, GreaterThan, IsNull

from memory_app.core.text.case_folding import fold
from memory_app.core.text.search_signature import COLUMNS, signature

#: Chunks of a chat that contain the words of a search: at most this many are read for the turn.
LOOKED_AT = 8
#: Rows of one INSERT.
CHUNKS_AT_ONCE = 500
#: Both databases store a row of this size in one piece: PostgreSQL would move a longer one aside,
#: compressed, and SQLite would spread it over pages.
CHUNK_BYTES = 1_800


def folded_word(word: str) -> str:
    """A word of a search as a chunk has it: folding replaces some characters by a space."""
    return " ".join(fold(word).split())


def holds(field: str, word: str) -> models.Q:
    """Whether a folded text contains the folded `word`."""
    return models.Q(GreaterThan(StrIndex(field, models.Value(word)), models.Value(0)))


def _signed(words: Sequence[str], prefix: str = "") -> models.Q:
    """Whether a signature has every gram of the folded words: without one a chunk lacks a word."""
    signed = models.Q()
    for column, bits in _columns(" ".join(words)).items():
        if bits:
            field = models.F(prefix + column)
            signed &= models.Q(Exact(field.bitand(bits), models.Value(bits)))
    return signed


class Grade(NamedTuple):
    """How well a text fits a search; more is better, the first difference decides."""

    every: bool
    #: How many of the words it has whole, not as a part of another word.
    whole: int
    phrase: bool


@lru_cache(maxsize=256)
def _whole(words: str) -> re.Pattern[str]:
    """The words as they stand by themselves."""
    return re.compile(rf"(?<!\w){re.escape(words)}(?!\w)")


def grade_of(text: str, words: Sequence[str]) -> Grade:
    """The grade of a folded text for folded words."""
    every = all(word in text for word in words)
    whole = sum(_whole(word).search(text) is not None for word in words)
    return Grade(every, whole, _whole(" ".join(words)).search(text) is not None)


def in_chunks(words: Sequence[str]) -> models.Q:
    """Whether some chunk of the outer query's chat contains all of the folded words."""
    chunks = SearchSignature.objects.filter(_signed(words), chat=models.OuterRef("pk"))
    for word in words:
        chunks = chunks.filter(holds("chunk__text", word))
    # Not EXISTS: PostgreSQL would read the chunks of every chat instead of stopping at the first.
    return models.Q(IsNull(models.Subquery(chunks.values("pk")[:1]), False))


def folded_lines(texts: Iterable[tuple[int, str]]) -> list[tuple[int, str]]:
    """Each text as one line of a chunk; words of a search have no white space, so none is lost."""
    lines = ((position, " ".join(fold(text).split())) for position, text in texts)
    return [(position, line) for position, line in lines if line]


def fill(
    last: tuple[str, list[int]] | None, lines: Iterable[tuple[int, str]]
) -> list[tuple[str, list[int]]]:
    """Text and positions of the last chunk, and of the following ones, with `lines` added."""
    filled = [last] if last else []
    for position, line in lines:
        if not filled or len(filled[-1][0].encode()) + len(line.encode()) + 1 > CHUNK_BYTES:
            filled.append((line, [position]))
        else:
            text, positions = filled[-1]
            filled[-1] = (f"{text}\n{line}", [*positions, position])
    return filled


def chunks_of(chat: UUID, texts: Iterable[tuple[int, str]]) -> "list[SearchChunk]":
    """All chunks of a chat, unsaved; each text comes with its turn's position."""
    return _numbered(chat, fill(None, folded_lines(texts)), 1)


def _numbered(chat: UUID, filled: list[tuple[str, list[int]]], first: int) -> "list[SearchChunk]":
    return [
        SearchChunk(chat_id=chat, number=number, text=text, positions=positions)
        for number, (text, positions) in enumerate(filled, first)
    ]


def _columns(text: str) -> dict[str, int]:
    """The signature of a folded text, by column name."""
    return dict(zip(SIGNATURE, signature(text), strict=True))


class SearchChunkQuerySet(models.QuerySet["SearchChunk"]):
    def note(self, chat: UUID, texts: Sequence[tuple[int, str]]) -> None:
        """Add texts, each with its turn's position, to the chat's last chunk or to new ones.

        The caller holds the chat's row, or has just created it.
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

    def places(
        self, chats: Sequence[UUID], words: Sequence[str]
    ) -> dict[UUID, list[tuple[Grade, int]]]:
        """Of each chat its best turns as (grade, position), with all of the words, else with some.

        At most `LOOKED_AT` chunks of a chat are read.
        """
        folded = [folded_word(word) for word in words]
        each, some = models.Q(), models.Q(pk__in=[])
        for word in folded:
            signed = _signed([word], "signature__") & holds("text", word)
            each &= signed
            some |= signed
        places: dict[UUID, list[tuple[Grade, int]]] = {}
        # Several words of a chunk may be in different turns, so a chunk may hold no turn with all.
        for which, is_enough in ((each, all), (some, any)):
            wanted = [chat for chat in chats if not any(g.every for g, _ in places.get(chat, []))]
            # With the signature's own chat, too: PostgreSQL would otherwise read everybody's.
            rows = self.filter(which, chat__in=wanted, signature__chat__in=wanted)
            ranked = rows.annotate(
                rank=models.Window(
                    RowNumber(), partition_by=models.F("chat"), order_by=models.F("number").asc()
                )
            ).filter(rank__lte=LOOKED_AT)
            for chunk in ranked.order_by("chat", "number"):
                known = {place for _, place in places.get(chunk.chat_id, [])}
                # A turn with every word is better than any other, so that those are graded alone.
                graded = chunk.grades(folded, is_enough)
                grades = [pair for pair in graded if pair[1] not in known]
                places.setdefault(chunk.chat_id, []).extend(grades)
            if len(folded) == 1:
                break
        return places


class SearchChunk(models.Model):
    """The texts of a chat as a search compares them, a line a text, many lines a row.

    The signatures below rule out rows without reading them. An FTS5 index would keep the words of
    deleted chats in its segments until they are merged.
    """

    chat = models.ForeignKey("Chat", models.CASCADE, related_name="chunks", db_index=False)
    number = models.PositiveIntegerField()
    text = models.TextField()
    # The position of each line's turn.
    positions = models.JSONField(default=list)

    objects = SearchChunkQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["chat", "number"], name="one_chunk_a_number")
        ]

    def __str__(self) -> str:
        return f"{self.chat_id} {self.number}"

    def grades(
        self, words: Sequence[str], is_enough: Callable[[Iterable[bool]], bool]
    ) -> list[tuple[Grade, int]]:
        """(grade, position) of each turn here, message and reply, that has enough of the words.

        `is_enough`: `all` of them, or `any`.
        """
        turns: dict[int, str] = {}
        for position, line in zip(self.positions, self.text.split("\n"), strict=True):
            turns[position] = f"{turns[position]}\n{line}" if position in turns else line
        return [
            (grade_of(text, words), position)
            for position, text in turns.items()
            if is_enough(word in text for word in words)
        ]


class SearchSignature(models.Model):
    """The index of a search: the grams of a chunk (core/text/search_signature.py).

    It has a tenth of the texts' size. Both databases look a chat's signatures up by its key and
    compare integers; only the remaining texts are read. It is computed from the chunks, and
    `rebuild_search` rebuilds it.
    """

    chunk = models.OneToOneField(
        SearchChunk, models.CASCADE, primary_key=True, related_name="signature"
    )
    chat = models.ForeignKey("Chat", models.CASCADE, related_name="+")

    def __str__(self) -> str:
        return f"signature of {self.chunk_id}"


#: The columns of a signature.
SIGNATURE = tuple(f"bits_{column:02d}" for column in range(COLUMNS))
for _name in SIGNATURE:
    SearchSignature.add_to_class(_name, models.BigIntegerField(editable=False))
