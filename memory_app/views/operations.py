"""Addresses for machines: metrics, reports of browsers, and whom to tell of a weakness."""

import json
import logging
import time
from datetime import timedelta
from secrets import compare_digest
from urllib.parse import urlsplit

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from prometheus_client import CONTENT_TYPE_LATEST

from memory_app import metrics as figures
from memory_app import runtime, site_state, socket_count
from memory_app.models import RunStatus, TrainingRun

log = logging.getLogger(__name__)
#: Bytes of a browser's report that are read; seconds between two that are logged.
REPORT_MAX, REPORT_EVERY = 16_384, 10.0
_last_report = float("-inf")


def metrics(request: HttpRequest) -> HttpResponse:
    """For Prometheus, with the token of the settings; without one there is no such page."""
    sent = request.headers.get("Authorization", "")
    wanted = f"Bearer {settings.METRICS_TOKEN}"
    if not settings.METRICS_TOKEN or not compare_digest(sent.encode(), wanted.encode()):
        raise Http404
    stats = runtime.engine_stats()
    running = float(stats.get("running", 0))
    runs = TrainingRun.objects.filter
    body = figures.page(
        {
            "sockets": socket_count.sockets(),
            "replies_running": running,
            "engine_batch": running,
            "engine_waiting": max(0.0, float(stats.get("open", 0)) - running),
            "engine_tokens": float(stats.get("tokens", 0)),
            "engine_step_seconds": float(stats.get("step_ms", 0.0)) / 1000,
            "disk_free_bytes": float(site_state.free_mb() << 20),
            "runs_waiting": runs(status=RunStatus.QUEUED).count(),
            "runs_running": runs(status=RunStatus.RUNNING).count(),
        }
    )
    return HttpResponse(body, content_type=CONTENT_TYPE_LATEST)


@csrf_exempt
def csp_report(request: HttpRequest) -> HttpResponse:
    """A browser's report that a page broke the content policy: counted, and now and then logged.

    Anybody can send one, so a line has only the directive and the origin of what was blocked.
    """
    global _last_report  # noqa: PLW0603
    figures.CSP_REPORTS.inc()
    try:
        data = json.loads(request.read(REPORT_MAX))
        report = data.get("csp-report", {}) if isinstance(data, dict) else {}
    except (ValueError, RecursionError):
        report = {}
    now = time.monotonic()
    if isinstance(report, dict) and report and now - _last_report > REPORT_EVERY:
        _last_report = now
        directive = str(report.get("effective-directive") or report.get("violated-directive"))
        log.warning(
            "content policy broken",
            extra={"directive": _plain(directive), "blocked": _origin(report.get("blocked-uri"))},
        )
    return HttpResponse(status=204)


def _plain(text: str) -> str:
    return "".join(c for c in text[:40] if c.isascii() and (c.isalnum() or c == "-"))


def _origin(value: object) -> str:
    try:
        parts = urlsplit(str(value)[:500])
        return f"{_plain(parts.scheme)}://{parts.hostname}"[:100] if parts.hostname else "inline"
    except ValueError:
        return "unreadable"


def security_txt(request: HttpRequest) -> HttpResponse:
    """RFC 9116: whom to tell of a weakness; a 404 where nobody is named."""
    if not settings.SECURITY_CONTACT:
        raise Http404
    expires = (timezone.now() + timedelta(days=180)).replace(hour=0, minute=0, second=0)
    lines = (
        f"Contact: {settings.SECURITY_CONTACT}",
        f"Expires: {expires.strftime('%Y-%m-%dT%H:%M:%SZ')}",
        "Preferred-Languages: en, zh",
        f"Canonical: {settings.SITE_ORIGINS[0]}/.well-known/security.txt",
        "",
    )
    response = HttpResponse("\n".join(lines), content_type="text/plain; charset=utf-8")
    response["Cache-Control"] = "public, max-age=86400"
    return response
