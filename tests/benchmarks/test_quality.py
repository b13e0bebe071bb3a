"""The baselines are measured as the model is, and the table says what the files say."""

import itertools
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from benchmarks.quality import __main__ as main
from benchmarks.quality import baselines
from benchmarks.quality.__main__ import CELL_STEP, RATES, VARIANT_RATES, measure
from benchmarks.quality.__main__ import SMALL as SMALL_CELLS
from benchmarks.quality.baselines import lstm, parameters_of, reset
from benchmarks.quality.chart import COLOURS, MARKERS, draw
from benchmarks.quality.corpora import single_exchanges
from benchmarks.quality.results import (
    BEGIN,
    END,
    RESULTS,
    join,
    keep,
    read_all,
    table,
    write_table,
    write_variants,
)
from benchmarks.quality.train_in_budget import Trained, rate_at, train_within
from benchmarks.quality.transformer import Transformer, shape_for
from benchmarks.quality.variants import VARIANTS
from memory_app.core.data.dialogues import Source
from memory_app.core.evaluation.perplexity import likelihood
from memory_app.core.initialisation.initial_model import new_model
from memory_app.core.model.checkpoint import Checkpoint
from memory_app.core.model.config import ModelConfig
from memory_app.core.model.model import LanguageModel
from memory_app.core.run_settings import TrainingSettings
from memory_app.core.text.tokenizer import Tokenizer
from memory_app.core.training.run_tokenizer import learn_tokenizer

TALK = [("user", "hello there"), ("bot", "hi, you"), ("user", "how are you?"), ("bot", "fine")]
SMALL = TrainingSettings().changed(
    {
        **{"embedding_dim": 8, "hidden_size": 12, "batch_tokens": 128, "pool_tokens": 1000},
        **{"facts": 0.0, "identity": 0.0, "evaluate_every": 1000, "precision": "float32"},
    }
)


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return Tokenizer.train([text for _, text in TALK] * 9, 280)


def test_a_transformer_fed_in_pieces_equals_one_fed_at_once() -> None:
    torch.manual_seed(0)
    model = Transformer(50, 64, 3).eval()
    ids = torch.randint(0, 50, (2, 11))
    whole, _ = model.hidden(ids)
    state, parts = model.blank(2), []
    for piece in ids.split([4, 1, 5, 1], dim=1):
        outputs, state = model.hidden(piece, state)
        parts.append(outputs)
    assert torch.allclose(torch.cat(parts, 1), whole, atol=1e-5)
    assert state.length == 11


def test_a_transformer_sees_nothing_of_what_follows() -> None:
    model = Transformer(50, 64, 3).eval()
    ids = torch.randint(0, 49, (1, 8))
    changed = ids.clone()
    changed[0, 5:] += 1
    assert torch.allclose(model.hidden(ids)[0][0, :5], model.hidden(changed)[0][0, :5], atol=1e-6)


def test_a_shape_comes_near_to_the_number_of_parameters() -> None:
    for wanted in (2_000_000, 7_900_000):
        model = Transformer(8192, *shape_for(wanted, 8192))
        assert parameters_of(model) == pytest.approx(wanted, rel=0.15)


def test_a_budget_is_kept_and_what_was_learned_in_it_helps(tokenizer: Tokenizer) -> None:
    ticks = itertools.count()
    torch.manual_seed(1)
    model = Transformer(tokenizer.vocab_size, 64, 3)
    before = likelihood(model.eval(), tokenizer, [TALK]).nats  # type: ignore[arg-type]
    sources = [Source("talk", [TALK] * 20, [TALK])]
    made = train_within(model, SMALL, sources, tokenizer, 40, clock=lambda: float(next(ticks)))
    assert 20 <= made.steps <= 40
    assert likelihood(model, tokenizer, [TALK]).nats < before  # type: ignore[arg-type]


def test_the_rate_rises_then_falls_to_its_floor() -> None:
    settings = SMALL.changed({"learning_rate": 0.01, "final_learning_rate": 0.1})
    rates = [rate_at(settings.optimisation, share / 100) for share in range(101)]
    assert max(rates) == pytest.approx(0.01)
    assert rates[-1] == pytest.approx(0.001)
    assert rates[0] < rates[1] < rates[2] > rates[50] > rates[100]


