"""The pages that say that something isn't there, isn't allowed, or broke: in either language."""

import pytest
from django.core.exceptions import PermissionDenied
from django.db import OperationalError
from django.test import Client

from memory_app.views import front

pytestmark = pytest.mark.django_db(transaction=True)


def faulty(fault):
    def look(**_: object):
        raise fault

    return look


@pytest.mark.parametrize(
    ("status", "fault", "english", "chinese"),
    [
        (403, PermissionDenied(), "You are not allowed to do this", "你没有权限进行此操作"),
        (404, None, "Page not found", "找不到页面"),
        (500, RuntimeError("x"), "Something went wrong", "出了点问题"),
        (503, OperationalError("database is locked"), "be done right now", "现在无法完成"),
    ],
)
def test_each_has_its_words_the_chosen_theme_and_the_way_to_the_other_language(
    monkeypatch, status, fault, english, chinese
):
    client = Client(raise_request_exception=False)
    client.cookies["theme"] = "dark"
    if fault:
        monkeypatch.setattr(front.services, "person_ensure", faulty(fault))
    for language, words, other in (("en", english, "zh-hans"), ("zh-hans", chinese, "en")):
        client.cookies["django_language"] = language
        answer = client.get("/" if fault else "/nowhere/")
        said = answer.content.decode()
        assert answer.status_code == status
        assert words in said
        assert f'<html lang="{language}" data-theme="dark">' in said
        assert f'data-language="{other}"' in said
        assert "csrfmiddlewaretoken" not in said
        for path in ("/chats/", "/lab/"):
            assert f'<a href="{path}">' in said


def test_a_form_that_expired_says_so_and_is_not_sent_again_by_the_other_language():
    answer = Client(enforce_csrf_checks=True).post("/chat/")
    said = answer.content.decode()
    assert answer.status_code == 403
    assert "This form has expired" in said
    assert 'data-method="POST"' in said
    assert 'data-language="zh-hans"' in said
