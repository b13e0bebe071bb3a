"""Every request passes here: who is it, and does policy.py let them?"""

import logging
import shutil
from collections.abc import Callable
from io import BytesIO
from typing import Any
from urllib.parse import urlsplit

from channels.db import database_sync_to_async
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import get_user
from django.contrib.auth.views import redirect_to_login
from django.contrib.sessions.backends.db import SessionStore
from django.core.exceptions import SuspiciousOperation, TooManyFilesSent
from django.core.handlers.asgi import ASGIRequest
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    JsonResponse,
)
from django.http.multipartparser import MultiPartParserError
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import Resolver404, resolve, reverse
from django.utils.cache import patch_cache_control
from django.utils.functional import SimpleLazyObject
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

from memory_app import policy, services
from memory_app.models import Chat, ChatImport, Turn
from memory_app.refusal import Refused
from memory_app.views.errors import method_not_allowed

log = logging.getLogger(__name__)
_HTTP = {"not_found": 404, "busy": 409, "unavailable": 503}
_GetResponse = Callable[[HttpRequest], HttpResponse]


#: Bytes of a request's body, for everybody and everything but uploads by staff.
SMALL_BODY = 8 << 20
#: Bytes that stay free on the disk whatever is uploaded.
SPARE = 512 << 20


async def body_limit(scope: dict[str, Any], declared: int | None) -> int:
    """How large the body of this request may be, asked before any of it is read."""
    try:
        row = policy.row_of("http", resolve(scope["path"]).view_name)
    except (Resolver404, policy.NoPolicy):
        return SMALL_BODY
    if not row.uploads or not await database_sync_to_async(_is_staff)(scope):
        return SMALL_BODY
    most: int = settings.UPLOAD_MAX_MB << 20
    # It lies there twice while it is taken apart, and what comes of it once more.
    free = shutil.disk_usage(settings.DATA_DIR).free - SPARE
    if free < 3 * min(most, declared or most):
        log.warning("upload refused: the disk is nearly full", extra={"free": free})
        return SMALL_BODY
    return most + SMALL_BODY


def _is_staff(scope: dict[str, Any]) -> bool:
    """Whether the session that the request's cookie names belongs to a member of staff."""
    try:
        request = ASGIRequest(scope, BytesIO())
        key = request.COOKIES.get(settings.SESSION_COOKIE_NAME)
        request.session = SessionStore(key)
        user = get_user(request)
    except (UnicodeDecodeError, ValueError):
        return False
    return user.is_active and bool(getattr(user, "is_staff", False))


#: The fragment with which a page is asked to fill in again what was typed (draft.js).
DRAFT = "#draft"


def _staff_log_in(request: HttpRequest) -> HttpResponse:
    """The way to the staff's log-in page and back, for requests that aren't logged in as staff.

    A script would take the log-in page for the part or the figures that it asked for: it gets 401.
    A form that arrives too late leads back to the page that it stood on.
    """
    is_script = "HX-Request" in request.headers or (
        request.headers.get("Accept") == "application/json"
    )
    if is_script:
        said = {"error": {"code": "logged_out", "detail": _("You are logged out.")}}
        return JsonResponse(said, status=401)
    log_in = reverse("admin:login")
    if request.method in ("GET", "HEAD"):
        return redirect_to_login(request.get_full_path(), log_in)
    messages.warning(
        request, _("You are logged out, so the form was not sent. Log in to return to it.")
    )
    came_from = urlsplit(request.headers.get("Referer", ""))
    here = url_has_allowed_host_and_scheme(came_from.geturl(), {request.get_host()})
    back = came_from._replace(scheme="", netloc="", fragment="").geturl() if here else ""
    if not back.startswith("/admin/") or back.startswith(log_in):
        back = reverse("admin:overview")
    return redirect_to_login(f"{back}{DRAFT}", log_in)


class HeadersMiddleware:
    """Outermost: who may ask for health by address, and what every answer says to the browser."""

    #: Nothing here wants any of these; a script that got in shouldn't have them either.
    PERMISSIONS = ", ".join(
        f"{name}=()"
        for name in (
            *("accelerometer", "camera", "display-capture", "geolocation", "gyroscope", "hid"),
            *("magnetometer", "microphone", "midi", "payment", "serial", "usb"),
        )
    )
    PROBES = frozenset({"/healthz", "/readyz"})

    def __init__(self, get_response: _GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path in self.PROBES:
            # A probe knows a machine's address, not the site's name. These two answers hold no
            # link and no cookie, so that a forged Host has nothing to do harm with.
            request.META["HTTP_HOST"] = urlsplit(settings.SITE_ORIGINS[0]).netloc
        response = self.get_response(request)
        response.headers.setdefault("Permissions-Policy", self.PERMISSIONS)
        return response


class FormMiddleware:
    """Reads a form once, first of all; one that can't be read is a sentence and no traceback."""

    def __init__(self, get_response: _GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method == "POST" and request.content_type == "multipart/form-data":
            try:
                request.POST  # noqa: B018  (reads it)
            except (MultiPartParserError, SuspiciousOperation, TooManyFilesSent, ValueError):
                return render(request, "400.html", status=400)
        return self.get_response(request)


class PersonMiddleware:
    """Sets `request.person`: the guest or member who asks, or something false for a stranger.

    It is looked up when first touched and never created here: only the front page does that.
    """

    def __init__(self, get_response: _GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.person = SimpleLazyObject(  # type: ignore[attr-defined]
            lambda: services.person_present(request=request)
        )
        return self.get_response(request)


class PolicyMiddleware:
    """Refuses what policy.py has no row for; gives owners their `request.chat`, `request.turn`."""

    def __init__(self, get_response: _GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        # Whatever a page says depends on who asks. One that knows better (a gate map, which is
        # asked for again by its ETag) has said so itself.
        if not response.has_header("Cache-Control"):
            patch_cache_control(response, private=True, no_store=True)
        return response

    def process_view(
        self, request: Any, view: object, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> HttpResponseBase | None:
        try:
            row = policy.row_of("http", request.resolver_match.view_name)
        except policy.NoPolicy as missing:
            log.error("route refused", extra={"reason": str(missing)})
            raise Http404 from None
        if row.policy == policy.STAFF:
            user = request.user
            if not (user.is_active and user.is_staff):
                return _staff_log_in(request)
        elif row.policy == policy.PERSON and not request.person:
            raise Http404
        elif row.policy == policy.OWNER:
            self._require_owner(request, kwargs, row)
        if request.method not in row.methods:
            return method_not_allowed(request, row.methods)
        return None

    def process_exception(self, request: HttpRequest, fault: Exception) -> HttpResponse | None:
        """What a service refuses is an answer, not a traceback."""
        if not isinstance(fault, Refused):
            return None
        answer = {"error": {"code": fault.code, "detail": str(fault.detail)}}
        return JsonResponse(answer, status=_HTTP.get(fault.code, 400))

    @staticmethod
    def _require_owner(request: Any, kwargs: dict[str, Any], row: policy.Row) -> None:
        person = request.person or None
        found: Chat | ChatImport | Turn | None
        request.importing = None
        if "chat" in kwargs:
            request.chat = found = policy.owned_chat(
                person, kwargs["chat"], deleted_too=row.deleted_too
            )
            if found is None and row.imports_too:
                request.importing = found = policy.owned_import(person, kwargs["chat"])
        else:
            request.turn = found = policy.owned_turn(person, kwargs["turn"])
        if found is None:
            raise Http404
