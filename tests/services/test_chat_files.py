"""A chat leaves as a file and comes back as the same chat; any other file is one clear refusal."""

import copy
import json
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from memory_app import chat_export, registry, services
from memory_app.chat_markdown import literal
from memory_app.models import COMMITTED, Chat, Person, Turn
from memory_app.protocol import Refused
from memory_app.services.chat import import_chat
from tests.conftest import make_checkpoint


def say(chat, text, reply_ids, *, parent, status="complete", **sampling):
    """One turn under `parent`, with these ids as its reply."""
    Chat.objects.filter(pk=chat.pk).update(head=parent)
    begun = services.turn_begin(chat=chat, client_turn_id=uuid4(), text=text, sampling=sampling)
    if status not in COMMITTED:
        end = services.turn_fail if status == "failed" else services.turn_interrupt
        end(turn=begun.turn)
        return begun.turn
    return services.turn_commit(
        turn=begun.turn,
        model=begun.model,
        before=begun.before,
        reply_ids=reply_ids,
        reply_text=chat_export.spoken(begun.model.tokenizer, reply_ids),
        status=status,
    )


@pytest.fixture
def told(chat, model):
    """A chat with branches, a failed turn, a stopped one, and a head that isn't the newest."""
    ids = model.tokenizer.encode
    first = say(chat, "My name is Clara.", ids("Nice 你"), parent=None, seed=5)
    second = say(chat, "What is my name? 🙂", ids("Clara")[:-1], parent=first, status="stopped")
    say(chat, "And?", [], parent=second, status="failed")
    say(chat, "<b>Another</b>", ids("x"), parent=first, temperature=0)
    say(chat, "A second root", [], parent=None, status="length", max_tokens=1)
    Chat.objects.filter(pk=chat.pk).update(head=second, title="Clara & co")
    chat.refresh_from_db()
    return chat


@pytest.fixture
def exported(alice, told) -> dict[str, Any]:
    return alice.client.get(f"/chat/{told.pk}/export.json").json()


def upload(client: Client, data: bytes | dict[str, Any]) -> Any:
    body = data if isinstance(data, bytes) else json.dumps(data).encode()
    return client.post("/chats/import/", {"file": SimpleUploadedFile("chat.json", body)})


def tree(chat: Chat) -> list[Any]:
    """All that an import must keep, with ids named by their place."""
    turns = list(chat.turns.oldest_first())
    place: dict[Any, Any] = {turn.pk: index for index, turn in enumerate(turns)} | {None: None}
    return [
        chat.title,
        chat.checkpoint.sha256,
        place[chat.head_id],
        [
            (
                place[turn.parent_id],
                *(turn.kind, turn.status, turn.user_text, turn.reply_text),
                *(turn.user_token_ids, turn.reply_token_ids, turn.seed, turn.sampling),
                *(turn.state_sha256, turn.state, turn.machine, turn.created),
            )
            for turn in turns
        ],
    ]


def test_a_file_has_the_whole_tree_and_is_a_download(alice, told, exported):
    answer = alice.client.get(f"/chat/{told.pk}/export.json")
    assert answer["Content-Disposition"] == 'attachment; filename="clara-co.json"'
    assert answer["Content-Type"] == "application/json; charset=utf-8"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert set(exported) == {
        "format", "format_version", "chat", "title", "created", "checkpoint", "head", "turns",
    }  # fmt: skip
    listing = alice.client.get(f"/chat/{told.pk}/turns.json").json()
    # What cut a reply off follows from its ids and settings.
    for turn in listing["turns"]:
        del turn["cut_by"]
    assert exported["turns"] == listing["turns"]
    assert exported["checkpoint"] == listing["checkpoint"]
    assert len(exported["turns"]) == 5


def test_a_turn_that_runs_is_not_in_the_file(alice, told):
    services.turn_begin(chat=told, client_turn_id=uuid4(), text="More")
    assert len(alice.client.get(f"/chat/{told.pk}/export.json").json()["turns"]) == 5


@pytest.mark.parametrize(
    ("title", "name"),
    [("", "chat"), ("../../etc/passwd", "etcpasswd"), ('a"\r\nX: y', "a-x-y"), ("你好", "你好")],
)
def test_a_title_makes_no_strange_file_name(alice, told, title, name):
    Chat.objects.filter(pk=told.pk).update(title=title)
    given_name = alice.client.get(f"/chat/{told.pk}/export.json")["Content-Disposition"]
    assert given_name.startswith("attachment; filename")
    if name.isascii():
        assert given_name.endswith(f'"{name}.json"')
    assert "\n" not in given_name


