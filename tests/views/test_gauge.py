"""What the memory would say, along the branch: the answers of the model itself, or skipped."""

import math
from uuid import uuid4

import pytest
import torch
from asgiref.sync import sync_to_async

from memory_app import registry, runtime, services
from memory_app.core.evaluation.decode_greedy import greedy_ids
from memory_app.core.inspection.gauge import Answer, product
from memory_app.models import Chat, Turn
from memory_app.services.chat import gauge
from tests.conftest import Player, make_checkpoint, spoken_turn

NAME = "What is my name?"


@pytest.fixture(autouse=True)
def _nothing_is_kept_from_other_tests():
    gauge._kept.clear()


@pytest.fixture
def say(chat):
    return lambda user, reply: spoken_turn(chat, user, reply)


def ask(player: Player, chat, status=200, **query):
    answer = player.client.get(f"/chat/{chat.pk}/gauge.json", query)
    assert answer.status_code == status, answer.content
    return answer.json()


def test_every_turn_of_the_branch_answers_the_checkpoints_questions(alice, chat, say, model):
    turns = [say("My name is Clara.", "Nice"), say("I live in Lima.", "I see")]
    found = ask(alice, chat)
    assert found["head"] == str(turns[1].pk)
    assert found["labels"] == ["name", "home", "work", "age", "food", "colour"]
    assert [row["turn"] for row in found["turns"]] == [str(turn.pk) for turn in turns]
    ids: list[int] = []
    for turn, row in zip(turns, found["turns"], strict=True):
        ids += model.tokenizer.turn_ids(turn.user_token_ids, turn.reply_token_ids)
        assert [answer["question"] for answer in row["answers"]] == found["questions"]
        for answer in row["answers"]:
            prompt = model.tokenizer.prompt_ids(model.tokenizer.encode(answer["question"]))
            (reply,) = greedy_ids(model.model, model.tokenizer, [ids + prompt], max_tokens=20)
            assert answer["answer"].startswith(model.tokenizer.decode(reply[:4]))
            assert 0 <= answer["probability"] <= 1
            assert answer["told"] is bool(answer["value"])
    assert "course" not in found


async def test_an_answer_is_what_the_model_then_answers_greedily(alice, chat, open_socket):
    socket = await open_socket(alice, chat)
    await socket.say("My name is Clara.")
    for question in (NAME, "Where do I live?"):
        said = await sync_to_async(ask)(alice, chat, q=question)
        (answer,) = said["turns"][-1]["answers"]
        frames = await socket.say(question, temperature=0, max_tokens=200)
        assert frames[-1]["reply_text"] == answer["answer"]
        logprobs = [frame["logprob"] for frame in frames if frame["type"] == "turn.token"]
        # The engine's probabilities are rounded.
        assert math.log(max(answer["probability"], 1e-6)) == pytest.approx(
            max(sum(logprobs), math.log(1e-6)), abs=1
        )


def test_a_stranger_asks_nothing(alice, bob, charlie, chat, say):
    say("One", "a")
    for player in (bob, charlie):
        assert player.client.get(f"/chat/{chat.pk}/gauge.json").status_code == 404


def test_own_questions_replace_the_checkpoints(alice, chat, say):
    say("One", "a")
    found = ask(alice, chat, q=["Who am I?", NAME])
    assert found["questions"] == ["Who am I?", NAME]
    assert found["labels"] == ["", "name"]
    assert len(found["turns"][0]["answers"]) == 2
    assert len(ask(alice, chat, q=["a"] * 8)["turns"][0]["answers"]) == 8


@pytest.mark.parametrize(
    "query",
    [{"q": ["a"] * 9}, {"q": ""}, {"q": " "}, {"q": "x" * 201}, {"q": "a\0b"}, {"last": "0"},
     {"last": "-1"}, {"last": "x"}, {"course": "49"}, {"course": "0"}, {"last": "9" * 30}],
)  # fmt: skip
def test_what_cannot_be_asked_is_refused_in_one_sentence(alice, chat, say, query):
    say("One", "a")
    sentence = ask(alice, chat, 400, **query)["error"]
    assert sentence.endswith(".")
    assert sentence.count(". ") == 0


