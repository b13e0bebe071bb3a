"""The settings of a training run as the forms show and read them."""

from collections.abc import Container
from typing import Any

from memory_app.core.run_settings import PRESET_HELP, PRESETS, Setting
from memory_app.translate_messages import in_words


def declared() -> dict[str, Setting]:
    """Every setting by name, in the form's order."""
    return PRESETS["base"].declared()


def presets() -> dict[str, str]:
    """Each preset and its help."""
    return {name: in_words(PRESET_HELP[name]) for name in PRESETS}


def preset_values() -> dict[str, dict[str, Any]]:
    """Every preset's settings, for the form's script."""
    return {name: chosen.to_dict() for name, chosen in PRESETS.items()}


def groups(
    chosen: dict[str, str], preset: str, errors: Container[str] = ()
) -> list[dict[str, Any]]:
    """The groups with their settings: the typed values, and what the preset has instead."""
    base = PRESETS.get(preset, PRESETS["base"])
    defaults = base.to_dict()
    return [
        {
            "name": in_words(name),
            "changed": any(chosen.get(one.name) for one in settings),
            "wrong": any(f"set.{one.name}" in errors for one in settings),
            "settings": [
                {
                    "key": one.name,
                    "field": f"set.{one.name}",
                    "help_id": f"help-{one.name}",
                    "help": in_words(one.help),
                    "value": chosen.get(one.name, ""),
                    "default": defaults[one.name],
                    "choices": one.choices,
                    "kind": one.kind.__name__,
                    "range": one.range,
                }
                for one in settings
            ],
        }
        for name, settings in base.groups()
    ]


def changes(data: Any) -> dict[str, str]:
    """The settings that a form fills in: an empty field leaves the preset's value."""
    typed = ((key, str(data.get(f"set.{key}", "")).strip()) for key in declared())
    return {key: value for key, value in typed if value}
