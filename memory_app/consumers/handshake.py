"""The request that opens a socket: its origin and its language."""

from urllib.parse import urlsplit

from django.conf import settings
from django.http.cookie import parse_cookie
from django.utils import translation
from django.utils.translation.trans_real import parse_accept_lang_header


def same_site(headers: list[tuple[bytes, bytes]]) -> bool:
    """Whether there is exactly one Origin, and it is the site's scheme, host and port."""
    origins = [value for name, value in headers if name.lower() == b"origin"]
    if len(origins) != 1:
        return False
    origin = _normal(origins[0].decode("latin-1"))
    # An invalid origin is never the site's, even if a setting were invalid, too.
    return origin is not None and origin in {_normal(own) for own in settings.SITE_ORIGINS}


def _normal(origin: str) -> tuple[str, str | None, int | None] | None:
    try:
        parts = urlsplit(origin)
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    except ValueError:
        return None
    if parts.path or parts.query or parts.fragment or "@" in parts.netloc or not parts.hostname:
        return None
    return parts.scheme, parts.hostname, port


def header(headers: list[tuple[bytes, bytes]], wanted: bytes) -> str:
    """The values of every header of this name, joined as one."""
    return "; ".join(value.decode("latin-1") for name, value in headers if name.lower() == wanted)


def cookies(headers: list[tuple[bytes, bytes]]) -> dict[str, str]:
    """The cookies of the request."""
    return parse_cookie(header(headers, b"cookie"))


def language_of(headers: list[tuple[bytes, bytes]]) -> str:
    """The language of the page that opened the socket."""
    cookie = cookies(headers).get(settings.LANGUAGE_COOKIE_NAME, "")
    return language(cookie, header(headers, b"accept-language"))


def language(cookie: str, accepted: str) -> str:
    """The language of the page that opened the socket, by LocaleMiddleware's rules."""
    for code in (cookie, *(code for code, _weight in parse_accept_lang_header(accepted))):
        try:
            return translation.get_supported_language_variant(code)
        except LookupError:
            continue
    return settings.LANGUAGE_CODE
