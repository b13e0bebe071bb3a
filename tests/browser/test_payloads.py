"""Three hundred attempts to run a script, through everything that a person can write: none runs."""

import json
import re
from pathlib import Path
from urllib.parse import urlencode
from uuid import uuid4

import pytest
from playwright.sync_api import Page, WebSocketRoute, expect

from memory_app.core.model.checkpoint import Checkpoint as Model
from memory_app.core.model.replay import replay
from memory_app.core.model.state import State
from memory_app.core.sampling.settings import Sampling, SamplingError
from memory_app.models import Chat, ChatImport, Turn
from memory_app.services.chat.import_queue import import_execute
from memory_app.views.chat.chat_list import PAGE
from tests.browser.payloads import ACTS, PAYLOADS, PLACES
from tests.browser.visitor import Visitor
from tests.conftest import stored

# What no page of ours has, and a payload that got through would have made.
STRANGE = (
    "iframe, object, base, math, img, animate, video, "
    "[onerror], [onload], [onfocus], [ontoggle], [onbegin], [hx-on\\:click]"
)
OWN_SCRIPTS = re.compile(r"^(https?://127\.0\.0\.1:\d+/static/.*)?$")


def unharmed(page: Page) -> None:
    """Nothing ran, and nothing that could run later came to stand on the page."""
    assert page.evaluate("globalThis.ran") is None
    assert page.locator(STRANGE).count() == 0
    scripts = page.evaluate(
        "[...document.scripts].map((one) => one.type === 'application/json' ? '' : one.src || '?')"
    )
    assert all(OWN_SCRIPTS.match(source) for source in scripts), scripts
    assert page.locator("[href^='javascript'], [hx-vals^='js'], [hx-trigger*='load']").count() == 0


def tell(chat: Chat, model: Model, texts: list[str]) -> list[Turn]:
    """One turn after another whose message and reply are the same text."""
    tokenizer = model.tokenizer
    state, parent, turns = State.zeros(model.model.config), None, []
    for text in texts:
        ids = tokenizer.encode(text)
        state = replay(model.model, state, tokenizer.turn_ids(ids, ids))
        turns.append(
            Turn(
                pk=uuid4(),
                chat=chat,
                parent_id=parent,
                position=len(turns) + 1,
                client_turn_id=uuid4(),
                seed=1,
                status="complete",
                user_text=text,
                reply_text=text,
                user_token_ids=ids,
                reply_token_ids=ids,
                sampling={text: text},
                state=state.to_bytes(),
                state_sha256=state.sha256(),
            )
        )
        parent = turns[-1].pk
    Turn.objects.bulk_create(turns)
    Chat.objects.filter(pk=chat.pk).update(head=parent, title=texts[0][:200])
    return turns


@pytest.fixture
def haunted(visitor: Visitor, model: Model) -> Chat:
    """A chat whose turns say all of them, and as many chats that have them as titles."""
    chat = stored(visitor.start_chat())
    tell(chat, model, PAYLOADS)
    Chat.objects.bulk_create(
        Chat(
            owner=chat.owner,
            checkpoint=chat.checkpoint,
            title=payload[:200],
            shared=True,
            activity=100 + number,
        )
        for number, payload in enumerate(PAYLOADS)
    )
    chat.refresh_from_db()
    return chat


def packed(most: int) -> list[str]:
    """All of them in texts of at most so many characters; each text has one place alone, so that
    no payload hides another's way out."""
    texts: list[str] = []
    for at, payload in enumerate(PAYLOADS):
        longer = f"{texts[-1]} {payload}" if at % len(ACTS) else ""
        if longer and len(longer) <= most:
            texts[-1] = longer
        else:
            texts.append(payload)
    return texts


def test_there_are_three_hundred_and_each_is_another() -> None:
    assert len(set(PAYLOADS)) == len(PAYLOADS) >= 300


