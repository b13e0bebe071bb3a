"""Django's own pages for users and groups, whole in Chinese."""

import gettext as gnu
import re
from html.parser import HTMLParser
from pathlib import Path

import django
import pytest
from django.contrib.auth.models import Group, Permission, User
from django.urls import reverse
from django.utils.translation import gettext, ngettext, override

from memory_app.models import Chat

CONTRIB = Path(django.__path__[0]) / "contrib"
#: Names and codes that are no words of English: the site's, a person's, a method's.
NAMES = {
    "Gatescope",
    "English",
    "alice",
    "mira",
    "newcomer",
    "pbkdf",
    "sha",
    "UTC",
    "Control",
    "Mac",
}
NAMES |= {"Command", "html"}


class Words(HTMLParser):
    """The Latin words that a page shows or tells a screen reader."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.silent, self.words = 0, set()
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.silent += tag in ("script", "style", "code", "svg", "bdi")
        said = dict(attrs)
        told = [said.get(name) for name in ("title", "aria-label", "placeholder", "alt")]
        if tag == "input" and said.get("type") in ("submit", "button"):
            told.append(said.get("value"))
        for text in filter(None, told):
            self.handle_data(text)

    def handle_endtag(self, tag):
        self.silent -= tag in ("script", "style", "code", "svg", "bdi")

    def handle_data(self, data):
        if not self.silent:
            self.words |= set(re.findall(r"[A-Za-z]{2,}", data))


def test_every_page_of_a_user_and_of_a_group_is_in_chinese(client, mira, chat):
    newcomer = User.objects.create_user("newcomer", password="x")
    group = Group.objects.create(name="组")
    pages = [
        "/admin/password_change/",
        "/admin/password_change/done/",
        *(reverse(f"admin:auth_user_{page}") for page in ("changelist", "add")),
        *(reverse(f"admin:auth_group_{page}") for page in ("changelist", "add")),
        *(reverse(f"admin:auth_user_{page}", args=[newcomer.pk]) for page in ("change", "delete")),
        reverse("admin:auth_user_password_change", args=[newcomer.pk]),
        *(reverse(f"admin:auth_group_{page}", args=[group.pk]) for page in ("change", "delete")),
    ]  # fmt: skip
    client.post("/accounts/language/", {"language": "zh-hans"})
    users = reverse("admin:auth_user_changelist")
    assert client.get(users).context["title"] == "用户"
    several = {"action": "delete_selected", "_selected_action": [newcomer.pk]}
    answers = {page: client.get(page) for page in pages} | {
        "several": client.post(users, several),
        "refused": client.post(
            reverse("admin:auth_user_add"), {"username": "[]", "password1": "x", "password2": "x"}
        ),
    }
    for page, answer in answers.items():
        assert answer.status_code == 200
        body = re.sub(r"[A-Za-z0-9]{6}\*+", "", answer.content.decode())  # of a password's hash
        assert Words(body).words - NAMES == set(), page


def test_only_permissions_that_do_something_are_offered(client, mira):
    user = User.objects.create_user("newcomer", password="x")
    url = reverse("admin:auth_user_change", args=[user.pk])
    body = client.get(url).content.decode()
    keys = re.findall(r'name="user_permissions" value="(\d+)"', body)
    codes = Permission.objects.filter(pk__in=keys).values_list("codename", flat=True)
    verbs = ("add", "change", "delete", "view")
    of_users = [f"{verb}_{kind}" for verb in verbs for kind in ("user", "group")]
    assert sorted(codes) == sorted([*of_users, "view_dashboard", "train", "publish", "operate"])
    form = {"username": "newcomer", "is_active": "on", "user_permissions": keys[:1]}
    assert client.post(url, form).status_code == 302
    assert [str(one.pk) for one in user.user_permissions.all()] == keys[:1]


def test_deleting_a_user_counts_their_chats_and_shows_none(client, alice, chat):
    Chat.objects.filter(pk=chat.pk).update(title="my secret")
    url = reverse("admin:auth_user_delete", args=[alice.person.user_id])
    body = client.get(url).content.decode()
    assert "my secret" not in body
    assert str(chat.pk) not in body
    assert "chats: 1" in re.sub(r"\s+", " ", body).lower()


@pytest.mark.parametrize("app", ["admin", "auth"])
def test_no_sentence_of_djangos_pages_lacks_chinese(app):
    english = (CONTRIB / app / "locale/en/LC_MESSAGES/django.po").read_text()
    chinese = CONTRIB / app / "locale/zh_Hans/LC_MESSAGES/django.mo"
    with chinese.open("rb") as file:
        known = {
            key if isinstance(key, str) else key[0] for key in gnu.GNUTranslations(file)._catalog
        }
    missing = set()
    for entry in english.split("\n\n")[1:]:
        if "msgctxt" in entry:
            continue
        quoted = re.search(r'^msgid ((?:".*"\n?)+)', entry, re.M)
        said = "".join(eval(line) for line in quoted[1].strip().split("\n"))
        if said not in known:
            missing.add((said, "msgid_plural" in entry))
    assert missing  # else the sentences marked in memory_app/django_messages.py can go
    with override("zh-hans"):
        for said, plural in missing:
            assert (ngettext(said, said, 2) if plural else gettext(said)) != said


def test_a_weak_password_is_told_at_its_own_field_which_has_the_focus(client) -> None:
    form = {"username": "newcomer", "password1": "12345", "password2": "12345"}
    answer = client.post(reverse("admin:auth_user_add"), form)
    errors = answer.context["adminform"].form.errors
    assert list(errors) == ["password1"]
    body = answer.content.decode()
    (focused,) = re.findall(r"<input[^>]* autofocus[^>]*>", body)
    assert 'name="password1"' in focused
