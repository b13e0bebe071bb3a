"""Print the ratios, one a line: `python -m benchmarks.speed [--checkpoint FOLDER] [--quick]`."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from benchmarks.speed.adapters import adapters
from benchmarks.speed.attack import attack
from benchmarks.speed.curriculum import drawing
from benchmarks.speed.first_token_under_training import first_token_beside
from benchmarks.speed.fixtures import Replies, model_of
from benchmarks.speed.gate_page import looking
from benchmarks.speed.gate_view import opening
from benchmarks.speed.matrix_memory import matrix_memory
from benchmarks.speed.prefill import prompts
from benchmarks.speed.replay_cost import first_token, replay_cost
from benchmarks.speed.throughput import steps, throughput
from benchmarks.speed.trace_word import trace_word
from benchmarks.speed.transformer_refeed import turn_cost
from benchmarks.speed.unit_search import unit_search
from memory_app.core.model.replay import configure_process

# name: (what yields its lines, rounds, rounds when quick)
SECTIONS = {
    "throughput": (throughput, 7, 1),
    "step": (steps, 150, 5),
    "adapters": (adapters, 150, 5),
    "replay": (replay_cost, 15, 1),
    "prompts": (prompts, 15, 2),
    "first-token": (first_token, 150, 3),
    "turns": (turn_cost, 3, 1),
    "gates": (opening, 7, 1),
    "looking": (looking, 5, 1),
    "tracing": (trace_word, 7, 1),
    "units": (unit_search, 40, 5),
    "training": (first_token_beside, 20, 2),
    "matrix-memory": (matrix_memory, 7, 1),
    "attack": (attack, 10, 2),
    "curriculum": (drawing, 15, 1),
}


def main() -> None:
    """Run the sections asked for, all of them by default."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.speed", description=__doc__)
    parser.add_argument("--checkpoint", type=Path, help="a checkpoint folder; else random weights")
    parser.add_argument("--only", choices=SECTIONS, action="append", help="one section")
    parser.add_argument("--quick", action="store_true", help="few rounds: does it run at all?")
    options = parser.parse_args()
    configure_process()
    replies = Replies(model_of(options.checkpoint))
    config = replies.model.config
    print(
        f"# {config.num_layers} x {config.hidden_size}, embedding {config.embedding_dim}, "
        f"vocabulary {config.vocab_size}, weights {replies.runner.dtype}, one thread; "
        "medians of runs timed in turns",
        file=sys.stderr,
    )
    for name in options.only or SECTIONS:
        section, rounds, quick = SECTIONS[name]
        began = time.perf_counter()
        for line in section(replies, quick if options.quick else rounds):
            print(line, flush=True)
        print(f"# {name}: {time.perf_counter() - began:.0f} s", file=sys.stderr)


if __name__ == "__main__":
    main()
