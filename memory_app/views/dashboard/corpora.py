"""Corpora: the list, the upload, and the sample in one click."""

from collections.abc import Iterator

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from memory_app.http import StaffRequest
from memory_app.models import Corpus
from memory_app.services.operations.upload_folder import working_folder
from memory_app.services.training.corpora import (
    corpus_receive,
    corpus_sample,
    lonely_valid_splits,
    sample_missing,
)
from memory_app.services.training.corpus_description import CorpusError
from memory_app.services.training.corpus_files import Imported, caps
from memory_app.translate_messages import in_words
from memory_app.upload_handler import path_of
from memory_app.views.dashboard.corpus import reason_rows
from memory_app.views.dashboard.corpus_form import CorpusForm
from memory_app.views.dashboard.page import go_on, page

#: Endings of file names that state a format where the content doesn't.
_ENDINGS = (".csv", ".tsv", ".jsonl", ".ndjson", ".json")


def corpora(request: StaffRequest) -> HttpResponse:
    """Every corpus; a POST uploads one. A refusal shows the form again with its input."""
    if request.method == "POST":
        return _upload(request)
    return _list(request)


def _list(
    request: StaffRequest,
    *,
    problem: str = "",
    errors: dict[str, str] | None = None,
    refused: Imported | None = None,
    form: dict[str, str] | None = None,
) -> HttpResponse:
    rows = Corpus.objects.order_by("name", "split")
    return page(
        request,
        "dashboard/corpora.html",
        title=_("Corpora"),
        section="corpora",
        status=400 if problem or errors else 200,
        corpora=rows,
        problem=problem,
        errors=errors or {},
        refused=refused,
        reasons=reason_rows(refused.reasons) if refused and refused.refused > 1 else [],
        form=form or {"split": "train", "language": "en"},
        caps=caps(),
        sample_missing=sample_missing(),
        lonely=lonely_valid_splits(),
    )


def _upload(request: StaffRequest) -> HttpResponse:
    form = CorpusForm(request.POST, request.FILES)
    if not form.is_valid():
        return _list(request, errors=form.sentences, form=form.typed())
    upload = form.cleaned_data["file"]
    try:
        with working_folder() as folder:
            # The name is used for one thing only: whether the file claims to be JSON or CSV.
            called = (upload.name or "").lower()[-12:]
            ending = next((ending for ending in _ENDINGS if ending in called), ".txt")
            file = folder / f"file{ending}"
            file.hardlink_to(path_of(upload))
            result = corpus_receive(file=file, about=form.about(), user=request.user)
    except CorpusError as fault:
        form.refuse(fault)
        return _list(request, problem=form.whole, errors=form.sentences, form=form.typed())
    if result.corpus is None:
        errors = {"file": in_words(result.reason)}
        return _list(request, errors=errors, refused=result, form=form.typed())
    messages.success(request, " ".join(_outcome(result)))
    return go_on(request, reverse("admin:corpus", args=[result.corpus.pk]))


def _outcome(result: Imported) -> Iterator[str]:
    """The result for the rows, in sentences; zero counts are left out."""
    yield _("Dialogues imported: %(taken)s. Rows refused: %(refused)s.") % {
        "taken": f"{result.taken:,}",
        "refused": f"{result.refused:,}",
    }
    if result.valid is not None:
        yield _("In the validation split: %(count)s.") % {"count": f"{result.valid.rows:,}"}
    if result.skipped_messages:
        yield _(
            "Messages left out (system, developer, tool, or before the first user message): "
            "%(count)s."
        ) % {"count": f"{result.skipped_messages:,}"}


def corpora_sample(request: StaffRequest) -> HttpResponse:
    """Import the missing splits of the sample corpus; `then` may be the form of a run on it."""
    if request.method == "POST":
        try:
            added = corpus_sample(user=request.user)
        except CorpusError as fault:
            messages.error(request, in_words(fault))
        else:
            both = _("The sample corpus was added, with a validation split.")
            part = _("“{name}” was added.").format(name=added[0])
            messages.success(request, both if len(added) > 1 else part)
            if request.POST.get("then") == "run":
                chosen = urlencode({"preset": "tiny", "corpus": added[0].name})
                return redirect(f"{reverse('admin:run_new')}?{chosen}")
    return redirect("admin:corpora")
