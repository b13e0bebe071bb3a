"""Figures of a checkpoint's exams, with their intervals; two checkpoints compared."""

from dataclasses import dataclass, replace
from typing import Any

from memory_app.core.evaluation.stored_recall import current_names, trials
from memory_app.core.evaluation.wilson import newcombe, wilson
from memory_app.core.number_text import whole_number
from memory_app.models import Checkpoint, EvaluationStatus

#: Of these, less is better.
_LESS = (
    "bits_per_byte",
    "bits_per_character",
    "cross_entropy",
    "wer",
    "wer_strings",
    "perplexity_per_token",
    "loops",
    "control",
    "false",
)
#: These describe the exam and not the checkpoint.
_NEITHER = (
    *("tokens", "bytes", "n", "seconds", "majority", "characters", "form_lines", "form_texts"),
)
#: Shares of a classifier's `n` texts: they have an interval. Precision, recall and F1 are of parts.
_OF_TEXTS = ("accuracy", "unit_accuracy")
#: Other shares, with the number that they are of.
_OF_NUMBERS = {"form": "form_lines", "form_whole": "form_texts"}
#: Bits per byte or character have no interval: a rise by more than this share counts as worse.
WORSE_BITS = 0.02
LARGEST = 1e300
#: Questions per test below which a share says too little to promote by: of 50, one half has the
#: interval 37–63 %.
LEAST_QUESTIONS = 50


@dataclass(frozen=True, slots=True)
class Figure:
    """One number of an exam; a share of n questions has its 95% interval (Wilson)."""

    value: float
    n: int | None = None

    @property
    def is_share(self) -> bool:
        return self.n is not None

    @property
    def interval(self) -> tuple[float, float] | None:
        if self.n is None:
            return None
        return wilson(round(self.value * self.n), self.n)


@dataclass(frozen=True, slots=True)
class Comparison:
    """One figure of two checkpoints; `verdict` is of the first: better, worse, same, unknown."""

    path: str
    new: Figure | None
    old: Figure | None
    verdict: str


def flat(result: Any, path: str = "") -> dict[str, float]:
    """{"recall/exact_match/gap_0": 0.8, …}: every finite number of an exam by its path.

    The config of an imported checkpoint may have any form: other values are left out.
    """
    figures: dict[str, float] = {}
    for key, value in result.items() if isinstance(result, dict) else ():
        name = f"{path}/{key}" if path else str(key)
        if isinstance(value, dict):
            figures |= flat(value, name)
        elif isinstance(value, int | float) and not isinstance(value, bool) and _finite(value):
            figures[name] = value
    return figures


def _finite(value: float) -> bool:
    # Some of JSON's integers are too large for a float.
    return -LARGEST < value < LARGEST


def _figures(result: Any) -> dict[str, Figure]:
    numbers = flat(current_names(result))
    n = numbers.get("recall/n", 0)
    asked = int(n) if 1 <= n <= 10**9 else None

    def n_of(path: str, value: float) -> int | None:
        parent, _, name = path.rpartition("/")
        texts = numbers.get(f"{parent}/{_OF_NUMBERS.get(name, 'n')}", 0)
        if name in (*_OF_TEXTS, *_OF_NUMBERS) and 1 <= texts <= 10**9 and 0 <= value <= 1:
            return int(texts)
        if asked is None or not path.startswith("recall/") or not 0 <= value <= 1:
            return None
        return trials(path.removeprefix("recall/"), asked)

    return {
        path: Figure(value, n_of(path, value))
        for path, value in numbers.items()
        if path.rpartition("/")[2] not in _NEITHER
    }


def results_of(checkpoint: Checkpoint) -> list[Any]:
    """The results of its exams, oldest first: that in its config, then those made here."""
    exams = checkpoint.evaluations.filter(status=EvaluationStatus.FINISHED).order_by("id")
    return [checkpoint.config.get("evaluation"), *exams.values_list("result", flat=True)]


def figures_of(checkpoint: Checkpoint) -> dict[str, Figure]:
    """Each figure by path, of the exam that asked or read most for it; of equal ones the newest.

    A share is as good as the number of its questions, and bits per byte as that of their tokens:
    a short exam doesn't replace the figures of a long one.
    """
    figures: dict[str, Figure] = {}
    extents: dict[str, float] = {}
    for result in results_of(checkpoint):
        numbers = flat(result)
        for path, figure in _figures(result).items():
            extent = figure.n or _tokens(path, numbers)
            if extent >= extents.get(path, 0):
                figures[path], extents[path] = figure, extent
    return figures


