"""Change the limits while the site runs; every process reads them within seconds."""

import re
from collections.abc import Mapping
from typing import Any

from django.contrib.auth.models import AnonymousUser, User
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext

from memory_app import limits
from memory_app.core.rates import Rate
from memory_app.limits.table import SCOPE_LABELS, from_settings
from memory_app.models import LimitChange
from memory_app.services.operations.audit import audit_record


def rates_text(rates: Mapping[str, Rate]) -> str:
    """Rates as a setting has them."""
    return " ".join(f"{scope}={rate}" for scope, rate in rates.items()) or "off"


_RATES = re.compile(r"off|(?:[a-z]+=\d+/[smhd] ?)+")


def rates_in_words(detail: dict[str, Any]) -> dict[str, Any]:
    """The details of a limit's change with its rates by the names of their scopes; others as is."""
    texts = {key: detail.get(key) for key in ("from", "to")}
    if not all(isinstance(text, str) and _RATES.fullmatch(text) for text in texts.values()):
        return detail
    return {**detail, **{key: _in_words(str(text)) for key, text in texts.items()}}


def _in_words(text: str) -> dict[str, str] | str:
    if text == "off":
        return gettext("no limit")
    pairs = (part.split("=") for part in text.split())
    return {str(SCOPE_LABELS.get(scope, scope)): rate for scope, rate in pairs}


@transaction.atomic
def limit_set(*, kind: str, rates: Mapping[str, Rate], user: User | AnonymousUser | None) -> bool:
    """Give a kind these rates; those of the settings are no change. Returns whether it is news."""
    row = LimitChange.objects.select_for_update().filter(kind=kind).first()
    before = row.rates if row is not None else from_settings(kind)
    if dict(rates) == before:
        return False
    if dict(rates) == from_settings(kind):
        LimitChange.objects.filter(kind=kind).delete()
    else:
        values = {"text": rates_text(rates), "changed": timezone.now()}
        LimitChange.objects.update_or_create(kind=kind, defaults=values)
    audit_record(
        user=user,
        action="limit.change",
        object=kind,
        detail={"from": rates_text(before), "to": rates_text(rates)},
    )
    transaction.on_commit(limits.reread)
    return True
