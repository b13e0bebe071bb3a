"""Flags of what was told: marks lie where they belong, and the units do what is said of them."""

import random
from pathlib import Path

import pytest
import torch

from memory_app.core.facts import FactDialogue, generate_dialogue, slots_of
from memory_app.core.facts.dialogue_state import topic_of
from memory_app.core.facts.distractors import identity_exchanges
from memory_app.core.facts.generator import Probe
from memory_app.core.initialisation import topic_flags
from memory_app.core.initialisation.fit_gates import layer_weights
from memory_app.core.initialisation.topic_flags import (
    TOPICS,
    FlagError,
    Noted,
    listen,
    note,
    open_told_flags,
)
from memory_app.core.model.config import ModelConfig
from memory_app.core.model.model import LanguageModel
from memory_app.core.tasks import CHAT
from memory_app.core.text.tokenizer import Tokenizer
from memory_app.core.training.run import run
from tests.core.training.test_trainer import SMALL, SOURCE, TOKENIZER, Curve

pytestmark = pytest.mark.slow

HIDDEN = 3 * len(TOPICS) + 6


def dialogues(count: int) -> list[FactDialogue]:
    rng = random.Random(4)
    return [
        generate_dialogue(rng, fillers=identity_exchanges, max_gap=2, scope="wide", loose=0.3)
        for _ in range(count)
    ]


def model_of(hidden: int = HIDDEN, layers: int = 2, cell: str = "lstm") -> LanguageModel:
    torch.manual_seed(3)
    return LanguageModel(ModelConfig(TOKENIZER.vocab_size, 24, hidden, layers, cell)).eval()


def test_every_topic_of_the_core_has_a_place() -> None:
    found = {
        topic_flags._place(topic_of(slot, kind)) for slot in slots_of("core") for kind in slot.kinds
    }
    assert found == set(range(len(TOPICS)))


def test_a_message_is_marked_where_it_ends_and_a_reply_where_it_begins() -> None:
    told = recalled = unknown = 0
    for dialogue in dialogues(60):
        noted = note(TOKENIZER, dialogue, limit=10_000)
        ends = (noted.ids == TOKENIZER.end_id).nonzero()[:, 0].tolist()
        at = {(ends[turn], topic_flags._place(topic)) for turn, topic in dialogue.told}
        assert at == {tuple(place) for place in noted.told.nonzero().tolist()}
        assert all(dialogue.turns[turn][0] == "user" for turn, _ in dialogue.told)
        for marks, topics in (
            (noted.unknown, dialogue.unknown),
            (noted.recalled, dialogue.recalled),
        ):
            assert (noted.ids[marks.any(1)] == TOKENIZER.bot_id).all()
            assert len(marks.nonzero()) == len(topics)
        assert not (noted.unknown & noted.recalled).any()
        # What is asked for in vain was never told before.
        for turn, topic in dialogue.unknown:
            assert topic not in {known for before, known in dialogue.told if before < turn}
        for turn, topic in dialogue.recalled:
            assert topic in {known for before, known in dialogue.told if before < turn}
        recalled += len(dialogue.recalled)
        told, unknown = told + len(dialogue.told), unknown + len(dialogue.unknown)
    assert told > 60
    assert recalled > 60
    assert unknown > 20


def test_a_topic_beyond_the_core_is_no_mark() -> None:
    turns = [("user", "a"), ("bot", "b")]
    made = FactDialogue(turns, Probe(1, "x", "", "", "single"), told=[(0, ("fear", ""))])
    assert not note(TOKENIZER, made).told.any()