def test_only_what_came_after_a_turn_is_sent_where_one_is_named(alice, chat, say):
    turns = [say(text, "a") for text in ("One", "Two", "Three")]
    rest = ask(alice, chat, after=str(turns[0].pk))
    assert [row["turn"] for row in rest["turns"]] == [str(turn.pk) for turn in turns[1:]]
    assert rest["after"] == str(turns[0].pk)
    newest = ask(alice, chat, last=1)
    assert [row["turn"] for row in newest["turns"]] == [str(turns[2].pk)]
    assert ask(alice, chat, after=str(turns[2].pk))["turns"] == []
    assert len(ask(alice, chat, after=str(uuid4()))["turns"]) == 3


def test_a_blank_memory_has_questions_and_no_answers(alice, chat, say):
    say("One", "a")
    services.head_move(chat=chat, turn=None)
    found = ask(alice, chat, course=24)
    assert found["head"] is None
    assert found["turns"] == []
    assert found["course"] == {"first": 1, "turns": [], "values": [[]] * 6}


def test_an_opened_chat_without_a_turn_answers_too(alice, checkpoint):
    location = alice.client.post("/chat/")["Location"]
    assert alice.client.get(f"{location}gauge.json").json()["turns"] == []


def test_the_course_has_the_probability_of_each_value_after_each_turn(
    alice, chat, say, model, monkeypatch
):
    # A random model remembers nothing: here the first two pieces are every reply's value.
    def first_two(tokenizer, ids, own, blank, opening):
        return Answer("", 0.0, f"{own[0]:.6f}", product(own[:2]), True, 0, 2)

    monkeypatch.setattr(gauge, "answer", first_two)
    turns = [say(text, "a") for text in ("My name is Clara.", "I live in Lima.", "I have a cat.")]
    course = ask(alice, chat, q=NAME, course=2)["course"]
    assert course["first"] == 2
    assert course["turns"] == [str(turn.pk) for turn in turns[1:]]
    (values,) = course["values"]
    assert len(values) == 2
    prompt = model.tokenizer.prompt_ids(model.tokenizer.encode(NAME))
    states = [services.state_after(turn=turn, checkpoint=chat.checkpoint) for turn in turns[1:]]
    for value, origin in zip(values, turns[1:], strict=True):
        key = ("reply", chat.checkpoint.sha256, origin.state_sha256, NAME)
        pieces = list(gauge._kept[key][:2])
        for state, p in zip(states, value["probabilities"], strict=True):
            with torch.no_grad():
                logits, _ = model.model(torch.tensor([prompt + pieces]), state)
            slow = logits[0].softmax(-1)[[-3, -2], pieces]
            assert p == pytest.approx(float(slow.prod()), rel=1e-3, abs=1e-6)


def test_another_wording_of_a_value_is_no_other_value(alice, chat, say, monkeypatch):
    said = iter(["41", "41 years", "41", "42"])
    given: dict[tuple, str] = {}

    def in_order(tokenizer, ids, own, blank, opening):
        value = given[tuple(own)] = given.get(tuple(own)) or next(said)
        return Answer("", 0.0, value, product(own[:2]), True, 0, 2)

    monkeypatch.setattr(gauge, "answer", in_order)
    for text in ("I am 41.", "I like tea.", "I like music.", "I am 42."):
        say(text, "a")
    (values,) = ask(alice, chat, q=NAME, course=24)["course"]["values"]
    assert [(value["value"], value["wordings"]) for value in values] == [
        ("41", ["41 years", "41"]), ("42", ["42"])
    ]  # fmt: skip
    assert all(len(value["probabilities"]) == 4 for value in values)


def test_a_damaged_state_has_no_answers_and_the_others_have_theirs(alice, chat, say):
    turns = [say(text, "a") for text in ("One", "Two")]
    Turn.objects.filter(pk=turns[0].pk).update(state=b"x", reply_token_ids=[1])
    first, second = ask(alice, chat, course=5)["turns"]
    assert first["answers"] == []
    assert len(second["answers"]) == 6


