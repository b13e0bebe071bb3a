"""Runs and searches from the forms: every setting with its help, what is wrong said in one line."""

from dataclasses import fields

import pytest
from django.urls import reverse

from memory_app.models import AuditEntry, Corpus, ParameterSearch, RunStatus, TrainingRun
from memory_app.training.settings import PRESETS, TrainingSettings
from memory_app.views.dashboard import hyperparameters


@pytest.fixture
def corpus(transactional_db):
    return Corpus.objects.create(name="talks", path="x", sha256="0" * 64, rows=3)


def launch(client, **data):
    return client.post(reverse("admin:run_new"), {"preset": "tiny", **data})


def test_every_setting_has_help_and_stands_in_one_group():
    names = {field.name for field in fields(TrainingSettings)}
    grouped = [key for _, keys in hyperparameters.GROUPS for key in keys]
    assert set(hyperparameters.HELP) == names
    assert sorted(grouped) == sorted(names)
    assert all(len(str(text)) > 8 for text in hyperparameters.HELP.values())
    assert set(hyperparameters.PRESET_HELP) == set(PRESETS)


def test_the_form_shows_every_setting_of_the_preset(client):
    body = client.get(reverse("admin:run_new"), {"preset": "tiny"}).content.decode()
    for name, value in PRESETS["tiny"].to_dict().items():
        assert f'name="set.{name}"' in body
        assert str(value) in body


def test_a_run_is_what_the_form_says(client, corpus, other):
    answer = launch(
        client,
        corpus="talks",
        **{f"weight.{corpus.pk}": "2.5", "set.steps": "20", "set.learning_rate": " 0.01 "},
        name="mine",
        parent=str(other.pk),
    )
    run = TrainingRun.objects.get()
    assert answer["Location"] == reverse("admin:run", args=[run.pk])
    assert (run.name, run.total_steps, run.corpora) == ("mine", 20, [["talks", 2.5]])
    assert run.settings["learning_rate"] == 0.01
    assert (run.parent, str(run.started_by)) == (other, "mira")
    entry = AuditEntry.objects.get(action="run.launch")
    assert (entry.username, str(run.pk) in entry.object) == ("mira", True)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ({"preset": "huge"}, "no preset"),
        ({"set.steps": "many"}, "steps must be of type int"),
        ({"set.dropout": "7"}, "dropout must lie between"),
        ({"corpus": "lost"}, "no training corpus"),
        ({"corpus": "talks", "weight": "much"}, "not a number"),
        ({"parent": "nonsense"}, "no such checkpoint"),
        ({"set.facts": "0", "set.identity": "0"}, "nothing to learn from"),
    ],
)
def test_what_is_wrong_is_said_and_what_was_typed_stays(client, corpus, data, reason):
    if "weight" in data:
        data = {"corpus": "talks", f"weight.{corpus.pk}": data["weight"]}
    answer = launch(client, name="kept", **data)
    assert answer.status_code == 400
    assert reason in answer.content.decode()
    assert 'value="kept"' in answer.content.decode()
    assert not TrainingRun.objects.exists()


def test_a_run_is_paused_resumed_and_cancelled_and_each_is_on_record(client):
    launch(client)
    run = TrainingRun.objects.get()

    def ask(what):
        client.post(reverse(f"admin:run_{what}", args=[run.pk]))
        run.refresh_from_db()
        return run.status

    assert ask("pause") == RunStatus.PAUSED
    assert ask("resume") == RunStatus.QUEUED
    assert ask("cancel") == RunStatus.CANCELLED
    assert ask("pause") == RunStatus.CANCELLED  # too late: nothing done, nothing recorded
    done = list(AuditEntry.objects.order_by("id").values_list("action", flat=True))
    assert done == ["run.launch", "run.pause", "run.resume", "run.cancel"]


def search(client, **data):
    given = {"preset": "tiny", "method": "grid", "count": "5", "seed": "1", "name": "s"}
    return client.post(reverse("admin:search_new"), given | data)


def test_a_grid_queues_every_combination(client):
    answer = search(
        client,
        **{"key.0": "learning_rate", "values.0": "0.002, 0.004", "set.warmup": "3"},
        **{"key.1": "hidden_size", "values.1": "16,32,64"},
    )
    row = ParameterSearch.objects.get()
    assert answer["Location"] == reverse("admin:search", args=[row.pk])
    runs = list(row.runs.all())
    points = {(run.settings["learning_rate"], run.settings["hidden_size"]) for run in runs}
    assert points == {(rate, size) for rate in (0.002, 0.004) for size in (16, 32, 64)}
    assert {run.status for run in runs} == {RunStatus.QUEUED}
    assert {run.settings["warmup"] for run in runs} == {3}
    table = client.get(answer["Location"]).content.decode()
    assert table.count("<tr data-href") == 6
    assert AuditEntry.objects.filter(action="search.launch").count() == 1


def test_a_random_search_draws_from_ranges_and_choices_and_repeats_itself(client):
    def drawn():
        search(
            client,
            method="random",
            **{"key.0": "learning_rate", "values.0": "0.0001,0.01"},
            **{"key.1": "hidden_size", "values.1": "16,32,48"},
        )
        row = ParameterSearch.objects.order_by("-created").first()
        runs = row.runs.order_by("name")
        return [(run.settings["learning_rate"], run.settings["hidden_size"]) for run in runs]

    first = drawn()
    assert len(first) == 5
    assert all(0.0001 <= rate <= 0.01 and size in {16, 32, 48} for rate, size in first)
    assert len({rate for rate, _ in first}) == 5
    assert drawn() == first


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"key.0": "steps", "values.0": ",".join(str(n) for n in range(1, 80))},
        {"key.0": "nonsense", "values.0": "1,2"},
        {"method": "magic", "key.0": "steps", "values.0": "1"},
        {"method": "random", "key.0": "steps", "values.0": "1,9", "count": "many"},
        {"method": "random", "key.0": "steps", "values.0": "1,9", "count": "1000"},
    ],
)
def test_a_search_that_cannot_be_leaves_nothing(client, data):
    answer = search(client, **data)
    assert answer.status_code == 400
    assert b'role="alert"' in answer.content
    assert not ParameterSearch.objects.exists()
    assert not TrainingRun.objects.exists()


def test_several_runs_are_compared_with_what_differs(client):
    launch(client, name="a", **{"set.learning_rate": "0.001"})
    launch(client, name="b", **{"set.learning_rate": "0.007"})
    keys = list(TrainingRun.objects.values_list("pk", flat=True))
    answer = client.get(reverse("admin:runs_compare"), {"run": [*keys, "nonsense"]})
    body = answer.content.decode()
    assert "0.007" in body
    assert "<code>learning_rate</code>" in body
    assert "<code>hidden_size</code>" not in body
