"""Any chat and any text comes back; no JSON is more than a refusal."""

import copy
import json
from contextlib import suppress
from typing import Any

from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from memory_app import services
from memory_app.chat_file.read import read
from memory_app.chat_markdown import literal
from memory_app.models import COMMITTED, Chat
from memory_app.refusal import Refused
from tests.services.chat_files.files import say, tree

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
            read(json.dumps(value).encode())


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
