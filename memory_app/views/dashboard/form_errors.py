"""Errors in the form of a run or of a search, field by field."""

import re
from typing import Any

from memory_app.core.messages import SentenceError, quoted
from memory_app.core.run_settings import PRESETS, SettingsError
from memory_app.models import Corpus
from memory_app.translate_messages import in_words
from memory_app.views.dashboard import hyperparameters


def _settings_in(fault: SentenceError) -> list[str]:
    """The settings that a sentence names: their names are no words of a language."""
    words = set(re.findall(r"\w+", str(fault)))
    return [key for key in hyperparameters.declared() if key in words]


def weight_of(typed: str) -> float | None:
    """A corpus's weight as it was typed; None where it is no number."""
    try:
        return float(typed or 1)
    except ValueError:
        return None


def _axes(data: Any) -> dict[str, list[str]]:
    """{field: [key, value, …]} of the rows in which a search's form says what to vary."""
    rows, known = {}, hyperparameters.declared()
    for name in data:
        kind, _, number = name.partition(".")
        if kind == "key" and data[name] in known:
            typed = [value.strip() for value in data.get(f"values.{number}", "").split(",")]
            rows[f"values.{number}"] = [data[name], *filter(None, typed)]
    return rows


def form_errors(data: Any, fault: SentenceError) -> dict[str, str]:
    """{field: sentence} of a form that was refused with `fault`; empty where no field is wrong.

    Every field is checked by itself, so that all errors are shown at once.
    """
    errors: dict[str, str] = {}
    preset = PRESETS.get(data.get("preset", ""), PRESETS["tiny"])
    for key, value in hyperparameters.changes(data).items():
        try:
            preset.changed({key: value})
        except SettingsError as wrong:
            # It may conflict with other changed settings: that is an error of the whole form.
            if _settings_in(wrong) == [key]:
                errors[f"set.{key}"] = in_words(wrong)
    axes = _axes(data)
    for at, (key, *values) in axes.items():
        for value in values:
            try:
                preset.changed({key: value})
            except SettingsError as wrong:
                if _settings_in(wrong) == [key]:
                    errors.setdefault(at, in_words(wrong))
    for row in Corpus.objects.filter(split="train", name__in=data.getlist("corpus")):
        if weight_of(data.get(f"weight.{row.pk}", "1")) is None:
            wrong_weight = SentenceError(
                "The weight of {name} is not a number.", name=quoted(row.name)
            )
            errors[f"weight.{row.pk}"] = in_words(wrong_weight)
    field = getattr(fault, "field", "")
    if field:
        errors.setdefault(field, in_words(fault))
    if not errors and (named := _settings_in(fault)):
        # One mistake is told once: at the first of its settings that were typed or varied.
        varied = {key: at for at, (key, *_) in axes.items()}
        typed = {*varied, *hyperparameters.changes(data)}
        key = next((key for key in named if key in typed), named[0])
        errors[varied.get(key, f"set.{key}")] = in_words(fault)
    return _in_page_order(errors, data)


def _in_page_order(errors: dict[str, str], data: Any) -> dict[str, str]:
    """Browsers send fields as the page has them; what isn't sent is an empty choice on top."""
    places = {field: place for place, field in enumerate(data)}
    return dict(sorted(errors.items(), key=lambda error: places.get(error[0], -1)))
