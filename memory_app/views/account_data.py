"""One's own data: all of it as a file, and its deletion, which needs the password."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

from django import forms
from django.contrib import auth
from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from memory_app.database_thread import in_thread
from memory_app.http import PersonRequest, attachment_headers
from memory_app.models import Consolidation, PublicLink
from memory_app.services.operations.personal_data import DataSubject, person_erase_own
from memory_app.services.operations.personal_export import person_export_own

#: What a guest types, who has no password, in the page's language; English works in any.
WORD = gettext_lazy("delete")


def subject_of(request: PersonRequest) -> DataSubject:
    """Whose data: the session's person, never one that the request names."""
    user: Any = request.user
    return DataSubject(request.person or None, user if user.is_authenticated else None)


class ConfirmForm(forms.Form):
    """The password of a member, or a word of a guest."""

    _errors: Any

    password = forms.CharField(
        label=gettext_lazy("Password"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    word = forms.CharField(max_length=32, widget=forms.TextInput(attrs={"autocomplete": "off"}))

    def __init__(self, request: PersonRequest, *args: Any) -> None:
        super().__init__(*args)
        self._request = request
        del self.fields["word" if request.user.is_authenticated else "password"]
        if "word" in self.fields:
            self.fields["word"].label = _("Type “{word}” to confirm").format(word=WORD)

    def full_clean(self) -> None:
        super().full_clean()
        for name in set(self.fields) & set(self._errors or {}):
            self.fields[name].widget.attrs |= {"aria-invalid": "true", "autofocus": True}

    def clean_password(self) -> str:
        """Compared as at a log-in: failures count and are limited as there."""
        password: str = self.cleaned_data["password"]
        name = self._request.user.get_username()
        user = auth.authenticate(self._request, username=name, password=password)
        if user is None or user.pk != self._request.user.pk:
            raise forms.ValidationError(_("This is not your password."))
        return password

    def clean_word(self) -> str:
        """In either language."""
        word: str = self.cleaned_data["word"].strip().casefold()
        if word not in {str(WORD).casefold(), "delete"}:
            raise forms.ValidationError(_("Type “{word}”, without the quotes.").format(word=WORD))
        return word


async def _pieces(pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    """Each in a thread, which gives its connection back: a slow reader holds none."""
    while (piece := await in_thread(next, pieces, None)) is not None:
        yield piece


@never_cache
def account_export(request: PersonRequest) -> HttpResponseBase:
    """All data of the person as a zip, while it is written."""
    who = subject_of(request)
    if request.method == "HEAD":
        return HttpResponse(content_type="application/zip")
    name = f"gatescope-{who.name or 'guest'}.zip"
    return StreamingHttpResponse(
        _pieces(person_export_own(who=who)),
        content_type="application/zip",
        headers=attachment_headers(name),
    )


@sensitive_post_parameters()
@never_cache
def account_delete(request: PersonRequest) -> HttpResponse:
    """What goes, said plainly, and after a confirmation the deletion of all of it."""
    who = subject_of(request)
    staff = bool(who.user and who.user.is_staff)
    form = ConfirmForm(request, request.POST or None)
    if request.method == "POST" and not staff and form.is_valid():
        person_erase_own(who=who)
        auth.logout(request)
        answer = redirect(f"{reverse('account_page')}?deleted=1")
        # Drafts of messages.
        answer["Clear-Site-Data"] = '"storage"'
        return answer
    context = {
        "form": form,
        "staff": staff,
        "chats": who.chats.count(),
        "turns": who.turns.count(),
        "links": PublicLink.objects.filter(chat__in=who.chats).count(),
        "remembered": Consolidation.objects.filter(owner=who.person).count(),
        "notes": who.person.unit_notes.count() if who.person else 0,
    }
    return render(request, "accounts/delete.html", context)