def test_a_state_reset_every_turn_is_each_exchange_by_itself(tokenizer: Tokenizer) -> None:
    assert single_exchanges([TALK]) == [TALK[:2], TALK[2:]]
    torch.manual_seed(2)
    model = LanguageModel(ModelConfig(tokenizer.vocab_size, 8, 12, 2)).eval()
    with torch.no_grad():
        for parameter in model.lstm.parameters():
            parameter.mul_(4)
    sources = [Source("talk", [TALK], [TALK])]
    carried, forgot = (one(model, tokenizer, sources, 2) for one in (lstm, reset))
    assert carried["bits_per_byte"]["all"] != forgot["bits_per_byte"]["all"]
    cells = forgot["recall"]["exact_match"].values()
    assert set(cells) == {forgot["recall"]["control"]}


def contestant(title: str, place: int, value: float) -> dict:
    gaps = dict.fromkeys(("gap_0", "gap_2", "gap_8", "gap_32"), value)
    return {
        **{"title": title, "place": place, "parameters": 2_000_000, "trained": "20 min"},
        "bits_per_byte": {"all": 1.5, "per_source": {"talk": 1.25}},
        "recall": {
            "exact_match": gaps,
            "intervals": {"exact_match": {gap: [0.1, 0.9] for gap in gaps}},
            "control": 0.0,
        },
    }


def test_the_table_is_written_between_its_marks_from_what_is_stored(tmp_path: Path) -> None:
    results = tmp_path / "results"
    results.mkdir()
    for name, row in {
        "b": contestant("second", 2, 0.25),
        "a": contestant("first", 1, 0.75),
    }.items():
        (results / f"{name}.json").write_text(json.dumps(row))
    (results / "recitation.json").write_text("{}")
    card = tmp_path / "card.md"
    card.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    write_table(card, results)
    text = card.read_text()
    assert text.startswith(f"before\n{BEGIN}\n")
    assert text.endswith(f"{END}\nafter\n")
    assert "old" not in text
    assert text.index("first") < text.index("second")
    assert "0.75 (0.10–0.90)" in text
    assert table(read_all(results)) in text
    card.write_text("no marks")
    with pytest.raises(ValueError, match="marks"):
        write_table(card, results)


def test_the_table_says_how_each_was_trained() -> None:
    row = contestant("first", 1, 0.75)
    assert "| 20 min |" in table([row])
    row |= {"tokens": 5_540_000, "learning_rate": 0.0012, "learning_rates": {"0.0012": 1.5}}
    assert "| 20 min, 5.5 M tokens, rate 0.0012 |" in table([row])
    row["learning_rates"]["0.0024"] = 1.75
    assert "| 20 min, 5.5 M tokens, rate 0.0012, best of 2 |" in table([row])


def test_figures_are_kept_as_they_were_measured(tmp_path: Path) -> None:
    path = keep("x", {"a": 0.123456789}, tmp_path / "results")
    assert json.loads(path.read_text()) == {"a": 0.123456789}


def at_rates(bits: float, **rates: float) -> dict[str, Any]:
    step = {"trained": "20 min", "parameters": 9, "window": 64, "batch_tokens": 2048}
    return {**step, "bits_per_byte": {"all": bits}, "learning_rates": rates}


@pytest.mark.parametrize(("bits", "best"), [(1.25, 1.25), (1.75, 1.5)])
def test_figures_at_other_rates_are_joined_and_the_best_is_kept(
    bits: float, best: float, tmp_path: Path
) -> None:
    keep("x", at_rates(1.5, **{"0.0024": 1.5, "0.01": 2.0}), tmp_path)
    joined = join("x", at_rates(bits, **{"0.0048": bits}), tmp_path)
    assert joined == at_rates(best, **{"0.0024": 1.5, "0.0048": bits, "0.01": 2.0})
    assert list(joined["learning_rates"]) == ["0.0024", "0.0048", "0.01"]