def test_units_are_set_raised_and_cleared_as_said() -> None:
    """With gates that read the word before, told and asked for in turn."""
    model = model_of()
    with torch.no_grad():
        model.embedding.weight.normal_()
        for weight in model.lstm.parameters():
            weight *= 6  # what a layer says is faint before it has learned anything
    user, bot, end = TOKENIZER.user_id, TOKENIZER.bot_id, TOKENIZER.end_id
    said, asked, other = 10, 11, 12  # pieces that tell and ask for the first topic
    rng, made = random.Random(1), []
    for _ in range(300):
        ids, told, recalled, unknown, known = [], [], [], [], False
        for _ in range(rng.randint(1, 4)):
            piece = rng.choice((said, asked, other))
            known = known or piece == said
            told += [False, False, piece == said, False, False, False]
            recalled += [False, False, False, piece == asked and known, False, False]
            unknown += [False, False, False, piece == asked and not known, False, False]
            ids += [user, piece, end, bot, other, end]
        marks = [torch.zeros(len(ids), len(TOPICS), dtype=torch.bool) for _ in range(3)]
        for mark, where in zip(marks, (told, recalled, unknown), strict=True):
            mark[:, 0] = torch.tensor(where)
        made.append(Noted(torch.tensor(ids), *marks))
    units = open_told_flags(model, TOKENIZER, listen(model, TOKENIZER, made))
    first = units[:: len(TOPICS)]

    def shown(pieces: list[int]) -> list[list[float]]:
        """[flag, alarm, assurance] at the beginning of each reply."""
        ids = [token for piece in pieces for token in (user, piece, end, bot, other, end)]
        with torch.inference_mode():
            h, _ = model.hidden(torch.tensor([ids]), None)
        return h[0, 3 : len(ids) : 6, first].tolist()

    flags, alarms, assurances = zip(*shown([asked, said, asked]), strict=True)
    assert flags[0] < 0.2 < 0.5 < min(flags[1:])
    *_, bias, other_bias = layer_weights(model, 1)
    assert ((bias + other_bias).chunk(4)[1][units[: len(TOPICS)]].sigmoid() == 1).all()
    assert alarms[0] > 0.5 > 0.2 > max(alarms[1:])
    assert assurances[2] > 0.5 > 0.2 > max(assurances[:2])
    assert max(max(row[1:]) for row in shown([other, other])) < 0.2


def test_an_alarm_speaks_for_an_opening_that_abstains() -> None:
    tokenizer = Tokenizer.train(["I am. Your am. You am. Yes am. If am. Of am."] * 9, 290)
    torch.manual_seed(3)
    model = LanguageModel(ModelConfig(tokenizer.vocab_size, 24, HIDDEN, 2, "lstm"))
    voice = topic_flags._voice(model, tokenizer)
    first = [tokenizer.encode(f"{word} am")[0] for word in ("I", "Your")]
    change = model.head.weight @ voice
    assert change[first[0]] > 0.4 > -0.4 > change[first[1]]


def test_models_without_room_are_refused(tmp_path: Path) -> None:
    noted = [note(TOKENIZER, dialogue) for dialogue in dialogues(2)]
    for model in (model_of(HIDDEN, 1), model_of(HIDDEN, 2, "tanh_rnn"), model_of(24)):
        with pytest.raises(FlagError, match="two or more layers"):
            listen(model, TOKENIZER, noted)
    small = model_of(3 * len(TOPICS) - 1)
    with pytest.raises(FlagError, match=f"to be {3 * len(TOPICS)} or more"):
        open_told_flags(small, TOKENIZER, listen(small, TOKENIZER, noted))
    with pytest.raises(FlagError, match="to start from"):
        run(CHAT, SMALL.changed({"told_flags": "on"}), [SOURCE], tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_run_begins_with_flags_and_resumes_as_if_never_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(topic_flags, "DIALOGUES", 12)
    monkeypatch.setattr(topic_flags, "ITERATIONS", 5)
    wide = SMALL.changed({"hidden_size": HIDDEN, "steps": 6, "dropout": 0.0})
    first = run(CHAT, wide, [SOURCE], tmp_path / "parent", dtype=torch.float32)
    flagged = wide.changed({"told_flags": "on", "steps": 30})
    whole, part = Curve(), Curve(stop_at=5)
    run(CHAT, flagged, [SOURCE], tmp_path / "whole", [whole], start_from=first.checkpoint)
    run(CHAT, flagged, [SOURCE], tmp_path / "part", [part], start_from=first.checkpoint)
    monkeypatch.setattr(topic_flags, "fit", None)  # what is fitted once isn't fitted again
    rest = Curve()
    run(
        CHAT, flagged, [SOURCE], tmp_path / "part", [rest], start_from=first.checkpoint, resume=True
    )
    assert {**part.losses, **rest.losses} == whole.losses
