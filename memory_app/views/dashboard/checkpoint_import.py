"""Import of a checkpoint by upload: a zip or its files, inspected before they are parsed here."""

from collections.abc import Collection

from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from memory_app.core.messages import Sentence
from memory_app.http import StaffRequest
from memory_app.registry import RegistryError
from memory_app.services.training.corpus_files import caps
from memory_app.services.training.import_checkpoint import (
    ARCHIVE,
    checkpoint_receive,
    missing_files,
)
from memory_app.translate_messages import in_words
from memory_app.upload_handler import path_of
from memory_app.views.dashboard.page import go_on, page

#: The form's field for each file, and the types that a browser's file dialog should offer.
FIELDS = {
    ARCHIVE: "archive",
    "model.safetensors": "model",
    "config.json": "config",
    "tokenizer.json": "tokenizer",
    "README.md": "card",
}


def _absent(files: Collection[str]) -> dict[str, str]:
    """{field: sentence} of the files that are missing."""
    if not files:
        return {FIELDS[ARCHIVE]: _("Choose a checkpoint’s zip, or the files of its folder.")}
    return {
        FIELDS[file]: in_words(Sentence("Also choose {files}.", {"files": file}))
        for file in missing_files(files)
    }


def _field_of(fault: RegistryError, files: Collection[str]) -> str:
    """The field of the file that a sentence is about; of a zip it is always the zip's."""
    if fault.field:
        return fault.field
    named = (file for file in FIELDS if file in files and file in str(fault))
    return FIELDS[ARCHIVE if ARCHIVE in files else next(named, "model.safetensors")]


def checkpoint_import(request: StaffRequest) -> HttpResponse:
    """The form; a POST registers the upload, or shows the errors at its fields."""
    errors: dict[str, str] = {}
    name = ""
    if request.method == "POST":
        name = request.POST.get("name", "").strip()
        sent = {name: request.FILES.get(field) for name, field in FIELDS.items()}
        files = {name: path_of(up) for name, up in sent.items() if isinstance(up, UploadedFile)}
        errors = _absent(files)
        try:
            row, new = checkpoint_receive(files=files, name=name, user=request.user)
        except RegistryError as fault:
            errors = errors or {_field_of(fault, files): in_words(fault)}
        else:
            report = (
                _("“%(name)s” was imported.")
                if new
                else _("These weights already exist as “%(name)s”.")
            )
            messages.success(request, report % {"name": row})
            return go_on(request, reverse("admin:checkpoints"))
    return page(
        request,
        "dashboard/checkpoint_import.html",
        title=_("Import a checkpoint"),
        section="checkpoints",
        status=400 if errors else 200,
        errors=errors,
        in_parts=any(field in errors for file, field in FIELDS.items() if file != ARCHIVE),
        name=name,
        caps=caps(),
    )
