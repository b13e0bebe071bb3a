"""Settings are typed and bounded; a mistake is one sentence."""

from dataclasses import replace

import pytest

from memory_app.core.run_settings import PRESETS, SettingsError, TrainingSettings


def test_every_preset_comes_back_from_its_dictionary() -> None:
    chats, others = (
        {"tiny", "base", "large", "gpu"},
        {"completion", "completion-bytes", "translation", "speech"},
    )
    assert set(PRESETS) == {*chats, "article-sentiment", "sentiment", *others}
    for settings in PRESETS.values():
        assert TrainingSettings.from_dict(settings.to_dict()) == settings


def test_text_is_read_as_the_fields_type() -> None:
    changed = PRESETS["tiny"].changed({"steps": "7", "learning_rate": "1e-3", "cell": "tanh_rnn"})
    assert changed.optimisation == replace(
        PRESETS["tiny"].optimisation, steps=7, learning_rate=1e-3
    )
    assert changed.model.cell == "tanh_rnn"


@pytest.mark.parametrize(
    "change",
    [
        {"nonsense": 1},
        {"steps": "many"},
        {"steps": 0},
        {"steps": 1.5},
        {"steps": True},
        {"learning_rate": "nan"},
        {"learning_rate": float("inf")},
        {"dropout": 1},
        {"cell": "gru"},
        {"precision": "int4"},
        {"compile": "maybe"},
        {"facts": 0.9, "identity": 0.2},
        {"hidden_size": None},
        {"window": 10**400},
    ],
)
def test_a_wrong_setting_is_refused_in_one_sentence(change: dict) -> None:
    with pytest.raises(SettingsError) as refused:
        TrainingSettings().changed(change)
    assert str(refused.value).endswith(".")


@pytest.mark.parametrize("typed", ["9" * 23, "1e30", "-1", "1" * 5000, 10**23, -(10**400), 2**53])
def test_a_seed_out_of_range_is_told_the_range(typed: object) -> None:
    with pytest.raises(SettingsError) as refused:
        TrainingSettings().changed({"seed": typed})
    assert str(refused.value) == "seed must be from 0 to 9,007,199,254,740,991."


def test_every_number_has_a_range() -> None:
    declared = TrainingSettings().declared().values()
    assert [one.name for one in declared if one.kind is not str and one.range is None] == []
