"""Requests as views get them, with the typed attributes that middleware and policy set."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.http import HttpRequest
from django.utils.http import content_disposition_header
from django_htmx.middleware import HtmxDetails

from memory_app.models import Chat, ChatImport, Person, Turn


class PersonRequest(HttpRequest):
    """Any request of the site; `person` is false for a stranger."""

    person: Person | None
    htmx: HtmxDetails


class ChatRequest(PersonRequest):
    """A route of the policy `owner` with a chat's id."""

    chat: Chat


class ImportingRequest(PersonRequest):
    """The same where the chat may still be imported: one of the two is None."""

    chat: Chat | None
    importing: ChatImport | None


class TurnRequest(PersonRequest):
    """A route of the policy `owner` with a turn's id."""

    turn: Turn


class StaffRequest(PersonRequest):
    """A route of the policy `staff`."""

    user: User


def attachment_headers(name: str) -> dict[str, str]:
    """Headers of a file that is saved under `name` and never shown.

    Sandboxed, should a browser ignore that it is an attachment.
    """
    return {
        "Content-Disposition": content_disposition_header(True, name) or "attachment",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'; sandbox",
    }


#: Features that pages don't use, so that an injected script has none of them either.
_UNUSED = (
    *("accelerometer", "camera", "display-capture", "geolocation", "gyroscope", "hid"),
    *("magnetometer", "microphone", "midi", "payment", "serial", "usb"),
)


def permissions_policy(*used: str) -> str:
    """The Permissions-Policy of a page that uses these features itself."""
    return ", ".join(f"{name}=({'self' if name in used else ''})" for name in _UNUSED)
