"""Every entry point: pages, socket messages, tasks, and who may use each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from celery import current_app
from django.conf import settings
from django.urls import URLPattern, URLResolver, get_resolver

from memory_app import policy, routing
from memory_app.management.base import ReportingCommand
from memory_app.socket_messages import SOCKET_MESSAGES

Route = dict[str, Any]


def _patterns(
    resolver: URLResolver, prefix: str = "/", namespace: str = ""
) -> Iterator[tuple[str, str]]:
    """(name, path) of every pattern below a resolver, as the request's own match would name it."""
    for pattern in resolver.url_patterns:
        path = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            inner = ":".join(filter(None, (namespace, pattern.namespace)))
            yield from _patterns(pattern, path, inner)
        elif isinstance(pattern, URLPattern):
            # Without a name the match is identified by its view's path in the code.
            name = pattern.name or pattern.lookup_str
            yield (f"{namespace}:{name}" if namespace else name), path


def _http() -> Iterator[Route]:
    patterns = list(_patterns(get_resolver()))
    # Served in front of Django, so that no resolver knows it.
    patterns.append(("static", f"{settings.STATIC_URL}<path:path>"))
    answered = set()
    for name, path in patterns:
        if path in answered:  # Django's own admin index: the overview precedes it
            continue
        answered.add(path)
        row = policy.row_of("http", name)
        yield {
            "kind": "http",
            "name": name,
            "path": path,
            "methods": list(row.methods),
            "policy": row.policy,
        }


def _sockets() -> Iterator[Route]:
    for pattern in routing.websocket_urlpatterns:
        for name in SOCKET_MESSAGES[pattern.name or ""]:
            yield {
                "kind": "ws",
                "name": name,
                "path": f"/{pattern.pattern}",
                "policy": policy.row_of("ws", name).policy,
            }


def _tasks() -> Iterator[Route]:
    current_app.loader.import_default_modules()
    for name in sorted(current_app.tasks):
        if not name.startswith("celery."):
            yield {"kind": "task", "name": name, "policy": policy.row_of("task", name).policy}


class Command(ReportingCommand):
    help = "Lists every route, socket message and task with its policy."
    needs_database = False

    def report(self, options: Any) -> Any:
        return {"routes": [*_http(), *_sockets(), *_tasks()]}

    def show(self, result: Any) -> None:
        for route in result["routes"]:
            where = f"{' '.join(route.get('methods', []))} {route.get('path', '')}".strip()
            self.stdout.write(
                f"{route['kind']:<5} {route['policy']:<7} {route['name']:<28} {where}"
            )
