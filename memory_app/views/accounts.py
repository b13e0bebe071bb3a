"""Sign up, log in, log out; a guest's chats are merged by a signal (services.on_login)."""

from typing import Any

from django import forms
from django.contrib import auth
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render, resolve_url
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.i18n import set_language as django_set_language

from memory_app import limits
from memory_app.core.consolidation.topics import topics_of
from memory_app.http import PersonRequest
from memory_app.log_in import LogInForm
from memory_app.models import Chat, Person
from memory_app.services.chat.consolidate import known_now
from memory_app.sign_up import NewPasswordForm, SignUpForm


def _next(request: PersonRequest) -> str:
    wanted = request.POST.get("next") or request.GET.get("next", "")
    safe = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, request.is_secure())
    return wanted if safe else ""


def _show(request: PersonRequest, form: forms.BaseForm, words: dict[str, str]) -> HttpResponse:
    wanted = _next(request)
    # Whoever changes over to the other form is led back to the same page.
    other = f"{words['other_url']}?{urlencode({'next': wanted})}" if wanted else words["other_url"]
    context = {"form": form, "next": wanted, **words, "other_url": other}
    return render(request, "accounts/form.html", context)


def _guest_chats(request: PersonRequest) -> int:
    """The number of this guest's chats, which a log-out would lose and a log-in would merge."""
    person = request.person
    return 0 if request.user.is_authenticated else Chat.objects.of(person or None).count()


def _chats_note(request: PersonRequest) -> str:
    """What happens to the guest's chats; empty where there are none."""
    return _("Chats from this browser move to your account.") if _guest_chats(request) else ""


@sensitive_post_parameters()
@never_cache
def signup(request: PersonRequest) -> HttpResponse:
    """A new member, logged in at once."""
    form = SignUpForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        user = form.save()
        limits.pay("signups", 1)
        auth.login(request, user, backend="django.contrib.auth.backends.ModelBackend")
        return redirect(_next(request) or resolve_url("chats"))
    words = {
        "heading": _("Sign up"),
        "note": _chats_note(request),
        "action": _("Sign up"),
        "other_question": _("Already have an account?"),
        "other_label": _("Log in"),
        "other_url": reverse("login"),
    }
    return _show(request, form, words)


@sensitive_post_parameters()
@never_cache
def login(request: PersonRequest) -> HttpResponse:
    """Log in a member."""
    form = LogInForm(request, request.POST or None)
    if request.method == "POST" and form.is_valid():
        auth.login(request, form.get_user())
        return redirect(_next(request) or resolve_url("chats"))
    words = {
        "heading": _("Log in"),
        "note": _chats_note(request),
        "action": _("Log in"),
        "other_question": _("No account yet?"),
        "other_label": _("Sign up"),
        "other_url": reverse("signup"),
    }
    return _show(request, form, words)


@never_cache
def account(request: PersonRequest) -> HttpResponse:
    """The current person, as every page's bar shows it: for a page that another one loaded."""
    return render(request, "parts/account.html")


@sensitive_post_parameters()
@never_cache
def account_page(request: PersonRequest) -> HttpResponse:
    """One's own account: a new password, all data as a file, the way to the deletion."""
    person = request.person
    if not person and "deleted" in request.GET:
        return render(request, "accounts/deleted.html")
    if not person:
        return redirect(f"{reverse('login')}?{urlencode({'next': request.path})}")
    context: dict[str, Any] = {"known": known_shown(person)}
    if request.user.is_authenticated:
        form = NewPasswordForm(request.user, request.POST or None)
        if request.method == "POST":
            if form.is_valid():
                # This session stays; every other one has the old password's hash and ends.
                auth.update_session_auth_hash(request, form.save())
                return redirect(f"{reverse('account_page')}?changed=1")
            if "old_password" in form.errors:
                limits.pay("logins", 1)
        context["form"] = form
        context["changed"] = "changed" in request.GET and request.method == "GET"
    return render(request, "accounts/you.html", context)


def known_shown(person: Person) -> list[dict[str, Any]]:
    """What is known without a state: the question, its value, and the chat that it comes from."""
    shown: dict[object, dict[str, Any]] = {}
    for row, memory in known_now(person):
        topic = next(own for own in topics_of(row.checkpoint.language) if own.key == memory.topic)
        # Words for one thing (a dish, a food) with one value are one line.
        key = (row.checkpoint_id, topic.group, memory.value)
        entry = {"question": topic.question, "value": memory.value, "chat": row.chat}
        shown.setdefault(key, entry)
    return list(shown.values())


@never_cache
def logout(request: PersonRequest) -> HttpResponse:
    """Become a stranger again, who gets a session of their own at the next page.

    A guest has nothing to log out of, but may press the button of a page that is older than the
    log-out: their session is the only key to their chats, so a confirmation comes first.
    """
    count = _guest_chats(request)
    if count and request.POST.get("leave_chats") != "1":
        return render(request, "accounts/leave.html", {"count": count})
    auth.logout(request)
    return redirect("front")


def set_language(request: HttpRequest) -> HttpResponse:
    """English or Chinese, kept in a cookie."""
    return django_set_language(request)
