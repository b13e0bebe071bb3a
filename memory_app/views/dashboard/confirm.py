"""A confirmation page for actions that concern everybody; needs no script."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _

from memory_app.core.messages import SentenceError
from memory_app.translate_messages import in_words
from memory_app.views.dashboard.page import page


@dataclass(slots=True)
class Ask:
    """The page's texts; `typed` is a name that has to be typed before the action."""

    title: str
    section: str
    sentences: list[str]
    button: str
    back: str
    action: str = ""
    danger: bool = True
    typed: str = ""
    hidden: dict[str, str] = field(default_factory=dict)
    # Filled in by `answer`: the wrong input, and its error.
    given: str = ""
    problem: str = ""


def confirmed(request: HttpRequest, ask: Ask) -> bool:
    """Whether a POST confirms; a name that is typed wrongly is an error on it."""
    if request.method != "POST":
        return False
    ask.given = request.POST.get("name", "").strip()
    # Runs of spaces look alike, so the person who types them can't distinguish them.
    if not ask.typed or " ".join(ask.given.split()) == " ".join(ask.typed.split()):
        return True
    ask.problem = _("The name doesn’t match. Type it as shown above.")
    return False


def refuse(request: HttpRequest, reason: str, back: str) -> HttpResponse:
    """Redirect back to a page that says why the action was refused."""
    messages.error(request, reason)
    return HttpResponseRedirect(back)


def ask_and_act(
    request: HttpRequest,
    ask: Ask,
    act: Callable[[], None],
    *,
    report: str,
    to: str = "",
) -> HttpResponse:
    """Ask; once confirmed, act and report that on the page `to`, or on the one that asked.

    An error of `act` for a person goes back to the page that asked: the state was checked before
    the question, and may have changed meanwhile.
    """
    if not confirmed(request, ask):
        return confirm(request, ask)
    try:
        act()
    except SentenceError as fault:
        return refuse(request, in_words(fault), ask.back)
    messages.success(request, report)
    return HttpResponseRedirect(to or ask.back)


def confirm(
    request: HttpRequest, ask: Ask, template: str = "dashboard/confirm.html", **context: Any
) -> HttpResponse:
    """The confirmation page; a `template` of its own may show more beside the form."""
    return page(
        request,
        template,
        title=ask.title,
        section=ask.section,
        status=400 if ask.problem else 200,
        ask=ask,
        **context,
    )
