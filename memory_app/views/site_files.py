"""The small files that browsers and crawlers request under fixed names at a site's root."""

from pathlib import Path

from django.contrib.staticfiles import finders
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.templatetags.static import static
from django.utils.translation import get_language
from django.utils.translation import gettext as _

#: Seconds; the names never change, so this bounds how long an old drawing is shown.
_FRESH = "public, max-age=86400"
#: Pages of one person, and pages behind a log-in.
_PRIVATE = ("/accounts/", "/admin/", "/chat/", "/chats/", "/turn/", "/ws/")


def _picture(name: str, content_type: str) -> HttpResponse:
    path = finders.find(f"img/{name}")
    if not isinstance(path, str):
        raise Http404
    response = HttpResponse(Path(path).read_bytes(), content_type=content_type)
    response["Cache-Control"] = _FRESH
    return response


def favicon(request: HttpRequest) -> HttpResponse:
    """The mark at 16, 32 and 48 pixels."""
    return _picture("favicon.ico", "image/x-icon")


def apple_touch_icon(request: HttpRequest) -> HttpResponse:
    """The mark on the page's ground, 180 pixels."""
    return _picture("icon-180.png", "image/png")


def robots(request: HttpRequest) -> HttpResponse:
    """The pages that a crawler may read: those that are the same for everybody."""
    lines = ("User-agent: *", *(f"Disallow: {path}" for path in _PRIVATE), "")
    response = HttpResponse("\n".join(lines), content_type="text/plain; charset=utf-8")
    response["Cache-Control"] = _FRESH
    return response


def manifest(request: HttpRequest) -> HttpResponse:
    """Name, colours and icons of the installed page."""
    sizes = (192, 512)
    icons = [
        {"src": static(f"img/icon-{size}.png"), "sizes": f"{size}x{size}", "type": "image/png"}
        for size in sizes
    ]
    icons.append({**icons[-1], "purpose": "maskable"})
    content = {
        "name": "Gatescope",
        "short_name": "Gatescope",
        "description": _("Chat with an LSTM and watch its memory."),
        "lang": get_language() or "en",
        "id": "/",
        "start_url": "/",
        "scope": "/",
        "display": "browser",
        "background_color": "#fcfcfb",
        "theme_color": "#fcfcfb",
        "icons": icons,
    }
    return JsonResponse(content, content_type="application/manifest+json")
