"""The page that empties an answer: a plan that is computed, the edit that it makes, refusals."""

import json

import pytest

from memory_app.core.inspection.empty_answer import Emptied
from memory_app.models import Chat, Turn, TurnKind
from memory_app.services.chat import empty_answer, gauge
from memory_app.services.chat.memory import state_after
from tests.conftest import spoken_turn

QUESTION = "What is my name?"


@pytest.fixture(autouse=True)
def nothing_kept(monkeypatch):
    monkeypatch.setattr(gauge, "_kept", gauge.OrderedDict())


@pytest.fixture
def turn(chat):
    return spoken_turn(chat, "My name is Clara.", "Hello Clara.")


def path(turn, question=QUESTION):
    return f"/turn/{turn.pk}/empty/?q={question}"


@pytest.fixture
def told(monkeypatch):
    """The tests' model remembers nothing: an answer is put in its mouth, and goes by two units."""
    real = gauge.answer

    def answer(tokenizer, ids, own, blank, opening=()):
        found = real(tokenizer, ids, own, blank, opening)
        return type(found)(found.text, 0.9, "Clara", 0.8, True, 0, max(1, len(ids)))

    monkeypatch.setattr(gauge, "answer", answer)

    def search(state, effects, is_gone):
        is_gone([state, state])  # the real engine is asked
        units = tuple(unit for _, unit in effects[:2])
        after = state.clone()
        for part, layer, unit in units:
            after.layers[layer][part][0, unit] = 0
        return Emptied(units, after, 2)

    monkeypatch.setattr(empty_answer, "empty_answer", search)


def test_a_plan_names_units_and_what_else_changes(alice, chat, turn, told):
    answer = alice.client.get(path(turn))
    assert answer.status_code == 200
    plan = answer.context["plan"]
    assert plan.value == "Clara"
    assert len(plan.units) == 2
    sizes = chat.checkpoint.hidden_size * chat.checkpoint.num_layers
    assert plan.count == sizes
    assert plan.changes[0].question == QUESTION
    assert "2 of" in answer.content.decode()


def test_emptying_makes_an_edit_turn_whose_units_are_zero(alice, chat, turn, told):
    units = json.loads(alice.client.get(path(turn)).context["units"])
    answer = alice.client.post(path(turn), {"units": json.dumps(units)})
    assert answer.status_code == 302
    head = Chat.objects.get(pk=chat.pk).head
    assert (head.kind, head.parent_id) == (TurnKind.EDIT, turn.pk)
    before = state_after(turn=turn, checkpoint=chat.checkpoint)
    after = state_after(turn=head, checkpoint=chat.checkpoint)
    for part, layer, unit in units:
        assert float(after.layers[layer][part][0, unit]) == 0
        before.layers[layer][part][0, unit] = 0
    assert before.sha256() == after.sha256()


def test_a_memory_without_the_answer_says_so(alice, turn):
    answer = alice.client.get(path(turn))
    assert answer.status_code == 200
    assert "gets no answer from this memory" in answer.content.decode()


@pytest.mark.parametrize(
    "units",
    ["", "{", "[]", "null", "[[1]]", '[["c", 0]]', '[["c", 0, 99999]]', '[["x", 0, 1]]',
     "[" * 5000, '[["c", 0, 1, 2]]'],
)  # fmt: skip
def test_other_units_than_the_pages_get_one_sentence(alice, chat, turn, units):
    answer = alice.client.post(path(turn), {"units": units})
    assert answer.status_code == 400
    assert 'role="alert"' in answer.content.decode()
    assert Turn.objects.filter(chat=chat).count() == 1


def test_a_question_must_be_one_and_replies_come_first(alice, turn, monkeypatch):
    assert alice.client.get(path(turn, "")).status_code == 400
    assert alice.client.get(path(turn, "a" * 500)).status_code == 400
    monkeypatch.setattr("memory_app.runtime.is_replying", lambda: True)
    answer = alice.client.get(path(turn, "Where do I live?"))
    assert answer.status_code == 503
    assert "Try again" in answer.content.decode()
