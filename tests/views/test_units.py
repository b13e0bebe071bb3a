"""The pages of units: from an index of the reference text, one's own turns, and one's notes."""

import csv
import io
import json
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import numpy as np
import pytest
from django.core.management import call_command

from memory_app import registry
from memory_app.core.inspection.unit_index import indexed_gate
from memory_app.models import Checkpoint, Person, UnitNote
from memory_app.services.chat import unit_index
from memory_app.services.chat.persons import person_merge
from memory_app.services.chat.unit_index import index_folder, own_text, reference_build
from memory_app.services.operations.personal_data import data_subject
from memory_app.services.operations.personal_export import person_export
from tests.conftest import make_checkpoint, spoken_turn


@pytest.fixture(autouse=True)
def short_text(monkeypatch):
    monkeypatch.setattr(unit_index, "REFERENCE_TOKENS", 400)
    monkeypatch.setattr(unit_index, "_open", {})
    building = {}
    monkeypatch.setattr(unit_index, "_building", building)
    yield
    for future in building.values():  # no test builds while the next one runs
        future.result(60)


@pytest.fixture
def other_checkpoint(checkpoint, tmp_path):
    make_checkpoint(tmp_path / "other", seed=7)
    return registry.register(tmp_path / "other")


@pytest.fixture
def index(checkpoint):
    return reference_build(checkpoint=checkpoint)


def page(player, checkpoint, path="units/", **query):
    answer = player.client.get(f"/checkpoint/{checkpoint.pk}/{path}", query)
    assert answer.status_code == 200, answer.status_code
    return answer


def test_the_first_visit_builds_the_index_and_says_so(alice, checkpoint):
    first = page(alice, checkpoint)
    assert "for the first time" in first.content.decode()
    until = time.monotonic() + 30
    while time.monotonic() < until:
        answer = page(alice, checkpoint)
        if "unit-table" in answer.content.decode():
            break
        time.sleep(0.1)
    assert answer.context["units"] == checkpoint.hidden_size
    assert index_folder(checkpoint.sha256).is_dir()


def test_an_index_is_used_again_after_a_restart(alice, checkpoint, index, monkeypatch):
    monkeypatch.setattr(unit_index, "_open", {})
    assert "unit-table" in page(alice, checkpoint).content.decode()
    monkeypatch.setattr(unit_index, "_open", {})
    (index_folder(checkpoint.sha256) / "index.json").write_text("{}")
    assert "for the first time" in page(alice, checkpoint).content.decode()


def test_units_are_listed_by_their_figures(alice, checkpoint, index):
    for sort in ("timescale", "keep", "write", "size"):
        rows = list(page(alice, checkpoint, sort=sort, layer=1).context["rows"])
        values = [row[sort] for row in rows]
        assert values == sorted(values, reverse=True)
    answer = page(alice, checkpoint, format="csv", sort="number")
    lines = list(csv.DictReader(io.StringIO(answer.content.decode())))
    assert [int(line["number"]) for line in lines] == list(range(checkpoint.hidden_size))
    keep = index.layers[-1].means[checkpoint.model_config.memory_of(0).keep]
    assert [float(line["keep"]) for line in lines] == pytest.approx(keep.tolist())
    for query in ({"layer": 0}, {"layer": 99}, {"layer": "x"}, {"sort": "colour"}):
        assert alice.client.get(f"/checkpoint/{checkpoint.pk}/units/", query).status_code == 404


def test_a_unit_has_its_highest_places_in_the_reference_text(alice, checkpoint, index):
    answer = page(alice, checkpoint, "layer/2/unit/3/")
    row = index.layers[1].steps[3].astype(int)
    scale = index.layers[1].scale / 127
    best = max(row) * scale
    assert answer.context["highest"][0]["value"] == f"{best:.2f}".replace("-", "−")
    at = next(one for one in answer.context["highest"][0]["tokens"] if one["at"])
    assert at["token_id"] == int(index.ids[int(np.argmax(row))])
    assert answer.context["rank"] >= 1
    path = f"/checkpoint/{checkpoint.pk}/layer/2/unit/{checkpoint.hidden_size}/"
    assert alice.client.get(path).status_code == 404