def test_the_markdown_is_the_branch_of_the_head(alice, told):
    answer = alice.client.get(f"/chat/{told.pk}/export.md")
    assert answer["Content-Disposition"] == 'attachment; filename="clara-co.md"'
    assert answer["Content-Type"] == "text/markdown; charset=utf-8"
    text = answer.content.decode()
    assert text.startswith("# Clara \\& co\n")
    assert "My name is Clara." in text
    assert "Nice 你" in text
    assert "Another" not in text
    assert "2 turns on other branches are not in this file" in text


def test_another_person_gets_the_same_chat_back(told, exported, bob):
    answer = upload(bob.client, exported)
    made = Chat.objects.get(owner=bob.person)
    assert answer["Location"] == f"/chat/{made.pk}/"
    assert tree(made) == tree(told)
    assert made.pk != told.pk
    assert not set(made.turns.values_list("pk")) & set(told.turns.values_list("pk"))
    assert bob.client.get(answer["Location"]).status_code == 200
    # It goes on from there, and what is said next stands last.
    new = say(made, "Still there?", [], parent=made.head)
    assert list(made.turns.oldest_first())[-1] == new


def test_a_copy_can_be_told_from_its_original_wherever_chats_are_listed(alice, told, exported):
    copy_page = upload(alice.client, exported)["Location"]
    copy_key = copy_page.split("/")[2]
    for url in ("/chats/", "/chats/?q=clara", f"/chat/{told.pk}/"):
        entries = alice.client.get(url).content.decode().split('<li class="chat-entry"')[1:]
        marked = {
            entry.split('data-chat="')[1][:36]: "imported</span>" in entry for entry in entries
        }
        assert marked == {str(told.pk): False, copy_key: True}, url
        assert f'aria-describedby="imported-{copy_key}"' in "".join(entries)
    heads = [
        alice.client.get(url).content.decode().split('class="chat-head"')[1].split("</header>")[0]
        for url in (f"/chat/{told.pk}/", copy_page)
    ]
    assert ["imported-mark" in head for head in heads] == [False, True]


def test_a_stranger_becomes_a_guest_by_importing(exported, client):
    answer = upload(client, exported)
    assert client.get(answer["Location"]).status_code == 200


def test_the_states_are_replayed_and_never_taken_from_the_file(exported, bob, told):
    for turn in exported["turns"]:
        if turn["state_sha256"]:
            turn["state_sha256"] = "0" * 64
    replayed = services.chat_replay(data=json.dumps(exported).encode())
    assert replayed.differing == 4
    made = services.chat_import(person=bob.person, replayed=replayed)
    assert tree(made) == tree(told)


def test_times_that_are_still_to_come_keep_their_order_and_not_more(exported, bob):
    for turn, year in zip(exported["turns"], (2090, 2090, 2091, 2010, 2092), strict=True):
        turn["created"] = f"{year}-01-01T00:00:00+09:00"
    made = services.chat_import(
        person=bob.person, replayed=services.chat_replay(data=json.dumps(exported).encode())
    )
    turns = list(made.turns.oldest_first())
    assert all(turn.created <= timezone.now() for turn in turns)
    assert [turn.user_text for turn in turns] == [turn["user_text"] for turn in exported["turns"]]
    assert say(made, "Now", [], parent=made.head) == list(made.turns.oldest_first())[-1]


def test_unknown_fields_of_a_later_addition_are_left_alone(exported, bob):
    exported["colour"] = exported["turns"][0]["mood"] = "<script>"
    assert upload(bob.client, exported).status_code == 302


# ---- refusals


def at(number: int, **fields: Any) -> Any:
    return lambda file: file["turns"][number].update(fields)


def head(value: Any) -> Any:
    return lambda file: file.update(head=value)


