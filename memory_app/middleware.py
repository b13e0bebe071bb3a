"""Every request passes here: who asks, and does policy.py allow it?"""

import functools
import logging
import math
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
from django.core.exceptions import PermissionDenied, SuspiciousOperation, TooManyFilesSent
from django.core.handlers.asgi import ASGIRequest
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    JsonResponse,
)
from django.http.multipartparser import MultiPartParserError
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import Resolver404, resolve, reverse
from django.utils import timezone
from django.utils.cache import patch_cache_control
from django.utils.functional import SimpleLazyObject
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.utils.translation import gettext as _

from memory_app import limits, policy, services, site_state
from memory_app.asker import Asker, asker_of
from memory_app.http import PersonRequest, permissions_policy
from memory_app.models import Chat, ChatImport, Person, Turn
from memory_app.refusal import Refused
from memory_app.request_id import new_request_id, request_id
from memory_app.services.operations.second_factor import second_factor_missing
from memory_app.views.errors import method_not_allowed

log = logging.getLogger(__name__)
_HTTP = {"not_found": 404, "busy": 409, "rate_limited": 429, "quota": 429, "unavailable": 503}
#: What an owner may post while nothing can be changed: a deletion makes room.
_WHILE_READ_ONLY = {"chat_delete", "token_count"}
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


def asker_of_request(request: Any) -> Asker:
    """Who asks."""
    scope = getattr(request, "scope", None) or {
        "client": (request.META.get("REMOTE_ADDR", ""), 0),
        "headers": [(b"x-forwarded-for", request.headers.get("X-Forwarded-For", "").encode())],
    }
    return asker_of(request.person, scope)


def refusal_response(request: HttpRequest, refused: Refused) -> HttpResponse:
    """A refusal as JSON, or as a page where a browser wants one and it will end by itself."""
    status = _HTTP.get(refused.code, 400)
    wants_page = "text/html" in request.headers.get("Accept", "") and "HX-Request" not in (
        request.headers
    )
    response: HttpResponse
    if status in {429, 503} and wants_page:
        back = request.get_full_path() if request.method == "GET" else ""
        context = {"problem": refused.detail, "again": back}
        response = render(request, f"{status}.html", context, status=status)
    else:
        error = {"code": refused.code, "detail": str(refused.detail)}
        if refused.until is not None:
            error["until"] = refused.until.isoformat(timespec="seconds")
        response = JsonResponse({"error": error}, status=status)
    if refused.until is not None:
        seconds = (refused.until - timezone.now()).total_seconds()
        response["Retry-After"] = str(max(1, math.ceil(seconds)))
    return response


def _second_factor(request: HttpRequest) -> HttpResponse:
    """The way to the page that asks for a code, and back; a script gets 401."""
    if "HX-Request" in request.headers or request.headers.get("Accept") == "application/json":
        answer = {"error": {"code": "logged_out", "detail": _("You are logged out.")}}
        return JsonResponse(answer, status=401)
    back = request.get_full_path() if request.method in ("GET", "HEAD") else ""
    query = f"?{urlencode({'next': back})}" if back else ""
    return redirect(f"{reverse('admin:second_factor')}{query}")


#: A site that is read only or full, or a limit: answers that any client can have at any time.
_REFUSALS = {409, 429, 503}


def _note_refusal(request: HttpRequest, response: HttpResponse) -> None:
    """A line at `info` for a refusal, where Django would log an error or a warning.

    What fails by itself is logged where it does; an exception that no code expects is a 500.
    """
    if response.status_code not in _REFUSALS or getattr(response, "_has_been_logged", False):
        return
    response._has_been_logged = True  # type: ignore[attr-defined]
    if request.path not in HeadersMiddleware.PROBES:
        route = request.resolver_match.route if request.resolver_match else ""
        log.info("refused", extra={"status": response.status_code, "at": f"/{route}"})


class HeadersMiddleware:
    """Outermost: who may ask for health by address, and the headers of every answer."""

    PROBES = frozenset({"/healthz", "/readyz"})

    def __init__(self, get_response: _GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path in self.PROBES:
            # A probe knows a machine's address, not the site's name. These two answers hold no link
            # and no cookie, so a forged Host does no harm.
            request.META["HTTP_HOST"] = urlsplit(settings.SITE_ORIGINS[0]).netloc
        token = request_id.set(new_request_id())
        try:
            response = self.get_response(request)
            response.headers.setdefault("Permissions-Policy", permissions_policy())
            response.headers["X-Request-ID"] = request_id.get()
            _note_refusal(request, response)
        finally:
            request_id.reset(token)
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
        with limits.asking(functools.partial(asker_of_request, request)):
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
            if row.name != "admin:second_factor" and second_factor_missing(user):
                return _second_factor(request)
            needed = row.permission_for(request.method)
            if needed and not user.has_perm(needed):
                raise PermissionDenied
        elif row.policy == policy.PERSON and not request.person:
            raise Http404
        elif row.policy == policy.OWNER:
            self._require_owner(request, kwargs, row)
        if request.method not in row.methods:
            return method_not_allowed(request, row.methods)
        limited = row.is_limited(request.method)
        changes = request.method == "POST" and row.policy == policy.OWNER
        if limited or changes:
            try:
                if changes and row.name not in _WHILE_READ_ONLY:
                    site_state.admit("messages")
                if limited:
                    site_state.admit(row.limit)
                    limits.enter(row.limit)
            except Refused as refused:
                return refusal_response(request, refused)
        return None

    def process_exception(self, request: HttpRequest, fault: Exception) -> HttpResponse | None:
        """Turns a service's refusal into an answer."""
        if not isinstance(fault, Refused):
            return None
        return refusal_response(request, fault)

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
