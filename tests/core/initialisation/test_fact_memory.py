"""A place for each kind of fact: values are found, gates fitted, and a told word comes back."""

import random
from pathlib import Path

import pytest
import torch

from memory_app.core.facts import generate_dialogue, slots_of
from memory_app.core.facts.distractors import identity_exchanges
from memory_app.core.initialisation import fact_memory
from memory_app.core.initialisation.fact_memory import (
    BANKS,
    BankError,
    Marked,
    mark,
    observe,
    open_fact_banks,
)
from memory_app.core.initialisation.fit_gates import fit
from memory_app.core.initialisation.from_checkpoint import take_over
from memory_app.core.model.config import ModelConfig
from memory_app.core.model.model import LanguageModel
from memory_app.core.tasks import CHAT
from memory_app.core.training.run import run
from tests.core.training.test_trainer import SMALL, SOURCE, TOKENIZER, Curve

pytestmark = pytest.mark.slow

WIDTH, HIDDEN, UNITS = 24, 32, 12
WIDE = HIDDEN + len(BANKS) * UNITS


def dialogues(count: int):
    rng = random.Random(4)
    return [
        generate_dialogue(rng, fillers=identity_exchanges, max_gap=2, scope="wide", loose=0.3)
        for _ in range(count)
    ]


def text_of(marked: Marked, banks: torch.Tensor, bank: int, shift: int = 0) -> str:
    """What the tokens that are marked with this bank say, `shift` further on."""
    places = (banks == bank).nonzero()[:, 0] + shift
    return TOKENIZER.decode(marked.ids[places].tolist())


def test_each_kind_of_fact_has_one_bank() -> None:
    keys = [key for keys in BANKS for key in keys]
    assert sorted(keys) == sorted(slot.key for slot in slots_of("wide"))


def test_told_and_said_values_are_marked_and_nothing_else() -> None:
    found = 0
    for dialogue in dialogues(60):
        marked = mark(TOKENIZER, dialogue, limit=10_000)
        assert len({len(column) for column in (marked.ids, marked.told, marked.begins)}) == 1
        for bank, keys in enumerate(BANKS):
            values = [value for _, key, value in dialogue.mentions if key in keys]
            told = text_of(marked, marked.told, bank).lower().split()
            said = text_of(marked, marked.said, bank, shift=1).lower().split()
            words = {word for value in values for word in value.lower().split()}
            # What stands right beside a value may share a piece with it ("Clara's").
            assert all(any(word in piece for word in words) for piece in told + said)
            found += len(told)
        assert ((marked.told >= 0) | (marked.begins < 0)).all()
    assert found > 60


def test_a_told_value_begins_once() -> None:
    dialogue = next(d for d in dialogues(40) if d.mentions)
    turn, _, value = dialogue.mentions[0]
    assert value.lower() in dialogue.turns[turn][1].lower()
    marked = mark(TOKENIZER, dialogue)
    mentions = {(t, value) for t, _, value in dialogue.mentions if t % 2 == 0}
    assert 0 < int((marked.begins >= 0).sum()) <= len(mentions)


def model_of(hidden: int, layers: int = 2, cell: str = "lstm") -> LanguageModel:
    torch.manual_seed(3)
    config = ModelConfig(TOKENIZER.vocab_size, WIDTH, hidden, layers, cell)
    return LanguageModel(config).eval()


@pytest.mark.parametrize("layers", [2, 3])
def test_what_the_last_layer_hears_is_what_steps_show(layers: int) -> None:
    model = model_of(HIDDEN, layers)
    marked = [mark(TOKENIZER, dialogue) for dialogue in dialogues(3)]
    observed = observe(model, marked, every=1, rows=2)
    slow = []
    for dialogue in sorted(marked, key=lambda d: len(d.ids)):
        state = model.blank(1)
        for token in dialogue.ids:
            before = state.part("h")[-1]
            state = model.step(token[None], state).state
            slow.append(torch.cat([state.part("h")[-2], before], 1))
    torch.testing.assert_close(observed.heard, torch.cat(slow), atol=1e-5, rtol=0)
    assert observed.ids.tolist() == [
        t for d in sorted(marked, key=lambda d: len(d.ids)) for t in d.ids.tolist()
    ]


def test_sparing_what_is_looked_at_keeps_every_value() -> None:
    model = model_of(HIDDEN)
    marked = [mark(TOKENIZER, dialogue) for dialogue in dialogues(6)]
    whole, spared = observe(model, marked, every=1), observe(model, marked, every=10)
    for name in ("told", "begins", "said"):
        counts = [torch.bincount(getattr(o, name)[getattr(o, name) >= 0]) for o in (whole, spared)]
        assert counts[0].tolist() == counts[1].tolist()
    assert len(spared.ids) < len(whole.ids) / 3
    assert float(spared.weights.sum()) == pytest.approx(len(whole.ids), rel=0.1)


