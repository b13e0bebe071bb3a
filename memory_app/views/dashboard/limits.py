"""The limits: what each kind of request may take, for whom; changed while the site runs."""

from typing import Any

from django.http import HttpResponse
from django.utils.translation import pgettext

from memory_app import limits as buckets
from memory_app.core.rates import BadRate, Rate, parse_rate
from memory_app.http import StaffRequest
from memory_app.limits.table import KINDS, SCOPE_LABELS, from_settings
from memory_app.models import LIMIT_SCOPES, LimitChange
from memory_app.services.operations.site_limits import limit_set
from memory_app.views.dashboard.page import page, saved


def _rows(rates: dict[str, dict[str, str]], wrong: set[tuple[str, str]]) -> list[dict[str, Any]]:
    changed = set(LimitChange.objects.values_list("kind", flat=True))
    return [
        {
            "kind": kind,
            "changed": kind.name in changed,
            "cells": [
                {
                    "name": f"{kind.name}.{scope}",
                    "scope": SCOPE_LABELS[scope],
                    "value": rates[kind.name].get(scope, ""),
                    "default": str(from_settings(kind.name).get(scope, "")),
                    "wrong": (kind.name, scope) in wrong,
                }
                for scope in LIMIT_SCOPES
            ],
        }
        for kind in KINDS.values()
    ]


def _posted(
    request: StaffRequest,
) -> tuple[dict[str, dict[str, str]], dict[str, dict[str, Rate]], set[tuple[str, str]]]:
    """The fields as they were typed, the rates that they are, and those that are none."""
    typed: dict[str, dict[str, str]] = {}
    rates: dict[str, dict[str, Rate]] = {}
    wrong: set[tuple[str, str]] = set()
    for kind in KINDS:
        typed[kind], rates[kind] = {}, {}
        for scope in LIMIT_SCOPES:
            text = request.POST.get(f"{kind}.{scope}", "").strip()[:40]
            typed[kind][scope] = text
            if not text:
                continue
            try:
                rates[kind][scope] = parse_rate(text)
            except BadRate:
                wrong.add((kind, scope))
    return typed, rates, wrong


def limits(request: StaffRequest) -> HttpResponse:
    """A table of all; an empty field is no limit."""
    typed: dict[str, dict[str, str]]
    wrong: set[tuple[str, str]] = set()
    if request.method == "POST":
        typed, rates, wrong = _posted(request)
        if not wrong:
            for kind, own in rates.items():
                limit_set(kind=kind, rates=own, user=request.user)
            return saved(request, request.path)
    else:
        buckets.reread()
        typed = {
            kind: {scope: str(rate) for scope, rate in own.items()}
            for kind, own in buckets.rates_now().items()
        }
    return page(
        request,
        "dashboard/limits.html",
        title=pgettext("of use", "Limits"),
        section="limits",
        status=400 if wrong else 200,
        rows=_rows(typed, wrong),
        scopes=SCOPE_LABELS.values(),
        wrong=len(wrong),
        limited=sum(len(own) for own in buckets.rates_now().values()),
    )
