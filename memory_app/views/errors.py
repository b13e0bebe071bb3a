"""What is answered when something broke: an outage is named, anything else is a fault of ours."""

import logging
import sys

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template import loader
from django.views.defaults import server_error as django_server_error

from memory_app import outages

log = logging.getLogger(__name__)
#: Seconds after which a program may try again.
RETRY_AFTER = "5"


def server_error(request: HttpRequest) -> HttpResponse:
    """Django's handler500: 503 with one sentence for a full disk or a database that is away."""
    fault = sys.exc_info()[1]
    problem = outages.sentence(fault)
    if problem is None:
        return django_server_error(request)
    route = request.resolver_match.route if request.resolver_match else ""
    reason = "disk full" if problem is outages.FULL else "database away"
    # One line: a traceback for each request of an outage would only fill a disk that is full.
    log.warning(
        "answered by 503", extra={"reason": reason, "kind": type(fault).__name__, "at": route}
    )
    if "application/json" in request.headers.get("Accept", ""):
        told = {"error": {"code": "unavailable", "detail": str(problem)}}
        response: HttpResponse = JsonResponse(told, status=503)
    else:
        # Without the request: what its context holds may be asked of the database.
        page = loader.get_template("503.html").render({"problem": problem})
        response = HttpResponse(page, status=503)
    response["Retry-After"] = RETRY_AFTER
    response["Cache-Control"] = "private, no-store"
    response._has_been_logged = True  # type: ignore[attr-defined]
    return response