def test_a_gate_finds_what_it_is_shown() -> None:
    model = model_of(HIDDEN)
    with torch.no_grad():
        model.embedding.weight.normal_()
        for weight in model.lstm.parameters():
            weight *= 6  # what a layer says is faint before it has learned anything
    observed = observe(model, [mark(TOKENIZER, d) for d in dialogues(90)], every=1)
    # What the layer below has just read is in what it says: that is there to be found.
    wanted = torch.tensor([TOKENIZER.user_id, TOKENIZER.bot_id])
    for marks in (observed.ids == wanted[0], observed.ids == wanted[1]):
        coefficients, intercepts = fit(observed.heard, marks[:, None], observed.weights, 6.0)
        sure = (observed.heard @ coefficients.T + intercepts > 0)[:, 0]
        assert int((sure & marks).sum()) > 0.95 * int(marks.sum())
        assert int((sure & ~marks).sum()) < 0.05 * int(marks.sum())


def test_a_word_written_into_a_bank_is_said_when_the_bank_is_read() -> None:
    torch.manual_seed(2)
    parent = model_of(HIDDEN)
    with torch.no_grad():
        # A parent whose lower layer still knows the word it has just read.
        parent.embedding.weight.normal_()
        parent.projection.weight.zero_()
    every = torch.arange(TOKENIZER.vocab_size).repeat(3)[torch.randperm(3 * TOKENIZER.vocab_size)]
    nothing = torch.full_like(every, -1)
    observed = observe(parent, [Marked(every, nothing, nothing, nothing)], every=1)
    model = model_of(WIDE)
    take_over(model, TOKENIZER, type("Parent", (), {"model": parent, "tokenizer": TOKENIZER})())
    with torch.no_grad():
        model.projection.weight.zero_()
    open_fact_banks(model, parent, observed, UNITS)
    weights = [getattr(model.lstm, f"{name}_l1") for name in ("weight_ih", "weight_hh", "bias_ih")]
    kept = 0
    words = range(0, TOKENIZER.vocab_size, 5)
    for bank in range(len(BANKS)):
        rows = slice(HIDDEN + bank * UNITS, HIDDEN + (bank + 1) * UNITS)

        def gate(number: int, logit: float, rows: slice = rows) -> None:
            with torch.no_grad():
                for tensor in weights[:2]:
                    tensor.chunk(4)[number][rows] = 0
                weights[2].chunk(4)[number][rows] = logit

        for word in words:
            gate(0, 9)
            gate(1, 9)
            gate(3, -12)
            with torch.no_grad():
                _, state = model(torch.tensor([[word]]))
                gate(0, -12)
                _, state = model(torch.tensor([[1, 2, 3]]), state)
                gate(3, 9)
                logits, _ = model(torch.tensor([[4]]), state)
            kept += int(logits[0, -1].topk(5).indices.eq(word).any())
    assert kept > 0.5 * len(words) * len(BANKS)


def test_a_flag_shows_whether_anything_was_written() -> None:
    torch.manual_seed(2)
    parent, model = model_of(HIDDEN), model_of(WIDE)
    observed = observe(parent, [mark(TOKENIZER, d) for d in dialogues(4)])
    open_fact_banks(model, parent, observed, UNITS)
    flags = [HIDDEN + (bank + 1) * UNITS - 1 for bank in range(len(BANKS))]
    with torch.no_grad():
        for writing, shown in ((-20.0, 0.0), (20.0, 0.9)):
            for weight, logit in ((model.lstm.weight_ih_l1, 0.0), (model.lstm.bias_ih_l1, writing)):
                weight.chunk(4)[0][flags] = logit
            _, state = model(torch.tensor([[5, 6, 7]]))
            seen = state.part("h")[-1, 0, flags]
            assert bool((seen.abs() < 0.01).all() if not shown else (seen > 0.6).all())


def test_banks_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    parent = model_of(HIDDEN)
    observed = observe(parent, [mark(TOKENIZER, d) for d in dialogues(2)])
    with pytest.raises(BankError, match=f"hidden_size to be {WIDE}"):
        open_fact_banks(model_of(WIDE + 1), parent, observed, UNITS)
    with pytest.raises(BankError, match="two or more layers"):
        observe(model_of(HIDDEN, 1), [])
    with pytest.raises(BankError, match="to start from"):
        run(CHAT, SMALL.changed({"num_layers": 2, "bank_units": 2}), [SOURCE], tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_run_begins_with_banks_and_resumes_as_if_never_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("memory_app.core.training.run.DIALOGUES", 12)
    two = SMALL.changed({"num_layers": 2, "steps": 6, "dropout": 0.0})
    first = run(CHAT, two, [SOURCE], tmp_path / "parent", dtype=torch.float32)
    wide = two.changed(
        {"hidden_size": SMALL.model.hidden_size + len(BANKS) * 4, "bank_units": 4, "steps": 40}
    )
    whole, part = Curve(), Curve(stop_at=5)
    run(CHAT, wide, [SOURCE], tmp_path / "whole", [whole], start_from=first.checkpoint)
    run(CHAT, wide, [SOURCE], tmp_path / "part", [part], start_from=first.checkpoint)
    monkeypatch.setattr(fact_memory, "fit", None)  # what is fitted once isn't fitted again
    rest = Curve()
    run(CHAT, wide, [SOURCE], tmp_path / "part", [rest], start_from=first.checkpoint, resume=True)
    assert {**part.losses, **rest.losses} == whole.losses