@pytest.mark.parametrize(
    ("change", "said"),
    [({"window": 32}, "window"), ({"learning_rates": {"0.0024": 1.0}}, "0.0024")],
)
def test_figures_that_cannot_be_compared_are_not_joined(
    change: dict[str, Any], said: str, tmp_path: Path
) -> None:
    keep("x", at_rates(1.5, **{"0.0024": 1.5}), tmp_path)
    with pytest.raises(ValueError, match=said):
        join("x", {**at_rates(1.0, **{"0.0048": 1.0}), **change}, tmp_path)


def test_the_kept_figures_are_those_of_the_rates_that_the_command_tries() -> None:
    for name, rates in RATES.items():
        kept = json.loads((RESULTS / f"{name}.json").read_text())["learning_rates"]
        assert [float(rate) for rate in kept] == sorted(rates), name


def test_the_variants_table_has_those_that_were_measured_in_their_order(tmp_path: Path) -> None:
    for name, share in (("plain", 0.5), ("weight_drop", 0.25)):
        keep(name, {**contestant(name, 0, share), "tokens": 4_000_000}, tmp_path / "variants")
    log = tmp_path / "log.md"
    log.write_text(f"{BEGIN}\n{END}\n")
    write_variants(log, tmp_path / "variants")
    rows = log.read_text().splitlines()[3:-1]
    assert rows == [
        "| plain | – | 2.0 M | 4.0 M | 1.500 | 0.50 | 0.50 | 0.50 |",
        "| weight_drop | weight_drop 0.2 | 2.0 M | 4.0 M | 1.500 | 0.25 | 0.25 | 0.25 |",
    ]


def test_every_variant_is_a_change_that_training_knows() -> None:
    small = SMALL.changed({"embedding_dim": 128, "hidden_size": 256})  # the shape that is varied
    for name, changes in VARIANTS.items():
        changed = small.changed(changes)
        assert bool(changes) == (changed != small), name


def test_the_chart_shows_each_contestant_and_is_the_same_for_the_same_figures(
    tmp_path: Path,
) -> None:
    rows = [contestant("first", 1, 0.75), {**contestant("second", 2, 0.25), "recall": None}]
    draw(rows, tmp_path / "a.svg")
    draw(rows, tmp_path / "b.svg")
    text = (tmp_path / "a.svg").read_text()
    assert text == (tmp_path / "b.svg").read_text()
    assert text.count(">first<") == 2  # its bar, and its line
    assert text.count(">second<") == 1