def recall_in_training(checkpoint: Checkpoint) -> dict[str, float]:
    """{"recall/exact_match/gap_0": 0.5, …}: what its run measured at its end, of few questions.

    The config of an imported checkpoint may have any form: other values are left out.
    """
    training = checkpoint.config.get("training")
    shares = flat(training.get("recall") if isinstance(training, dict) else None)
    return {
        f"recall/exact_match/{name}": share for name, share in shares.items() if 0 <= share <= 1
    }


def _tokens(path: str, numbers: dict[str, float]) -> float:
    """Tokens that a figure of perplexity was measured on; 0 for other figures."""
    parent = path.rpartition("/")[0]
    return numbers.get(f"{parent}/tokens", 0) if path.startswith("perplexity/") else 0


def most_questions(checkpoint: Checkpoint) -> int:
    """Questions per test of its largest recall exam; 0 without one."""
    figures = figures_of(checkpoint).items()
    return max(
        (f.n or 0 for path, f in figures if path.startswith("recall/exact_match/")), default=0
    )


def compared(new: dict[str, Figure], old: dict[str, Figure]) -> list[Comparison]:
    """Every figure that either has, in the order of the exams' parts."""
    paths = sorted({*new, *old}, key=_place)
    rows = [(path, new.get(path), old.get(path)) for path in paths]
    comparisons = [Comparison(path, new, old, _verdict(path, new, old)) for path, new, old in rows]
    if _sources(new) == _sources(old):
        return comparisons
    # The sum over other corpora is another sum.
    return [
        replace(row, verdict="unknown") if row.path == "perplexity/bits_per_byte" else row
        for row in comparisons
    ]


def _sources(figures: dict[str, Figure]) -> set[str]:
    parts = [path.split("/") for path in figures if path.startswith("perplexity/per_source/")]
    return {"/".join(names[2:-1]) for names in parts}


def is_less_better(path: str) -> bool:
    """The figures of which less is better."""
    return path.rpartition("/")[2] in _LESS


def _place(path: str) -> tuple[int, str, int, str]:
    parts = ("recall/exact_match", "recall/held_out", "recall/", "perplexity/", "")
    at = next(k for k, part in enumerate(parts) if path.startswith(part))
    if path.startswith("perplexity/"):
        # Each kind of figure over all corpora first, then corpus by corpus.
        source = path.removeprefix("perplexity/per_source/").rpartition("/")[0]
        return (at, path.rpartition("/")[2], int("/per_source/" in path), source)
    head, _, after = path.rpartition("/gap_")
    gap = whole_number(after, 9999)
    return (at, head, gap, "") if head and gap is not None else (at, path, 0, path)


def _verdict(path: str, new: Figure | None, old: Figure | None) -> str:
    if new is None or old is None:
        return "unknown"
    name = path.rpartition("/")[2]
    sign = -1 if is_less_better(path) else 1
    if new.n is not None and old.n is not None:
        low, high = newcombe(new.value, new.n, old.value, old.n)
        low, high = (low, high) if sign > 0 else (-high, -low)
        return "better" if low > 0 else "worse" if high < 0 else "same"
    if name in ("bits_per_byte", "bits_per_character") and old.value > 0:
        change = (new.value - old.value) / old.value
        return "worse" if change > WORSE_BITS else "better" if change < -WORSE_BITS else "same"
    return "unknown"


@dataclass(frozen=True, slots=True)
class Doubt:
    """Why a promotion asks for a typed name."""

    unexamined: bool
    worse: list[Comparison]
    #: The number of questions of its recall, where that is too few to count.
    too_few: int | None = None

    def __bool__(self) -> bool:
        return self.unexamined or self.too_few is not None or bool(self.worse)


def doubt_of(new: dict[str, Figure], old: dict[str, Figure]) -> Doubt:
    """Whether the checkpoint is examined and no figure is worse than the live one's.

    It counts as examined once its recall was measured with enough questions, since that is what
    this program is about.
    """
    recall = [figure for path, figure in new.items() if path.startswith("recall/exact_match/")]
    questions = min((figure.n for figure in recall if figure.n is not None), default=None)
    worse = [row for row in compared(new, old) if row.verdict == "worse"]
    if questions is None:
        return Doubt(True, worse)
    return Doubt(False, worse, questions if questions < LEAST_QUESTIONS else None)
