"""Why a request is refused: a code for programs and a sentence for a person."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from django.utils.functional import Promise

ErrorCode = Literal[
    "invalid",
    "unknown_type",
    "too_long",
    "busy",
    "rate_limited",
    "quota",
    "not_found",
    "forbidden",
    "unavailable",
]


class Refused(Exception):
    """A request that can't be carried out; the socket answers it by an `error` message.

    `client_turn_id` is that of the refused message, if it has one; `until`: when the reason ends.
    """

    def __init__(
        self,
        code: ErrorCode,
        detail: str | Promise,
        client_turn_id: UUID | None = None,
        *,
        until: datetime | None = None,
    ) -> None:
        super().__init__(code)
        self.code: ErrorCode = code
        self.detail = detail
        self.client_turn_id = client_turn_id
        self.until = until