MENDED = {
    "no format": lambda file: file.pop("format"),
    "another format": lambda file: file.update(format="chatgpt"),
    "a newer format": lambda file: file.update(format_version=2),
    "a version that is none": lambda file: file.update(format_version=True),
    "no checkpoint": lambda file: file.update(checkpoint=None),
    "a sha that is none": lambda file: file["checkpoint"].update(sha256="../../x"),
    "a checkpoint not here": lambda file: file["checkpoint"].update(sha256="a" * 64),
    "no title": lambda file: file.update(title=None),
    "no turns": lambda file: file.update(turns={}),
    "a turn that is none": lambda file: file["turns"].append([]),
    "a turn twice": lambda file: file["turns"].append(copy.deepcopy(file["turns"][-1])),
    "a circle": lambda file: file["turns"][0].update(parent=file["turns"][1]["id"]),
    "its own parent": lambda file: file["turns"][0].update(parent=file["turns"][0]["id"]),
    "a failed parent": lambda file: file["turns"][3].update(parent=file["turns"][2]["id"]),
    "an unknown parent": at(1, parent="nobody"),
    "a parent of another type": at(1, parent=7),
    "no id": at(4, id=""),
    "a long id": at(4, id="x" * 65),
    "a head elsewhere": head("nobody"),
    "a failed head": lambda file: file.update(head=file["turns"][2]["id"]),
    "a head of another type": head(["x"]),
    "a kind that is none": at(0, kind="change"),
    "held gates": at(0, hold={"freeze": [["f", 0, None, 1.0]]}),
    "running": at(2, status="running"),
    "a status that is none": at(0, status="<img>"),
    "a status of another type": at(0, status=["complete"]),
    "an empty message": at(0, user_text="", user_token_ids=[]),
    "a long message": at(0, user_text="x" * 4001),
    "NUL in a message": at(0, user_text="a\0b"),
    "half a character": at(0, user_text="\ud800"),
    "no reply text": at(0, reply_text=None),
    "another message than its ids": at(0, user_text="My name is Berta."),
    "another reply than its ids": at(0, reply_text="Nice <img src=x onerror=1>"),
    "a lone half in a reply": at(0, reply_text="\ud800"),
    "a negative id": at(0, reply_token_ids=[-1]),
    "an id beyond the vocabulary": at(0, reply_token_ids=[10**6]),
    "a huge id": at(0, reply_token_ids=[10**400]),
    "an id that is true": at(0, reply_token_ids=[True]),
    "an id that is no whole number": at(0, reply_token_ids=[1.0]),
    "ids that are a string": at(0, user_token_ids="123"),
    "no ids": at(0, user_token_ids=None),
    "a reply too long": at(0, reply_token_ids=[5] * 513),
    "a failed turn with a reply": at(2, reply_token_ids=[5]),
    "a failed turn with a text": at(2, reply_text="x"),
    "a failed turn with a state": at(2, state_sha256="0" * 64),
    "a committed turn without": at(0, state_sha256=None),
    "a hash that is none": at(0, state_sha256="Z" * 64),
    "no sampling": at(0, sampling=None),
    "a setting that is none": at(0, sampling={"<img src=x onerror=alert(1)>": 1}),
    "a setting out of range": at(0, sampling={"temperature": 3}),
    "two seeds": at(0, seed=6),
    "a seed that is none": at(0, seed="5"),
    "a seed too large": at(0, seed=2**53, sampling={}),
    "no time": at(0, created=None),
    "a time that is none": at(0, created="yesterday"),
    "a time before all times": at(0, created="0001-01-01T00:00:00+14:00"),
}  # fmt: skip


@pytest.mark.parametrize("what", MENDED)
def test_a_file_that_is_not_sound_is_one_sentence_and_nothing_is_written(told, exported, bob, what):
    MENDED[what](exported)
    before = Chat.objects.count(), Turn.objects.count()
    answer = upload(bob.client, exported)
    assert answer.status_code in {400, 413}
    problem = answer.context["errors"]["file"]
    assert problem.count(".") + problem.count("?") == 1, problem
    assert "{" not in problem
    assert "<" not in problem
    assert (Chat.objects.count(), Turn.objects.count()) == before


def test_a_control_token_inside_a_text_is_refused(model, exported, bob):
    for name in ("user_token_ids", "reply_token_ids"):
        for control in sorted(model.tokenizer.special_ids):
            file = copy.deepcopy(exported)
            file["turns"][0][name].insert(1, control)  # decodes to nothing: the text still fits
            assert "can’t occur in text" in upload(bob.client, file).context["errors"]["file"]


NAMES = (
    "../../../etc/cron.d/x.json", "..\\..\\boot.ini", "/etc/passwd", "....//x", "a\0b.json",
    '"><svg onload=alert(1)>.svg', "page.html", "x" * 5000, "....", ".htaccess", "\u202egpj",
)  # fmt: skip
NO_CHAT = [
    b"", b"{}", b"[]", b"null", b"\xff\xfe", b"\x00" * 20, b"{" * 5, b"[" * 200_000,
    b'{"format": NaN}', b'{"format": ' + b"9" * 9000 + b"}", b'"gatescope.chat"', b"\x1f\x8b\x08",
]  # fmt: skip


