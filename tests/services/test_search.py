"""The index of a search: what it finds is what reading every text finds, and it can be rebuilt."""

import json
import random
from io import StringIO
from uuid import uuid4

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.models.query import QuerySet
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st

from memory_app.core.text.case_folding import fold
from memory_app.core.text.search_signature import signature
from memory_app.models import SIGNATURE, Chat, SearchChunk, SearchSignature, search

pytestmark = pytest.mark.slow

SAID = (
    "Clara clara's OSLO Oslo-Lima İstanbul straße Straßenbahn café cafe\u0301 я Клара кларнет "
    "杭州 我住在杭州。 猫 我有一只猫 한글 ガギ a b x. the then breathe hi 😀 x\u00b4yz "
)
WORDS = SAID.split()
TOKENS = st.sampled_from(WORDS) | st.sampled_from(
    ["lar", "THE", "州", "住在", "只", "ß", "ss", "é", "zz", "xylophone", "%", "_", "'", "´y", "y"]
)
QUERIES = st.lists(TOKENS | st.text(min_size=1, max_size=4), min_size=1, max_size=4)


def found(person, words) -> set[object]:
    return set(Chat.objects.of(person).keys_mentioning(words))


def read(chats, words) -> set[object]:
    """The slow way: every text of every chat, each word by itself."""
    folded = [" ".join(fold(word).split()) for word in words]
    keys = set()
    for chat, texts in chats.items():
        lines = [fold(chat.title), *(" ".join(fold(text).split()) for text in texts)]
        if all(any(word in line for line in lines) for word in folded):
            keys.add(chat.pk)
    return keys


@pytest.fixture
def shelf(alice, bob, checkpoint, monkeypatch) -> dict[Chat, list[str]]:
    """Chats of many turns in chunks of a few lines, and what was said in each; Bob has some too."""
    monkeypatch.setattr(search, "CHUNK_BYTES", 90)
    draw = random.Random(5)
    texts: dict[Chat, list[str]] = {}
    for number in range(40):
        owner = bob.person if number % 8 == 7 else alice.person
        title = " ".join(draw.choices(WORDS, k=draw.randint(0, 2)))
        chat = Chat.objects.create(owner=owner, checkpoint=checkpoint, title=title)
        said = [" ".join(draw.choices(WORDS, k=draw.randint(0, 7))) for _ in range(12)]
        for user, reply in zip(said[::2], said[1::2], strict=True):
            turn = chat.turns.create(client_turn_id=uuid4(), seed=1, user_text=user)
            SearchChunk.objects.note(chat.pk, [(turn.position, reply)])
        if owner == alice.person:
            texts[chat] = said
    return texts


def test_a_search_finds_what_reading_every_text_finds(alice, shelf):
    lengths = set()

    @effort(max_examples=150, deadline=None)
    @given(QUERIES)
    def compare(tokens: list[str]) -> None:
        words = [word for token in tokens for word in token.split() if fold(word).strip()]
        # No database takes NUL, nor half a character.
        words = [word for word in words if word.isprintable()]
        expected = read(shelf, words)
        assert found(alice.person, words) == expected
        lengths.add(len(expected))

    compare()
    assert len(lengths) > 5


def test_each_chunk_is_signed_as_it_stands(shelf):
    for chunk in SearchChunk.objects.select_related("signature"):
        columns = [getattr(chunk.signature, name) for name in SIGNATURE]
        assert tuple(columns) == signature(chunk.text)
        assert chunk.signature.chat_id == chunk.chat_id


def test_what_the_signature_rules_out_is_not_read(alice, checkpoint):
    chat = Chat.objects.create(owner=alice.person, checkpoint=checkpoint)
    chat.turns.create(client_turn_id=uuid4(), seed=1, user_text="Zanzibar")
    assert found(alice.person, ["zanzibar"]) == {chat.pk}
    SearchSignature.objects.update(**dict.fromkeys(SIGNATURE, 0))
    assert found(alice.person, ["zanzibar"]) == set()


def test_the_plan_goes_by_the_index(alice, shelf):
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            # A table of a few rows is read whole otherwise; one without statistics, by any index.
            cursor.execute(
                "ANALYZE memory_app_chat, memory_app_searchchunk, memory_app_searchsignature"
            )
            cursor.execute("SET enable_seqscan = off")
        try:
            plan = Chat.objects.of(alice.person).mentioning(["oslo", "clara"]).explain()
        finally:
            if connection.vendor == "postgresql":
                cursor.execute("RESET enable_seqscan")
    assert "memory_app_searchsignature_chat_id" in plan


def index() -> list[tuple[object, ...]]:
    rows = SearchChunk.objects.order_by("chat", "number")
    return list(rows.values_list("chat", "number", "text", "positions", "signature__bits_03"))


def test_the_index_is_rebuilt_from_titles_and_turns(alice, shelf):
    for chat, said in shelf.items():
        for turn, reply in zip(chat.turns.oldest_first(), said[1::2], strict=True):
            chat.turns.filter(pk=turn.pk).update(reply_text=reply)
    Chat.objects.exclude(owner=alice.person).delete()
    before = index()
    QuerySet(Chat).update(folded_title="")
    SearchSignature.objects.filter(chunk__number=2).delete()
    SearchChunk.objects.filter(number=1).delete()
    assert found(alice.person, ["the"]) != read(shelf, ["the"])
    out = StringIO()
    call_command("rebuild_search", "--json", stdout=out)
    assert json.loads(out.getvalue()) == {"chats": len(shelf), "chunks": len(before)}
    assert index() == before
    for words in (["the"], ["猫"], ["straße", "oslo"]):
        assert found(alice.person, words) == read(shelf, words)


def test_a_chat_that_goes_leaves_nothing_in_the_index(alice, shelf):
    Chat.objects.filter(owner=alice.person).delete()
    owners = set(SearchSignature.objects.values_list("chat__owner", flat=True))
    assert owners == set(Chat.objects.values_list("owner", flat=True))
    assert SearchSignature.objects.count() == SearchChunk.objects.count() > 0
