"""Measure one contestant and keep its figures, or write tables and chart from them all.

python -m benchmarks.quality lstm --checkpoint memory_app/bundled/en --corpora DIR
python -m benchmarks.quality small-lstm --rates 9.6e-3 --checkpoint … --corpora …
python -m benchmarks.quality table
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.quality import baselines
from benchmarks.quality.chart import draw
from benchmarks.quality.corpora import read_sources
from benchmarks.quality.memorisation import recitation
from benchmarks.quality.relation_chats import relation_chats
from benchmarks.quality.results import (
    RESULTS,
    VARIANT_RESULTS,
    join,
    keep,
    read_all,
    write_table,
    write_variants,
)
from benchmarks.quality.scripted_chats import chats
from benchmarks.quality.variants import VARIANTS
from memory_app.core.data.dialogues import Source
from memory_app.core.model.checkpoint import Checkpoint, load_checkpoint
from memory_app.core.run_settings import TrainingSettings
from memory_app.core.training.run_tokenizer import learn_tokenizer

# Learning rates: the best is kept, the others' figures are named. A small model's lie higher, and
# a cell's do.
RATES = {
    "transformer": (3e-4, 6e-4, 1.2e-3, 2.4e-3),
    "scratch": (1.2e-3, 2.4e-3, 4.8e-3),
    "small-transformer": (6e-4, 1.2e-3, 2.4e-3, 4.8e-3),
    "small-lstm": (2.4e-3, 4.8e-3, 9.6e-3),
    "small-tanh_rnn": (3e-4, 6e-4, 1.2e-3, 2.4e-3),
    "small-article_lstm": (1.2e-3, 2.4e-3, 4.8e-3, 9.6e-3, 1.92e-2),
}
VARIANT_RATES = (4.8e-3,)  # the small lstm's best
# (title, place in the table, parameters); None: as many as the checkpoint at hand has.
TRANSFORMERS = {
    "transformer": ("Transformer, equal size", 3, None),
    "small-transformer": ("Transformer, small", 7, 2_000_000),
}
# (embedding, hidden) of two layers that come to about 2 million parameters with 8,192 pieces.
SMALL = {"lstm": (128, 256), "tanh_rnn": (128, 512), "article_lstm": (128, 240)}
# Steps of the size that each learns most from in three or four minutes. A cell's window is short,
# since the shorter, the more rows are fed side by side; its state is carried from window to window.
# A Transformer's is a whole dialogue.
CELL_STEP = {"batch_tokens": 2048, "window": 64}
# What the log found best of a cell, where it looked further than that.
OWN_STEPS = {"lstm": {**CELL_STEP, **VARIANTS["timescales"]}}
TRANSFORMER_STEP = {"batch_tokens": 1024}

# A model that begins with nothing meets few values and short gaps first, whatever the checkpoint's
# last stage began with.
FROM_NOTHING = {
    "values_from": 0.1,
    "values_until": 0.6,
    "gap_from": 0.3,
    "gap_until": 0.9,
    "max_gap": 8,
    "drilled": 0.0,
    "learning_rate": 2.5e-3,
}

# What makes a model of the checkpoint's own size.
SHAPE = ("cell", "embedding_dim", "hidden_size", "num_layers")

VARIANT = "variant-"


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.quality", description=__doc__)
    parser.add_argument(
        "what",
        choices=[
            *("lstm", "reset", "ngram", "transformer", "scratch"),
            *(f"small-{cell}" for cell in SMALL),
            *(f"variant-{name}" for name in VARIANTS),
            *("small-transformer", "recitation", "chats", "relation-chats", "table"),
        ],
    )
    parser.add_argument("--checkpoint", type=Path, help="the folder of the checkpoint at hand")
    parser.add_argument("--corpora", type=Path, help="folder of NAME.train.jsonl, NAME.valid.jsonl")
    parser.add_argument("--minutes", type=float, default=20, help="of one processor, for training")
    parser.add_argument(
        "--rates", type=float, nargs="+", help="these alone, joined to the figures that are kept"
    )
    parser.add_argument("--n", type=int, default=200, help="questions a cell of the exam")
    options = parser.parse_args()
    if options.what == "table":
        write_table()
        write_variants()
        draw(read_all())
        return
    if options.checkpoint is None or options.corpora is None:
        parser.error("a measurement needs --checkpoint and --corpora")
    if options.rates and not own_rates(options.what):
        parser.error(f"{options.what} is not trained here, so it has no rates")
    checkpoint = load_checkpoint(options.checkpoint)
    weights = [(str(d["name"]), float(d.get("weight", 1))) for d in checkpoint.config["data"]]
    sources = read_sources(options.corpora, weights)
    seconds = options.minutes * 60
    figures = measure(options.what, checkpoint, sources, seconds, options.n, options.rates)
    json.dump(figures, sys.stdout, indent=1)
    sys.stdout.write("\n")
    name = options.what.removeprefix(VARIANT)
    folder = RESULTS if name == options.what else VARIANT_RESULTS
    path = keep(name, join(name, figures, folder) if options.rates else figures, folder)
    sys.stderr.write(f"kept in {path.name}\n")


def own_rates(what: str) -> tuple[float, ...]:
    """The learning rates that a contestant is tried at; none, where nothing is trained."""
    return VARIANT_RATES if what.startswith(VARIANT) else RATES.get(what, ())


def measure(
    what: str,
    checkpoint: Checkpoint,
    sources: list[Source],
    seconds: float,
    n: int,
    rates: Sequence[float] | None = None,
) -> dict[str, Any]:
    """One contestant's figures with its title, its place in the table and how it was trained.

    At its own learning rates, where none are given.
    """
    model, tokenizer = checkpoint.model, checkpoint.tokenizer
    given = checkpoint.config.get("training", {}).get("settings", {})
    settings = TrainingSettings.from_dict(given) if given else TrainingSettings()
    minutes = f"{seconds / 60:g} min"
    if what == "lstm":
        found = baselines.lstm(model, tokenizer, sources, n)
        return {"title": "this checkpoint", "place": 0, "trained": "model card", **found}
    if what == "reset":
        found = baselines.reset(model, tokenizer, sources, n)
        return {"title": "its state reset every turn", "place": 1, "trained": "–", **found}
    if what == "ngram":
        found = baselines.ngram(tokenizer, sources, n)
        return {"title": "5-gram, Kneser-Ney", "place": 2, "trained": "counts", **found}
    if what == "recitation":
        canned = settings.corpora.names("chain")
        return recitation(model, tokenizer, sources, canned)
    if what == "chats":
        return chats(model, tokenizer)
    if what == "relation-chats":
        return relation_chats(model, tokenizer)
    small = settings.changed(FROM_NOTHING)
    rates = rates or own_rates(what)
    if what in TRANSFORMERS:
        title, place, size = TRANSFORMERS[what]
        size = size or baselines.parameters_of(model)
        step = small.changed(TRANSFORMER_STEP)
        found = baselines.transformer(size, step, tokenizer, sources, seconds, n, rates)
        return {"title": title, "place": place, "trained": minutes, **found}
    if what.startswith(VARIANT):
        name = what.removeprefix(VARIANT)
        step = small.changed({**_small("lstm"), **CELL_STEP, **VARIANTS[name]})
        if step.model.vocab_size != tokenizer.vocab_size:
            tokenizer = learn_tokenizer(step, sources)
        found = baselines.cell(step, tokenizer, sources, seconds, n, rates)
        return {"title": name, "trained": minutes, **found}
    if what == "scratch":
        title, place = "this size from nothing", 3
        shape = {key: getattr(model.config, key) for key in SHAPE}
    else:
        cell = what.removeprefix("small-")
        title, place, shape = f"{cell}, small", 4 + list(SMALL).index(cell), _small(cell)
    step = small.changed({**shape, **OWN_STEPS.get(shape["cell"], CELL_STEP)})
    found = baselines.cell(step, tokenizer, sources, seconds, n, rates)
    return {"title": title, "place": place, "trained": minutes, **found}


def _small(cell: str) -> dict[str, Any]:
    width, hidden = SMALL[cell]
    return {"cell": cell, "embedding_dim": width, "hidden_size": hidden, "copy_units": 0}


if __name__ == "__main__":
    main()