def test_it_is_skipped_under_load_unless_it_is_known(alice, chat, say, monkeypatch):
    say("One", "a")
    busy = [True]
    monkeypatch.setattr(runtime, "is_replying", lambda: busy[0])
    assert ask(alice, chat, 503) == {"skipped": True}
    assert ask(alice, chat, panel=1) == {"skipped": True}
    busy[0] = False
    found = ask(alice, chat)
    busy[0] = True
    assert ask(alice, chat) == found
    say("Two", "a")
    assert ask(alice, chat, 503) == {"skipped": True}


def test_it_stops_when_a_reply_begins_meanwhile(alice, chat, say, monkeypatch):
    say("One", "a")
    asked = iter([False, False, False, True])
    monkeypatch.setattr(runtime, "is_replying", lambda: next(asked))
    assert ask(alice, chat, 503) == {"skipped": True}


def test_two_panels_are_not_computed_at_once(alice, chat, say, monkeypatch):
    say("One", "a")
    assert gauge._working.acquire(blocking=False)
    try:
        assert ask(alice, chat, 503) == {"skipped": True}
    finally:
        gauge._working.release()
    assert ask(alice, chat)["turns"]


def test_what_is_known_is_not_computed_again(alice, chat, say, monkeypatch):
    say("One", "a")
    found = ask(alice, chat, course=24)

    def never(*_args, **_options):
        raise AssertionError("computed again")

    monkeypatch.setattr(runtime, "compute_aside", never)
    assert ask(alice, chat, course=24) == found


def test_a_real_reply_counts_as_load():
    assert runtime.is_replying() is False


def test_an_xlstm_is_asked_as_well(alice, tmp_path):
    torch.manual_seed(1)
    make_checkpoint(tmp_path / "xlstm", cell="xlstm", num_layers=3)
    row = registry.register(tmp_path / "xlstm")
    registry.promote(row)
    chat = Chat.objects.create(owner=alice.person, checkpoint=row)
    spoken_turn(chat, "My name is Clara.", "Nice")
    found = ask(alice, chat, course=24)
    assert len(found["turns"][0]["answers"]) == 6


def by_token(player: Player, turn, status=200, **query):
    answer = player.client.get(f"/turn/{turn.pk}/gauge.json", query)
    assert answer.status_code == status, answer.content
    return answer.json()


def test_token_by_token_the_values_before_and_after_a_turn(alice, chat, say, model, monkeypatch):
    def first_two(tokenizer, ids, own, blank, opening):
        return Answer("", 0.0, f"{own[0]:.6f}", product(own[:2]), True, 0, 2)

    monkeypatch.setattr(gauge, "answer", first_two)
    turns = [say("My name is Clara.", "a"), say("No, it is Ben.", "b")]
    whole = ask(alice, chat, q=NAME, course=2)["course"]["values"][0]
    found = by_token(alice, turns[1], q=NAME)
    assert found["question"] == NAME
    assert found["first"] == 0
    assert found["at"] == list(range(turns[1].tokens))
    assert [value["value"] for value in found["values"]] == [value["value"] for value in whole]
    for value, ends in zip(found["values"], whole, strict=True):
        assert len(value["probabilities"]) == turns[1].tokens
        # It begins and ends where the course of turns does.
        assert value["before"] == pytest.approx(ends["probabilities"][0], abs=1e-5)
        assert value["probabilities"][-1] == pytest.approx(ends["probabilities"][1], abs=1e-5)
    chosen = by_token(alice, turns[0])
    assert chosen["question"] in [each["question"] for each in chosen["questions"]]


def test_token_by_token_too_is_refused_and_skipped(alice, bob, chat, say, monkeypatch):
    turn = say("My name is Clara.", "a")
    assert bob.client.get(f"/turn/{turn.pk}/gauge.json").status_code == 404
    assert by_token(alice, turn, 400, q="")["error"].endswith(".")
    monkeypatch.setattr(runtime, "is_replying", lambda: True)
    assert by_token(alice, turn, 503) == {"skipped": True}
    assert by_token(alice, turn, panel=1) == {"skipped": True}
