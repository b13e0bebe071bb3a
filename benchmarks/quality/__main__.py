"""Measure one contestant and keep its figures, or write tables and chart from them all.

python -m benchmarks.quality lstm --checkpoint memory_app/bundled/en --corpora DIR
python -m benchmarks.quality table
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from benchmarks.quality import contestants
from benchmarks.quality.chart import draw
from benchmarks.quality.chats import chats
from benchmarks.quality.corpora import read_sources
from benchmarks.quality.memorised import recitation
from benchmarks.quality.results import (
    VARIANT_RESULTS,
    keep,
    read_all,
    write_table,
    write_variants,
)
from benchmarks.quality.variants import VARIANTS
from memory_app.lm.checkpoint import Checkpoint, load_checkpoint
from memory_app.lm.config import CELLS
from memory_app.training.dialogues import Source
from memory_app.training.settings import TrainingSettings

# Learning rates: the best is kept, the others' figures are named. A small model's lie higher, and
# a cell's do.
RATES = {"transformer": (3e-4, 6e-4, 1.2e-3, 2.4e-3), "scratch": (1.2e-3, 2.4e-3, 4.8e-3)}
SMALL_RATES = {
    "transformer": (6e-4, 1.2e-3, 2.4e-3, 4.8e-3),
    "lstm": (2.4e-3, 4.8e-3),
    "tanh_rnn": (6e-4, 2.4e-3),
    "article_lstm": (2.4e-3,),
}
# (embedding, hidden) of two layers that come to about 2 million parameters with 8,192 pieces.
SMALL = {"lstm": (128, 256), "tanh_rnn": (128, 512), "article_lstm": (128, 240)}
# Steps of the size that each learns most from in three or four minutes. A cell's window is short,
# since the shorter, the more rows are fed side by side; its state is carried from window to window.
# A Transformer's is a whole dialogue.
CELL_STEP = {"batch_tokens": 2048, "window": 64}
LSTM_STEP = {**CELL_STEP, "timescales": "inverse_gamma"}  # what the log found best of an lstm
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
            *(f"small-{cell}" for cell in CELLS),
            *(f"variant-{name}" for name in VARIANTS),
            *("small-transformer", "recitation", "chats", "table"),
        ],
    )
    parser.add_argument("--checkpoint", type=Path, help="the folder of the checkpoint at hand")
    parser.add_argument("--corpora", type=Path, help="folder of NAME.train.jsonl, NAME.valid.jsonl")
    parser.add_argument("--minutes", type=float, default=20, help="of one processor, for training")
    parser.add_argument("--n", type=int, default=200, help="questions a cell of the exam")
    options = parser.parse_args()
    if options.what == "table":
        write_table()
        write_variants()
        draw(read_all())
        return
    if options.checkpoint is None or options.corpora is None:
        parser.error("a measurement needs --checkpoint and --corpora")
    checkpoint = load_checkpoint(options.checkpoint)
    weights = [(str(d["name"]), float(d.get("weight", 1))) for d in checkpoint.config["data"]]
    sources = read_sources(options.corpora, weights)
    figures = measure(options.what, checkpoint, sources, options.minutes * 60, options.n)
    if options.what.startswith(VARIANT):
        path = keep(options.what.removeprefix(VARIANT), figures, VARIANT_RESULTS)
    else:
        path = keep(options.what, figures)
    json.dump(figures, sys.stdout, indent=1)
    sys.stdout.write("\n")
    sys.stderr.write(f"kept in {path.name}\n")


def measure(
    what: str, checkpoint: Checkpoint, sources: list[Source], seconds: float, n: int
) -> dict[str, Any]:
    """One contestant's figures with its title, its place in the table and how it was trained."""
    model, tokenizer = checkpoint.model, checkpoint.tokenizer
    given = checkpoint.config.get("training", {}).get("settings", {})
    settings = TrainingSettings.from_dict(given) if given else TrainingSettings()
    minutes = f"{seconds / 60:g} min"
    if what == "lstm":
        found = contestants.lstm(model, tokenizer, sources, n)
        return {"title": "this checkpoint", "place": 0, "trained": "model card", **found}
    if what == "reset":
        found = contestants.reset(model, tokenizer, sources, n)
        return {"title": "its state reset every turn", "place": 1, "trained": "–", **found}
    if what == "ngram":
        found = contestants.ngram(tokenizer, sources, n)
        return {"title": "5-gram, Kneser-Ney", "place": 2, "trained": "counts", **found}
    if what == "recitation":
        canned = settings.names("chain")
        return recitation(model, tokenizer, sources, canned)
    if what == "chats":
        return chats(model, tokenizer)
    small = settings.changed(FROM_NOTHING)
    if what == "transformer":
        size = contestants.parameters_of(model)
        step, rates = small.changed(TRANSFORMER_STEP), RATES[what]
        found = contestants.transformer(size, step, tokenizer, sources, seconds, n, rates)
        return {"title": "Transformer, equal size", "place": 3, "trained": minutes, **found}
    if what == "scratch":
        own = {key: getattr(model.config, key) for key in SHAPE}
        step, rates = small.changed({**own, **_cell_step(model.config.cell)}), RATES[what]
        found = contestants.cell(step, tokenizer, sources, seconds, n, rates)
        return {"title": "this size from nothing", "place": 3, "trained": minutes, **found}
    if what == "small-transformer":
        step, rates = small.changed(TRANSFORMER_STEP), SMALL_RATES["transformer"]
        found = contestants.transformer(2_000_000, step, tokenizer, sources, seconds, n, rates)
        return {"title": "Transformer, small", "place": 7, "trained": minutes, **found}
    variant = what.removeprefix(VARIANT) if what.startswith(VARIANT) else ""
    name = "lstm" if variant else what.removeprefix("small-")
    width, hidden = SMALL[name]
    shape = {"cell": name, "embedding_dim": width, "hidden_size": hidden, "copy_units": 0}
    if variant:
        settings = small.changed({**shape, **VARIANTS[variant]})
        one_rate = (settings.learning_rate,)
        found = contestants.cell(settings, tokenizer, sources, seconds, n, one_rate)
        return {"title": variant, "trained": minutes, **found}
    settings = small.changed({**shape, **_cell_step(name)})
    found = contestants.cell(settings, tokenizer, sources, seconds, n, SMALL_RATES[name])
    place = 4 + CELLS.index(name)
    return {"title": f"{name}, small", "place": place, "trained": minutes, **found}


def _cell_step(cell: str) -> dict[str, Any]:
    return LSTM_STEP if cell == "lstm" else CELL_STEP


if __name__ == "__main__":
    main()
