"""The form by which a corpus is uploaded."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _

from memory_app.core.number_text import whole_number
from memory_app.services.training.corpus_description import About, about_faults
from memory_app.views.dashboard.dashboard_form import DashboardForm, Text

_FIELDS = ("name", "split", "language", "licence", "attribution")


class _File(forms.Field):
    widget = forms.FileInput

    def clean(self, value: Any) -> UploadedFile:
        if not isinstance(value, UploadedFile):
            raise ValidationError(_("Choose a file first."))
        return value


class _Percent(Text):
    """A whole percentage; -1 for anything else, which `about_faults` refuses."""

    def clean(self, value: Any) -> int:
        text = super().clean(value).strip()
        number = whole_number(text, 9999)
        return -bool(text) if number is None else number


class CorpusForm(DashboardForm):
    """The description of a corpus, and its file."""

    file = _File()
    name = Text(strip=True)
    split = Text(strip=True)
    valid_share = _Percent()
    language = Text(strip=True)
    licence = Text(strip=True)
    attribution = Text(strip=True)

    def about(self) -> About:
        """The description of the corpus."""
        fields = {field: self.cleaned_data[field] for field in _FIELDS}
        return About(**fields, valid_share=self.cleaned_data["valid_share"])

    def clean(self) -> dict[str, Any]:
        for fault in about_faults(self.about()):
            self.refuse(fault)
        return self.cleaned_data

    def typed(self) -> dict[str, str]:
        """What the form is shown with again."""
        typed = {field: self.data.get(field, "").strip() for field in (*_FIELDS, "valid_share")}
        return {**typed, "valid_share": typed["valid_share"][:4]}
