"""The front page: what this is, and one button."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.views.decorators.cache import never_cache

from memory_app import registry, services
from memory_app.models import Chat


@never_cache
def front(request: HttpRequest, problem: str = "", status: int = 200) -> HttpResponse:
    """Says what this is; makes the visitor a guest, so that a first chat has an owner."""
    person = services.person_ensure(request=request)
    return render(
        request,
        "front.html",
        {
            "checkpoint": registry.live(get_language() or "en"),
            "chats_count": Chat.objects.of(person).count(),
            "problem": problem,
        },
        status=status,
    )
