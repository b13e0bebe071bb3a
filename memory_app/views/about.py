"""The page that explains working memory, weights and gates to newcomers."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language, pgettext
from django.utils.translation import gettext as _

from memory_app import registry

#: Of the exam of docs/log/consolidation.md: scripted chats, and B over A.
EXAM = {"exam_chats": 20, "exam_share": "95%"}


def _gates() -> list[dict[str, str]]:
    """In the order in which a step uses them; formulas as torch.nn.LSTM has them."""
    cell = pgettext("state of an LSTM", "cell")
    rows = (
        ("f", _("forget"), "σ(W x + U h + b)", _("How much of the old cell state is kept.")),
        ("i", _("input"), "σ(W x + U h + b)", _("How much of the candidate is written.")),
        ("g", _("candidate"), "tanh(W x + U h + b)", _("The value to write.")),
        (
            "c",
            cell,
            "c′ = f · c + i · g",
            _("What is stored from this step on."),
        ),
        ("o", _("output"), "σ(W x + U h + b)", _("How much of the cell state is output.")),
        ("h", _("hidden"), "h′ = o · tanh c′", _("What the next layer and the next step receive.")),
    )
    return [
        {"key": key, "name": name, "does": does, "formula": _formula(key, formula)}
        for key, name, formula, does in rows
    ]


def _formula(key: str, formula: str) -> str:
    """Each gate has weights of its own: "σ(W x …)" of f becomes "f = σ(W_f x …)"."""
    if "=" in formula:
        return formula
    for weight in "WUb":
        formula = formula.replace(weight, f"{weight}_{key}")
    return f"{key} = {formula}"


def about_memory(request: HttpRequest) -> HttpResponse:
    """Text and drawings, with the sizes of the live checkpoint."""
    checkpoint = registry.live(get_language() or "en")
    context = {"checkpoint": checkpoint, "gates": _gates(), **EXAM}
    return render(request, "about_memory.html", context)


def terms(request: HttpRequest) -> HttpResponse:
    """What a visitor agrees to; a host may replace the template legal/terms.html."""
    return _legal(request, "legal/terms.html")


def privacy(request: HttpRequest) -> HttpResponse:
    """What is kept of a visitor, by the settings in force."""
    return _legal(request, "legal/privacy.html")


def _legal(request: HttpRequest, template: str) -> HttpResponse:
    facts = {
        "guest_days": settings.GUEST_DAYS,
        "contact": settings.SECURITY_CONTACT,
        "contact_name": settings.SECURITY_CONTACT.removeprefix("mailto:"),
        "is_demo": settings.DEMO,
    }
    return render(request, template, facts)