def test_what_begins_with_nothing_is_of_the_checkpoints_own_size(
    tokenizer: Tokenizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    shape = ModelConfig(tokenizer.vocab_size, 12, 20, 2)
    checkpoint = Checkpoint(LanguageModel(shape), tokenizer, {}, "", Path())
    trained = {}

    def cell(settings, tokenizer, sources, seconds, n, rates):
        trained["model"] = new_model(settings, tokenizer.vocab_size)
        trained["scratch"] = rates
        return {"seconds": seconds}

    def transformer(size, settings, tokenizer, sources, seconds, n, rates):
        trained["size"] = size
        trained["transformer"] = rates
        return {"seconds": seconds}

    monkeypatch.setattr(baselines, "cell", cell)
    monkeypatch.setattr(baselines, "transformer", transformer)
    rows = [measure(what, checkpoint, [], 90, 5) for what in ("scratch", "transformer")]
    assert [row["seconds"] for row in rows] == [90, 90]
    assert {row["trained"] for row in rows} == {"1.5 min"}
    assert trained["model"].config == checkpoint.model.config
    assert trained["size"] == baselines.parameters_of(checkpoint.model)
    assert all(trained[name] == RATES[name] for name in ("scratch", "transformer"))
    assert len(RATES["transformer"]) == 4


@pytest.mark.parametrize("kind", ["cell", "transformer"])
def test_of_several_rates_the_one_of_fewest_bits_is_kept(
    kind: str, tokenizer: Tokenizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def spoil(model, settings, *rest):
        """The farther from 0.02 the rate, the worse the model."""
        with torch.no_grad():
            far = abs(settings.optimisation.learning_rate - 0.02)
            model.get_parameter("head.bias" if kind == "cell" else "bias")[0] += 1000 * far
        return Trained(3, 30, 1.0, 0.5)

    monkeypatch.setattr(baselines, "train_within", spoil)
    sources, rates = [Source("talk", [TALK], [TALK])], (0.01, 0.02, 0.04)
    rest = (SMALL, tokenizer, sources, 1.0, 2, rates)
    found = baselines.cell(*rest) if kind == "cell" else baselines.transformer(9, *rest)
    tried = found["learning_rates"]
    assert list(tried) == ["0.01", "0.02", "0.04"]
    assert found["learning_rate"] == 0.02
    assert found["bits_per_byte"]["all"] == tried["0.02"] < tried["0.01"] < tried["0.04"]
    assert found["window"] == (
        SMALL.optimisation.window if kind == "cell" else SMALL.corpora.max_dialogue
    )
    assert found["steps"] == 3


def test_the_small_ones_are_all_of_one_size_and_each_meets_its_rates(
    tokenizer: Tokenizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkpoint = Checkpoint(LanguageModel(ModelConfig(8192, 12, 20, 2)), tokenizer, {}, "", Path())
    met = {}

    def cell(settings, tokenizer, sources, seconds, n, rates):
        met[settings.model.cell] = (parameters_of(new_model(settings, 8192)), rates)
        return {}

    def transformer(size, settings, tokenizer, sources, seconds, n, rates):
        met["transformer"] = (parameters_of(Transformer(8192, *shape_for(size, 8192))), rates)
        return {}

    monkeypatch.setattr(baselines, "cell", cell)
    monkeypatch.setattr(baselines, "transformer", transformer)
    for name in (*SMALL_CELLS, "transformer"):
        measure(f"small-{name}", checkpoint, [], 1200, 2)
    given = {name: rates for name, rates in RATES.items() if name.startswith("small-")}
    assert {f"small-{name}": rates for name, (_, rates) in met.items()} == given
    for size, _ in met.values():
        assert size == pytest.approx(2_000_000, rel=0.05)
    measure("small-lstm", checkpoint, [], 1200, 2, [0.5])
    assert met["lstm"][1] == [0.5]


def test_variants_are_the_small_lstm_with_one_change_and_the_same_step(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bundled: Any = SimpleNamespace(vocab_size=8192)
    checkpoint = Checkpoint(LanguageModel(ModelConfig(8192, 12, 20, 2)), bundled, {}, "", Path())
    met = {}

    def cell(settings, tokenizer, sources, seconds, n, rates):
        size = parameters_of(new_model(settings, tokenizer.vocab_size))
        met[settings] = (size, rates, tokenizer)
        return {}

    def learn_tokenizer(settings, sources):
        return SimpleNamespace(vocab_size=settings.model.vocab_size)

    monkeypatch.setattr(baselines, "cell", cell)
    monkeypatch.setattr(main, "learn_tokenizer", learn_tokenizer)
    for name, changes in VARIANTS.items():
        assert measure(f"variant-{name}", checkpoint, [], 1200, 2)["title"] == name
        step, (size, rates, tokenizer) = list(met.items())[-1]
        assert {**CELL_STEP, **changes}.items() <= step.to_dict().items()
        assert rates == VARIANT_RATES
        assert (tokenizer is bundled) == (name != "fewer_pieces")
        if not name.startswith("hidden_"):  # these alone are meant to differ in size
            assert size == pytest.approx(2_000_000, rel=0.05), name
    assert len(met) == len(VARIANTS)


def test_a_variant_of_fewer_pieces_learns_them_from_the_same_sources() -> None:
    sources = [Source("talk", [TALK] * 9, [TALK])]
    own = learn_tokenizer(SMALL.changed({"vocab_size": 300}), sources)
    assert own.vocab_size <= 300
    assert own.decode(own.encode("hello there")) == "hello there"
    assert len(own.encode("hello there")) < len("hello there")


def test_no_two_contestants_look_alike() -> None:
    assert len(set(COLOURS)) == len(COLOURS) == len(set(MARKERS)) >= len(read_all())
