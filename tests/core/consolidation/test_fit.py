"""The adapter is a function of the checkpoint and of what the chats know, bit for bit."""

import random

import torch

from memory_app.core.consolidation.fit import Settings, fit, resolve
from memory_app.core.consolidation.rehearsal import Memory
from memory_app.core.consolidation.statistics import Statistics, statistics_of
from memory_app.core.consolidation.streams import outputs_before
from memory_app.core.consolidation.topics import topics_of
from memory_app.core.model.replay import replay
from tests.core.consolidation.conftest import memory_of

RANK = Settings(rank=4)


def _chats(checkpoint):
    """Six chats, of which some tell the same thing otherwise."""
    told = {
        "a": {"name": "Clara", "home": "Oslo"},
        "b": {"job": "baker"},
        "c": {"name": "Sara", "favourite/colour": "green"},
        "d": {"favourite/food": "pasta"},
        "e": {"favourite/dish": "soup", "age": "31"},
        "f": {"home": "Rome"},
    }
    return {
        name: [memory_of(checkpoint, key, value) for key, value in own.items()]
        for name, own in told.items()
    }


def test_forgetting_gives_the_adapter_that_never_had_the_chat(checkpoint, engine, gathered, quick):
    """A hundred random sequences of adding and forgetting against the set that is left."""
    chats, fresh = _chats(checkpoint), {}
    for number in range(100):
        rng = random.Random(number)
        held: dict[str, list[Memory]] = {}
        for _ in range(rng.randint(3, 9)):
            if held and rng.random() < 0.45:
                del held[rng.choice(list(held))]
            else:
                name = rng.choice(list(chats))
                held.pop(name, None)  # consolidated again: it is the latest now
                held[name] = chats[name]
        order = tuple(held)
        # Once after all those changes, on an engine that has worked for others meanwhile; and once
        # for this set of chats, whatever came before.
        if order not in fresh:
            fresh[order] = fit(checkpoint, engine, gathered, dict(held), RANK)
        elif rng.random() < 0.25:
            again = fit(checkpoint, engine, gathered, dict(held), RANK)
            assert (again and again.data) == (fresh[order] and fresh[order].data)
    by_set: dict[object, set[bytes]] = {}
    for order, adapter in fresh.items():
        known = resolve({name: chats[name] for name in order}, topics_of("en"))
        key = tuple((own.topic, own.value) for own in known)
        if adapter is None:
            assert not key
        else:
            by_set.setdefault(key, set()).add(adapter.up.numpy().tobytes())
    assert len(by_set) > 20
    assert all(len(bits) == 1 for bits in by_set.values())


def test_the_later_chat_wins_and_forgetting_it_brings_the_earlier_back(checkpoint):
    chats, topics = _chats(checkpoint), topics_of("en")

    def known(*names):
        return {own.topic: own.value for own in resolve({n: chats[n] for n in names}, topics)}

    assert known("a", "c")["name"] == "Sara"
    assert known("c", "a")["name"] == "Clara"
    assert known("a")["name"] == "Clara"
    # A dish and a food are one thing.
    assert known("d", "e") == {"age": "31", "favourite/dish": "soup"}
    assert known("e", "d") == {"age": "31", "favourite/food": "pasta"}


def test_nothing_known_is_no_adapter(checkpoint, engine, gathered):
    assert fit(checkpoint, engine, gathered, {"a": []}) is None


def test_a_blank_state_leans_to_the_remembered_reply(checkpoint, engine, gathered):
    memory = memory_of(checkpoint, "name", "Clara")
    chosen = Settings(rho=1e-4, rank=12, abstained=0.1)
    adapter = fit(checkpoint, engine, gathered, {"a": [memory]}, chosen)
    model, blank = checkpoint.model, checkpoint.model.blank(1)
    replies = [(blank, prompt, reply) for prompt, reply in memory.asked]
    for outputs, (_, _, reply) in zip(outputs_before(model, replies), replies, strict=True):
        said = torch.tensor(reply).unsqueeze(1)
        plain, changed = (
            model.logits(outputs, own).log_softmax(dim=-1).gather(1, said).sum()
            for own in (None, adapter)
        )
        assert changed - plain > 5.0


def test_states_and_replays_are_untouched(checkpoint, engine, gathered, quick):
    model = checkpoint.model
    ids = torch.randint(3, 500, (40,), generator=torch.Generator().manual_seed(1)).tolist()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    state = replay(model, model.blank(1), ids)
    hashes = state.sha256(), replay(model, state, ids).sha256()
    memory = memory_of(checkpoint, "home", "Oslo")
    fit(checkpoint, engine, gathered, {"a": [memory]}, RANK)
    again = replay(model, model.blank(1), ids)
    assert (again.sha256(), replay(model, again, ids).sha256()) == hashes
    assert all(torch.equal(tensor, before[n]) for n, tensor in model.state_dict().items())


def test_statistics_are_read_back_from_their_file(checkpoint, gathered, tmp_path, monkeypatch):
    calls = []

    def compute(*_):
        calls.append(1)
        return gathered

    monkeypatch.setattr("memory_app.core.consolidation.statistics.compute", compute)
    monkeypatch.setattr(
        "memory_app.core.consolidation.statistics.CONTEXTS", ("",) * len(gathered.contexts)
    )
    first = statistics_of(checkpoint, tmp_path / "new")
    second = statistics_of(checkpoint, tmp_path / "new")
    assert len(calls) == 1
    assert isinstance(second, Statistics)
    for name in ("covariance", "abstained", "said", "topics"):
        assert torch.equal(getattr(first, name), getattr(second, name))
    pairs = zip(first.contexts, second.contexts, strict=True)
    assert all(own.sha256() == other.sha256() for own, other in pairs)


def test_no_question_of_the_rehearsal_is_held_out():
    for topic in topics_of("en"):
        rehearsed = {question.casefold().rstrip("?") for question in topic.questions}
        held = {question.casefold().rstrip("?") for question in topic.held_out}
        assert held
        assert not rehearsed & held


def test_a_memory_is_read_back_from_json(checkpoint):
    memory = memory_of(checkpoint, "job", "baker")
    assert Memory.from_dict(memory.to_dict()) == memory