@pytest.mark.parametrize("body", NO_CHAT, ids=range(len(NO_CHAT)))
def test_bytes_that_are_no_chat_are_one_sentence(checkpoint, bob, body):
    answer = upload(bob.client, body)
    assert answer.status_code == 400
    assert answer.context["errors"]["file"]
    assert not Chat.objects.exists()


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_what_a_chats_file_is_called_means_nothing(exported, bob, name, settings):
    def files() -> set[Path]:
        return {path for path in settings.DATA_DIR.rglob("*") if path.is_file()}

    before = files()
    file = SimpleUploadedFile("x", json.dumps(exported).encode(), content_type="text/html")
    file._name = name  # as a sender writes it: the constructor would cut it at its last slash
    answer = bob.client.post("/chats/import/", {"file": file})
    # A name that Django finds nothing left of is no file; what it was is written nowhere.
    assert answer.status_code in {302, 400}
    made = Chat.objects.filter(owner=bob.person)
    assert made.count() == (answer.status_code == 302)
    assert [chat.title for chat in made] == [exported["title"]] * made.count()
    assert files() == before


def test_a_form_without_a_file_says_so_and_makes_nobody_a_guest(checkpoint, client):
    answer = client.post("/chats/import/")
    assert answer.status_code == 400
    assert "Choose the JSON file" in answer.context["errors"]["file"]
    said = answer.content.decode()
    assert '<details class="pop" open>' in said
    assert 'required autofocus aria-invalid="true" aria-describedby="error-file file-help"' in said
    assert not Person.objects.exists()


def test_a_file_too_large_or_a_chat_too_long_is_refused(monkeypatch, exported, bob):
    assert upload(bob.client, b" " * (chat_export.BYTES_MAX + 1)).status_code == 413
    monkeypatch.setattr(chat_export, "TURNS_MAX", 4)
    assert "turns" in upload(bob.client, exported).context["errors"]["file"]
    monkeypatch.setattr(chat_export, "TURNS_MAX", 5)
    monkeypatch.setattr(chat_export, "TOKENS_MAX", 20)
    assert "tokens to replay" in upload(bob.client, exported).context["errors"]["file"]
    assert not Chat.objects.filter(owner=bob.person).exists()


def test_a_model_for_study_takes_no_chat(exported, bob, tmp_path):
    make_checkpoint(tmp_path / "study", cell="tanh_rnn")
    row = registry.register(tmp_path / "study")
    exported["checkpoint"]["sha256"] = row.sha256
    assert "for study" in upload(bob.client, exported).context["errors"]["file"]


def test_one_chat_is_replayed_at_a_time(exported, bob, monkeypatch):
    monkeypatch.setattr(import_chat, "_PATIENCE", 0.01)
    with import_chat._one_at_a_time:
        assert upload(bob.client, exported).status_code == 503
    assert upload(bob.client, exported).status_code == 302


def test_a_checkpoint_deleted_meanwhile_is_a_refusal_too(exported, bob, told):
    replayed = services.chat_replay(data=json.dumps(exported).encode())
    Chat.objects.all().delete()
    told.checkpoint.delete()
    with pytest.raises(Refused, match="not_found"):
        services.chat_import(person=bob.person, replayed=replayed)
    assert not Chat.objects.exists()


# ---- for any chat, any text


texts = st.text(
    st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=40
)
told_turns = st.lists(
    st.tuples(
        st.integers(0, 10**6),  # which of the turns so far it hangs on, or none of them
        texts,
        st.lists(st.integers(0, 10**6), max_size=8),
        st.sampled_from(["complete", "stopped", "length", "failed", "interrupted"]),
        st.fixed_dictionaries({}, optional={"temperature": st.floats(0, 2), "top_k": st.just(3)}),
    ),
    max_size=6,
)


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(turns=told_turns, title=st.text(max_size=60), at_head=st.integers(0, 6))
def test_what_is_exported_is_what_is_imported(alice, checkpoint, model, turns, title, at_head):
    chat = Chat.objects.create(owner=alice.person, checkpoint=checkpoint)
    plain = sorted(set(range(model.tokenizer.vocab_size)) - model.tokenizer.special_ids)
    made: list[Any] = [None]
    for place, text, reply, status, sampling in turns:
        ids = [plain[one % len(plain)] for one in reply]
        turn = say(chat, text, ids, parent=made[place % len(made)], status=status, **sampling)
        if status in COMMITTED:
            made.append(turn)
    services.chat_rename(chat=chat, title=title)
    Chat.objects.filter(pk=chat.pk).update(head=made[at_head % len(made)])
    chat.refresh_from_db()
    body = alice.client.get(f"/chat/{chat.pk}/export.json").content
    replayed = services.chat_replay(data=body)
    assert replayed.differing == 0
    assert tree(services.chat_import(person=alice.person, replayed=replayed)) == tree(chat)


