"""Addresses in settings, parsed strictly: scheme, host, port and no more."""

import re
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import SplitResult, urlsplit

_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_DEFAULT_PORTS = {"http": 80, "https": 443}


class BadAddress(ValueError):
    """What is wrong with an address, as the end of a sentence that begins with its variable."""


def _shown(text: str) -> str:
    """An address as it may be logged: without its password."""
    return repr(re.sub(r"(://[^/@:]*):.*@", r"\1:…@", text))


def split(text: str, schemes: tuple[str, ...]) -> SplitResult:
    """An address with one of these schemes, a host, and a port from 1 to 65535 if it names one.

    Raises:
        BadAddress: for any other text.
    """
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise BadAddress(f"{_shown(text)} has no host and port that can be read") from None
    # urlsplit drops tabs and line breaks: two texts must not be one address.
    if not text.isprintable() or " " in text:
        raise BadAddress(f"{_shown(text)} has white space in it")
    if parts.scheme not in schemes or not text.partition(":")[2].startswith("//"):
        raise BadAddress(
            f"{_shown(text)} doesn't begin with {' or '.join(f'{s}://' for s in schemes)}"
        )
    if not parts.hostname:
        raise BadAddress(f"{_shown(text)} names no host")
    if port == 0 or parts.netloc.endswith(":"):
        raise BadAddress(f"{_shown(text)} has no port from 1 to 65535 after its colon")
    return parts


def host(text: str) -> str:
    """A host as browsers write it: lower case, non-ASCII names in IDNA, IPv6 in brackets.

    Raises:
        BadAddress: for a text that is no host.
    """
    if ":" in text or text.startswith("["):
        bare = text[1:-1] if text.startswith("[") and text.endswith("]") else text
        try:
            return f"[{IPv6Address(bare).compressed}]"
        except ValueError:
            raise BadAddress(f"{text!r} is no IPv6 address") from None
    try:
        name = text.encode("idna").decode("ascii").lower() if not text.isascii() else text.lower()
    except UnicodeError:
        raise BadAddress(f"{text!r} is no host name") from None
    labels = name.removesuffix(".").split(".")
    if len(name) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise BadAddress(f"{text!r} is no host name")
    if labels[-1].isdigit() and _ip(name) is None:
        raise BadAddress(f"{text!r} is no IPv4 address")
    return name


def _ip(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(text.removeprefix("[").removesuffix("]"))
    except ValueError:
        return None


def origin(text: str) -> str:
    """`scheme://host:port` as a browser sends it in `Origin`: a default port is left out.

    Raises:
        BadAddress: for a text with more in it (a path, a user), or less.
    """
    parts = split(text, ("http", "https"))
    if "@" in parts.netloc:
        raise BadAddress(f"{_shown(text)} has a user in it: only scheme://host:port is an origin")
    if parts.path or parts.query or parts.fragment or "?" in text or "#" in text:
        raise BadAddress(
            f"{_shown(text)} has more than scheme://host:port:"
            " leave out what follows, the slash too"
        )
    name = host(parts.hostname or "")
    address = _ip(name)
    if address is not None and (address.is_unspecified or address.is_multicast):
        raise BadAddress(f"{_shown(text)} is no address that a browser can open")
    port = parts.port
    if port is None or port == _DEFAULT_PORTS[parts.scheme]:
        return f"{parts.scheme}://{name}"
    return f"{parts.scheme}://{name}:{port}"


def listening(text: str) -> str:
    """A host to listen on: a name or an address, IPv6 with or without brackets.

    Raises:
        BadAddress: for anything else.
    """
    return host(text).removeprefix("[").removesuffix("]")
