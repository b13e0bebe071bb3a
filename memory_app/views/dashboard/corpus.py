"""One corpus: its content, its refusals, a page of it, its file, its deletion."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from memory_app.core.data.statistics import TURN_EDGES, WORD_EDGES
from memory_app.core.messages import quoted
from memory_app.core.number_text import whole_number
from memory_app.http import StaffRequest
from memory_app.models import Corpus
from memory_app.services.training.corpora import (
    corpus_delete,
    corpus_kept,
    lonely_valid_splits,
    runs_of,
)
from memory_app.services.training.corpus_description import language_doubt
from memory_app.services.training.corpus_files import corpus_file, corpus_page
from memory_app.translate_messages import in_words
from memory_app.views.dashboard.attachment import attachment
from memory_app.views.dashboard.confirm import Ask, ask_and_act, refuse
from memory_app.views.dashboard.page import page

#: Dialogues on one page of the preview.
DIALOGUES = 10


def _find(corpus: UUID) -> Corpus:
    row = Corpus.objects.filter(pk=corpus).first()
    if row is None:
        raise Http404
    return row


def _bars(counts: list[int], edges: tuple[int, ...]) -> list[dict[str, object]]:
    """A histogram's bars: sizes, counts, shares of the tallest in percent."""
    tallest = max([*counts, 1])
    bars = []
    low = 1
    for count, edge in zip(counts, [*edges, None], strict=False):
        size = f"{low}+" if edge is None else str(edge) if edge == low else f"{low}–{edge}"
        bars.append({"size": size, "count": count, "share": round(100 * count / tallest, 1)})
        low = (edge or 0) + 1
    return bars


def reason_rows(reasons: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Why rows were refused, the most frequent reason first, with the first lines of each."""
    rows = [{"reason": reason, **row} for reason, row in reasons.items()]
    rows.sort(key=lambda row: -row["count"])
    for row in rows:
        # Older versions stored a line once for each of its rows, and not whether there are others.
        row.setdefault("more_lines", row["count"] > len(row["lines"]) > 0)
        row["lines"] = list(dict.fromkeys(row["lines"]))
    return rows


def _grouped(refusals: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """The reasons of a corpus that an older version imported: of its stored refusals alone."""
    reasons: dict[str, dict[str, Any]] = {}
    for row in refusals:
        reason = reasons.setdefault(
            str(row.get("reason", "")), {"said": row.get("said"), "count": 0, "lines": []}
        )
        reason["count"] += 1
        if row.get("line"):
            reason["lines"].append(row["line"])
    return reasons


def corpus(request: StaffRequest, corpus: UUID) -> HttpResponse:
    """The page of one corpus; ?page=n of its dialogues."""
    row = _find(corpus)
    pages = max(1, -(-row.rows // DIALOGUES))
    number = min(whole_number(request.GET.get("page", ""), 10**9) or 1, pages)
    profile = row.profile or {}
    return page(
        request,
        "dashboard/corpus.html",
        title=row.name,
        section="corpora",
        corpus=row,
        profile=profile,
        turns_a_dialogue=_bars(profile.get("turns_a_dialogue", []), TURN_EDGES),
        words_a_turn=_bars(profile.get("words_a_turn", []), WORD_EDGES),
        dialogues=corpus_page(row, (number - 1) * DIALOGUES, DIALOGUES),
        number=number,
        pages=pages,
        runs=runs_of(row),
        lonely=row.pk in lonely_valid_splits(),
        reasons=reason_rows(profile.get("reasons") or _grouped(row.refusals)),
        more=0 if profile.get("reasons") else row.refused - len(row.refusals),
        doubt=in_words(doubt) if (doubt := language_doubt(row)) else "",
    )


def _left_behind(corpus: Corpus) -> list[str]:
    """The consequence of deleting a train split for its validation split."""
    valid = Corpus.objects.filter(name=corpus.name, split="valid").exclude(pk=corpus.pk).first()
    if valid is None:
        return []
    note = _("{name} stays, for evaluations of perplexity only: no run uses it any more.")
    return [note.format(name=quoted(valid))]


def corpus_remove(request: StaffRequest, corpus: UUID) -> HttpResponse:
    """Ask, then delete it, unless a run reads it."""
    row = _find(corpus)
    kept = corpus_kept(row)
    if kept is not None:
        return refuse(request, in_words(kept), reverse("admin:corpus", args=[row.pk]))
    n = row.rows
    ask = Ask(
        title=_("Delete {name}?").format(name=quoted(row)),
        section="corpora",
        sentences=[
            ngettext(
                "Its {n} dialogue is deleted permanently.",
                "Its {n} dialogues are deleted permanently.",
                n,
            ).format(n=f"{n:,}"),
            _("Runs that have ended keep their checkpoints; they can’t be repeated without it."),
            *_left_behind(row),
        ],
        button=_("Delete the corpus"),
        back=reverse("admin:corpus", args=[row.pk]),
    )
    return ask_and_act(
        request,
        ask,
        lambda: corpus_delete(corpus=row, user=request.user),
        report=_("“{name}” was deleted.").format(name=row),
        to=reverse("admin:corpora"),
    )


def corpus_download(request: StaffRequest, corpus: UUID) -> HttpResponseBase:
    """Its stored rows, as JSON lines."""
    row = _find(corpus)
    return attachment(corpus_file(row), f"corpus-{str(row.pk)[:8]}-{row.split}.jsonl")
