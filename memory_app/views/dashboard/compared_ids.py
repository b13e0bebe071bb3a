"""The ids of rows to compare, as an address names them."""

from collections.abc import Sequence
from uuid import UUID

from django.utils.translation import ngettext


def ids_of(keys: Sequence[str]) -> list[UUID]:
    """The ids among the keys; an invalid one is left out, and reported by `missing`."""
    ids = []
    for key in keys:
        try:
            ids.append(UUID(key))
        except ValueError:
            continue
    return ids


def left_out(keys: Sequence[str], most: int) -> str:
    """That the address names more than can be compared, as a sentence; else empty."""
    n = len(set(filter(None, keys))) - most
    if n <= 0:
        return ""
    return ngettext(
        "At most {most} can be compared: the last {n} is left out.",
        "At most {most} can be compared: the last {n} are left out.",
        n,
    ).format(most=most, n=n)


def missing(keys: Sequence[str], shown: int) -> str:
    """That some of the keys name nothing that is shown, as a sentence; else empty."""
    n = len(set(filter(None, keys))) - shown
    if n <= 0:
        return ""
    return ngettext(
        "{n} item named in the address doesn’t exist and is not shown.",
        "{n} items named in the address don’t exist and are not shown.",
        n,
    ).format(n=n)
