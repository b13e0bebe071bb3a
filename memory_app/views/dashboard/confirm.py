"""Asks on a page of one kind before something is done that concerns everybody; needs no script."""

from dataclasses import dataclass, field
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from memory_app.views.dashboard.page import page


@dataclass(slots=True)
class Ask:
    """What the page says and does; `typed` is a name that has to be typed before it is done."""

    title: str
    section: str
    sentences: list[str]
    button: str
    back: str
    action: str = ""
    danger: bool = True
    typed: str = ""
    hidden: dict[str, str] = field(default_factory=dict)
    # Filled in by `answer`: what was typed instead, and what is wrong with it.
    given: str = ""
    problem: str = ""


def confirmed(request: HttpRequest, ask: Ask) -> bool:
    """Whether a POST does what the page asks; a name that isn't typed rightly is said on it."""
    if request.method != "POST":
        return False
    ask.given = request.POST.get("name", "").strip()
    # Runs of blanks look alike and can't be told apart by who types them.
    if not ask.typed or " ".join(ask.given.split()) == " ".join(ask.typed.split()):
        return True
    ask.problem = _("The name doesn’t match. Type it as shown above.")
    return False


def confirm(
    request: HttpRequest, ask: Ask, template: str = "dashboard/confirm.html", **context: Any
) -> HttpResponse:
    """The page that asks; a `template` of its own may show more beside the form."""
    return page(
        request,
        template,
        title=ask.title,
        section=ask.section,
        status=400 if ask.problem else 200,
        ask=ask,
        **context,
    )
