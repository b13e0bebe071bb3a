"""policy.py is the law: nothing that can be reached is without a row, and rows bind."""

from itertools import chain
from uuid import uuid4

import pytest
from celery import current_app
from django.http import HttpResponse
from django.test import Client
from django.urls import URLResolver, get_resolver, path, reverse

from chatsite import urls as site_urls
from memory_app import consumers, policy, protocol, tasks
from memory_app.models import Chat
from memory_app.routing import websocket_urlpatterns
from memory_app.socket_messages import SOCKET_MESSAGES, SPEECH_MESSAGES
from tests.conftest import spoken_turn

POLICIES = {policy.ANYONE, policy.PERSON, policy.OWNER, policy.STAFF, policy.SYSTEM}


def routes(resolver: URLResolver, namespace: str = ""):
    for entry in resolver.url_patterns:
        if isinstance(entry, URLResolver):
            yield from routes(entry, namespace + (f"{entry.namespace}:" if entry.namespace else ""))
        else:
            yield entry, namespace


def test_every_route_has_a_row():
    found = list(routes(get_resolver()))
    assert len(found) > 15
    for entry, namespace in found:
        name = namespace + (entry.name or entry.lookup_str)
        assert policy.row_of("http", name).policy in POLICIES, name


def test_every_row_of_a_route_names_a_route():
    names = {namespace + (entry.name or "") for entry, namespace in routes(get_resolver())}
    for row in policy.ROWS:
        if row.kind == "http" and row.name not in {"static", "admin:*"}:
            assert row.name in names, row


def test_every_socket_message_has_a_row_and_a_method_and_the_other_way_round():
    every = {row.name for row in policy.ROWS if row.kind == "ws"}
    assert every == set(chain.from_iterable(SOCKET_MESSAGES.values()))
    assert {pattern.name for pattern in websocket_urlpatterns} == SOCKET_MESSAGES.keys()
    rows = every - {"connect", "speech.connect", *SPEECH_MESSAGES}
    assert rows == set(protocol.CLIENT_TYPES)
    methods = {
        name.removeprefix("on_").replace("_", ".")
        for name in dir(consumers.ChatConsumer)
        if name.startswith("on_")
    }
    assert methods == rows


def test_every_task_has_a_row():
    assert tasks.train.name in current_app.tasks
    own = {name for name in current_app.tasks if not name.startswith("celery.")}
    assert own == {row.name for row in policy.ROWS if row.kind == "task"}


def test_a_task_that_somebody_forgot_a_row_for_does_nothing(monkeypatch):
    monkeypatch.setattr(tasks, "run_execute", lambda **facts: pytest.fail("it ran"))
    monkeypatch.delitem(policy._BY_NAME, ("task", tasks.train.name))
    with pytest.raises(policy.NoPolicy):
        tasks.train(str(uuid4()))
    with pytest.raises(policy.NoPolicy):
        tasks.train.apply(args=[str(uuid4())], throw=True)


@pytest.mark.parametrize("kind", ["http", "ws", "task"])
def test_what_has_no_row_is_refused(kind):
    with pytest.raises(policy.NoPolicy):
        policy.row_of(kind, "nobody-thought-of-it")


def _forgotten(request):
    return HttpResponse("a secret")


urlpatterns = [path("forgotten/", _forgotten, name="forgotten"), *site_urls.urlpatterns]


@pytest.mark.urls(__name__)
@pytest.mark.django_db
def test_a_route_that_somebody_forgot_a_row_for_serves_nothing(settings):
    response = Client().get("/forgotten/")
    assert response.status_code == 404
    assert b"secret" not in response.content


@pytest.mark.django_db
def test_a_message_that_somebody_forgot_a_row_for_does_nothing(monkeypatch):
    monkeypatch.delitem(policy._BY_NAME, ("ws", "ping"))
    from memory_app import checks

    assert [fault.id for fault in checks.every_message_has_a_policy()] == ["gatescope.E2"]


