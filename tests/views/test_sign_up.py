"""What the sign-up and log-in pages say of names, passwords and a guest's chats."""

import re
from collections.abc import Iterator

import pytest
from django.test import Client
from django.utils.translation import gettext, override

from memory_app.sign_up import SignUpForm
from memory_app.views.inspector.gate_view import _joins

pytestmark = pytest.mark.django_db


def wrong(username: str, first: str, second: str) -> dict[str, list[str]]:
    form = SignUpForm({"username": username, "password1": first, "password2": second})
    return {name: [str(line) for line in lines] for name, lines in form.errors.items()}


def test_a_short_password_is_explained_at_its_field_beside_a_mismatch() -> None:
    errors = wrong("dora", "123", "124")
    assert any("at least 8 characters" in line for line in errors["password1"])
    assert errors["password2"] == ["The two passwords differ."]
    assert "password2" not in wrong("dora", "123", "123")


def test_names_are_explained_in_the_sites_own_words_in_both_languages() -> None:
    page = Client().get("/accounts/signup/").content.decode()
    assert "Required." not in page
    for language in ("en", "zh-hans"):
        with override(language):
            sentence = gettext("A username may have letters, digits and the signs @ . + - _ only.")
            assert wrong("a b", "long-and-odd-1", "long-and-odd-1") == {"username": [sentence]}
            assert "+" in sentence


@pytest.mark.parametrize(
    ("password", "again", "field"),
    [("123", "123", "password1"), ("long-and-odd-1", "long-and-odd-2", "password2")],
)
def test_a_refused_form_has_the_focus_in_the_field_at_fault(
    password: str, again: str, field: str
) -> None:
    given = {"username": "dora", "password1": password, "password2": again}
    body = Client().post("/accounts/signup/", given).content.decode()
    (focused,) = re.findall(r"<input[^>]* autofocus[^>]*>", body)
    assert f'name="{field}"' in focused


@pytest.mark.parametrize("path", ["/accounts/signup/", "/accounts/login/"])
def test_chats_are_promised_only_to_a_guest_who_has_some(path: str) -> None:
    assert "Chats from this browser" not in Client().get(path).content.decode()


def test_a_missing_page_links_a_guest_to_the_log_in() -> None:
    body = Client().get("/nothing/").content.decode()
    assert '<a href="/accounts/login/">log in</a> with the account' in body


def sentence_lines(words: list[str]) -> Iterator[str]:
    """The runs of tokens between which a line may break."""
    tokens = [{"shown": word, "control": ""} for word in words]
    run = ""
    for token, after in zip(tokens, [*tokens[1:], None], strict=True):
        run += str(token["shown"])
        if after is None or not _joins(token, after, len(run)):
            yield run
            run = ""


def test_a_mark_or_a_piece_of_a_word_is_never_alone_on_a_line() -> None:
    assert list(sentence_lines([" in", " Rome", "."])) == [" in", " Rome."]
    assert list(sentence_lines(["Can", "'t", " he"])) == ["Can't", " he"]
    assert list(sentence_lines(["我", "叫", "她", "。", "你"])) == ["我", "叫", "她。", "你"]
    assert max(map(len, sentence_lines(["x" * 5] * 20))) <= 24
