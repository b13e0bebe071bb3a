"""Long-term memory: whose it is, what speaks with it, and that forgetting takes effect at once."""

import json
import re
import zipfile
from io import StringIO
from uuid import uuid4

import pytest
import torch
from django.core.management import CommandError, call_command
from django.urls import reverse

from memory_app import runtime, services, tasks
from memory_app.core.consolidation.rehearsal import Memory
from memory_app.core.model.adapter import Adapter
from memory_app.models import Chat, Consolidation, LongTermMemory, Turn
from memory_app.refusal import Refused
from memory_app.services.chat import consolidate, consolidation_progress, long_term
from memory_app.services.chat.consolidation_progress import ConsolidationProgress
from memory_app.services.operations.personal_data import data_subject, person_erase
from memory_app.services.operations.personal_export import person_export
from tests.conftest import spoken_turn

pytestmark = pytest.mark.django_db(transaction=True)
FIGURES = {
    "before": {"A": 1.0, "B": 0.0},
    "after": {
        "A": 1.0, "B": 0.96, "B_later": 0.95, "D": 0.9, "refused": 1.0,
        "bits_per_byte_change": 0.002,
    },
}  # fmt: skip


class Shop:
    """Stands for the heavy parts: a chat knows the name that was last said in it, and an adapter
    is a pure function of what the chats know."""

    def __init__(self, sha256, on_progress=lambda share: None):
        self.checkpoint = runtime.load_checkpoint_by_sha(sha256)
        self.engine = self.statistics = None
        on_progress(1.0)


def _rehearse(checkpoint, engine, state, said=None, on_progress=None):
    return [Memory("name", said.split()[-1], (((1, 2), (3,)),))] if said else []


def _fit(checkpoint, engine, statistics, chats, on_progress=None):
    values = [own.value for memories in chats.values() for own in memories]
    if not values:
        return None
    config = checkpoint.model.config
    generator = torch.Generator().manual_seed(sum(map(ord, "/".join(values))))
    up = torch.randn(config.embedding_dim, 2, generator=generator)
    down = torch.randn(2, config.output_size, generator=generator)
    return Adapter(checkpoint.sha256, up, down, tuple(chats))


@pytest.fixture(autouse=True)
def shop(monkeypatch):
    told = []
    monkeypatch.setattr(consolidate, "Workshop", Shop)
    monkeypatch.setattr(consolidate, "rehearse", _rehearse)
    monkeypatch.setattr(consolidate, "fit", _fit)
    monkeypatch.setattr(consolidate, "personal_exam", lambda *_, **__: FIGURES)
    for module in (consolidate, long_term):
        monkeypatch.setattr(module, "tell_worker", lambda task, key: told.append((task, key)))
    return told


def _chat(player, checkpoint, name):
    row = Chat.objects.create(owner=player.person, checkpoint=checkpoint)
    spoken_turn(row, f"My name is {name}", "Hello.")
    return Chat.objects.select_related("owner", "checkpoint").get(pk=row.pk)


def _remember(chat):
    row = services.consolidation_ask(chat=chat)
    consolidate.consolidation_execute(key=row.pk)
    row.refresh_from_db()
    return row


def _adapter(player):
    row = LongTermMemory.objects.filter(owner=player.person).first()
    return bytes(row.data) if row is not None else b""


def test_a_chat_is_remembered_and_new_chats_are_spoken_with_it(alice, checkpoint, shop):
    row = _remember(_chat(alice, checkpoint, "Clara"))
    assert shop == [("consolidate", str(row.pk))]
    assert (row.status, row.done, row.place) == ("finished", 100, 1)
    assert [own["value"] for own in row.memories] == ["Clara"]
    assert row.figures["after"]["B"] == 0.96
    stored = LongTermMemory.objects.get()
    assert (
        stored.sha256
        == Adapter.read(_adapter(alice), checkpoint.model_config, checkpoint.sha256).sha256
    )
    fresh = services.chat_create(person=alice.person, checkpoint=checkpoint)
    assert fresh.long_term
    begun = services.turn_begin(chat=fresh, client_turn_id=uuid4(), text="Hi")
    assert begun.adapter is not None
    assert begun.turn.adapter_sha256 == stored.sha256


def test_a_chat_that_existed_before_is_spoken_as_before_until_it_is_switched(alice, checkpoint):
    chat, other = _chat(alice, checkpoint, "Clara"), _chat(alice, checkpoint, "Ann")
    _remember(chat)
    assert not Chat.objects.get(pk=other.pk).long_term
    begun = services.turn_begin(chat=other, client_turn_id=uuid4(), text="Hi")
    assert begun.adapter is None
    assert begun.turn.adapter_sha256 is None
    services.turn_interrupt(turn=begun.turn)
    services.chat_long_term(chat=other, on=True)
    assert services.turn_begin(chat=other, client_turn_id=uuid4(), text="Hi").adapter is not None