OWNED = [
    ("get", "/chat/{chat}/"), ("get", "/chat/{chat}/turns.json"),
    ("post", "/chat/{chat}/rename/"), ("post", "/chat/{chat}/share/"),
    ("get", "/chat/{chat}/menu/"), ("get", "/chat/{chat}/export.json"),
    ("get", "/chat/{chat}/export.md"), ("get", "/chat/{chat}/memory.json"),
    ("get", "/chat/{chat}/gauge.json"),
    ("get", "/chat/{chat}/share/public/"), ("post", "/chat/{chat}/share/public/"),
    ("get", "/turn/{turn}/report/"),
    ("get", "/turn/{turn}/share/"), ("post", "/turn/{turn}/share/"),
    ("post", "/turn/{turn}/fork/"), ("get", "/turn/{turn}/edit/"),
    ("get", "/turn/{turn}/transplant/"), ("get", "/turn/{turn}/empty/?q=Who am I%3F"),
    ("get", "/chat/{chat}/remember/"), ("post", "/chat/{chat}/remember/"),
    ("post", "/chat/{chat}/long-term/"),
    ("post", "/chat/{chat}/delete/"), ("post", "/chat/{chat}/restore/"),
    ("get", "/chat/{chat}/timeline/"), ("get", "/chat/{chat}/timeline.json"),
    ("get", "/turn/{turn}/"), ("get", "/turn/{turn}/gates.json"),
    ("get", "/turn/{turn}/gauge.json"),
    ("get", "/turn/{turn}/map.safetensors?gate=f&layer=0"),
    ("get", "/turn/{turn}/unit.json?layer=0&unit=0"),
    ("get", "/turn/{turn}/alternatives.json?token=0"),
    ("get", "/chat/{chat}/ledger.json"), ("get", "/turn/{turn}/sources.json?token=0"),
    ("get", "/turn/{turn}/trace.safetensors"), ("get", "/turn/{turn}/state.safetensors"),
]  # fmt: skip


@pytest.fixture
def turn(chat):
    return spoken_turn(chat, "My secret", "x")


@pytest.mark.parametrize(("method", "route"), OWNED)
def test_somebody_elses_and_nobodys_are_one_answer(alice, bob, charlie, chat, turn, method, route):
    bob.client.get("/")
    stranger = Client()
    answers = set()
    for client in (bob.client, charlie.client, stranger):
        for ids in ((chat.pk, turn.pk), (uuid4(), uuid4())):
            response = getattr(client, method)(route.format(chat=ids[0], turn=ids[1]))
            assert response.status_code == 404
            answers.add((client is stranger, response.content))
    # A stranger's page may name the log-in; within one client the two are equal to the byte.
    assert len(answers) <= 2
    assert all(b"secret" not in body for _, body in answers)
    assert Chat.objects.filter(pk=chat.pk, title=Chat.objects.get(pk=chat.pk).title).exists()
    own = getattr(alice.client, method)(route.format(chat=chat.pk, turn=turn.pk))
    assert own.status_code in {200, 302}
    # What is a person's stays in no cache; a gate map is kept, and asked for again each time.
    stored = "no-cache" if "map.safetensors" in route else "no-store"
    assert {"private", stored} <= set(own["Cache-Control"].split(", "))


@pytest.mark.parametrize("route", ["/", "/chats/", "/accounts/login/", "/about/memory/", "/nope/"])
def test_every_page_says_who_may_keep_it_and_what_it_needs_of_the_browser(alice, route):
    answer = alice.client.get(route)
    assert {"private", "no-store"} <= set(answer["Cache-Control"].split(", "))
    assert "camera=()" in answer["Permissions-Policy"]


MANGLED = [
    lambda key: key.upper() if key.upper() != key else key + "A",
    lambda key: key.replace("-", "_"),
    lambda key: key.replace("-", ":"),
    lambda key: key.replace("-", ""),
    lambda key: "0" + key,
    lambda key: key + "%00",
    lambda key: key + "%20",
    lambda key: "{" + key + "}",
    lambda key: key[:-1],
]


@pytest.mark.parametrize("mangle", MANGLED)
def test_a_mangled_id_is_nobodys(alice, chat, turn, mangle):
    for _, route in OWNED:
        url = route.format(chat=mangle(str(chat.pk)), turn=mangle(str(turn.pk)))
        assert alice.client.get(url).status_code == 404


@pytest.mark.parametrize(
    ("method", "route"),
    [
        *OWNED,
        ("post", "/chat/"),
        ("post", "/chats/import/"),
        ("post", "/accounts/logout/"),
        ("post", "/accounts/you/"),
        ("post", "/accounts/you/delete/"),
    ],
)
def test_an_unsafe_method_needs_its_token(alice, chat, turn, method, route):
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = alice.client.cookies
    response = strict.post(route.format(chat=chat.pk, turn=turn.pk))
    assert response.status_code == 403
    assert Chat.objects.filter(pk=chat.pk).exists()


