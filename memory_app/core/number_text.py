"""How a number is written for a person, in a sentence and on a page alike."""

_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
#: Below this a plain number is mostly zeros.
_PLAIN_FROM = 1e-4


def figure_text(value: float) -> str:
    """At most four significant digits, thousands parted; a tiny one by its power of ten."""
    if isinstance(value, int) or (abs(value) >= 1000 and value == int(value)):
        return f"{int(value):,}"
    if value and abs(value) < _PLAIN_FROM:
        digits, exponent = f"{value:.2e}".split("e")
        power = f"10{str(int(exponent)).translate(_RAISED)}"
        digits = digits.rstrip("0").rstrip(".")
        return power if digits == "1" else f"{digits} × {power}"
    return f"{value:,.4g}" if abs(value) < 10_000 else f"{value:,.0f}"
