"""Whether the process is alive; whether every part of the site answers."""

import logging
from collections.abc import Callable

from django.conf import settings
from django.db import Error, connection
from django.http import HttpRequest, HttpResponse, JsonResponse

from memory_app import outage_log, outages, registry, runtime, site_state
from memory_app.core.model.checkpoint import CheckpointError
from memory_app.models import Checkpoint
from memory_app.services.operations.worker_pulse import WORKER_SILENCE, worker_silence
from memory_app.version import __version__

log = logging.getLogger(__name__)
Part = dict[str, object]
_AWAY: Part = {"ok": False, "detail": "The database doesn't answer."}
_ASK_THE_DATABASE = {"database", "checkpoint", "worker"}


def healthz(request: HttpRequest) -> HttpResponse:
    """The process answers."""
    return JsonResponse({"ok": True, "parts": {"process": {"ok": True, "detail": "alive"}}})


def readyz(request: HttpRequest) -> HttpResponse:
    """200 when database, checkpoint, engine and worker answer and the disk has room, else 503."""
    parts: dict[str, Part] = {}
    away = False
    for name, check in _CHECKS.items():
        if away and name in _ASK_THE_DATABASE:
            # Each check would wait for a connection of its own, longer than a probe waits.
            parts[name] = dict(_AWAY)
            continue
        try:
            parts[name] = check()
        except Error as fault:  # a closed connection's InterfaceError is no DatabaseError
            if not outage_log.failed(fault, at="/readyz"):
                facts = {"part": name, "reason": type(fault).__name__}
                log.warning("not ready", extra=facts)
            parts[name], away = dict(_AWAY), True
    ok = all(part["ok"] for part in parts.values())
    answer = {"ok": ok, "version": __version__, "parts": parts}
    return JsonResponse(answer, status=200 if ok else 503)


def _database() -> Part:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        cursor.fetchone()
    return {"ok": True, "detail": connection.vendor}


def _disk() -> Part:
    full = outages.full_disks()
    low = site_state.disk_sentence()
    return {
        "ok": not full and site_state.free_mb() >= settings.DISK_READ_ONLY_MB,
        "detail": " ".join(full) or low or "has room",
    }


def _checkpoint() -> Part:
    row: Checkpoint | None = registry.live()
    if row is None:
        return {"ok": False, "detail": "No checkpoint is live. Import a checkpoint and promote it."}
    try:
        runtime.load_checkpoint_by_sha(row.sha256)
    except CheckpointError as fault:
        return {"ok": False, "detail": str(fault)}
    return {"ok": True, "detail": f"{row.name} {row.sha256[:12]}"}


def _engine() -> Part:
    ok, detail = runtime.engine_health()
    return {"ok": ok, "detail": detail}


def _worker() -> Part:
    silence = worker_silence()
    if silence is None:
        return {"ok": False, "detail": "No training worker has started yet."}
    if silence > WORKER_SILENCE:
        return {
            "ok": False,
            "detail": f"The training worker has been silent for {silence.seconds} s.",
        }
    return {"ok": True, "detail": "alive"}


_CHECKS: dict[str, Callable[[], Part]] = {
    "database": _database,
    "disk": _disk,
    "checkpoint": _checkpoint,
    "engine": _engine,
    "worker": _worker,
}