@pytest.mark.parametrize(
    ("method", "route"),
    [
        ("post", "/"), ("get", "/chat/"), ("get", "/accounts/logout/"), ("post", "/chats/"),
        ("get", "/chat/{chat}/delete/"), ("delete", "/chat/{chat}/"), ("put", "/healthz"),
        ("get", "/accounts/language/"),
    ],
)  # fmt: skip
def test_a_method_without_a_row_is_not_allowed(alice, chat, method, route):
    response = getattr(alice.client, method)(route.format(chat=chat.pk))
    assert response.status_code == 405
    assert Chat.objects.filter(pk=chat.pk).exists()


#: Who needs no identity at all, or only some. A row more is a decision, which belongs here too.
FOR_ANYONE = {
    *("front", "about_memory", "signup", "login", "logout", "account", "set_language"),
    "account_page",
    *("chats", "chats_import", "chat_new", "favicon", "apple_touch_icon", "robots", "manifest"),
    # Whose token a visitor must know.
    *("public_link", "public_preview", "link_report"),
    *("metrics", "csp_report", "security_txt", "terms", "privacy"),
    *("healthz", "readyz", "static", "admin:login", "admin:logout"),
    *("lab", "lab_sentiment", "lab_sentiment_read", "lab_sentiment_map"),
    *("lab_translation", "lab_translation_read", "lab_translation_map"),
    *("lab_completion", "lab_completion_read", "lab_completion_write", "lab_completion_map"),
    "lab_speech",
}


#: Of a checkpoint, which belongs to nobody: any person may look at those that they can chat with.
#: And a person's own account, which no id names.
FOR_A_PERSON = {
    *("account_export", "account_delete"),
    *("units", "units_pattern", "units_property"),
    *("unit", "unit_turns", "unit_note"),
}


def test_no_row_asks_for_less_than_it_should():
    """Each route that names a chat or a turn is its owner's, each of the dashboard is staff's."""
    paths = {
        namespace + (entry.name or ""): str(entry.pattern)
        for entry, namespace in routes(get_resolver())
    }
    for row in policy.ROWS:
        if row.kind == "task":
            wanted = {policy.SYSTEM}
        elif row.kind == "ws":
            wanted = {policy.ANYONE if row.name.startswith("speech.") else policy.OWNER}
        elif row.name in FOR_ANYONE:
            wanted = {policy.ANYONE}
        elif row.name in FOR_A_PERSON:
            wanted = {policy.PERSON}
        elif row.name.startswith("admin:"):
            wanted = {policy.STAFF}
        else:
            wanted = {policy.OWNER}
            assert "<uuid:" in paths[row.name], row
        assert row.policy in wanted, row


def test_no_page_of_the_dashboard_answers_who_is_not_staff(alice, chat):
    """Asked, not read from the table: each route, with ids that exist where there are any."""
    asked = 0
    for row in policy.ROWS:
        if row.kind != "http" or row.policy == policy.ANYONE or not row.name.startswith("admin:"):
            continue
        if row.name == "admin:*":
            continue
        entry = next(e for e, space in routes(get_resolver()) if space + (e.name or "") == row.name)
        kwargs = {
            name: 1 if type(converter).__name__ == "IntConverter" else chat.pk
            for name, converter in entry.pattern.converters.items()
        }
        url = reverse(row.name, kwargs=kwargs)
        for client in (Client(), alice.client):
            answer = client.get(url) if "GET" in row.methods else client.post(url)
            assert answer.status_code == 302, row
            assert answer["Location"].startswith("/admin/login/"), row
        asked += 1
    assert asked > 20


def test_the_admin_is_for_staff(alice, checkpoint):
    for url in ("/admin/", "/admin/auth/user/", "/admin/nowhere/"):
        response = alice.client.get(url)
        assert response.status_code == 302
        assert response["Location"].startswith("/admin/login/")
    user = alice.person.user
    user.is_staff = user.is_superuser = True
    user.save()
    assert alice.client.get("/admin/").status_code == 200
    user.is_staff = False
    user.save()
    assert alice.client.get("/admin/").status_code == 302
