"""The form of a run: read, checked by the settings' own declarations, and filled in again."""

import re
from collections.abc import Container
from typing import Any
from uuid import UUID

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.translation import gettext as _

from memory_app.core.messages import SentenceError, quoted
from memory_app.core.run_settings import PRESETS, Setting, SettingsError
from memory_app.models import Checkpoint, Corpus, TrainingRun
from memory_app.services.training.run_error import RunError
from memory_app.services.training.run_launch import run_settings
from memory_app.translate_messages import in_words
from memory_app.views.dashboard import hyperparameters
from memory_app.views.dashboard.dashboard_form import DashboardForm, Text, Texts


def check_typed(setting: Setting, text: str) -> None:
    """Raises ValidationError for a text that the setting can't be, whatever the others are."""
    try:
        setting.check(setting.read(text))
    except SettingsError as wrong:
        raise ValidationError(in_words(wrong)) from wrong


class SettingField(Text):
    """One setting of the run; empty where it stays as the preset has it."""

    def __init__(self, setting: Setting) -> None:
        super().__init__(strip=True)
        self._setting = setting

    def validate(self, value: str) -> None:
        if value:
            check_typed(self._setting, value)


class Weight(forms.FloatField):
    """How often a corpus is sampled; None where nothing was typed."""

    def __init__(self, corpus: str) -> None:
        wrong = SentenceError("The weight of {name} is not a number.", name=quoted(corpus))
        super().__init__(required=False, error_messages={"invalid": in_words(wrong)})


def start_point(key: str) -> Checkpoint | None:
    """The checkpoint whose weights a run begins with; None without a key.

    Raises:
        RunError: there is no such checkpoint.
    """
    if not key:
        return None
    try:
        return Checkpoint.objects.get(pk=UUID(key))
    except (ValueError, Checkpoint.DoesNotExist):
        raise RunError("The checkpoint to start from doesn’t exist.", field="parent") from None


class Parent(Text):
    """`start_point` as a field."""

    def clean(self, value: Any) -> Checkpoint | None:
        try:
            return start_point(super().clean(value))
        except RunError as wrong:
            raise ValidationError(in_words(wrong)) from wrong


def _one_if_none(weight: float | None) -> float:
    return 1.0 if weight is None else weight


class TrainingForm(DashboardForm):
    """What the forms of a run and of a search say of a training."""

    preset = Text()
    corpus = Texts()

    def __init__(self, data: QueryDict) -> None:
        super().__init__(data)
        self.declared = hyperparameters.declared()
        self.rows = Corpus.objects.filter(split="train", name__in=data.getlist("corpus"))
        for row in self.rows:
            self.fields[f"weight.{row.pk}"] = Weight(row.name)
        for key, setting in self.declared.items():
            self.fields[f"set.{key}"] = SettingField(setting)

    def training(self) -> dict[str, Any]:
        """Its values, by the names that `run_launch` and `search_launch` take."""
        found = self.cleaned_data
        weights = {row.name: found.get(f"weight.{row.pk}") for row in self.rows}
        typed = {key: found.get(f"set.{key}") for key in self.declared}
        return {
            "preset": found["preset"],
            "corpora": [(name, _one_if_none(weights.get(name))) for name in found["corpus"]],
            "changes": {key: text for key, text in typed.items() if text},
        }

    def field_of(self, key: str) -> str:
        """The field in which a setting was typed."""
        return f"set.{key}"

    def refuse(self, fault: SentenceError) -> None:
        """At its field; of settings that exclude each other at the first that was typed.

        An error of no single field may be due to another field's: it is shown if there is none.
        """
        if fault.field:
            super().refuse(fault)
        elif not self.errors:
            words = set(re.findall(r"\w+", str(fault)))
            fields = [self.field_of(key) for key in self.declared if key in words]
            typed = (field for field in fields if self.data.get(field, "").strip())
            self.add_error(next(typed, next(iter(fields), None)), in_words(fault))


class RunForm(TrainingForm):
    """A new run."""

    name = Text()
    parent = Parent()

    def clean(self) -> dict[str, Any]:
        """Refuses what a launch would refuse."""
        try:
            run_settings(**self.training(), parent=self.cleaned_data.get("parent"))
        except RunError as fault:
            self.refuse(fault)
        return self.cleaned_data


def clone_of(run: TrainingRun) -> QueryDict:
    """The form filled in so that it starts the same run again, under another name."""
    data = QueryDict(mutable=True)
    weights = {name: float(weight) for name, weight in run.corpora}
    data["preset"] = run.preset
    data["name"] = _("{name}, again").format(name=run.name)[:200]
    if run.parent_id:
        data["parent"] = str(run.parent_id)
    data.setlist("corpus", list(weights))
    for row in Corpus.objects.filter(split="train", name__in=weights):
        data[f"weight.{row.pk}"] = f"{weights[row.name]:g}"
    # The settings of a launch without input: only differences are filled in.
    try:
        base = run_settings(
            preset=run.preset, corpora=list(weights.items()), parent=run.parent
        ).to_dict()
    except RunError:
        base = PRESETS[run.preset].to_dict() if run.preset in PRESETS else {}
    for key in hyperparameters.declared():
        if key in run.settings and run.settings[key] != base.get(key):
            data[f"set.{key}"] = str(run.settings[key])
    return data


def form_parts(data: Any, errors: Container[str] = ()) -> dict[str, Any]:
    """The common context of the forms of a run and of a search, filled in with the input."""
    preset = data.get("preset", "tiny")
    chosen = data.getlist("corpus") if data else []
    corpora = list(Corpus.objects.filter(split="train").order_by("name"))
    return {
        "presets": hyperparameters.presets(),
        "preset": preset if preset in PRESETS else "tiny",
        "preset_settings": hyperparameters.preset_values(),
        "groups": hyperparameters.groups(hyperparameters.changes(data), preset, errors),
        "corpora": [
            {
                "row": row,
                "chosen": row.name in chosen,
                "field": f"weight.{row.pk}",
                "weight": data.get(f"weight.{row.pk}", "1") or "1",
            }
            for row in corpora
        ],
        "missing": ", ".join(sorted(set(chosen) - {row.name for row in corpora})),
        "checkpoints": Checkpoint.objects.order_by("-sequence"),
        "parent": data.get("parent", ""),
        "name": data.get("name", ""),
    }
