"""Names for the figures of an exam on the dashboard's pages."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from memory_app.core.number_text import measure_text, whole_number
from memory_app.services.training.metrics import Comparison, Figure

_NAMES: dict[str, str | Promise] = {
    "recall/open": gettext_lazy("Recall of facts of any kind"),
    "recall/several": gettext_lazy("Recall, eight facts stated"),
    "recall/several_core": gettext_lazy("Recall, three to five usual facts stated"),
    "recall/others": gettext_lazy("Recall of whose fact it is"),
    "recall/forget": gettext_lazy("Doesn’t say what it was asked to forget"),
    "recall/list/named": gettext_lazy("Named of five facts when asked what it knows"),
    "recall/list/false": gettext_lazy("Never stated, but named when asked what it knows"),
    "recall/update": gettext_lazy("Recall, a fact corrected"),
    "recall/abstain": gettext_lazy("Admits that it doesn’t know"),
    "recall/control": gettext_lazy("Right by chance, from a blank memory"),
    "perplexity/bits_per_byte": gettext_lazy("Bits per byte"),
    "perplexity/perplexity_per_token": gettext_lazy("Perplexity per token"),
    "sentiment/accuracy": gettext_lazy("Sentiment: accuracy"),
    "sentiment/unit_accuracy": gettext_lazy("Sentiment: accuracy of the strongest unit alone"),
    "sentiment/precision": gettext_lazy("Sentiment: precision"),
    "sentiment/recall": gettext_lazy("Sentiment: recall"),
    "sentiment/f1": gettext_lazy("Sentiment: F1"),
    "sentiment/auc": gettext_lazy("Sentiment: area under the ROC curve"),
    "sentiment/cross_entropy": gettext_lazy("Sentiment: cross-entropy, nats per text"),
    "completion/bits_per_character": gettext_lazy("Text: bits per character"),
    "completion/form": gettext_lazy("Text: lines of the tune’s length"),
    "completion/form_whole": gettext_lazy("Text: texts without a wrong line"),
    "translation/chrf": gettext_lazy("Translation: chrF"),
    "translation/bleu": gettext_lazy("Translation: BLEU"),
    "translation/directions/en-zh/chrf": gettext_lazy("English to Chinese: chrF"),
    "translation/directions/en-zh/bleu": gettext_lazy("English to Chinese: BLEU"),
    "translation/directions/en-zh/short/chrf": gettext_lazy("English to Chinese, short: chrF"),
    "translation/directions/en-zh/short/bleu": gettext_lazy("English to Chinese, short: BLEU"),
    "translation/directions/zh-en/chrf": gettext_lazy("Chinese to English: chrF"),
    "translation/directions/zh-en/bleu": gettext_lazy("Chinese to English: BLEU"),
    "translation/directions/zh-en/short/chrf": gettext_lazy("Chinese to English, short: chrF"),
    "translation/directions/zh-en/short/bleu": gettext_lazy("Chinese to English, short: BLEU"),
    "speech/wer": gettext_lazy("Speech: word error rate"),
    "speech/wer_strings": gettext_lazy("Speech: word error rate on strings of four"),
    "loops": gettext_lazy("Replies that repeat themselves"),
    "distinct_2": gettext_lazy("Different word pairs"),
}
_KINDS: dict[str, str | Promise] = {
    "recall/exact_match": gettext_lazy("Recall"),
    "recall/held_out/values": gettext_lazy("Recall of unseen values"),
    "recall/held_out/phrasings": gettext_lazy("Recall in unseen wordings"),
}
_PER_SOURCE = "perplexity/per_source/"
VERDICTS: dict[str, str | Promise] = {
    "better": gettext_lazy("better"),
    "worse": gettext_lazy("worse"),
    "same": gettext_lazy("no clear difference"),
    "unknown": gettext_lazy("–"),
}


def shares(figures: Mapping[str, float]) -> str:
    """Shares with their names, in one line; empty without any."""
    # Translators: separates names that may contain commas.
    comma = _("; ")
    # Translators: a figure's name and its value.
    pair = _("{name}: {value}")
    return comma.join(
        pair.format(name=name_of(path), value=f"{share:.0%}")
        for path, share in sorted(figures.items())
    )


def name_of(path: str) -> str:
    """The name of one figure; its path if it has none here."""
    if path in _NAMES:
        return str(_NAMES[path])
    kind, _slash, gap = path.rpartition("/gap_")
    n = whole_number(gap, 9999)
    if kind in _KINDS and n is not None:
        at_once = _("{figure}, asked at once")
        later = ngettext("{figure}, {n} exchange later", "{figure}, {n} exchanges later", n)
        return (later if n else at_once).format(figure=_KINDS[kind], n=n)
    parts = path.split("/")
    if parts[:2] == ["perplexity", "per_source"] and len(parts) > 3:
        what = _NAMES.get(f"perplexity/{parts[-1]}", parts[-1])
        return _("{figure}, {name}").format(figure=what, name="/".join(parts[2:-1]))
    return path.replace("/", " · ").replace("_", " ")


def without_doubles(paths: Sequence[str]) -> list[str]:
    """The figures that a table shows: the sum over one corpus alone is that corpus's own."""
    corpora = {path.rpartition("/")[0] for path in paths if path.startswith(_PER_SOURCE)}
    if len(corpora) != 1:
        return list(paths)
    own = {path.rpartition("/")[2] for path in paths if path.startswith(_PER_SOURCE)}
    return [path for path in paths if path not in {f"perplexity/{name}" for name in own}]


def rows(compared: Sequence[Comparison]) -> list[dict[str, Any]]:
    """Lines of a table: name, the new figure, the old one, how they compare."""
    shown = set(without_doubles([row.path for row in compared]))
    return [
        {
            "name": name_of(row.path),
            "cells": [cell(row.new), cell(row.old)],
            "verdict": row.verdict,
            "verdict_word": VERDICTS[row.verdict],
        }
        for row in compared
        if row.path in shown
    ]


def _share(value: float) -> str:
    return f"{100 * value:.1f}"


def cell(figure: Figure | None) -> dict[str, str]:
    """A figure in readable form, with its interval if it has one."""
    if figure is None:
        return {"text": "–", "interval": ""}
    interval = figure.interval
    if interval is None:
        return {"text": measure_text(figure.value), "interval": ""}
    low, high = interval
    return {
        "text": f"{_share(figure.value)}%",
        "interval": f"{_share(low)}–{_share(high)}",
        "n": f"n = {figure.n:,}",
    }
