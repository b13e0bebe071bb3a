"""What stands beside a checkpoint for texts: a 5-gram of characters, and the poets themselves.

python -m benchmarks.quality.completion --checkpoint FOLDER --train songs.train.jsonl --test …

Each file has a row {"prime", "text"} a line. Bits per character and form as `evaluate` has them.
Rhyme is judged by the training texts: two line ends rhyme if three of them have both at the ends of
sentences (。); the share of neighbouring ends that do, and that of ends drawn from other texts. Of
tones the texts say nothing.
"""

from __future__ import annotations

import argparse
import json
import random
from collections import Counter
from collections.abc import Sequence
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any

import torch

from benchmarks.quality.five_gram import FiveGram
from benchmarks.quality.report import print_result
from memory_app.core.data.dialogues import Source
from memory_app.core.evaluation.wilson import wilson
from memory_app.core.model.checkpoint import load_checkpoint
from memory_app.core.model.replay import configure_process
from memory_app.core.sampling.settings import MAX_TOKENS
from memory_app.core.tasks import COMPLETION
from memory_app.core.tasks.completion.figures import (
    TEMPERATURE,
    TOP_P,
    per_character,
    written_texts,
)
from memory_app.core.tasks.completion.forms import form_figures, forms_in
from memory_app.core.tasks.completion.texts import Text

#: Training texts that must share two ends.
LEAST_SHARED = 3


def read_texts(path: Path) -> list[Text]:
    """The rows of a file."""
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]
    return [Text(row.get("prime", ""), row["text"]) for row in rows]


def ends_of(text: str) -> list[str]:
    """The last character of each sentence."""
    return [sentence[-1] for sentence in text.split("。") if sentence]


def rhymes_of(texts: Sequence[Text]) -> set[frozenset[str]]:
    """The pairs of characters that end sentences of the same text in LEAST_SHARED texts."""
    counts = Counter(
        frozenset(pair)
        for text in texts
        for pair in combinations(sorted(set(ends_of(text.text))), 2)
    )
    return {pair for pair, n in counts.items() if n >= LEAST_SHARED}


def rhyme_figures(texts: Sequence[Text], rhymes: set[frozenset[str]]) -> dict[str, Any]:
    """Shares of neighbouring ends that rhyme (equal ones aside), in place and by chance."""
    pairs = [(a, b) for text in texts for a, b in pairwise(ends_of(text.text)) if a != b]
    if not pairs:
        return {}
    others = [b for _, b in pairs]
    random.Random(1).shuffle(others)
    right = sum(frozenset(pair) in rhymes for pair in pairs)
    chance = sum(frozenset((a, b)) in rhymes for (a, _), b in zip(pairs, others, strict=True))
    return {
        "rhyme": right / len(pairs),
        "rhyme_interval": list(wilson(right, len(pairs))),
        "rhyme_chance": chance / len(pairs),
        "rhyme_pairs": len(pairs),
    }


def measure(folder: Path, train: Path, test: Path) -> dict[str, Any]:
    """The checkpoint's figures, with `baselines`, as its config.json has them."""
    loaded = load_checkpoint(folder)
    learned, rows = read_texts(train), read_texts(test)
    forms, rhymes = forms_in(loaded.config), rhymes_of(learned)
    dialogues = [[("user", row.prime or "—"), ("bot", row.text)] for row in rows]
    own = COMPLETION.metrics(loaded, [Source("test", [], dialogues)])
    primes = [row.prime for row in rows if row.prime in forms]
    own |= rhyme_figures(written_texts(loaded.model, loaded.tokenizer, primes), rhymes)
    baseline = FiveGram([(text.prime, text.text) for text in learned])
    bits = torch.tensor([baseline.bits(row.prime, row.text) for row in rows], dtype=torch.double)
    counted = per_character(bits, torch.tensor([len(row.text) for row in rows]))
    written = [
        Text(prime, baseline.write(prime, seed, TEMPERATURE, TOP_P, MAX_TOKENS))
        for seed, prime in enumerate(primes)
    ]
    counted |= form_figures(written, forms) | rhyme_figures(written, rhymes)
    people = form_figures(rows, forms) | rhyme_figures(rows, rhymes)
    return {**own, "baselines": {"five_gram": counted, "people": people}}


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.quality.completion", description=__doc__
    )
    for name in ("checkpoint", "train", "test"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    options = parser.parse_args()
    configure_process()
    result = measure(options.checkpoint, options.train, options.test)
    print_result(result)


if __name__ == "__main__":
    main()
