"""What a turn's row holds is data wherever the chat shows it: the map, the settings."""

from uuid import uuid4

from playwright.sync_api import expect

from memory_app.core.model.checkpoint import Checkpoint as Model
from memory_app.core.model.state import State
from memory_app.models import Turn
from tests.browser.test_safety import PAYLOADS, unharmed
from tests.browser.visitor import Visitor
from tests.conftest import stored


def test_nothing_runs_out_of_the_map_or_the_settings_of_a_turn(
    visitor: Visitor, model: Model
) -> None:
    page = visitor.page
    chat = stored(visitor.start_chat())
    blank = State.zeros(model.model.config)
    for payload in PAYLOADS:
        chat.head = Turn.objects.create(
            chat=chat,
            client_turn_id=uuid4(),
            seed=1,
            status="complete",
            user_text=payload,
            reply_text=payload,
            sampling={payload: payload},
            state=blank.to_bytes(),
            state_sha256=blank.sha256(),
        )
    chat.save()
    page.reload()
    page.locator("#tree-open").click()
    marks = page.locator("#tree-map .node")
    expect(marks).to_have_count(len(PAYLOADS) + 1)
    for mark in marks.all():
        mark.hover()
    assert unharmed(visitor)
    page.keyboard.press("Escape")
    for _ in PAYLOADS:
        page.get_by_role("button", name="How this reply was sampled").click()
        expect(page.locator("#turns .drawn")).to_contain_text("seed")
        assert unharmed(visitor)
        before = page.get_by_role("button", name="Previous version")
        if before.is_enabled():
            turn = visitor.turn()
            before.click()
            expect(page.locator(f"#turns .turn[data-turn='{turn}']")).to_have_count(0)
    assert unharmed(visitor)
