"""The page that explains working memory, weights and gates to somebody who knows none of them."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import get_language

from memory_app import registry


def about_memory(request: HttpRequest) -> HttpResponse:
    """Words and drawings, with the sizes of the live checkpoint."""
    gates = (
        (
            "i",
            _("input gate"),
            "i = σ(Wᵢ x + Uᵢ h + bᵢ)",
            _("How much of the candidate is written."),
        ),
        ("f", _("forget gate"), "f = σ(W_f x + U_f h + b_f)", ""),
    )
    return render(
        request,
        "about_memory.html",
        {"checkpoint": registry.live(get_language() or "en"), "gates": gates},
    )