def test_ones_own_turns_are_read_in_memory_and_are_ones_own(alice, bob, chat, checkpoint, index):
    turn = spoken_turn(chat, "My name is Clara.", "Hello Clara.")
    answer = page(alice, checkpoint, "layer/1/unit/0/turns/")
    assert answer.context["highest"][0]["turn"].pk == turn.pk
    own = own_text(person=alice.person, checkpoint=checkpoint)
    gate = indexed_gate(checkpoint.model_config, 0)
    trace = unit_index.chat_model(sha256=checkpoint.sha256)
    assert own.index.ids.tolist() == trace.tokenizer.turn_ids(
        turn.user_token_ids, turn.reply_token_ids
    )
    assert own.index.layers[0].gate == gate
    assert "no turns" in page(bob, checkpoint, "layer/1/unit/0/turns/").content.decode()
    chat.delete()
    assert "no turns" in page(alice, checkpoint, "layer/1/unit/0/turns/").content.decode()


def test_a_phrase_finds_units_and_places(alice, chat, checkpoint, index):
    spoken_turn(chat, "My name is Clara.", "Hello Clara.")
    blank = page(alice, checkpoint, "units/phrase/")
    assert "tokens" not in blank.context
    query = {"layer": 1, "text": "My name is Clara.", "first": 1, "last": 2, "threshold": "0.02"}
    found = page(alice, checkpoint, "units/phrase/", **query)
    assert [one["number"] for one in found.context["tokens"] if one["chosen"]] == [1, 2]
    assert found.context["units"]
    assert found.context["lines"]
    own = page(alice, checkpoint, "units/phrase/", own=1, **query)
    assert own.context["lines"][0]["turn"].chat_id == chat.pk


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"threshold": "0"}, "The threshold is a number"),
        ({"threshold": "nan"}, "The threshold is a number"),
        ({"text": "a" * 301}, "at most 300 characters"),
        ({"text": "a\x00b"}, "no control characters"),
    ],
)
def test_a_wrong_phrase_gets_one_sentence(alice, checkpoint, index, change, sentence):
    query = {"text": "My name is Clara.", "first": 1, "last": 2} | change
    answer = alice.client.get(f"/checkpoint/{checkpoint.pk}/units/phrase/", query)
    assert answer.status_code == 400
    assert sentence in answer.content.decode()


def test_a_phrase_of_a_turn_is_its_owners(alice, bob, chat, checkpoint, index):
    turn = spoken_turn(chat, "My name is Clara.", "Hello Clara.")
    found = page(alice, checkpoint, "units/phrase/", turn=str(turn.pk))
    ids = [token["token_id"] for token in found.context["tokens"]]
    assert ids[1 : 1 + len(turn.user_token_ids)] == turn.user_token_ids
    path = f"/checkpoint/{checkpoint.pk}/units/phrase/"
    for player, key in ((bob, turn.pk), (alice, uuid4()), (alice, "x")):
        assert player.client.get(path, {"turn": str(key)}).status_code == 404


def test_a_property_finds_units_with_a_control(alice, checkpoint, index):
    found = page(alice, checkpoint, "units/property/", property="user_speaks", layer=2)
    rows = found.context["found"]
    assert len(rows.units) == min(12, checkpoint.hidden_size)
    assert all(-1 <= one.held_out <= 1 for one in [*rows.units, rows.control])
    word = page(alice, checkpoint, "units/property/", property="word", word="my")
    assert word.context["found"].share > 0
    never = page(alice, checkpoint, "units/property/", property="word", word="zzyzx")
    assert never.context["found"] is None
    path = f"/checkpoint/{checkpoint.pk}/units/property/"
    assert alice.client.get(path, {"property": "word", "word": ""}).status_code == 400
    assert alice.client.get(path, {"property": "nothing"}).status_code == 404


