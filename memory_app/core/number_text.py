"""Numbers as text: written for a person, and read where a script or an address has one."""

import math

_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
#: Below this a plain number is mostly zeros.
_PLAIN_FROM = 1e-4


def figure_text(value: float) -> str:
    """At most four significant digits, thousands parted; a tiny one by its power of ten."""
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    if isinstance(value, int) or (abs(value) >= 1000 and value == int(value)):
        return f"{int(value):,}"
    if value and abs(value) < _PLAIN_FROM:
        digits, exponent = f"{value:.2e}".split("e")
        power = f"10{str(int(exponent)).translate(_RAISED)}"
        digits = digits.rstrip("0").rstrip(".")
        return power if digits == "1" else f"{digits} × {power}"
    return f"{value:,.4g}" if abs(value) < 10_000 else f"{value:,.0f}"


def measure_text(value: float) -> str:
    """A measured value with three decimals, so that those of a column align; tiny ones as above."""
    return f"{value:,.3f}" if value == 0 or abs(value) >= 1e-3 else figure_text(value)


def size_text(count: float) -> str:
    """Bytes as `B`, `KiB`, `MiB`, … of 1,024 each, with three digits at most: 13312 -> "13 KiB"."""
    value = float(count)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if value < 999.5:
            return f"{value:.3g}\N{NO-BREAK SPACE}{unit}"
        value /= 1024
    return f"{value:,.3g}\N{NO-BREAK SPACE}TiB"


def whole_number(text: str, most: int) -> int | None:
    """The number from 0 to `most` that ASCII digits write; None for any other text."""
    # int() takes signs, blanks, underscores and other scripts' digits, and time for a million.
    if not (text.isascii() and text.isdigit() and len(text) <= 20):
        return None
    number = int(text)
    return number if number <= most else None
