"""Who asks, as limits and shares see it: a person, and the network that they ask from."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from typing import Any

from django.conf import settings

from memory_app.models import Person

#: An address that isn't one: a Unix socket, or a proxy that sends something else.
UNKNOWN = "unknown"
_HEADER = b"x-forwarded-for"


@dataclass(frozen=True, slots=True)
class Asker:
    """`person` is empty for a stranger. `network` is the /64 of an IPv6 address, else `address`.

    Each home has a /64 at least, so a client can take another of 2^64 addresses at any time.
    """

    person: str = ""
    is_member: bool = False
    address: str = UNKNOWN
    network: str = UNKNOWN


def asker_of(person: Person | None, scope: Mapping[str, Any]) -> Asker:
    """The asker of a connection (its ASGI scope); `person` may be None or false."""
    address, network = address_of(scope)
    if not person:
        return Asker(address=address, network=network)
    return Asker(str(person.pk), person.user_id is not None, address, network)


def address_of(scope: Mapping[str, Any]) -> tuple[str, str]:
    """The client's address and network.

    Behind a trusted proxy it is the last address in X-Forwarded-For: the one that the proxy has
    added. What stands before it was sent by the client, who can write anything.
    """
    client = scope.get("client")
    text = str(client[0]) if client else ""
    if settings.TRUST_PROXY:
        text = _forwarded(scope.get("headers", ())) or text
    try:
        address = ip_address(text)
    except ValueError:
        return UNKNOWN, UNKNOWN
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped), str(address.ipv4_mapped)
        network = IPv6Address(int(address) >> 64 << 64)
        return address.compressed, f"{network.compressed}/64"
    return str(address), str(address)


def _forwarded(headers: Iterable[tuple[bytes, bytes]]) -> str:
    values = [value for name, value in headers if name.lower() == _HEADER]
    return values[-1].decode("latin-1").rpartition(",")[2].strip() if values else ""
