"""One's chats in the rail and on their page: found, renamed, shared, deleted and taken back."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import pytest
from playwright.sync_api import expect

from memory_app.models import Chat, ChatImport, Person
from memory_app.services.chat import import_queue
from memory_app.services.chat.import_queue import import_cancel, import_execute
from memory_app.views.chat.chat_list import PAGE
from tests.browser.visitor import Visitor
from tests.conftest import stored


@pytest.fixture
def shelf(visitor: Visitor) -> Visitor:
    """A visitor with an open chat, and two others that were not read again."""
    visitor.start_chat()
    visitor.talk("My name is Clara.")
    mine = Chat.objects.get()
    for title, said in (("Pets", "I have a cat in Zanzibar"), ("Travel", "To Lima")):
        chat = Chat.objects.create(owner=mine.owner, checkpoint=mine.checkpoint, title=title)
        chat.turns.create(client_turn_id=uuid4(), seed=1, user_text=said, status="complete")
    visitor.page.reload()
    return visitor


def names(visitor: Visitor):
    return visitor.page.locator("#chat-list .title")


def test_the_rail_searches_as_one_types_and_is_walked_by_arrows(shelf: Visitor) -> None:
    page = shelf.page
    expect(names(shelf)).to_have_text(["Travel", "Pets", "My name is Clara."])
    page.locator("#turns").click(position={"x": 4, "y": 4})  # beside the words, which are traced
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.keyboard.type("zanzi")
    expect(names(shelf)).to_have_text(["Pets"])
    expect(page.locator("#chat-list .snippet mark")).to_have_text("Zanzi")
    expect(page.locator("#chat-list").get_by_role("status")).to_have_text("Chats with “zanzi”: 1")
    page.keyboard.press("ArrowDown")
    expect(names(shelf).first).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.keyboard.press("Escape")
    expect(names(shelf)).to_have_count(3)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url("**/chat/*/")
    expect(page.get_by_role("heading", name="Pets")).to_be_visible()


def test_a_search_on_the_page_of_chats_stays_in_the_address(shelf: Visitor) -> None:
    page = shelf.page
    page.goto(f"{shelf.url}/chats/")
    page.get_by_role("searchbox").press_sequentially("cat zanzibar")
    expect(names(shelf)).to_have_text(["Pets"])
    expect(page).to_have_url(re.compile(r"/chats/\?q=cat(%20|\+)zanzibar$"))
    page.reload()
    expect(names(shelf)).to_have_text(["Pets"])
    page.get_by_role("searchbox").fill("unheard of")
    expect(page.get_by_text("The search covers titles")).to_be_visible()
    page.get_by_role("link", name="Show all").click()
    expect(names(shelf)).to_have_count(3)


def test_the_menu_works_by_keys_alone_and_gives_the_focus_back(shelf: Visitor) -> None:
    page = shelf.page
    opener = page.locator("#chat-list").get_by_label("Menu of “Pets”")
    opener.focus()
    page.keyboard.press("Enter")
    expect(opener).to_have_attribute("aria-expanded", "true")
    expect(page.get_by_role("button", name="Rename")).to_be_focused()
    page.keyboard.press("End")
    expect(page.get_by_role("button", name="Delete")).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("button", name="Rename")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator(".menu")).to_have_count(0)
    expect(opener).to_be_focused()
    expect(opener).to_have_attribute("aria-expanded", "false")

    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    page.keyboard.type("Cats and dogs")
    page.keyboard.press("Enter")
    expect(names(shelf)).to_have_text(["Travel", "Cats and dogs", "My name is Clara."])
    renamed = page.locator("#chat-list").get_by_label("Menu of “Cats and dogs”")
    expect(renamed).to_be_focused()
    assert Chat.objects.filter(title="Cats and dogs").count() == 1


def test_a_row_is_deleted_and_taken_back_in_its_place_by_keys(shelf: Visitor) -> None:
    page = shelf.page
    page.locator("#chat-list").get_by_label("Menu of “Pets”").focus()
    for key in ("Enter", "End", "Enter"):
        page.keyboard.press(key)
    expect(page.locator(".chat-gone")).to_contain_text("“Pets” was deleted.")
    expect(page.get_by_role("button", name="Undo", exact=True)).to_be_focused()
    assert Chat.objects.exclude(deleted=None).get().title == "Pets"
    page.keyboard.press("Enter")
    expect(names(shelf)).to_have_text(["Travel", "Pets", "My name is Clara."])
    expect(names(shelf).nth(1)).to_be_focused()
    assert not Chat.objects.exclude(deleted=None).exists()


def test_the_chat_that_is_open_is_deleted_and_comes_back_whole(shelf: Visitor) -> None:
    page = shelf.page
    was = page.url
    page.locator(".chat-head").get_by_label("Chat menu").click()
    page.get_by_role("button", name="Delete").click()
    page.wait_for_url("**/chats/?deleted=*")
    expect(names(shelf)).to_have_text(["Travel", "Pets"])
    page.get_by_role("button", name="Undo", exact=True).click()
    page.wait_for_url(was)
    expect(page.locator(".turn")).to_have_count(1)
    assert shelf.talk("Still there?") is not None
    expect(page.locator(".turn")).to_have_count(2)


def test_the_title_is_edited_where_it_stands(shelf: Visitor) -> None:
    page = shelf.page
    title = page.locator("#title")
    field = page.get_by_label("Chat title")
    title.click()
    field.fill("Not kept")
    page.keyboard.press("Escape")
    expect(title).to_have_text("My name is Clara.")
    expect(title).to_be_focused()
    page.keyboard.press("Space")
    field.fill("  Clara   herself ")
    page.keyboard.press("Enter")
    expect(title).to_have_text("Clara herself")
    expect(page).to_have_title("Clara herself · Gatescope")
    expect(names(shelf).last).to_have_text("Clara herself")
    title.click()
    field.fill("")
    page.locator("#turns").click()
    expect(title).to_have_text("My name is Clara.")
    assert Chat.objects.filter(title="My name is Clara.").count() == 1


def test_sharing_is_a_switch_that_says_what_it_means(shelf: Visitor) -> None:
    page = shelf.page
    opener = page.locator(".chat-head").get_by_label("Chat menu")
    mark = page.locator(".chat-head .shared-mark")
    expect(mark).to_be_hidden()
    opener.click()
    switch = page.get_by_role("switch", name="Share with staff")
    expect(switch).not_to_be_checked()
    expect(switch).to_have_accessible_description(re.compile("staff can read this chat"))
    switch.press("Enter")
    expect(switch).to_be_checked()
    expect(mark).to_be_visible()
    assert Chat.objects.filter(shared=True).count() == 1
    page.keyboard.press("Escape")
    opener.click()
    expect(switch).to_be_checked()
    switch.click()
    expect(mark).to_be_hidden()
    assert not Chat.objects.filter(shared=True).exists()
    page.mouse.click(640, 400)
    expect(page.locator(".menu")).to_have_count(0)


def test_a_chat_is_downloaded_and_imported_again(shelf: Visitor, tmp_path: Path) -> None:
    page = shelf.page
    page.locator(".chat-head").get_by_label("Chat menu").click()
    with page.expect_download() as markdown:
        page.get_by_role("link", name="Download as Markdown").click()
    assert markdown.value.suggested_filename == "my-name-is-clara.md"
    page.locator(".chat-head").get_by_label("Chat menu").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download as JSON").click()
    file = tmp_path / download.value.suggested_filename
    download.value.save_as(file)
    said = page.locator(".turn .text").all_text_contents()

    page.goto(f"{shelf.url}/chats/")
    page.get_by_text("Import", exact=True).click()
    page.get_by_label("A chat’s JSON file").set_input_files(file)
    page.get_by_role("button", name="Import the chat").click()
    page.wait_for_url("**/chat/*/")
    assert page.locator(".turn .text").all_text_contents() == said
    first, second = Chat.objects.filter(title="My name is Clara.").order_by("created")
    assert second.turns.get().state_sha256 == first.turns.get().state_sha256
    expect(page.locator("#memory-hash")).to_contain_text(second.turns.get().state_sha256[:8])


def test_a_wrong_file_is_told_at_its_field_where_it_stays_chosen(
    shelf: Visitor, tmp_path: Path, complaints: list[str]
) -> None:
    file = tmp_path / "chat.json"
    file.write_text(json.dumps({"format": "another"}))
    shelf.page.goto(f"{shelf.url}/chats/")
    shelf.page.get_by_text("Import", exact=True).click()
    shelf.page.get_by_label("A chat’s JSON file").set_input_files(file)
    shelf.page.get_by_role("button", name="Import the chat").click()
    field = shelf.page.get_by_label("A chat’s JSON file")
    expect(shelf.page.get_by_role("alert")).to_contain_text("isn’t a chat")
    expect(field).to_be_focused()
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_have_accessible_description(re.compile("isn’t a chat"))
    assert field.evaluate("one => one.files[0].name") == "chat.json"
    expect(shelf.page.get_by_role("button", name="Import the chat")).to_be_enabled()
    field.set_input_files([])
    expect(shelf.page.get_by_role("alert")).to_have_count(0)
    # On a phone the form stays within the page, in either language.
    shelf.page.set_viewport_size({"width": 390, "height": 800})
    for name, language in (("中文", "zh-hans"), ("English", "en")):
        sheet = shelf.page.locator("#import")
        if not sheet.is_visible():
            shelf.page.locator(".chats-do summary").click()
        box = sheet.bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 390
        shelf.page.get_by_role("button", name=name).click()
        expect(shelf.page.locator("html")).to_have_attribute("lang", language)
    expect(names(shelf)).to_have_count(3)
    # Chromium tells every answer that isn't a success.
    assert all("400" in one for one in complaints)
    complaints.clear()


def test_older_chats_come_on_demand_and_the_focus_goes_along(visitor: Visitor) -> None:
    chat = stored(visitor.start_chat())
    owner, checkpoint = Person.objects.get(), chat.checkpoint
    for number in range(PAGE + 5):
        Chat.objects.create(owner=owner, checkpoint=checkpoint, title=f"n{number}")
    visitor.page.reload()
    expect(names(visitor)).to_have_count(PAGE)
    visitor.page.get_by_role("link", name="Older chats").focus()
    visitor.page.keyboard.press("Enter")
    expect(names(visitor)).to_have_count(PAGE + 6)
    expect(names(visitor).nth(PAGE)).to_be_focused()
    assert len(set(names(visitor).all_text_contents())) == PAGE + 6


def test_a_menu_near_the_edge_of_a_phone_stays_on_the_screen(shelf: Visitor) -> None:
    page = shelf.page
    page.set_viewport_size({"width": 390, "height": 600})
    page.locator(".chat-head").get_by_label("Chat menu").click()
    expect(page.locator(".menu")).to_be_in_viewport(ratio=1)
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Chats", exact=True).click()
    page.locator("#chat-list").get_by_label("Menu of “Pets”").press("Enter")
    expect(page.locator(".menu")).to_be_in_viewport(ratio=1)
    page.keyboard.press("Escape")
    expect(page.locator("#rail")).to_be_visible()  # Escape closed the menu alone
    page.keyboard.press("Escape")
    expect(page.locator("#rail")).to_be_hidden()


def test_without_script_the_list_and_the_menu_work_too(shelf: Visitor, browser, server) -> None:
    cookies = shelf.page.context.cookies()
    context = browser.new_context(java_script_enabled=False)
    context.add_cookies(cookies)
    page = context.new_page()
    page.goto(f"{server.url}/chats/")
    page.get_by_role("searchbox").fill("zanzibar")
    page.get_by_role("button", name="Search").click()
    expect(page.locator("#chat-list .title")).to_have_text(["Pets"])
    page.get_by_label("Menu of “Pets”").click()
    page.get_by_label("Chat title").fill("Cats")
    page.get_by_role("button", name="Rename").click()
    expect(page.get_by_label("Chat title")).to_have_count(0)
    expect(page.locator(".no-script")).to_contain_text("Chatting needs JavaScript")
    for part in (".composer-place", ".memory", ".openings"):
        expect(page.locator(part)).to_be_hidden()
    # What looks like a button does something: it sends a form.
    dead = "all => all.filter(one => one.checkVisibility() && !one.closest('form[action]')).length"
    assert page.locator("button").evaluate_all(dead) == 0
    page.get_by_role("heading").get_by_text("Cats").click()
    switch = page.get_by_role("switch", name="Share with staff")
    switch.click()
    expect(switch).to_be_checked()
    assert Chat.objects.get(title="Cats").shared
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("button", name="Undo", exact=True).click()
    expect(page.get_by_role("heading", name="Cats")).to_be_visible()
    context.close()


def test_a_chat_is_pinned_and_archived_by_keys_and_the_focus_stays_with_the_list(
    shelf: Visitor,
) -> None:
    page = shelf.page
    page.goto(f"{shelf.url}/chats/")

    def choose(title: str, what: str) -> None:
        page.get_by_role("link", name=f"Menu of “{title}”").focus()
        page.keyboard.press("Enter")
        page.get_by_role("button", name=what, exact=True).focus()
        page.keyboard.press("Enter")
        expect(page.locator(".menu")).to_have_count(0)

    choose("Pets", "Pin")
    expect(page.locator("#chat-list .day").first).to_have_text("Pinned")
    expect(names(shelf)).to_have_text(["Pets", "Travel", "My name is Clara."])
    expect(page.get_by_role("link", name="Menu of “Pets”")).to_be_focused()
    choose("Travel", "Archive")
    expect(names(shelf)).to_have_text(["Pets", "My name is Clara."])
    expect(page.get_by_role("link", name="Menu of “My name is Clara.”")).to_be_focused()
    page.get_by_role("link", name="Archived chats: 1").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Archived chats")
    choose("Travel", "Unarchive")
    expect(names(shelf)).to_have_count(0)
    page.get_by_role("link", name="All chats").click()
    expect(names(shelf)).to_have_text(["Pets", "Travel", "My name is Clara."])
    choose("Pets", "Unpin")
    expect(page.locator("#chat-list .day").first).to_have_text("Today")


def test_the_rail_takes_in_a_new_chat_with_its_first_message(shelf: Visitor) -> None:
    page = shelf.page
    page.get_by_role("button", name="New chat").click()
    expect(page.locator(".turn")).to_have_count(0)
    expect(names(shelf)).to_have_count(3)
    page.evaluate("() => { document.body.dataset.same = '' }")
    shelf.talk("Tell me about Lima.")
    expect(names(shelf)).to_have_text(
        ["Tell me about Lima.", "Travel", "Pets", "My name is Clara."]
    )
    expect(names(shelf).first).to_have_attribute("aria-current", "page")
    expect(page.locator("body[data-same]")).to_have_count(1)


def test_an_import_is_watched_on_its_page_and_in_the_list(
    shelf: Visitor,
    another_tab: Callable[[], Visitor],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    complaints: list[str],
) -> None:
    monkeypatch.setattr(import_queue, "AT_ONCE_TOKENS", 0)
    monkeypatch.setattr(import_queue, "_enqueue", lambda key: None)
    page = shelf.page
    clara = Chat.objects.get(title="My name is Clara.")
    file = tmp_path / "chat.json"
    file.write_bytes(page.request.get(f"{shelf.url}/chat/{clara.pk}/export.json").body())
    for _chat in range(2):
        page.goto(f"{shelf.url}/chats/")
        page.get_by_text("Import", exact=True).click()
        page.get_by_label("A chat’s JSON file").set_input_files(file)
        page.get_by_role("button", name="Import the chat").click()
        page.wait_for_url("**/chat/*/")
    second = ChatImport.objects.get(pk=shelf.chat)
    first = ChatImport.objects.exclude(pk=second.pk).get()
    shelf_tab = another_tab()
    shelf_tab.page.goto(f"{shelf.url}/chats/")
    lines = shelf_tab.page.locator(".imports .snippet")
    expect(lines).to_have_text(["Importing, 0% replayed"] * 2)

    # A hand on the button: the figures above it are renewed, it isn't.
    cancel = page.get_by_role("button", name="Cancel the import")
    cancel.focus()
    ChatImport.objects.filter(pk=second.pk).update(status="running", done=second.total // 2)
    expect(page.locator("#import-words")).to_contain_text("is being imported")
    expect(cancel).to_be_focused()
    expect(lines.first).to_have_text(re.compile(r"Importing, (49|50)% replayed"))
    expect(lines.last).to_have_text("Importing, 0% replayed")

    # One is done, and a chat of the list; the other is cancelled elsewhere.
    import_execute(key=first.pk)
    expect(shelf_tab.page.locator(f'[data-chat="{first.pk}"]')).to_be_visible()
    expect(lines).to_have_count(1)
    import_cancel(row=second)
    page.wait_for_url("**/chats/")
    expect(lines).to_have_count(0)
    # Chromium tells every answer that isn't a success.
    assert all("404" in one for one in complaints)
    complaints.clear()


LONG = "A very long title " * 11
WHOLE = "one => one.scrollWidth <= one.clientWidth"


@pytest.mark.parametrize("width", [1280, 390])
def test_of_a_long_title_that_was_deleted_the_verb_stays(visitor: Visitor, width: int) -> None:
    page = visitor.page
    page.set_viewport_size({"width": width, "height": 800})
    visitor.start_chat()
    visitor.talk("My name is Clara.")
    chat = Chat.objects.get()
    Chat.objects.filter(pk=chat.pk).update(title=LONG.strip())
    page.goto(f"{visitor.url}/chats/")
    page.locator("[data-menu]").click()
    page.locator(".menu .delete button").click()
    for place in (".chat-gone", ".deleted"):
        sentence = page.locator(f"{place} .sentence-cut")
        expect(sentence).to_contain_text("was deleted.")
        assert sentence.evaluate(WHOLE)
        assert not sentence.locator(".cut").evaluate(WHOLE)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        page.goto(f"{visitor.url}/chats/?deleted={chat.pk}")


@pytest.mark.parametrize("width", [1280, 390, 320])
def test_what_a_search_field_says_fits_in_it(visitor: Visitor, width: int) -> None:
    page = visitor.page
    page.set_viewport_size({"width": width, "height": 800})
    visitor.start_chat()
    for _ in range(2):
        field = page.locator("#q")
        field.evaluate("one => { one.value = one.placeholder; }")
        assert field.evaluate(WHOLE)
        page.goto(f"{visitor.url}/chats/")


def test_the_rail_stands_in_line(visitor: Visitor) -> None:
    page = visitor.page
    visitor.start_chat()
    visitor.talk("My name is Clara.")
    mine = Chat.objects.get()
    Chat.objects.create(
        owner=mine.owner, checkpoint=mine.checkpoint, title="Old", archived=True, activity=1
    )
    page.get_by_role("button", name="中文").click()
    page.get_by_role("link", name="全部对话").wait_for()
    page.set_viewport_size({"width": 390, "height": 800})  # one row below
    middles = page.locator(".rail-account a, .rail-foot .tools button").evaluate_all(
        "all => all.map((one) => one.getBoundingClientRect()).map((r) => (r.top + r.bottom) / 2)"
    )
    assert len(middles) == 5
    assert max(middles) - min(middles) <= 1
    # Both at one moment: the rail slides to its place.
    title, shelf = (
        page.evaluate("""() => ["#chat-list .title", "#chat-list .shelf a"].map((place) => {
      const words = document.createRange();
      words.selectNodeContents(document.querySelector(place));
      return words.getBoundingClientRect().left;
    })""")
    )
    assert shelf == pytest.approx(title, abs=0.5)


def test_on_a_phone_the_import_form_pushes_the_list_down(visitor: Visitor) -> None:
    page = visitor.page
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{visitor.url}/chats/")
    search = page.locator("form.search")
    before = search.evaluate("one => one.getBoundingClientRect().top")
    page.get_by_text("Import", exact=True).click()
    sheet = page.locator("#import")
    expect(sheet).to_be_visible()
    room = page.locator(".chats-head[style*='sheet-room']:not([style*=' 0px'])")
    expect(room).to_have_count(1)
    bottom = sheet.evaluate("one => one.getBoundingClientRect().bottom")
    assert bottom < search.evaluate("one => one.getBoundingClientRect().top")
    page.get_by_text("Import", exact=True).click()
    expect(room).to_have_count(0)
    assert search.evaluate("one => one.getBoundingClientRect().top") == before
