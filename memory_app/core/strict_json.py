"""JSON as the standard has it, read in one way only."""

from __future__ import annotations

import json
from typing import Any

from memory_app.core.messages import SentenceError


class StrictJSONError(SentenceError):
    """Text that is no JSON, or that two readers would read in two ways; the message is a phrase."""


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    # Of two keys with one name Python keeps the last, and another reader the first.
    found = dict(pairs)
    if len(found) != len(pairs):
        raise StrictJSONError("JSON with a duplicate key")
    return found


def _no_constant(name: str) -> Any:
    raise StrictJSONError("not JSON: {name} is not a number", name=name)


def loads(text: str | bytes) -> Any:
    """The value of a JSON text.

    Raises:
        StrictJSONError: not JSON, NaN or Infinity, a key twice, too deep, a number of too many
            digits.
    """
    try:
        return json.loads(text, object_pairs_hook=_once, parse_constant=_no_constant)
    except StrictJSONError:
        raise
    except (json.JSONDecodeError, UnicodeDecodeError):
        raise StrictJSONError("not JSON") from None
    except RecursionError:
        raise StrictJSONError("JSON nested too deeply") from None
    except ValueError:  # a whole number of more digits than Python converts
        raise StrictJSONError("JSON with a number that is too long") from None
