"""Everything a run depends on: each setting declared once, sections by owner, presets."""

from __future__ import annotations

from memory_app.core.run_settings.optimisation import OptimisationSettings, RegularisationSettings
from memory_app.core.run_settings.presets import PRESET_HELP, PRESETS
from memory_app.core.run_settings.setting import Section, Setting, SettingsError, setting
from memory_app.core.run_settings.training_settings import TrainingSettings

__all__ = [
    "PRESETS",
    "PRESET_HELP",
    "OptimisationSettings",
    "RegularisationSettings",
    "Section",
    "Setting",
    "SettingsError",
    "TrainingSettings",
    "setting",
]
