"""Texts read for their sentiment: a score a word, units, one held, gates. Nothing is stored."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from memory_app import limits, runtime
from memory_app.core.inspection.trace_queries import map_file, trace_of
from memory_app.core.model.checkpoint import Checkpoint as Loaded
from memory_app.core.tasks.sentiment.scores import (
    Reading,
    changes,
    final_states,
    held_scores,
    read_alone,
    unit_weights,
)
from memory_app.core.tasks.sentiment.task import TEXT_TOKENS, unit_in
from memory_app.core.tasks.sentiment.texts import text_ids
from memory_app.core.tasks.sentiment.units import SentimentUnit
from memory_app.core.text.words import Word, words_of
from memory_app.models import Checkpoint
from memory_app.services.lab.checkpoints import (
    task_figures_of,
    task_model,
)

TASK = "sentiment"
#: Texts of one request, and characters of each; a text has at most TEXT_TOKENS tokens, too.
MOST_TEXTS, MOST_CHARACTERS = 100, 4000
#: Units that are named for a word, and for a text.
UNITS_A_WORD, UNITS_A_TEXT = 5, 8
#: Values at which the strongest unit is held: h lies between −1 and 1.
HELD = tuple(round(-1 + step / 10, 1) for step in range(21))
#: Longer texts aren't read once more with a unit held: that goes token by token.
MOST_HELD_TOKENS = 128


@dataclass(frozen=True, slots=True)
class ReadText:
    """One text read word by word; logits are before the σ."""

    text: str
    words: list[Word]
    reading: Reading
    #: Of each word, then of <|end|>, the units that changed the logit most: (unit, by how much).
    moved: list[list[tuple[int, float]]]
    #: The units whose share of the last logit is largest: (unit, share).
    units: list[tuple[int, float]]
    tokens: int
    cut: bool

    def at_words(self, logits: Any) -> list[float]:
        """Of the logits after each token those after each word, and after <|end|> the last."""
        # Token k of the text is fed after <|user|>.
        return [float(logits[word.stop]) for word in self.words] + [float(logits[-1])]


def sentiment_unit(loaded: Loaded) -> SentimentUnit | None:
    """The strongest unit, as the checkpoint names it."""
    config = loaded.model.config
    return SentimentUnit.from_dict(unit_in(loaded.config), config.num_layers, config.hidden_size)


def lab_model(*, checkpoint: Checkpoint) -> Loaded:
    """The loaded checkpoint.

    Raises:
        Refused: `unavailable`, where its files are damaged or it isn't for this task.
    """
    return task_model(checkpoint, outputs=1)


def texts_score(*, checkpoint: Checkpoint, texts: Sequence[str]) -> list[float]:
    """The logit of each whole text, all texts read side by side."""
    loaded = lab_model(checkpoint=checkpoint)
    ids = [text_ids(loaded.tokenizer, text, TEXT_TOKENS) for text in texts]
    limits.pay("inspections", sum(map(len, ids)))
    logits, _ = runtime.compute_aside(lambda: final_states(loaded.model, ids), queue="lab").result()
    return [float(logit) for logit in logits]


def text_read(*, checkpoint: Checkpoint, text: str) -> ReadText:
    """One text read by itself, with what each unit did."""
    loaded = lab_model(checkpoint=checkpoint)
    whole = loaded.tokenizer.encode(text)
    ids = text_ids(loaded.tokenizer, text, TEXT_TOKENS)
    limits.pay("inspections", len(ids))
    reading = runtime.compute_aside(lambda: read_alone(loaded.model, ids), queue="lab").result()
    words = words_of(loaded.tokenizer, text, ids[1:-1])
    moved = changes(loaded.model, reading)
    # Token k of the text is fed after <|user|>.
    spans = [(word.first + 1, word.stop + 1) for word in words] + [(len(ids) - 1, len(ids))]
    per_word = [_largest(moved[first:stop].sum(0), UNITS_A_WORD) for first, stop in spans]
    shares = reading.hidden[-1] * unit_weights(loaded.model)
    return ReadText(
        text=text,
        words=words,
        reading=reading,
        moved=per_word,
        units=_largest(shares, UNITS_A_TEXT),
        tokens=len(ids),
        cut=len(whole) > TEXT_TOKENS,
    )


def _largest(values: Tensor, most: int) -> list[tuple[int, float]]:
    """The units with the largest values [units], without those that the score doesn't read."""
    top = values.abs().topk(min(most, len(values))).indices.tolist()
    return [(unit, float(values[unit])) for unit in top if values[unit] != 0]


def unit_hold(*, checkpoint: Checkpoint, read: ReadText) -> list[list[float]] | None:
    """For each of HELD the logits after each word, with the strongest unit held there.

    None where the checkpoint names no unit, or the text is too long.
    """
    loaded = lab_model(checkpoint=checkpoint)
    unit = sentiment_unit(loaded)
    if unit is None or read.tokens > MOST_HELD_TOKENS:
        return None
    ids = text_ids(loaded.tokenizer, read.text, TEXT_TOKENS)
    limits.pay("inspections", 2 * len(ids))
    logits = runtime.compute_aside(
        lambda: held_scores(loaded.model, ids, unit.layer, unit.unit, HELD), queue="lab"
    ).result()
    return [read.at_words(row) for row in logits]


def text_gates(*, checkpoint: Checkpoint, text: str, layer: int, gate: str) -> bytes:
    """One gate of one layer over the text's tokens, as the gate view's map (core/inspection)."""
    loaded = lab_model(checkpoint=checkpoint)
    ids = text_ids(loaded.tokenizer, text, TEXT_TOKENS)
    limits.pay("inspections", len(ids))
    metadata = {"gate": gate, "layer": str(layer)}

    def compute() -> bytes:
        trace = trace_of(loaded.model, loaded.model.blank(1), ids)
        return map_file(trace, layer, gate, metadata)

    return runtime.compute_aside(compute, queue="lab").result()


def text_tokens(*, checkpoint: Checkpoint, text: str) -> list[str]:
    """What each fed token stands for; the control tokens by their names."""
    loaded = lab_model(checkpoint=checkpoint)
    ids = text_ids(loaded.tokenizer, text, TEXT_TOKENS)
    pieces = [loaded.tokenizer.decode([token_id]) for token_id in ids[1:-1]]
    return ["", *pieces, ""]


def lab_figures(row: Checkpoint) -> dict[str, Any] | None:
    """What the checkpoint scores on held-out texts."""
    return task_figures_of(row, TASK)
