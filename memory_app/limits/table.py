"""What is limited, for whom, and the sentences of a refusal."""

import math
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from memory_app.asker import Asker
from memory_app.core.rates import Rate
from memory_app.script_strings import USED


@dataclass(frozen=True, slots=True)
class Left:
    """What a person has used of their own bucket, and when it is full again."""

    used: int
    most: int
    seconds: int
    full: datetime


@dataclass(frozen=True, slots=True)
class Kind:
    """`counted`: one for each request; else what a request computes is charged as it does."""

    name: str
    label: str | Promise
    unit: str | Promise
    reached: Any
    counted: bool = True


KINDS = {
    kind.name: kind
    for kind in (
        Kind(
            "messages",
            _("Messages"),
            _("messages sent, replies again and changes of the memory"),
            _("The limit for messages is reached: {rate}. Send again in {wait}."),
        ),
        Kind(
            "ids",
            _("Tokens of chats"),
            _("tokens read and written in chats"),
            _("The limit for tokens is reached: {rate}. Send again in {wait}."),
            counted=False,
        ),
        Kind(
            "chats",
            _("New chats"),
            _("chats begun or forked"),
            _("The limit for new chats is reached: {rate}. Try again in {wait}."),
        ),
        Kind(
            "guests",
            _("New guests"),
            _("visitors without an account, at their first page"),
            _("Too many new visitors came from here: {rate}. Try again in {wait}, or log in."),
        ),
        Kind(
            "signups",
            _("Sign-ups"),
            _("new accounts"),
            _("The limit for new accounts is reached: {rate}. Try again in {wait}."),
            counted=False,  # a form that is sent back is none
        ),
        Kind(
            "logins",
            _("Failed log-ins"),
            _("log-ins with a wrong name, password or code"),
            _("Too many log-ins failed: {rate}. Try again in {wait}."),
            counted=False,
        ),
        Kind(
            "exports",
            _("Exports"),
            _("files of chats downloaded"),
            _("The limit for exports is reached: {rate}. Try again in {wait}."),
        ),
        Kind(
            "imports",
            _("Imports"),
            _("tokens of imported chats"),
            _("The limit for imports is reached: {rate}. Try again in {wait}."),
            counted=False,
        ),
        Kind(
            "traces",
            _("Gate views"),
            _("tokens replayed for gates"),
            _("The limit for gate views is reached: {rate}. Try again in {wait}."),
            counted=False,
        ),
        Kind(
            "inspections",
            _("Memory panel"),
            _("tokens replayed for the memory panel, the timeline and word traces"),
            _("The limit for looking into the memory is reached: {rate}. Try again in {wait}."),
            counted=False,
        ),
    )
}
SCOPE_LABELS = {
    "guest": _("a guest"),
    "member": _("a member"),
    "address": _("an address"),
    "network": _("a network"),
    "all": _("the site"),
}
_PER = {1: _("second"), 60: _("minute"), 3600: _("hour"), 86400: _("day")}
_RATES = {
    "guest": _("{amount} per {per} for a guest"),
    "member": _("{amount} per {per} for an account"),
    "address": _("{amount} per {per} from one address"),
    "network": _("{amount} per {per} from one network"),
    "all": _("{amount} per {per} for the whole site"),
}


def keys_of(asker: Asker) -> dict[str, str]:
    """Of each scope that applies, whose bucket it is; an address is nobody's name in a key."""
    keys = {"address": asker.address, "network": asker.network, "all": "site"}
    if asker.person:
        keys["member" if asker.is_member else "guest"] = asker.person
    return keys


def own_scope(asker: Asker) -> str:
    """The scope of the person."""
    return "member" if asker.is_member else "guest"


def from_settings(kind: str) -> dict[str, Rate]:
    """The rates that the settings give to a kind."""
    return dict(settings.LIMITS[kind])


def rate_words(scope: str, rate: Rate) -> Promise:
    """A rate in words."""
    return format_lazy(_RATES[scope], amount=f"{rate.amount:,}", per=_PER[rate.seconds])


def left_words(left: Left) -> Promise:
    """What is used of the messages."""
    return format_lazy(USED[left.seconds], used=f"{left.used:,}", most=f"{left.most:,}")


def wait_words(seconds: float) -> Promise:
    """How long to wait, rounded up."""
    if seconds < 90:
        n = max(1, math.ceil(seconds))
        return format_lazy(ngettext_lazy("{n} second", "{n} seconds", n), n=n)
    minutes = math.ceil(seconds / 60)
    if minutes < 90:
        return format_lazy(ngettext_lazy("{n} minute", "{n} minutes", minutes), n=minutes)
    hours = math.ceil(seconds / 3600)
    return format_lazy(ngettext_lazy("{n} hour", "{n} hours", hours), n=hours)


def refusal_words(kind: str, scope: str, rate: Rate, seconds: float) -> Promise:
    """Why a request is refused, and when it won't be."""
    reached = KINDS[kind].reached
    return format_lazy(reached, rate=rate_words(scope, rate), wait=wait_words(seconds))