def test_states_and_hashes_are_the_same_with_and_without_it(alice, checkpoint):
    first = _chat(alice, checkpoint, "Clara")
    _remember(first)
    plain, changed = (_chat(alice, checkpoint, "Bo") for _ in range(2))
    services.chat_long_term(chat=changed, on=True)
    turns = [spoken_turn(own, "And you?", "Fine.") for own in (plain, changed)]
    assert turns[0].adapter_sha256 is None
    assert turns[1].adapter_sha256
    assert turns[0].state_sha256 == turns[1].state_sha256
    assert bytes(turns[0].state) == bytes(turns[1].state)
    out = StringIO()
    call_command("verify_sessions", "--json", stdout=out)
    assert json.loads(out.getvalue()) == {"turns": 5, "faults": []}


def test_forgetting_takes_effect_at_once_and_refitting_gives_what_never_had_it(
    alice, checkpoint, shop
):
    a, b, c = (_chat(alice, checkpoint, name) for name in ("Ann", "Bo", "Cy"))
    _remember(a)
    _remember(b)
    two = _adapter(alice)
    _remember(c)
    assert _adapter(alice) not in (two, b"")
    assert services.chat_forgotten(chat=c)
    # No reply is spoken with what was forgotten while the worker hasn't refitted.
    assert _adapter(alice) == b""
    services.chat_long_term(chat=a, on=True)
    begun = services.turn_begin(chat=a, client_turn_id=uuid4(), text="Hi")
    assert begun.adapter is None
    task, key = shop[-1]
    assert task == "refit"
    tasks.refit(key)
    assert _adapter(alice) == two
    tasks.refit(key)  # a duplicate
    assert _adapter(alice) == two
    assert not services.chat_forgotten(chat=c)
    for own in (a, b):
        services.chat_forgotten(chat=own)
    tasks.refit(key)
    assert LongTermMemory.objects.get().sha256 == ""


def test_deleting_a_chat_forgets_it_and_restoring_doesnt_bring_it_back(alice, checkpoint):
    chat = _chat(alice, checkpoint, "Clara")
    _remember(chat)
    services.chat_delete(chat=chat)
    assert not Consolidation.objects.exists()
    assert _adapter(alice) == b""
    services.chat_restore(chat=chat)
    assert not Consolidation.objects.exists()


def test_guests_are_refused(guest, checkpoint):
    chat = _chat(guest, checkpoint, "Clara")
    with pytest.raises(Refused) as refused:
        services.consolidation_ask(chat=chat)
    assert refused.value.code == "forbidden"
    page = guest.client.get(reverse("chat_remember", args=[chat.pk]))
    assert b"Sign up" in page.content
    assert guest.client.post(reverse("chat_remember", args=[chat.pk])).status_code == 409
    assert not Consolidation.objects.exists()


def test_a_blank_memory_and_more_chats_than_the_quota_are_refused(alice, checkpoint, settings):
    blank = Chat.objects.create(owner=alice.person, checkpoint=checkpoint)
    with pytest.raises(Refused) as refused:
        services.consolidation_ask(chat=blank)
    assert refused.value.code == "invalid"
    settings.LONG_TERM_CHATS_MAX = 1
    first = _chat(alice, checkpoint, "Ann")
    _remember(first)
    with pytest.raises(Refused) as refused:
        services.consolidation_ask(chat=_chat(alice, checkpoint, "Bo"))
    assert refused.value.code == "quota"
    _remember(first)  # again, which needs no more room


def test_one_persons_adapter_never_speaks_in_anothers_chat(alice, bob, checkpoint):
    _remember(_chat(alice, checkpoint, "Clara"))
    theirs = _chat(bob, checkpoint, "Bob")
    services.chat_long_term(chat=theirs, on=True)
    assert services.turn_begin(chat=theirs, client_turn_id=uuid4(), text="Hi").adapter is None
    assert not services.chat_create(person=bob.person, checkpoint=checkpoint).long_term


def test_a_worker_that_lost_the_chat_stores_nothing(alice, checkpoint, monkeypatch):
    chat = _chat(alice, checkpoint, "Clara")
    row = services.consolidation_ask(chat=chat)

    def forgotten_meanwhile(*given, **_):
        services.chat_forgotten(chat=chat)
        return _fit(*given)

    monkeypatch.setattr(consolidate, "fit", forgotten_meanwhile)
    consolidate.consolidation_execute(key=row.pk)
    assert not Consolidation.objects.exists()
    assert _adapter(alice) == b""


