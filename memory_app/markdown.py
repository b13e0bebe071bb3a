"""Markdown to safe HTML: rendered, then sanitised, in this order.

For texts of models and people: replies, model cards. Raw HTML in them stays text; links are only
http, https and mailto, and open without a referrer; there are no pictures, since one would
disclose the reader to a third party.
"""

import re
from html import unescape

import nh3
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt

TAGS = frozenset(
    [
        "p",
        "br",
        "hr",
        "em",
        "strong",
        "del",
        "code",
        "pre",
        "blockquote",
        "ul",
        "ol",
        "li",
        "h3",
        "h4",
        "h5",
        "h6",
        "a",
        "table",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
    ]
)
ATTRIBUTES = {"a": {"href"}, "ol": {"start"}}
SCHEMES = frozenset({"http", "https", "mailto"})
_markdown = MarkdownIt("commonmark", {"html": False, "breaks": True}).enable(
    ["table", "strikethrough"]
)
_markdown.disable("image")


def render_markdown(text: str, *, top_heading: int = 3) -> SafeString:
    """`text` as safe HTML; its first level of headings becomes h<top_heading>, which is 3 or more.

    Time and size grow linearly with the text.
    """
    tokens = _markdown.parse(text)
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(6, int(token.tag[1]) - 1 + top_heading)}"
    rough = _markdown.renderer.render(tokens, _markdown.options, {})
    # nh3 is the sanitiser; its allow-list is what makes this string safe to show.
    return mark_safe(  # noqa: S308
        nh3.clean(
            rough,
            tags=set(TAGS),
            attributes={tag: set(names) for tag, names in ATTRIBUTES.items()},
            url_schemes=set(SCHEMES),
            link_rel="noopener noreferrer nofollow",
        )
    )


_BARE = re.compile(r"</?p>|<br>")


def markdown_or_nothing(text: str) -> SafeString:
    """`text` as safe HTML, or empty where that would show no more than the plain text.

    Paragraphs and line breaks alone don't count: plain text has both.
    """
    html = render_markdown(text)
    bare = _BARE.sub(" ", html)
    # Each < of the text is an entity by now: a remaining one opens another tag.
    if "<" not in bare and unescape(bare).split() == text.split():
        return SafeString()
    return html
