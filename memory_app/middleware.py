"""Every request passes here: who asks, and does policy.py allow it?"""

import logging
import shutil
from collections.abc import Callable
from io import BytesIO
from typing import Any, cast
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
from memory_app.http import PersonRequest
from memory_app.models import Chat, ChatImport, Person, Turn
from memory_app.refusal import Refused
from memory_app.views.errors import method_not_allowed

log = logging.getLogger(__name__)
_HTTP = {"not_found": 404, "busy": 409, "unavailable": 503}
_GetResponse = Callable[[HttpRequest], HttpResponse]


#: Bytes of a request's body, except for uploads by staff.
SMALL_BODY = 8 << 20
#: Bytes that an upload must leave free on the disk.
SPARE = 512 << 20


async def body_limit(scope: dict[str, Any], declared: int | None) -> int:
    """The bound of this request's body, asked before any of it is read."""
    try:
        row = policy.row_of("http", resolve(scope["path"]).view_name)
    except (Resolver404, policy.NoPolicy):
        return SMALL_BODY
    if not row.uploads or not await database_sync_to_async(_is_staff)(scope):
        return SMALL_BODY
    most: int = settings.UPLOAD_MAX_MB << 20
    # The file is there twice while it is unpacked, and the result once more.
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


#: The fragment that asks a page to restore the form's draft (draft.js).
DRAFT = "#draft"


def _staff_log_in(request: HttpRequest) -> HttpResponse:
    """The redirect to the staff's log-in page and back, for requests without a staff session.

    A script would read the log-in page as the fragment or figures that it asked for: it gets 401.
    A form that arrives too late leads back to the page that it was on.
    """
    is_script = "HX-Request" in request.headers or (
        request.headers.get("Accept") == "application/json"
    )
    if is_script:
        answer = {"error": {"code": "logged_out", "detail": _("You are logged out.")}}
        return JsonResponse(answer, status=401)
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
    """Outermost: who may ask for health by address, and the headers of every answer."""

    #: Features that nothing here uses, so that an injected script has none of them either.
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
            # A probe knows a machine's address, not the site's name. These two answers hold no link
            # and no cookie, so a forged Host does no harm.
            request.META["HTTP_HOST"] = urlsplit(settings.SITE_ORIGINS[0]).netloc
        response = self.get_response(request)
        response.headers.setdefault("Permissions-Policy", self.PERMISSIONS)
        return response


class FormMiddleware:
    """Parses a form before anything else, so that a malformed one is a sentence, no traceback."""

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
    """Sets `request.person`: the guest or member who asks, or a false value for a stranger.

    It is looked up lazily and never created here: only the front page does that.
    """

    def __init__(self, get_response: _GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: PersonRequest) -> HttpResponse:
        request.person = cast(
            "Person | None", SimpleLazyObject(lambda: services.person_present(request=request))
        )
        return self.get_response(request)


class PolicyMiddleware:
    """Refuses requests without a row in policy.py; gives owners `request.chat`, `request.turn`."""

    def __init__(self, get_response: _GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        # Every answer depends on who asks. A view that needs another rule (a gate map, which is
        # revalidated by its ETag) has set it itself.
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
        """Turns a service's refusal into an answer."""
        if not isinstance(fault, Refused):
            return None
        answer = {"error": {"code": fault.code, "detail": str(fault.detail)}}
        return JsonResponse(answer, status=_HTTP.get(fault.code, 400))

    @staticmethod
    def _require_owner(request: Any, kwargs: dict[str, Any], row: policy.Row) -> None:
        person = request.person or None
        target: Chat | ChatImport | Turn | None
        request.importing = None
        if "chat" in kwargs:
            request.chat = target = policy.owned_chat(
                person, kwargs["chat"], deleted_too=row.deleted_too
            )
            if target is None and row.imports_too:
                request.importing = target = policy.owned_import(person, kwargs["chat"])
        else:
            request.turn = target = policy.owned_turn(person, kwargs["turn"])
        if target is None:
            raise Http404
