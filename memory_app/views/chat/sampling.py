"""The sampling drawer: each setting with the engine's limits, and the presets."""

from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from memory_app.core.sampling.settings import RANGES, Sampling

_EXPLAINED: dict[str, str | Promise] = {
    "temperature": gettext_lazy(
        "Randomness: higher is more surprising. At 0 the most probable token is always chosen."
    ),
    "top_k": gettext_lazy("Sample only from the k most probable tokens. 0 means no limit."),
    "top_p": gettext_lazy(
        "Sample only from the most probable tokens that together reach this probability."
    ),
    "min_p": gettext_lazy(
        "Sample only tokens whose probability is at least this fraction of the highest."
    ),
    "repetition_penalty": gettext_lazy(
        "Makes tokens already in this reply less probable. 1 means off."
    ),
    "min_tokens": gettext_lazy(
        "The reply has at least this many tokens, unless max_tokens is lower."
    ),
    "max_tokens": gettext_lazy("The reply has at most this many tokens."),
    "seed": gettext_lazy(
        "The same seed gives the same reply. Leave empty for a random seed each time."
    ),
}
_STEPS = {"temperature": "0.1", "top_p": "0.05", "min_p": "0.01", "repetition_penalty": "0.05"}
#: The defaults that each preset changes.
PRESETS: dict[str, dict[str, float | int]] = {
    "exact": {"temperature": 0.0},
    "calm": {"temperature": 0.5, "top_p": 0.9},
    "balanced": {},
    "wild": {"temperature": 1.3, "top_p": 1.0, "min_p": 0.02},
}


def _limits(name: str) -> str:
    whole, low, high, open_low, open_high = RANGES[name]
    values = {"low": low, "high": high}
    if whole:
        return _("A whole number from %(low)s to %(high)s.") % values
    if open_low:
        return _("Above %(low)s, up to %(high)s.") % values
    if open_high:
        return _("From %(low)s up to, but not including, %(high)s.") % values
    return _("From %(low)s to %(high)s.") % values


def settings() -> list[dict[str, Any]]:
    """One entry a setting, in the contract's order; the script checks by the same limits."""
    defaults = Sampling(seed=0).to_dict() | {"seed": ""}
    return [
        {
            "name": name,
            "explained": _EXPLAINED[name],
            "limits": _limits(name),
            "default": f"{defaults[name]:g}" if defaults[name] != "" else "",
            "step": _STEPS.get(name, "1"),
            "whole": int(whole),
            "low": low,
            "high": high,
            "open_low": int(open_low),
            "open_high": int(open_high),
        }
        for name, (whole, low, high, open_low, open_high) in RANGES.items()
    ]


def presets() -> list[dict[str, Any]]:
    """Name, values and one line for each preset."""
    names = {
        "exact": (
            _("Exact"),
            _("Greedy: always the most probable token, so the reply is the same each time."),
        ),
        "calm": (_("Calm"), _("Close to the most probable reply.")),
        "balanced": (_("Balanced"), _("The default.")),
        "wild": (_("Wild"), _("Surprising, and often wrong.")),
    }
    return [
        {"key": key, "name": name, "explained": explained, "values": PRESETS[key]}
        for key, (name, explained) in names.items()
    ]
