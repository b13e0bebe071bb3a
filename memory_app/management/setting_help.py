"""Every training setting in a command's --help."""

from __future__ import annotations

import textwrap
from argparse import RawDescriptionHelpFormatter

from django.core.management.base import DjangoHelpFormatter

from memory_app.core.number_text import figure_text
from memory_app.core.run_settings import PRESETS, Setting


class SettingHelpFormatter(DjangoHelpFormatter, RawDescriptionHelpFormatter):
    """Leaves the lines of an epilog as they are."""


def setting_help(preset: str) -> str:
    """The settings under their headings: allowed values, the preset's value, what each does."""
    values = PRESETS[preset].to_dict()
    lines = [f"settings, with the values of the preset {preset}:"]
    for group, settings in PRESETS[preset].groups():
        lines += ["", f"{group}:"]
        for one in settings:
            lines.append(f"  {one.name}={values[one.name]}{_allowed(one)}")
            lines += textwrap.wrap(
                str(one.help), 76, initial_indent="    ", subsequent_indent="    "
            )
    return "\n".join(lines)


def _allowed(setting: Setting) -> str:
    if setting.choices:
        return f"  ({' | '.join(setting.choices)})"
    if setting.range is None:
        return ""
    low, high = map(figure_text, setting.range)
    return f"  ({low} … {high})"