def test_a_note_is_ones_own_and_is_exported_and_merged(alice, bob, checkpoint, index, tmp_path):
    path = f"/checkpoint/{checkpoint.pk}/layer/2/unit/3/"
    answer = alice.client.post(f"{path}note/", {"text": " Follows <b>names</b>.\r\nOften. "})
    assert answer.status_code == 302
    shown = alice.client.get(path).content.decode()
    assert "Follows &lt;b&gt;names&lt;/b&gt;.\nOften." in shown
    assert "Follows" not in bob.client.get(path).content.decode()
    assert alice.client.get(f"{path}note/").status_code == 302
    assert alice.client.post(f"{path}note/", {"text": "a" * 2001}).status_code == 400
    assert alice.client.post(f"{path}note/", {"text": "a\x00"}).status_code == 400
    person_export(who=data_subject(named="alice"), path=tmp_path / "alice.zip")
    with zipfile.ZipFile(tmp_path / "alice.zip") as archive:
        notes = json.loads(archive.read("profile.json"))["unit_notes"]
    assert [(note["layer"], note["unit"], note["text"]) for note in notes] == [
        (1, 3, "Follows <b>names</b>.\nOften.")
    ]
    alice.client.post(f"{path}note/", {"text": "   "})
    assert not UnitNote.objects.exists()


def test_a_guests_notes_come_along_but_never_over_the_members(alice, checkpoint):
    guest_person = Person.objects.create()
    for person, unit, text in (
        (guest_person, 1, "guest's"), (guest_person, 2, "guest's too"), (alice.person, 1, "own"),
    ):  # fmt: skip
        UnitNote.objects.create(person=person, checkpoint=checkpoint, layer=0, unit=unit, text=text)
    person_merge(guest=guest_person, member=alice.person)
    kept = UnitNote.objects.order_by("unit").values_list("person", "unit", "text")
    assert list(kept) == [(alice.person.pk, 1, "own"), (alice.person.pk, 2, "guest's too")]


def test_only_checkpoints_that_one_can_chat_with_are_shown(
    alice, chat, client, checkpoint, index, other_checkpoint
):
    path = f"/checkpoint/{other_checkpoint.pk}/units/"
    assert alice.client.get(path).status_code == 404
    chat.checkpoint = other_checkpoint
    chat.save()
    assert alice.client.get(path).status_code == 200
    assert client.get(f"/checkpoint/{checkpoint.pk}/units/").status_code == 404  # a stranger
    assert alice.client.get(f"/checkpoint/{uuid4()}/units/").status_code == 404


def test_the_command_builds_it_anew(checkpoint, capsys):
    call_command("index_units", "--checkpoint", checkpoint.name, "--tokens", "900", "--json")
    result = json.loads(capsys.readouterr().out)
    assert result["tokens"] >= 900
    assert result["units"] == [checkpoint.hidden_size] * checkpoint.num_layers
    before = index_folder(checkpoint.sha256)
    assert before.is_dir()
    Checkpoint.objects.filter(pk=checkpoint.pk).update(live=False)
    checkpoint.refresh_from_db()
    unit_index.index_forget(sha256=checkpoint.sha256)
    assert not before.exists()
    assert registry.folder_of(checkpoint.sha256).exists()


def test_two_that_build_at_once_leave_one_whole_index(checkpoint):
    with ThreadPoolExecutor(2) as pool:
        builds = [pool.submit(reference_build, checkpoint=checkpoint) for _ in range(4)]
        found = [build.result(60) for build in builds]
    assert len({tuple(index.ids.tolist()) for index in found}) == 1
    folder = index_folder(checkpoint.sha256)
    assert folder.is_dir()
    assert not [path for path in folder.parent.iterdir() if path.name.startswith(".")]
