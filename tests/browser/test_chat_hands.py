"""A hand on the chat: forked, blanked, forgotten and shared, and each undone."""

from playwright.sync_api import Browser, Page, expect

from memory_app.models import Chat, PublicLink, Turn
from tests.browser.visitor import Visitor


def texts(page: Page, which: str = ".turn:not(.faded)") -> list[str]:
    return page.locator(f"#turns {which} .you .text").all_text_contents()


def choose(page: Page, text: str, item: str) -> None:
    """Opens the menu of the turn with this message by its keys, and chooses an item."""
    turn = page.locator(".turn").filter(has_text=text).first
    turn.get_by_role("button", name="More actions with this turn").press("Enter")
    page.get_by_role("button", name=item).press("Enter")


def test_a_fork_goes_on_in_a_chat_of_its_own(visitor: Visitor) -> None:
    page = visitor.page
    source = visitor.start_chat()
    for text in ("One.", "Two.", "Three."):
        visitor.talk(text)
    choose(page, "Two.", "Fork from here")
    page.wait_for_url(lambda url: str(source) not in url)
    expect(page.locator(".turn")).to_have_count(2)
    expect(page.locator(".turn.inherited")).to_have_count(2)
    expect(page.get_by_role("heading", name="Fork: One.")).to_be_visible()
    visitor.talk("Four.")
    assert texts(page) == ["One.", "Two.", "Four."]
    rule = page.locator(".rule.forked")
    expect(rule).to_have_text("Forked from One.", use_inner_text=True)
    # The rule stands between what was copied and what is new, after a reload too.
    page.reload()
    after = page.locator(".rule.forked + .turn")
    expect(after).to_contain_text("Four.")
    rule.get_by_role("link").click()
    page.wait_for_url(f"**/chat/{source}/#turn-*")
    assert texts(page) == ["One.", "Two.", "Three."]


def test_a_blanked_memory_leaves_the_messages_greyed_above_its_rule(visitor: Visitor) -> None:
    page = visitor.page
    visitor.start_chat()
    visitor.talk("One.")
    place = page.locator(".turn").first.bounding_box()
    page.get_by_role("button", name="Blank memory").click()
    rule = page.get_by_text("memory blanked here")
    expect(rule).to_be_visible()
    # Nothing moves, and there is nothing to do with what is greyed but read it.
    assert page.locator(".turn").first.bounding_box() == place
    expect(page.locator(".turn.faded .again")).to_be_hidden()
    expect(page.locator("#blanked-note")).to_be_visible()
    visitor.talk("Two.")
    expect(page.locator("#blanked-note")).to_be_hidden()
    page.reload()
    assert texts(page, ".turn.faded") == ["One."]
    assert texts(page) == ["Two."]
    expect(page.locator(".rule.blanked + .turn")).to_contain_text("Two.")
    # Neither is a version of the other, and nothing is said to lie elsewhere.
    expect(page.locator(".turn:not(.faded) .siblings")).to_be_hidden()
    expect(page.locator("#aside")).to_be_hidden()
    undo = page.get_by_role("button", name="Undo the last turn")
    undo.click()
    expect(page.locator("#blanked-note")).to_be_visible()
    undo.click()
    expect(page.locator(".turn.faded")).to_have_count(0)
    assert texts(page) == ["One."]


def test_a_turn_is_forgotten_and_the_forgetting_undone(visitor: Visitor) -> None:
    page = visitor.page
    chat = visitor.start_chat()
    for text in ("One.", "Two.", "Three."):
        visitor.talk(text)
    head = Chat.objects.get(pk=chat).head_id
    choose(page, "Two.", "Forget this turn")
    note = page.locator("#forgotten")
    expect(note).to_contain_text("“Two.” is left out of the memory")
    assert texts(page) == ["One.", "Three."]
    assert texts(page, ".turn.forgotten") == ["Two."]
    assert Chat.objects.get(pk=chat).head_id != head
    page.reload()
    assert texts(page, ".turn.forgotten") == ["Two."]
    expect(page.locator("#turns li").nth(1)).to_contain_text("Two.")
    note.get_by_role("button", name="Undo").click()
    expect(note).to_be_hidden()
    expect(page.locator(".turn.faded")).to_have_count(0)
    assert texts(page) == ["One.", "Two.", "Three."]
    assert Chat.objects.get(pk=chat).head_id == head
    # The last one, from the panel.
    page.get_by_role("button", name="Forget…").click()
    page.get_by_role("button", name="Forget turn 3: Three.").click()
    expect(note).to_be_visible()
    assert texts(page) == ["One.", "Two."]
    note.get_by_role("button", name="Undo").click()
    expect(page.locator(".turn:not(.faded)")).to_have_count(3)


