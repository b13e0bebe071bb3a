"""The form of a text: the lengths of its lines, and those that its prime (a tune) asks for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from memory_app.core.evaluation.wilson import wilson
from memory_app.core.tasks.completion.texts import Text
from memory_app.core.text.lines import (
    BREAKS,
    Mark,
    length_of,
    lengths_of,
    lines_of,
    unmarked,
)

#: A prime has a form with so many texts; a sequence of lengths belongs to it with so many, and so
#: large a share of them. Rarer ones are damaged texts, or the editors' punctuation.
LEAST_TEXTS, LEAST_EQUAL, LEAST_SHARE = 20, 3, 0.02

#: Lines of a text whose form isn't known.
MOST_PLANNED = 8

#: Of each prime the sequences of lengths, the most frequent first.
Forms = Mapping[str, Sequence[Sequence[int]]]


def forms_of(texts: Iterable[Text]) -> dict[str, list[list[int]]]:
    """The forms of the primes that have any."""
    counts: dict[str, Counter[tuple[int, ...]]] = {}
    for text in texts:
        if text.prime:
            counts.setdefault(text.prime, Counter())[tuple(lengths_of(text.text))] += 1
    forms = {}
    for prime, own in sorted(counts.items(), key=lambda item: (-item[1].total(), item[0])):
        least = max(LEAST_EQUAL, LEAST_SHARE * own.total())
        kept = [
            list(lengths) for lengths, n in own.most_common() if n >= least and len(lengths) > 1
        ]
        if own.total() >= LEAST_TEXTS and kept:
            forms[prime] = kept
    return forms


def forms_in(config: Mapping[str, Any]) -> dict[str, list[list[int]]]:
    """Those that a checkpoint's config.json names; it may be anything."""
    training = config.get("training")
    figures = training.get("validation") if isinstance(training, Mapping) else None
    forms = figures.get("forms") if isinstance(figures, Mapping) else None
    if not isinstance(forms, Mapping):
        return {}
    return {
        prime: own
        for prime, own in forms.items()
        if isinstance(prime, str)
        and isinstance(own, list)
        and own
        and all(isinstance(line, list) and line and all(map(_is_length, line)) for line in own)
    }


def _is_length(value: Any) -> bool:
    return type(value) is int and 0 < value < 1000


def distance(lengths: Sequence[int], pattern: Sequence[int]) -> int:
    """Lines to change, insert or delete between the two (Levenshtein 1966)."""
    row = list(range(len(pattern) + 1))
    for i, length in enumerate(lengths, 1):
        before, row[0] = row[0], i
        for j, wanted in enumerate(pattern, 1):
            change = before + (length != wanted)
            before = row[j]
            row[j] = min(change, row[j] + 1, row[j - 1] + 1)
    return row[-1]


@dataclass(frozen=True, slots=True)
class Fit:
    """Of a text's lines, or of many texts': those of the right length at their place, and all."""

    right: int
    lines: int

    @property
    def whole(self) -> bool:
        """Whether each line is right."""
        return self.right == self.lines


def fit(text: str, patterns: Sequence[Sequence[int]]) -> Fit:
    """A text beside the pattern that it fits best; a line too many or too few is a wrong one."""
    lengths = lengths_of(text)
    fits = []
    for pattern in patterns:
        lines = max(len(lengths), len(pattern))
        fits.append(Fit(lines - distance(lengths, pattern), lines))
    return max(fits, key=lambda one: (one.right / one.lines, one.right))


def marked_beginning(text: str, patterns: Sequence[Sequence[int]]) -> str:
    """A text's beginning with its marks: as if it went on in the pattern that it fits so far.

    Without patterns it is taken for the beginning of a text of MOST_PLANNED lines of 7 letters.
    """
    lines = [(line, length_of(line)) for line in lines_of(unmarked(text))]
    count = sum(length > 0 for _, length in lines)
    known = patterns or [[7] * max(MOST_PLANNED, count)]
    lengths = [length for _, length in lines if length]
    plan = max(known, key=lambda own: sum(a == b for a, b in zip(own, lengths, strict=False)))
    written, place = "", 0
    for line, length in lines:
        if length:
            whole = line[-1] in BREAKS or place >= len(plan)
            letters = length if whole else max(length, plan[place])
            written += Mark(letters, max(0, len(plan) - 1 - place)).written()
            place += 1
        written += line
    return written


def form_figures(texts: Sequence[Text], forms: Forms) -> dict[str, Any]:
    """`form`: share of lines of the right length in the texts whose prime has a form.

    With its Wilson interval, `form_lines` and `form_texts` (how many there were) and `form_whole`,
    the share of texts without a wrong line. Empty where no prime has one.
    """
    fits = [fit(text.text, forms[text.prime]) for text in texts if text.prime in forms]
    if not fits:
        return {}
    right, lines = sum(one.right for one in fits), sum(one.lines for one in fits)
    return {
        "form": right / lines,
        "form_interval": list(wilson(right, lines)),
        "form_lines": lines,
        "form_texts": len(fits),
        "form_whole": sum(one.whole for one in fits) / len(fits),
    }