def test_the_canary_sings_where_nothing_guards_it(page: Page) -> None:
    """A page that writes payloads as they are runs them: the other tests can fail."""
    sung = 0
    for at in range(0, len(PAYLOADS), 10):
        page.set_content(f"<!doctype html><body>{PAYLOADS[at]}</body>")
        page.wait_for_timeout(30)
        sung += page.evaluate("globalThis.ran === 1")
    assert sung >= 10, f"only {sung} of {len(PLACES)}"


def test_none_runs_as_message_or_reply_and_none_in_a_title(visitor: Visitor, haunted: Chat) -> None:
    page = visitor.page
    page.goto(f"{visitor.url}/chat/{haunted.pk}/")
    expect(page.locator("#turns .turn")).to_have_count(len(PAYLOADS))
    assert page.locator("#turns .you .text").all_text_contents() == PAYLOADS
    expect(page.locator("#title")).to_have_text(PAYLOADS[0])
    unharmed(page)
    # The rail has the newest of the chats; the rest come by the button at its end.
    while page.get_by_role("link", name="Older chats").count():
        before = page.locator("#chat-list .title").count()
        page.get_by_role("link", name="Older chats").click()
        expect(page.locator("#chat-list .title")).not_to_have_count(before)
        unharmed(page)
    shown = set(page.locator("#chat-list .title").all_text_contents())
    assert {payload[:200] for payload in PAYLOADS} <= shown
    # Renaming one writes the title wherever it stands, by script.
    for payload in PAYLOADS[::10]:
        page.locator("#title").click()
        page.get_by_label("Chat title").fill(payload[:200])
        page.keyboard.press("Enter")
        expect(page.locator(".title-form")).to_have_count(0)
        unharmed(page)


