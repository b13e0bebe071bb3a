"""Corpora: the list, what comes in by upload, and the sample in one click."""

from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from memory_app.models import Corpus
from memory_app.sentences import in_words
from memory_app.services.corpora import (
    About,
    CorpusError,
    Imported,
    caps,
    corpus_receive,
    corpus_sample,
)
from memory_app.services.uploads import working_folder
from memory_app.training import sample
from memory_app.uploads import path_of
from memory_app.views.dashboard.page import go_on, page

FIELDS = ("name", "split", "language", "licence", "attribution")


def corpora(request: HttpRequest) -> HttpResponse:
    """Every corpus; a POST uploads one. A refusal shows the form again with what was written."""
    if request.method == "POST":
        return _upload(request)
    return _list(request)


def _list(
    request: HttpRequest,
    *,
    problem: str = "",
    refused: Imported | None = None,
    form: dict[str, str] | None = None,
) -> HttpResponse:
    rows = Corpus.objects.order_by("name", "split")
    return page(
        request,
        "dashboard/corpora.html",
        title=_("Corpora"),
        section="corpora",
        status=400 if problem else 200,
        corpora=rows,
        problem=problem,
        refused=refused,
        form=form or {"split": "train", "language": "en"},
        caps=caps(),
        has_sample=any(row.name == sample.NAME for row in rows),
    )


def _upload(request: HttpRequest) -> HttpResponse:
    said = {field: request.POST.get(field, "").strip() for field in FIELDS}
    upload = request.FILES.get("file")
    if not isinstance(upload, UploadedFile):
        return _list(request, problem=_("Choose a file first."), form=said)
    try:
        with working_folder() as folder:
            # What it was called says one thing only: whether it means to be CSV.
            is_csv = ".csv" in (upload.name or "").lower()[-9:]
            file = folder / ("file.csv" if is_csv else "file.txt")
            file.hardlink_to(path_of(upload))
            result = corpus_receive(file=file, about=About(**said), user=request.user)  # type: ignore[arg-type]
    except CorpusError as fault:
        return _list(request, problem=in_words(fault), form=said)
    if result.corpus is None:
        return _list(request, problem=in_words(result.reason), refused=result, form=said)
    messages.success(
        request,
        _("Dialogues taken: %(taken)s. Rows refused: %(refused)s.")
        % {"taken": f"{result.taken:,}", "refused": f"{result.refused:,}"},
    )
    return go_on(request, reverse("admin:corpus", args=[result.corpus.pk]))


def corpora_sample(request: HttpRequest) -> HttpResponse:
    """The sample corpus, both splits."""
    if request.method == "POST":
        try:
            corpus_sample(user=request.user)  # type: ignore[arg-type]
        except CorpusError as fault:
            messages.error(request, in_words(fault))
        else:
            messages.success(request, _("The sample corpus is there, with a validation split."))
    return redirect("admin:corpora")
