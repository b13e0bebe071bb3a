"""A setting that is declared in a section is read, checked, stored and grouped without more."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from memory_app.core.messages import Sentence
from memory_app.core.run_settings import (
    OptimisationSettings,
    SettingsError,
    TrainingSettings,
    setting,
)

# Not written out in a Sentence, so that no catalogue takes them.
MOMENTUM, NESTEROV = "How much of the last update is kept.", "Look ahead before each step."


@dataclass(frozen=True)
class WithMomentum(OptimisationSettings):
    momentum: float = setting(0.9, Sentence(MOMENTUM), range=(0, 0.999))
    nesterov: str = setting("off", Sentence(NESTEROV), choices=lambda: ("off", "on"))


@dataclass(frozen=True)
class Extended(TrainingSettings):
    optimisation: OptimisationSettings = field(default_factory=WithMomentum)


def test_it_is_set_by_name_stored_and_read_back() -> None:
    changed = Extended().changed({"momentum": "0.5", "steps": "7"})
    assert isinstance(changed.optimisation, WithMomentum)
    assert changed.optimisation.momentum == 0.5
    assert Extended.from_dict(changed.to_dict()) == changed
    row_before = TrainingSettings().changed({"steps": 7}).to_dict()
    assert "momentum" not in row_before
    assert Extended.from_dict(row_before).to_dict() == row_before | {
        "momentum": 0.9,
        "nesterov": "off",
    }


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"momentum": 1}, "momentum must be from 0 to 0.999."),
        ({"momentum": "nan"}, "momentum must be from 0 to 0.999."),
        ({"momentum": "much"}, "momentum must be a number."),
        ({"nesterov": "maybe"}, "nesterov must be off or on."),
        ({"nesterov": 1.5}, "nesterov must be off or on."),
    ],
)
def test_it_is_checked(change: dict[str, object], said: str) -> None:
    with pytest.raises(SettingsError) as refused:
        Extended().changed(change)
    assert str(refused.value) == said


def test_it_stands_at_the_end_of_its_group() -> None:
    group, members = Extended().groups()[0]
    assert str(group) == "Length and learning rate"
    assert [one.name for one in members[-2:]] == ["momentum", "nesterov"]
    assert {one.section for one in members} == {"optimisation"}