@settings(max_examples=200, deadline=None)
@given(st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
))  # fmt: skip
def test_no_json_is_more_than_a_refusal(found):
    sha256 = "0" * 64
    for value in (found, {"format": "gatescope.chat", "format_version": 1, "title": "",
                          "checkpoint": {"sha256": sha256}, "turns": found}):  # fmt: skip
        with suppress(Refused):
            chat_export.read(json.dumps(value).encode())


@settings(max_examples=300, deadline=None)
@given(
    st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from("#*_`<>&[]()!-+=|~\\\n 1."))
)
def test_markdown_shows_any_text_as_it_is(text):
    """Read by a parser that lets HTML through: only paragraphs, breaks and the words themselves."""
    parser = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    shown = []
    for block in parser.parse(literal(text)):
        assert block.type in {"paragraph_open", "paragraph_close", "inline"}, block.type
        for piece in block.children or ():
            assert piece.type in {"text", "text_special", "softbreak", "hardbreak"}, piece.type
            shown.append(piece.content)
    said = "".join(text.split()).replace("\0", "\ufffd")
    assert "".join("".join(shown).split()) == said


# ---- every value at its extremes

EXTREMES = [
    None, True, -1, 0, 2**31, 2**53, 2**63, 2**64, -(2**63), 10**400, -(10**400), 0.5, 1e308,
    -1e308, 5e-324, "", "0", "\ud800", "x" * 70_000, [], {}, [[]], [None], ["0" * 64], "9" * 5000,
    "0001-01-01T00:00:00", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59.999999-23:59",
    "9999-12-31T23:59:59.999999", "2024-02-30T00:00:00", "2024-05-01T10:00:00+99:00",
]  # fmt: skip


def places(value: Any, path: tuple[Any, ...] = ()) -> Any:
    """The way to every value of a document."""
    yield path
    if isinstance(value, dict | list):
        # Of a list's ids the first stands for the others.
        for key in list(value) if isinstance(value, dict) else range(min(2, len(value))):
            yield from places(value[key], (*path, key))


def test_no_extreme_value_in_any_place_is_more_than_a_sentence(exported):
    for path in places(exported):
        for value in EXTREMES:
            file = copy.deepcopy(exported)
            place: Any = file
            for key in path[:-1]:
                place = place[key]
            if path:
                place[path[-1]] = value
            body = json.dumps(file if path else value).encode()
            # Refused, in one sentence, or taken: nothing else is raised.
            with suppress(Refused):
                checked = services.chat_check(data=body)
                assert all(turn.created <= timezone.now() for turn in checked.file.turns)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("2024-05-01T10:00:00+00:00", "4100-01-01T00:00:00+00:00"),
        ("2000-01-02T00:00:00+00:00", "9999-12-31T23:59:59+00:00"),
        ("9999-12-31T23:59:59.999999+00:00", "9999-12-31T23:59:59.999999+00:00"),
        ("2024-05-01T10:00:00+00:00", "9999-12-31T23:59:59-12:00"),
    ],
)
def test_a_time_of_a_clock_that_was_ahead_is_taken_as_now(exported, bob, first, second):
    exported["turns"][0]["created"], exported["turns"][1]["created"] = first, second
    answer = upload(bob.client, exported)
    assert answer.status_code == 302
    made = Chat.objects.get(pk=answer["Location"].split("/")[2])
    assert [turn.user_text for turn in made.turns.oldest_first()] == [
        turn["user_text"] for turn in exported["turns"]
    ]


def test_a_file_with_a_child_before_its_parent_is_taken(exported, bob):
    """As older versions wrote them where the clock had been put back."""
    texts = {turn["user_text"] for turn in exported["turns"]}
    exported["turns"].reverse()
    made = services.chat_import(
        person=bob.person, replayed=services.chat_replay(data=json.dumps(exported).encode())
    )
    turns = list(made.turns.oldest_first().select_related("parent"))
    assert {turn.user_text for turn in turns} == texts
    assert all(turn.parent is None or turn.parent.position < turn.position for turn in turns)


def test_a_turn_that_comes_after_itself_is_refused(exported, bob):
    first, second = exported["turns"][:2]
    first["parent"], second["parent"] = second["id"], first["id"]
    answer = upload(bob.client, exported)
    assert answer.status_code == 400
    assert "comes after itself" in str(answer.context["errors"]["file"])
