"""How a number is written for a person, in a sentence and on a page alike."""


def figure_text(value: float) -> str:
    """At most four significant digits, thousands parted."""
    if isinstance(value, int) or (abs(value) >= 1000 and value == int(value)):
        return f"{int(value):,}"
    if value and abs(value) < 1e-3:
        return f"{value:.2e}"
    return f"{value:,.4g}" if abs(value) < 10_000 else f"{value:,.0f}"