def test_a_change_meanwhile_is_fitted_again(alice, checkpoint, monkeypatch):
    a, b = (_chat(alice, checkpoint, name) for name in ("Ann", "Bo"))
    _remember(a)
    row = services.consolidation_ask(chat=b)
    calls = []

    def other_chat_is_forgotten(checkpoint, engine, statistics, chats, **_):
        calls.append(list(chats))
        if len(calls) == 1:
            services.chat_forgotten(chat=a)
        return _fit(checkpoint, engine, statistics, chats)

    monkeypatch.setattr(consolidate, "fit", other_chat_is_forgotten)
    consolidate.consolidation_execute(key=row.pk)
    assert calls == [[str(a.pk), str(b.pk)], [str(b.pk)]]
    model = runtime.load_checkpoint_by_sha(checkpoint.sha256)
    only = _fit(model, None, None, {str(b.pk): _rehearse(None, None, None, "Bo")})
    assert _adapter(alice) == only.data


def test_a_resumed_consolidation_doesnt_rehearse_again(alice, checkpoint, monkeypatch):
    row = services.consolidation_ask(chat=_chat(alice, checkpoint, "Clara"))

    def dies(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(consolidate, "fit", dies)
    with pytest.raises(KeyboardInterrupt):
        consolidate.consolidation_execute(key=row.pk)
    row.refresh_from_db()
    assert (row.status, row.learned[0]["value"]) == ("running", "Clara")
    monkeypatch.setattr(consolidate, "rehearse", lambda *_, **__: pytest.fail("it rehearsed"))
    monkeypatch.setattr(consolidate, "fit", _fit)
    consolidate.consolidation_execute(key=row.pk)  # held by a living process: nothing happens
    assert Consolidation.objects.get().status == "running"
    monkeypatch.setattr(consolidate, "is_dead", lambda process, heartbeat: True)
    consolidate.consolidation_execute(key=row.pk)
    assert Consolidation.objects.get().status == "finished"


def test_the_page_tells_the_stage_its_counts_and_the_time_left(alice, checkpoint, monkeypatch):
    first, second = (_chat(alice, checkpoint, name) for name in ("Ann", "Bo"))
    row, _ = services.consolidation_ask(chat=first), services.consolidation_ask(chat=second)
    clock = iter(range(0, 1000, 4))
    monkeypatch.setattr(consolidation_progress.time, "monotonic", lambda: next(clock))
    pages = []

    def rehearses(*given, on_progress):
        on_progress(4, 16)
        pages.append(alice.client.get(reverse("chat_remember", args=[first.pk])))
        return _rehearse(*given)

    waits = alice.client.get(reverse("chat_remember", args=[second.pk])).content.decode()
    assert "1 other chat is before this one." in waits
    monkeypatch.setattr(consolidate, "rehearse", rehearses)
    consolidate.consolidation_execute(key=row.pk)
    text = pages[0].content.decode()
    assert "Step 2 of 4:" in text
    assert "Asking what this chat’s memory knows…" in text
    assert "4 of 16 questions" in text
    assert re.search(r"about \d+ s left", text)
    row.refresh_from_db()
    assert (row.status, row.done) == ("finished", 100)


def test_progress_never_falls_and_tells_no_time_before_there_is_a_rate():
    written = []
    progress = ConsolidationProgress(
        ["rehearsal", "fit", "exam"], lambda *each: written.append(each)
    )
    progress.enter("exam")
    progress.enter("fit")
    assert [percent for percent, _ in written] == [1, 35, 35]
    assert [each["number"] for _, each in written] == [1, 3, 2]
    assert all("left" not in each for _, each in written)


def test_what_breaks_fails_with_a_reason_and_may_be_asked_for_again(alice, checkpoint, monkeypatch):
    chat = _chat(alice, checkpoint, "Clara")
    row = services.consolidation_ask(chat=chat)

    def breaks(*_, **__):
        raise ZeroDivisionError

    monkeypatch.setattr(consolidate, "fit", breaks)
    consolidate.consolidation_execute(key=row.pk)
    row.refresh_from_db()
    assert row.status == "failed"
    page = alice.client.get(reverse("chat_remember", args=[chat.pk])).content.decode()
    assert "ZeroDivisionError" in page
    monkeypatch.setattr(consolidate, "fit", _fit)
    assert _remember(chat).status == "finished"


def test_the_commands_print_the_adapter(alice, checkpoint):
    chats = [_chat(alice, checkpoint, name) for name in ("Ann", "Bo")]
    keys = [str(chat.pk) for chat in chats]
    out = StringIO()
    call_command("consolidate", *keys, "--evaluate", "--json", stdout=out)
    printed = json.loads(out.getvalue())
    assert printed["adapter"]["chats"] == keys
    assert printed["adapter"]["bytes"] == len(_adapter(alice))
    assert (printed["before"], printed["after"]) == (FIGURES["before"], FIGURES["after"])
    out = StringIO()
    call_command("unconsolidate", keys[0], "--json", stdout=out)
    assert json.loads(out.getvalue())["adapter"]["chats"] == keys[1:]
    for command in (["unconsolidate", keys[0]], ["consolidate", str(uuid4())]):
        with pytest.raises(CommandError):
            call_command(*command)


def test_chats_of_two_persons_are_refused_by_the_command(alice, bob, checkpoint):
    keys = [str(_chat(player, checkpoint, "Ann").pk) for player in (alice, bob)]
    with pytest.raises(CommandError, match="one member"):
        call_command("consolidate", *keys)


def test_an_adapter_that_is_damaged_isnt_used(alice, checkpoint):
    chat = _chat(alice, checkpoint, "Clara")
    _remember(chat)
    LongTermMemory.objects.update(data=_adapter(alice)[:-4] + b"\0\0\0\1")
    services.chat_long_term(chat=chat, on=True)
    assert services.turn_begin(chat=chat, client_turn_id=uuid4(), text="Hi").adapter is None


def test_the_export_has_it_and_erasing_takes_it(alice, checkpoint, tmp_path):
    _remember(_chat(alice, checkpoint, "Clara"))
    who = data_subject(named="alice")
    person_export(who=who, path=tmp_path / "alice.zip")
    with zipfile.ZipFile(tmp_path / "alice.zip") as archive:
        profile = json.loads(archive.read("profile.json"))
        assert archive.read(f"long_term/{checkpoint.pk}.safetensors") == _adapter(alice)
    assert profile["long_term"][0]["memories"][0]["value"] == "Clara"
    person_erase(who=who)
    assert not LongTermMemory.objects.exists()
    assert not Consolidation.objects.exists()


def test_a_turn_keeps_its_adapters_hash_in_files_and_forks(alice, checkpoint):
    chat = _chat(alice, checkpoint, "Clara")
    _remember(chat)
    services.chat_long_term(chat=chat, on=True)
    turn = spoken_turn(chat, "Who am I?", "You are Clara.")
    data = alice.client.get(reverse("export_json", args=[chat.pk])).content
    assert json.loads(data)["turns"][-1]["adapter_sha256"] == turn.adapter_sha256
    copy = services.chat_import(person=alice.person, replayed=services.chat_replay(data=data))
    fork = services.chat_fork(turn=turn)
    for own in (copy, fork):
        last = Turn.objects.filter(chat=own).order_by("position").last()
        assert last.adapter_sha256 == turn.adapter_sha256
        assert last.state_sha256 == turn.state_sha256


def test_the_pages_show_what_is_known_and_forget_it(alice, bob, checkpoint):
    chat = _chat(alice, checkpoint, "Clara")
    page = reverse("chat_remember", args=[chat.pk])
    assert "Remember for good" in alice.client.get(page).content.decode()
    assert alice.client.post(page).status_code == 302
    waiting = alice.client.get(page)
    assert waiting["Refresh"]
    assert "Waiting" in waiting.content.decode()
    consolidate.consolidation_execute(key=Consolidation.objects.get().pk)
    done = alice.client.get(page).content.decode()
    assert "Clara" in done
    assert "96%" in done
    assert "+0.20%" in done
    account = alice.client.get(reverse("account_page")).content.decode()
    assert "What is my name?" in account
    assert "Clara" in account
    bob.client.get("/")
    assert b"Clara" not in bob.client.get(reverse("account_page")).content
    assert bob.client.post(page, {"forget": "1"}).status_code == 404
    switch = reverse("chat_long_term", args=[chat.pk])
    alice.client.post(switch, {"on": "1"})
    assert Chat.objects.get(pk=chat.pk).long_term
    back = alice.client.post(page, {"forget": "1", "next": reverse("account_page")})
    assert back["Location"] == reverse("account_page")
    assert b"Clara" not in alice.client.get(reverse("account_page")).content


def test_the_panel_says_what_the_weights_know(alice, checkpoint):
    chat = _chat(alice, checkpoint, "Clara")
    route = reverse("gauge_json", args=[chat.pk])
    assert alice.client.get(route).json()["long_term"] is None
    _remember(chat)
    services.chat_long_term(chat=chat, on=True)
    reading = alice.client.get(route).json()
    assert [own["question"] for own in reading["long_term"]] == reading["questions"]
    assert reading == alice.client.get(route).json()
