"""What only training does to a model: dropped weights, one mask a row, spread timescales, means."""

from pathlib import Path

import pytest
import torch

from memory_app.core.initialisation.timescales import (
    draw_timescales,
    forget_biases,
    spread_timescales,
)
from memory_app.core.model.config import ModelConfig
from memory_app.core.model.model import LanguageModel
from memory_app.core.model.state import State
from memory_app.core.run_settings import RegularisationSettings, SettingsError, TrainingSettings
from memory_app.core.tasks import CHAT
from memory_app.core.training.recurrent_dropout import reader, regularised_hidden
from memory_app.core.training.run import train_from_sources as train
from tests.core.training.test_trainer import SMALL, SOURCE, TOKENIZER, Curve, weights

IDS = torch.randint(0, 50, (3, 17), generator=torch.Generator().manual_seed(2))


@pytest.fixture
def model() -> LanguageModel:
    torch.manual_seed(3)
    return LanguageModel(ModelConfig(50, 12, 20, 2)).train()


def state_of(model: LanguageModel) -> State:
    generator = torch.Generator().manual_seed(4)
    shape = (2, 3, model.config.hidden_size)
    return State.of_parts(
        h=torch.randn(shape, generator=generator), c=torch.randn(shape, generator=generator)
    )


def test_with_nothing_dropped_it_reads_as_the_model_does(model: LanguageModel) -> None:
    for state in (None, state_of(model)):
        plain, after = model.hidden(IDS, state)
        own, own_after = regularised_hidden(
            model, IDS, state, weight_drop=0.0, dropout=0.0, variational=True
        )
        torch.testing.assert_close(own, plain, atol=1e-6, rtol=0)
        torch.testing.assert_close(own_after.part("c"), after.part("c"), atol=1e-6, rtol=0)


def test_variational_dropout_takes_out_the_same_units_at_every_step(model: LanguageModel) -> None:
    outputs, _ = regularised_hidden(
        model, IDS, None, weight_drop=0.0, dropout=0.5, variational=True
    )
    out = outputs == 0
    assert (out == out[:, :1]).all()
    assert 0.3 < float(out.float().mean()) < 0.7
    assert (out[0] != out[1]).any()  # rows differ


def test_dropped_weights_are_the_same_for_every_token_of_a_window(model: LanguageModel) -> None:
    def read() -> torch.Tensor:
        torch.manual_seed(9)
        kept = torch.nn.functional.dropout(model.lstm.weight_hh_l0, 0.5)
        with torch.no_grad():
            model.lstm.weight_hh_l0.copy_(kept)
            model.lstm.weight_hh_l1.copy_(torch.nn.functional.dropout(model.lstm.weight_hh_l1, 0.5))
        return model.hidden(IDS)[0]

    torch.manual_seed(9)
    dropped, _ = regularised_hidden(
        model, IDS, None, weight_drop=0.5, dropout=0.0, variational=False
    )
    torch.testing.assert_close(dropped, read(), atol=1e-6, rtol=0)


def test_nothing_is_dropped_when_the_model_is_used(model: LanguageModel) -> None:
    settings = RegularisationSettings(weight_drop=0.5, variational="on", dropout=0.5)
    assert reader(RegularisationSettings(), model) == model.hidden_at
    at = torch.ones_like(IDS, dtype=torch.bool)
    outputs, _ = reader(settings, model.eval())(IDS, None, at)
    torch.testing.assert_close(outputs, model.hidden(IDS)[0].flatten(0, 1), atol=0, rtol=0)


def test_timescales_follow_the_inverse_gamma_distribution() -> None:
    drawn = draw_timescales(4000, torch.Generator().manual_seed(1))
    torch.manual_seed(8)
    sampled = 1 / torch.distributions.Gamma(0.56, 1.0).sample((40_000,)).clamp(1e-3, 5)
    for share in (0.25, 0.5, 0.75, 0.9):
        assert float(drawn.quantile(share)) == pytest.approx(
            float(sampled.quantile(share)), rel=0.12
        )


def test_a_unit_forgets_at_the_timescale_that_its_bias_was_set_to(model: LanguageModel) -> None:
    timescales = torch.tensor([0.5, 3.0, 40.0, 900.0])
    forget = forget_biases(timescales).double().sigmoid()
    torch.testing.assert_close(-1 / forget.log(), timescales.double(), rtol=1e-3, atol=0)
    spread_timescales(model, seed=1)
    biases = model.lstm.bias_ih_l1 + model.lstm.bias_hh_l1
    i, f = biases[:20], biases[20:40]
    torch.testing.assert_close(i, -f)
    assert float(f.detach().max()) > 1.5 > -0.5 > float(f.detach().min())


SPECIAL = {"weight_drop": 0.3, "variational": "on", "timescales": "inverse_gamma", "joined": 0.5}


@pytest.mark.parametrize("die_at", [7, 33])
def test_a_killed_run_of_all_of_it_resumes_to_the_same_weights(tmp_path: Path, die_at: int) -> None:
    settings = SMALL.changed({**SPECIAL, "average_from": 0.5})
    whole = train(CHAT, settings, [SOURCE], TOKENIZER, tmp_path / "a")
    with pytest.raises(KeyboardInterrupt):
        train(CHAT, settings, [SOURCE], TOKENIZER, tmp_path / "b", [Curve(die_at=die_at)])
    resumed = train(CHAT, settings, [SOURCE], TOKENIZER, tmp_path / "b", resume=True)
    assert torch.equal(weights(whole), weights(resumed))


def test_averaged_weights_are_the_mean_over_the_end_of_the_run(tmp_path: Path) -> None:
    class Weights(Curve):
        def __init__(self) -> None:
            super().__init__()
            self.seen: list[torch.Tensor] = []

        def on_evaluate(self, step: int, model: torch.nn.Module) -> None:
            self.seen.append(torch.cat([p.detach().flatten() for p in model.parameters()]))

    every = Weights()
    settings = SMALL.changed({"evaluate_every": 1, "steps": 12})
    train(CHAT, settings, [SOURCE], TOKENIZER, tmp_path / "a", [every])
    averaged = train(
        CHAT, settings.changed({"average_from": 0.75}), [SOURCE], TOKENIZER, tmp_path / "b"
    )
    mean = torch.stack(every.seen[9:12]).mean(0)
    torch.testing.assert_close(weights(averaged), mean, atol=1e-6, rtol=0)


@pytest.mark.parametrize(
    "settings",
    [
        {"variational": "maybe"},
        {"timescales": "fast"},
        {"weight_drop": 1.0},
        {"cell": "tanh_rnn", "weight_drop": 0.1},
        {"cell": "tanh_rnn", "timescales": "inverse_gamma"},
    ],
)
def test_what_cannot_be_is_refused(settings: dict[str, object]) -> None:
    with pytest.raises(SettingsError):
        TrainingSettings().changed(settings)
