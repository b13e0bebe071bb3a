"""How a setting declares itself: default, range or choices, and help, beside its type."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from memory_app.core.messages import Sentence, SentenceError
from memory_app.core.number_text import figure_text

Value = int | float | str
_KEY = "setting"
#: A whole number above any range.
BEYOND = 10**400


class SettingsError(SentenceError):
    """A setting that does not exist or is out of range; one sentence for a person."""


@dataclass(frozen=True, slots=True)
class Setting:
    """What is known of one setting, wherever it is shown, read or checked."""

    name: str
    #: The field of TrainingSettings that it lies in.
    section: str
    kind: type
    default: Value
    help: Sentence
    #: Inclusive bounds of a number; None where any will do.
    range: tuple[float, float] | None
    #: The texts that it may be; empty where any will do.
    choices: tuple[str, ...]

    def read(self, value: Any) -> Value:
        """Text as a person types it, or a value from JSON, as the setting's type.

        Raises:
            SettingsError: not of its type.
        """
        try:
            if isinstance(value, bool) or not isinstance(value, str | int | float):
                raise ValueError
            if self.kind is int and isinstance(value, str):
                value = _whole(value)
            typed: Value = self.kind(value)
            if self.kind is int and isinstance(value, float) and value != typed:
                raise ValueError
        except (ValueError, OverflowError) as error:
            raise self._mistyped() from error
        return typed

    def check(self, value: Value) -> None:
        """Raises SettingsError for a value outside the range, NaN too, or none of the choices."""
        if self.choices and value not in self.choices:
            raise SettingsError("{name} must be {choices}.", name=self.name, choices=self._any())
        if self.range is None:
            return
        low, high = self.range
        assert not isinstance(value, str)
        if not low <= value <= high:
            raise SettingsError(
                "{name} must be from {low} to {high}.",
                name=self.name,
                low=figure_text(low),
                high=figure_text(high),
            )

    def _any(self) -> Sentence:
        *others, last = self.choices
        return Sentence("{others} or {last}", {"others": ", ".join(others), "last": last})

    def _mistyped(self) -> SettingsError:
        if self.kind is int:
            return SettingsError("{name} must be a whole number.", name=self.name)
        if self.kind is float:
            return SettingsError("{name} must be a number.", name=self.name)
        return SettingsError("{name} must be a text.", name=self.name)


def _whole(typed: str) -> Value:
    """A whole number as people write it, 1e9 and 8.0 too; anything else as it was typed."""
    try:
        return int(typed)
    except ValueError:
        number = float(typed)
        if math.isinf(number) and any(map(str.isdigit, typed)):
            # Longer than Python converts: whatever the range, outside it.
            return BEYOND if number > 0 else -BEYOND
        return int(number) if number.is_integer() else number


def one_of(*texts: str) -> Callable[[], tuple[str, ...]]:
    """The choices of a setting that stay as they are."""
    return lambda: texts


def setting(
    default: Value,
    help: Sentence,  # noqa: A002
    *,
    range: tuple[float, float] | None = None,  # noqa: A002
    choices: Callable[[], tuple[str, ...]] = tuple,
) -> Any:
    """A field of a Section. `choices` is asked each time: more cells may be registered later."""
    declared = {
        **{"kind": type(default), "default": default},
        **{"help": help, "range": range, "choices": choices},
    }
    return dataclasses.field(default=default, metadata={_KEY: declared})


@dataclass(frozen=True)
class Section:
    """Settings with one owner: each field is a `setting`, checked when the section is made."""

    #: The heading under which forms and help list its settings; sections may share one.
    group: ClassVar[Sentence]

    @classmethod
    def declared(cls, section: str) -> dict[str, Setting]:
        """Its settings by name, in order; `section` is the field that holds it."""
        found = {}
        for field in dataclasses.fields(cls):
            declared = field.metadata[_KEY]
            found[field.name] = Setting(
                name=field.name,
                section=section,
                kind=declared["kind"],
                default=declared["default"],
                help=declared["help"],
                range=declared["range"],
                choices=declared["choices"](),
            )
        return found

    def __post_init__(self) -> None:
        for name, known in self.declared("").items():
            known.check(getattr(self, name))
        self.check()

    def check(self) -> None:
        """Raises SettingsError where settings of this section exclude each other."""
