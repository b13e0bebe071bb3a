"""Texts read and continued, id by id: surprise, what else was likely, the count. Nothing is stored.

The ids are the truth: what was written is never tokenised again, so the page sends them back.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from memory_app import limits, runtime
from memory_app.core.inspection.trace_queries import map_file, trace_of
from memory_app.core.model.checkpoint import Checkpoint as Loaded
from memory_app.core.model.config import COMPLETION_TASK
from memory_app.core.sampling.settings import Sampling
from memory_app.core.tasks.completion.countdown import letters_at
from memory_app.core.tasks.completion.forms import forms_in, marked_beginning
from memory_app.core.tasks.completion.scores import Reading, read
from memory_app.core.tasks.completion.task import countdown_in, marks_in
from memory_app.core.tasks.completion.texts import opening_ids
from memory_app.core.tasks.completion.writing import continuation
from memory_app.core.text.lines import Mark
from memory_app.models import Checkpoint
from memory_app.refusal import Refused
from memory_app.services.lab.checkpoints import task_model

TASK = COMPLETION_TASK
#: Characters of a prime and of a beginning; ids of a whole text; ids that are written at a time.
MOST_PRIME, MOST_BEGINNING, MOST_IDS, AT_A_TIME = 100, 1000, 1200, 16
#: Of a beginning's characters this share may be unknown before the page says so.
MOST_UNKNOWN = 0.3


@dataclass(frozen=True, slots=True)
class Token:
    """One id of a text: what it shows, −log2 of its probability, and the likely ones in its place.

    `state`: letters left in the line as read from the state after it, `left`: the true number;
    None where there is no line or no reading. `mark`: the mark that it is.
    """

    id: int
    text: str
    bits: float
    likely: list[tuple[str, float]]
    state: float | None
    left: int | None
    mark: Mark | None


def completion_model(*, checkpoint: Checkpoint) -> Loaded:
    """The loaded checkpoint.

    Raises:
        Refused: `unavailable`, where its files are damaged or it isn't for this task.
    """
    return task_model(checkpoint, outputs=0)


def known_share(loaded: Loaded, text: str) -> float:
    """Share of a text's characters that the vocabulary has; the others are spelled in bytes."""
    letters = [char for char in text if not char.isspace()]
    known = sum(len(loaded.tokenizer.encode(char)) == 1 for char in letters)
    return known / len(letters) if letters else 1.0


def opening(loaded: Loaded, prime: str, beginning: str) -> tuple[list[int], int]:
    """(the ids that a text begins with, how many of them stand before the text).

    Where the model writes marks, the beginning's lines have theirs, by the prime's form.
    """
    before = opening_ids(loaded.tokenizer, prime)
    text = beginning
    if marks_in(loaded.config):
        text = marked_beginning(beginning, forms_in(loaded.config).get(prime, []))
    return [*before, *loaded.tokenizer.encode(text)], len(before)


def text_begin(*, checkpoint: Checkpoint, prime: str, beginning: str) -> tuple[list[Token], int]:
    """The opening's tokens, and how many stand before the text."""
    loaded = completion_model(checkpoint=checkpoint)
    ids, start = opening(loaded, prime, beginning)
    if len(ids) > MOST_IDS:
        raise Refused("too_long", _("This beginning is too long to be continued here."))
    limits.pay("inspections", len(ids))
    reading = runtime.compute_aside(lambda: read(loaded.model, ids), queue="lab").result()
    return _tokens(loaded, ids, start, reading), start


def text_continue(
    *, checkpoint: Checkpoint, ids: Sequence[int], start: int, sampling: Sampling, drawn: int
) -> list[Token]:
    """The next tokens, up to AT_A_TIME; the last is <|end|> where the text has ended.

    `start`: where the text begins in `ids`; `drawn`: how many of them this seed has drawn.

    Raises:
        Refused: ids that the checkpoint doesn't have.
    """
    loaded = completion_model(checkpoint=checkpoint)
    _check(loaded, ids, start)
    limits.pay("inspections", 2 * len(ids))

    def write() -> tuple[list[int], Reading]:
        new = continuation(loaded.model, loaded.tokenizer, ids, sampling, drawn=drawn)
        whole = [*ids, *new]
        return whole, read(loaded.model, whole)

    whole, reading = runtime.compute_aside(write, queue="lab").result()
    return _tokens(loaded, whole, start, reading)[len(ids) :]


def text_map(*, checkpoint: Checkpoint, ids: Sequence[int], layer: int, gate: str) -> bytes:
    """One gate of one layer over the ids, as the gate view's map (core/inspection)."""
    loaded = completion_model(checkpoint=checkpoint)
    _check(loaded, ids, 0)
    limits.pay("inspections", len(ids))
    metadata = {"gate": gate, "layer": str(layer)}

    def compute() -> bytes:
        trace = trace_of(loaded.model, loaded.model.blank(1), list(ids))
        return map_file(trace, layer, gate, metadata)

    return runtime.compute_aside(compute, queue="lab").result()


def _check(loaded: Loaded, ids: Sequence[int], start: int) -> None:
    if not ids or not 0 <= start <= len(ids):
        raise Refused("invalid", _("There is no text to continue."))
    if len(ids) > MOST_IDS:
        raise Refused("too_long", _("The text has reached the length that is kept here."))
    if not all(0 <= token_id < loaded.tokenizer.vocab_size for token_id in ids):
        raise Refused("invalid", _("The text isn’t this checkpoint’s. Start a new text."))


def _tokens(loaded: Loaded, ids: Sequence[int], start: int, reading: Reading) -> list[Token]:
    tokenizer, config = loaded.tokenizer, loaded.model.config
    stream = tokenizer.stream()
    texts = [stream.push(token_id) for token_id in ids]
    ended = bool(ids) and ids[-1] == tokenizer.end_id and len(ids) > start
    left = [*[None] * start, *letters_at(tokenizer, ids[start:], ended=ended)]
    countdown = countdown_in(loaded.config, config.output_size)
    states = countdown.left(reading.hidden).tolist() if countdown else []
    return [
        Token(
            id=token_id,
            text=text,
            bits=float(reading.bits[place]),
            likely=[(_shown(loaded, other), p) for other, p in reading.likely[place]],
            state=states[place] if states and left[place] is not None else None,
            left=left[place],
            mark=Mark.read(text),
        )
        for place, (token_id, text) in enumerate(zip(ids, texts, strict=True))
    ]


def _shown(loaded: Loaded, token_id: int) -> str:
    """What one id stands for by itself; the text's end is empty."""
    return loaded.tokenizer.decode([token_id])
