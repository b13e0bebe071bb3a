"""The name of the request or socket message that is being handled, for every line of the log."""

import secrets
from contextvars import ContextVar

#: Empty outside of a request. Made here: a client's own could forge another's lines.
request_id: ContextVar[str] = ContextVar("request_id", default="")


def new_request_id() -> str:
    """64 random bits."""
    return secrets.token_hex(8)
