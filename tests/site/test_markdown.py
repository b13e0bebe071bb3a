"""Markdown that anybody wrote is shown, and nothing in it runs or asks a third party."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memory_app import markdown
from memory_app.markdown import ATTRIBUTES, TAGS, render_markdown


def test_what_people_write_is_rendered():
    html = render_markdown(
        "# Hi\n\n**bold** `code`\n\n- one\n- two\n\n| a | b |\n|--|--|\n| 1 | 2 |"
    )
    for part in ("<h3>Hi</h3>", "<strong>bold</strong>", "<code>code</code>", "<li>one</li>"):
        assert part in html
    assert "<td>1</td>" in html


def test_a_line_break_is_one():
    assert "<br>" in render_markdown("one\ntwo")


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[a](javascript:alert(1))",
        "[a](data:text/html,<script>alert(1)</script>)",
        "![a](https://example.org/seen.png)",
        "<a href='https://example.org' onclick='alert(1)'>a</a>",
        '[a](https://example.org"onmouseover="alert(1))',
    ],
)
def test_nothing_in_it_runs_or_is_fetched(text):
    html = render_markdown(text)
    for tag in re.findall(r"<[^>]*>", html):
        assert "javascript:" not in tag
        assert not re.search(r"<(script|img|iframe|svg|style)|\son\w+=|src=|data:", tag, re.I)


def test_a_link_tells_nobody_where_it_was_followed():
    html = render_markdown("[a](https://example.org)")
    assert 'rel="noopener noreferrer nofollow"' in html


@given(st.text(alphabet=st.sampled_from(list("<>&\"'`*_[]()!#|-\n ax:/=;j")), max_size=200))
def test_only_the_known_tags_and_attributes_come_out(text):
    for tag, rest in re.findall(r"<([a-z0-9]+)((?:\s[^>]*)?)>", render_markdown(text)):
        assert tag in TAGS
        names = set(re.findall(r"\s([a-z-]+)=", rest))
        assert names <= ATTRIBUTES.get(tag, set()) | {"rel"}


def test_the_sanitiser_stands_by_itself(monkeypatch):
    """Were HTML let through by the parser, none of it that may act would come out."""
    monkeypatch.setitem(markdown._markdown.options, "html", True)
    rough = "\n\n".join(
        (
            "<script>alert(1)</script>",
            '<img src="https://a.example/x.png" onerror="alert(1)">',
            '<a href="javascript:alert(1)" onclick="alert(1)">x</a>',
            '<iframe src="https://a.example"></iframe>',
            '<p style="position:fixed" id="composer">y</p>',
        )
    )
    html = render_markdown(rough)
    assert "<p>y</p>" in html
    for piece in ("<script", "<img", "<iframe", "javascript:", "onclick", "style=", "id="):
        assert piece not in html
