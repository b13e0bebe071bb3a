"""The audit log: who did what to which object, and when. Read only."""

import re
from collections.abc import Iterable
from typing import Any

from django.contrib.auth.models import Group, User
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from memory_app.models import AuditEntry, Checkpoint, Corpus, ParameterSearch, TrainingRun
from memory_app.views.dashboard.page import page

A_PAGE = 100

#: {kind of object: its rows, its page, the field that an entry names it by}.
_PAGES: dict[str, tuple[Any, str, str]] = {
    "run": (TrainingRun, "admin:run", "pk"),
    "search": (ParameterSearch, "admin:search", "pk"),
    "corpus": (Corpus, "admin:corpus", "pk"),
    "checkpoint": (Checkpoint, "admin:checkpoint", "sha256"),
    "user": (User, "admin:auth_user_change", "pk"),
    "group": (Group, "admin:auth_group_change", "pk"),
}
_UUID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
#: The bracketed part at the end of an object's name.
_KEYS = {"run": _UUID, "search": _UUID, "checkpoint": "[0-9a-f]{12}", "user": "[0-9]{1,9}"}
_KEYS["group"] = _KEYS["user"]


def _key(entry: AuditEntry, kind: str) -> str:
    """The name of the entry's object; empty if it has none or several."""
    if kind == "corpus":
        named = str(entry.detail.get("id", "")) if isinstance(entry.detail, dict) else ""
        return named if re.fullmatch(_UUID, named) else ""
    pattern = _KEYS.get(kind)
    match = re.search(rf"\(({pattern})\)$", entry.object) if pattern else None
    return match[1] if match and " | " not in entry.object else ""


def _link(entries: Iterable[AuditEntry]) -> None:
    """Gives each entry the page of its object as `link`, if that still exists."""
    keys = [(entry, kind, _key(entry, kind)) for entry in entries for kind in [_kind(entry)]]
    there: dict[str, dict[str, Any]] = {}
    for kind, (model, _page, field) in _PAGES.items():
        wanted = {key for _entry, its, key in keys if its == kind and key}
        if field == "pk":
            there[kind] = {str(pk): pk for pk in model.objects.in_bulk(wanted)}
        elif wanted:
            rows = model.objects.values_list(field, "pk")
            there[kind] = {sha256[:12]: pk for sha256, pk in rows if sha256[:12] in wanted}
    for entry, kind, key in keys:
        pk = there.get(kind, {}).get(key)
        at = reverse(_PAGES[kind][1], args=[pk]) if pk is not None else ""
        entry.link = at  # type: ignore[attr-defined]


def _kind(entry: AuditEntry) -> str:
    return entry.action.partition(".")[0]


def audit(request: HttpRequest) -> HttpResponse:
    """Newest first; filtered by user, by action, by a word of the object's name."""
    rows = AuditEntry.objects.order_by("-id")
    chosen = {
        name: request.GET.get(name, "").replace("\0", "").strip()[:200]
        for name in ("who", "what", "object")
    }
    if chosen["who"]:
        rows = rows.filter(username=chosen["who"])
    if chosen["what"]:
        rows = rows.filter(action=chosen["what"])
    if chosen["object"]:
        rows = rows.filter(object__icontains=chosen["object"])
    everything = AuditEntry.objects.order_by()
    entries = Paginator(rows, A_PAGE).get_page(request.GET.get("page"))
    _link(entries)
    return page(
        request,
        "dashboard/audit.html",
        title=_("Audit log"),
        section="audit",
        entries=entries,
        chosen=chosen,
        filtered=any(chosen.values()),
        people=sorted(everything.values_list("username", flat=True).distinct()),
        actions=sorted(everything.values_list("action", flat=True).distinct()),
    )
