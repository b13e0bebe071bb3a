"""Every request passes here: who is it, and does policy.py let them?"""

import logging
from collections.abc import Callable
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseNotAllowed,
    JsonResponse,
)
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.functional import SimpleLazyObject

from memory_app import policy, services
from memory_app.models import Chat, Turn
from memory_app.protocol import Refused

log = logging.getLogger(__name__)
_HTTP = {"not_found": 404, "busy": 409, "unavailable": 503}
_GetResponse = Callable[[HttpRequest], HttpResponse]


class PersonMiddleware:
    """Sets `request.person`: the guest or member who asks, or something false for a stranger.

    It is looked up when first touched and never created here: only the front page does that.
    """

    def __init__(self, get_response: _GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.person = SimpleLazyObject(  # type: ignore[attr-defined]
            lambda: services.person_of_request(request)
        )
        return self.get_response(request)


class PolicyMiddleware:
    """Refuses what policy.py has no row for; gives owners their `request.chat`, `request.turn`."""

    def __init__(self, get_response: _GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

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
                return redirect_to_login(request.get_full_path(), reverse("admin:login"))
        elif row.policy == policy.PERSON and not request.person:
            raise Http404
        elif row.policy == policy.OWNER:
            self._require_owner(request, kwargs, row)
        if request.method not in row.methods:
            return HttpResponseNotAllowed(row.methods)
        return None

    def process_exception(self, request: HttpRequest, fault: Exception) -> HttpResponse | None:
        """What a service refuses is an answer, not a traceback."""
        if not isinstance(fault, Refused):
            return None
        answer = {"error": {"code": fault.code, "detail": str(fault.detail)}}
        return JsonResponse(answer, status=_HTTP.get(fault.code, 400))

    @staticmethod
    def _require_owner(request: Any, kwargs: dict[str, Any], row: policy.Row) -> None:
        person = services.person_of_request(request)
        found: Chat | Turn | None
        if "chat" in kwargs:
            request.chat = found = policy.owned_chat(
                person, kwargs["chat"], deleted_too=row.deleted_too
            )
        else:
            request.turn = found = policy.owned_turn(person, kwargs["turn"])
        if found is None:
            raise Http404
