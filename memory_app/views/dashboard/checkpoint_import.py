"""A checkpoint comes in by upload: a zip or its files, looked at before anything reads them."""

from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from memory_app.registry import RegistryError
from memory_app.sentences import in_words
from memory_app.services.checkpoint_import import ARCHIVE, checkpoint_receive
from memory_app.services.corpora import caps
from memory_app.uploads import path_of
from memory_app.views.dashboard.page import go_on, page

#: The form's field for each file, and what a browser's file dialog should offer for it.
FIELDS = {
    ARCHIVE: "archive",
    "model.safetensors": "model",
    "config.json": "config",
    "tokenizer.json": "tokenizer",
    "README.md": "card",
}


def checkpoint_import(request: HttpRequest) -> HttpResponse:
    """The form; a POST registers what it sent, or says in one sentence why not."""
    problem, name = "", ""
    if request.method == "POST":
        name = request.POST.get("name", "").strip()
        sent = {one: request.FILES.get(field) for one, field in FIELDS.items()}
        files = {one: path_of(up) for one, up in sent.items() if isinstance(up, UploadedFile)}
        try:
            row, new = checkpoint_receive(files=files, name=name, user=request.user)  # type: ignore[arg-type]
        except RegistryError as fault:
            problem = in_words(fault)
        else:
            said = (
                _("%(name)s was imported.")
                if new
                else _("These weights already exist as %(name)s.")
            )
            messages.success(request, said % {"name": row})
            return go_on(request, reverse("admin:checkpoints"))
    return page(
        request,
        "dashboard/checkpoint_import.html",
        title=_("Import a checkpoint"),
        section="checkpoints",
        status=400 if problem else 200,
        problem=problem,
        name=name,
        caps=caps(),
    )