def test_undo_takes_a_forgetting_back_before_any_turn(visitor: Visitor) -> None:
    page = visitor.page
    chat = visitor.start_chat()
    for text in ("One.", "Two.", "Three."):
        visitor.talk(text)
    head = Chat.objects.get(pk=chat).head_id
    for forgotten in ("Two.", "Three."):
        choose(page, forgotten, "Forget this turn")
        expect(page.locator("#forgotten")).to_contain_text(f"“{forgotten}” is left out")
        page.locator("#undo").click()
        expect(page.locator("#forgotten")).to_be_hidden()
        expect(page.locator(".turn:not(.faded)")).to_have_count(3)
        assert Chat.objects.get(pk=chat).head_id == head
    page.locator("#undo").click()
    expect(page.locator(".turn:not(.faded)")).to_have_count(2)


def test_a_public_link_is_read_by_a_stranger_until_it_is_revoked(
    visitor: Visitor, browser: Browser
) -> None:
    page = visitor.page
    visitor.start_chat()
    visitor.talk("My name is <b>Clara</b>.")
    visitor.talk("Two.")
    page.locator(".chat-head").get_by_label("Chat menu").click()
    page.get_by_role("link", name="Public link…").click()
    dialog = page.get_by_role("dialog", name="Public link to this chat")
    expect(dialog).to_contain_text("Anyone with the link can read this chat")
    assert not PublicLink.objects.exists()
    dialog.get_by_role("button", name="Create link").click()
    link = page.locator("#share-url")
    expect(link).not_to_have_value("")
    url = link.input_value()
    stranger = browser.new_context().new_page()
    stranger.goto(url)
    expect(stranger.get_by_text("My name is <b>Clara</b>.", exact=True).last).to_be_visible()
    expect(stranger.locator(".turn")).to_have_count(2)
    assert stranger.locator(".public-memory img").evaluate("one => one.decode().then(() => true)")
    expect(stranger.locator("textarea, .composer, .rail")).to_have_count(0)
    dialog.get_by_role("button", name="Stop sharing").click()
    expect(dialog.get_by_text("The link no longer works.")).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    answer = stranger.goto(url)
    assert answer is not None
    assert answer.status == 404
    # One turn, with its gates.
    choose(page, "Two.", "Share…")
    dialog = page.get_by_role("dialog", name="Public link to this turn")
    dialog.get_by_role("button", name="Create link").click()
    expect(link).not_to_have_value("")
    stranger.goto(link.input_value())
    expect(stranger.locator(".turn")).to_have_count(1)
    expect(stranger.locator(".tok svg").first).to_be_visible()
    stranger.context.close()


def test_gates_are_held_for_replies_and_a_reply_compared_with_free_ones(visitor: Visitor) -> None:
    page = visitor.page
    chat = visitor.start_chat()
    page.locator("#sampling-open").click()
    page.get_by_label("Never forget (f = 1)").check()
    chip = page.locator("#hold-chip")
    expect(chip).to_contain_text("Held: never forget")
    page.keyboard.press("Escape")
    visitor.talk("One.")
    held = Turn.objects.get(chat=chat)
    assert held.hold == {"freeze": [["f", 0, None, 1.0], ["f", 1, None, 1.0]], "forget_bias": 0.0}
    expect(page.locator(".turn .held-mark")).to_be_visible()
    page.reload()
    expect(page.locator(".turn .held-mark")).to_be_visible()
    expect(chip).to_be_visible()
    choose(page, "One.", "Compare without held gates")
    expect(page.get_by_text("2/2")).to_be_visible()
    visitor.wait_for_end()
    free = Turn.objects.get(chat=chat, hold__isnull=True)
    assert (free.seed, free.user_token_ids) == (held.seed, held.user_token_ids)
    expect(page.locator(".turn .held-mark")).to_be_hidden()
    chip.click()
    expect(chip).to_be_hidden()
    visitor.talk("Two.")
    assert Turn.objects.get(user_text="Two.").hold is None


def test_a_memory_file_is_loaded_or_refused_in_a_sentence(
    visitor: Visitor, complaints: list[str]
) -> None:
    page = visitor.page
    chat = visitor.start_chat()
    visitor.talk("One.")
    head = Turn.objects.get(chat=chat)
    visitor.talk("Two.")
    data = page.request.get(f"{visitor.url}/turn/{head.pk}/state.safetensors").body()
    page.get_by_text("Size, hash and files").click()
    field = page.get_by_label("Load a memory file")
    send = page.get_by_role("button", name="Load memory")
    kind = "application/octet-stream"
    field.set_input_files({"name": "state.safetensors", "mimeType": kind, "buffer": data[:-4]})
    send.click()
    expect(page.locator("#load-problem")).not_to_be_empty()
    assert Turn.objects.count() == 2
    complaints.clear()  # Chromium logs the 400
    field.set_input_files({"name": "state.safetensors", "mimeType": kind, "buffer": data})
    send.click()
    expect(page.get_by_text("Memory replaced by a file.")).to_be_visible()
    expect(page.locator("#memory-hash")).to_have_attribute("title", head.state_sha256 or "")
