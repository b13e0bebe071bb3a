"""The form of a parameter search: that of a run, and which settings are varied."""

from typing import Any

from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext as _

from memory_app.core.number_text import figure_text
from memory_app.core.sampling.settings import MAX_SEED
from memory_app.services.training.run_error import RunError
from memory_app.services.training.searches import MOST_RUNS
from memory_app.views.dashboard.dashboard_form import Text, Whole
from memory_app.views.dashboard.run_form import TrainingForm, check_typed

#: Settings that one search may vary.
AXES = 4


def _value(typed: str) -> int | float | str:
    """A number where it is one: two of them are a range, two words are a choice."""
    for kind in (int, float):
        try:
            return kind(typed)
        except ValueError:
            continue
    return typed


def _no_whole(name: str, low: int, high: int) -> RunError:
    return RunError(
        "{name} must be a whole number from {low} to {high}.",
        name=name,
        low=figure_text(low),
        high=figure_text(high),
    )


class SearchForm(TrainingForm):
    """A new search."""

    name = Text()
    method = Text()
    count = Whole(1, _no_whole("count", 1, MOST_RUNS))
    seed = Whole(1, _no_whole("seed", 0, MAX_SEED), min_value=0, max_value=MAX_SEED)

    def __init__(self, data: QueryDict) -> None:
        super().__init__(data)
        for number in range(AXES):
            self.fields[f"key.{number}"] = Text()
            self.fields[f"values.{number}"] = Text()

    def _axes(self) -> dict[str, tuple[str, list[str]]]:
        """{setting: (the field of its values, the values)}; they are separated by commas."""
        found = {}
        for number in range(AXES):
            field = f"values.{number}"
            texts = [text.strip() for text in self.data.get(field, "").split(",")]
            key = self.data.get(f"key.{number}", "")
            if key:
                found[key] = (field, [text for text in texts if text])
        return found

    def clean(self) -> dict[str, Any]:
        for key, (field, texts) in self._axes().items():
            try:
                for text in texts if key in self.declared else ():
                    check_typed(self.declared[key], text)
            except ValidationError as wrong:
                self.add_error(field, wrong)
        return self.cleaned_data

    def field_of(self, key: str) -> str:
        axes = self._axes()
        return axes[key][0] if key in axes else super().field_of(key)

    def search(self) -> dict[str, Any]:
        """Its values, by the names that `search_launch` takes."""
        found = self.cleaned_data
        varied = {key: texts for key, (_field, texts) in self._axes().items() if texts}
        moment = f"{timezone.now():%Y-%m-%d %H:%M}"
        return {
            **self.training(),
            "name": found["name"][:1000].strip() or _("search {moment} UTC").format(moment=moment),
            "method": found["method"],
            "space": {key: [_value(one) for one in texts] for key, texts in varied.items()},
            "count": found["count"],
            "seed": found["seed"],
        }