def test_none_runs_on_the_page_of_chats(visitor: Visitor, haunted: Chat) -> None:
    page = visitor.page
    shown: set[str] = set()
    for number in range(1, len(PAYLOADS) // PAGE + 2):
        page.goto(f"{visitor.url}/chats/?page={number}")
        shown |= set(page.locator("#chat-list .title").all_text_contents())
        unharmed(page)
    assert {payload[:200] for payload in PAYLOADS} <= shown
    page.locator("#chat-list [data-menu]").first.click()
    page.get_by_role("button", name="Delete").click()
    expect(page.locator(".chat-gone")).to_have_count(1)
    unharmed(page)
    for chat in Chat.objects.exclude(pk=haunted.pk).filter(deleted=None).order_by("pk")[:10]:
        page.goto(f"{visitor.url}/chat/{chat.pk}/menu/")
        expect(page.get_by_label("Chat title")).to_have_value(chat.title)
        unharmed(page)


def test_none_runs_as_search_words(visitor: Visitor, haunted: Chat) -> None:
    page = visitor.page
    for words in packed(200):
        page.goto(f"{visitor.url}/chats/?{urlencode({'q': words})}")
        expect(page.get_by_role("searchbox")).to_have_value(words)
        unharmed(page)
    # And as one types, where htmx puts what comes back into the page.
    for payload in PAYLOADS[::10]:
        with page.expect_response("**/chats/?q=*"):
            page.get_by_role("searchbox").fill(payload)
        expect(page.locator("#chat-list .found")).to_contain_text(payload.split()[0])
        unharmed(page)


def test_none_runs_in_the_gate_view(visitor: Visitor, model: Model) -> None:
    page = visitor.page
    chat = stored(visitor.start_chat())
    for turn in tell(chat, model, packed(1000)):
        Chat.objects.filter(pk=chat.pk).update(title=turn.user_text[:200])
        page.goto(f"{visitor.url}/turn/{turn.pk}/")
        expect(page.locator("#map.drawn")).to_be_visible()
        page.locator("#sentence .token").nth(4).click()
        unharmed(page)


def test_none_runs_in_what_is_imported_or_in_the_refusal_of_it(
    visitor: Visitor, haunted: Chat, tmp_path: Path, complaints: list[str]
) -> None:
    page = visitor.page
    answer = page.request.get(f"{visitor.url}/chat/{haunted.pk}/export.json")
    sound = answer.json()
    for turn in sound["turns"]:
        turn["sampling"] = {}

    def bring(document: object) -> None:
        file = tmp_path / "chat.json"
        file.write_text(json.dumps(document))
        page.goto(f"{visitor.url}/chats/")
        page.get_by_text("Import", exact=True).click()
        page.get_by_label("A chat’s JSON file").set_input_files(file)
        page.get_by_role("button", name="Import the chat").click()

    for payload in PAYLOADS[::60]:
        turn = sound["turns"][0]
        for broken in (
            sound | {"format": payload},
            sound | {"head": payload},
            sound | {"checkpoint": {"sha256": payload}},
            sound | {"turns": [turn | {"status": payload}]},
            sound | {"turns": [turn | {"sampling": {payload: 1}}]},
            sound | {"turns": [turn | {"created": payload}]},
        ):
            bring(broken)
            expect(page.locator(".problem:not([hidden])")).to_be_visible()
            unharmed(page)
    complaints[:] = [one for one in complaints if "status of 400" not in one]
    bring(sound | {"title": PAYLOADS[11], "chat": PAYLOADS[2], "created": PAYLOADS[3]})
    page.wait_for_url("**/chat/*/")
    unharmed(page)
    # A chat of this length is replayed by the worker, whose part this test takes.
    import_execute(key=ChatImport.objects.get().pk)
    page.reload()
    assert page.locator("#turns .you .text").all_text_contents() == PAYLOADS
    assert page.locator("#turns .bot .text").count() == len(PAYLOADS)
    unharmed(page)


def test_none_runs_as_the_name_of_a_sampling_setting(visitor: Visitor) -> None:
    """The refusal names the setting: the page says so, as text."""
    page = visitor.page
    told: list[str] = []
    to_page: list[WebSocketRoute] = []

    def renamed(route: WebSocketRoute) -> None:
        server = route.connect_to_server()
        to_page.append(route)

        def on_page(frame: str | bytes) -> None:
            message = json.loads(frame)
            if message["type"] == "turn.send":
                message["sampling"] = {PAYLOADS[0]: 1}
            server.send(json.dumps(message))

        def on_server(frame: str | bytes) -> None:
            message = json.loads(frame)
            if message["type"] == "error":
                told.append(message["detail"])
            route.send(frame)

        route.on_message(on_page)
        server.on_message(on_server)

    page.route_web_socket(re.compile("/ws/chat/"), renamed)
    visitor.start_chat()
    visitor.say("Hello")
    expect(page.locator("#problem")).to_contain_text("Unknown sampling setting “<script>")
    assert len(told) == 1
    assert told[0] == sentence_about(PAYLOADS[0])
    # What the server would say of each of the others, as it would say it.
    for at in range(0, len(PAYLOADS), len(ACTS)):
        for payload in PAYLOADS[at : at + len(ACTS)]:
            frame = {"type": "error", "code": "invalid", "detail": sentence_about(payload)}
            to_page[-1].send(json.dumps(frame))
        expect(page.locator("#problem")).to_have_text(sentence_about(PAYLOADS[at + len(ACTS) - 1]))
        unharmed(page)


def sentence_about(name: str) -> str:
    with pytest.raises(SamplingError) as refused:
        Sampling.parse({name: 1})
    return str(refused.value)


def test_exports_are_downloads_and_nothing_in_them_is_markup(
    visitor: Visitor, haunted: Chat
) -> None:
    page = visitor.page
    for ending, kind in (("json", "application/json"), ("md", "text/markdown")):
        answer = page.request.get(f"{visitor.url}/chat/{haunted.pk}/export.{ending}")
        assert answer.headers["content-type"].startswith(kind)
        assert answer.headers["content-disposition"].startswith("attachment")
        assert answer.headers["x-content-type-options"] == "nosniff"
        with page.expect_download() as download:
            page.evaluate(f"location.href = '/chat/{haunted.pk}/export.{ending}'")
        assert download.value.suggested_filename.endswith(f".{ending}")
        unharmed(page)
    assert [turn["user_text"] for turn in json.loads(
        page.request.get(f"{visitor.url}/chat/{haunted.pk}/export.json").text()
    )["turns"]] == PAYLOADS  # fmt: skip
