"""Sentences translated by the state alone and with attention, word by word. Nothing is stored."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from django.utils.translation import gettext_lazy as _
from torch import Tensor

from memory_app import limits, runtime
from memory_app.core.inspection.trace_queries import map_file, trace_of
from memory_app.core.model.checkpoint import Checkpoint as Loaded
from memory_app.core.model.config import TRANSLATION_TASK
from memory_app.core.tasks.translation.reading import Reading, influence, read
from memory_app.core.tasks.translation.texts import TO_CHINESE, source_ids
from memory_app.core.tasks.translation.writing import BEAM, translations
from memory_app.core.text.scripts import has_han, has_latin, spaced
from memory_app.core.text.words import Word, words_of
from memory_app.models import Checkpoint
from memory_app.refusal import Refused
from memory_app.services.lab.checkpoints import task_checkpoints, task_model

TASK = TRANSLATION_TASK
#: Characters of a sentence, and ids of it with its translation.
MOST_CHARACTERS, MOST_IDS = 300, 512
#: Pieces a word (in Chinese a character) above which a text isn't what the vocabulary was made for.
MOST_PIECES = 2.0


@dataclass(frozen=True, slots=True)
class Translated:
    """One model's translation. `source`, `target`: words, with the places of their ids.

    Places of the source's words count from the first id after the direction, of the target's from
    the first written. `influence` [target words, source words + 0]: bits that a target word loses
    where a source word is left out; `attention` [target words, source words]: the mean weight of
    its ids over those of the source word, None without attention.
    """

    checkpoint: Checkpoint
    ids: list[int]
    start: int
    text: str
    source: list[Word]
    target: list[Word]
    reading: Reading
    influence: Tensor
    attention: Tensor | None


def translation_checkpoints(*, key: str = "", staff: bool = False) -> list[Checkpoint]:
    """The state-only checkpoint and the one with attention that the page is about.

    The first of each kind, or for staff that of the id `key`, which takes the place of its kind.

    Raises:
        Refused: there is none, or none of this id.
    """
    rows = task_checkpoints(TASK)
    chosen = [row for row in rows if staff and str(row.pk) == key]
    if not rows or (key and not chosen and key not in {str(row.pk) for row in one_of_each(rows)}):
        raise Refused("not_found", _("There is no checkpoint for translation here."))
    return one_of_each([*chosen, *rows])


def one_of_each(rows: Sequence[Checkpoint]) -> list[Checkpoint]:
    """The first row without attention and the first with, where there are any."""
    kinds: dict[bool, Checkpoint] = {}
    for row in rows:
        kinds.setdefault(with_attention(row), row)
    return [kinds[kind] for kind in (False, True) if kind in kinds]


def with_attention(row: Checkpoint) -> bool:
    """Whether a checkpoint's head also reads the source."""
    return row.config.get("attention") is True


def translation_model(*, checkpoint: Checkpoint) -> Loaded:
    """The loaded checkpoint.

    Raises:
        Refused: `unavailable`, where its files are damaged or it isn't for this task.
    """
    return task_model(checkpoint, outputs=0)


def check_sentence(text: str, direction: str) -> None:
    """Raises Refused for a text that can't be translated in this direction."""
    if not text.strip():
        raise Refused("invalid", _("There is no sentence to translate."))
    if len(text) > MOST_CHARACTERS:
        sentence = _("At most %(n)s characters can be translated here.") % {"n": MOST_CHARACTERS}
        raise Refused("too_long", sentence)
    if not has_han(text) and not has_latin(text):
        raise Refused("invalid", _("Only English and Chinese are translated here."))
    if has_han(text) == (direction == TO_CHINESE):
        already = _("This is Chinese already: translate it to English.")
        english = _("This is English already: translate it to Chinese.")
        raise Refused("invalid", already if has_han(text) else english)


def is_strange(loaded: Loaded, text: str) -> bool:
    """Whether the vocabulary has to spell the text: another language, or no words at all."""
    if has_han(text):
        words = [char for char in text if char.isalpha()]
    else:
        words = "".join(char if char.isalpha() or char == "'" else " " for char in text).split()
    pieces = sum(len(loaded.tokenizer.encode(spaced(word))) for word in words)
    return pieces > MOST_PIECES * len(words)


def sentence_translate(*, checkpoint: Checkpoint, text: str, direction: str) -> Translated:
    """The translation by one checkpoint, and how it came about.

    Raises:
        Refused: the sentence is too long in ids.
    """
    loaded = translation_model(checkpoint=checkpoint)
    tokenizer = loaded.tokenizer
    before = source_ids(tokenizer, text, direction)
    if len(before) > MOST_IDS // 3:
        raise Refused("too_long", _("This sentence is too long to be translated here."))
    source = words_of(tokenizer, spaced(text), before[2:-2], apart=True)
    limits.pay("inspections", (BEAM + len(source)) * len(before))

    def write() -> tuple[list[int], Reading, Tensor]:
        (written,) = translations(loaded.model, tokenizer, [before])
        target = [*written, tokenizer.end_id]
        spans = [(word.first + 2, word.stop + 2) for word in source]
        return (
            target,
            read(loaded.model, before, target),
            influence(loaded.model, before, target, spans),
        )

    target, reading, lost = runtime.compute_aside(write, queue="lab").result()
    decoded = tokenizer.decode(target)
    words = words_of(tokenizer, decoded, target[:-1], apart=True)
    ends = [*((word.first, word.stop) for word in words), (len(target) - 1, len(target))]
    attention = None
    if reading.attention is not None:
        attention = _over(reading.attention, ends).T
        spans = [(word.first + 2, word.stop + 2) for word in source]
        attention = _over(attention, spans, mean=False).T
    return Translated(
        checkpoint=checkpoint,
        ids=[*before, *target],
        start=len(before),
        text=decoded.strip(),
        source=source,
        target=words,
        reading=reading,
        influence=_over(lost.T, ends, mean=False),
        attention=attention,
    )


def _over(values: Tensor, spans: Sequence[tuple[int, int]], *, mean: bool = True) -> Tensor:
    """Rows of ids → rows of words: their means or sums, [spans, columns]."""
    rows = [values[first:stop] for first, stop in spans]
    return torch.stack([row.mean(0) if mean else row.sum(0) for row in rows])


def translation_map(*, checkpoint: Checkpoint, ids: Sequence[int], layer: int, gate: str) -> bytes:
    """One gate of one layer over the ids of a source and its target, as the gate view's map."""
    loaded = translation_model(checkpoint=checkpoint)
    if not ids or len(ids) > MOST_IDS:
        raise Refused("invalid", _("There is no sentence to translate."))
    if not all(0 <= token_id < loaded.tokenizer.vocab_size for token_id in ids):
        raise Refused("invalid", _("The sentence isn’t this checkpoint’s. Translate it again."))
    limits.pay("inspections", len(ids))
    metadata = {"gate": gate, "layer": str(layer)}

    def compute() -> bytes:
        trace = trace_of(loaded.model, loaded.model.blank(1), list(ids))
        return map_file(trace, layer, gate, metadata)

    return runtime.compute_aside(compute, queue="lab").result()
