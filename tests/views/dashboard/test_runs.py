"""Runs and searches from the forms: every setting with its help, what is wrong said in one line."""

import re
from uuid import uuid4

import pytest
from django.urls import reverse

from memory_app.core.run_settings import PRESETS, TrainingSettings
from memory_app.models import AuditEntry, Corpus, ParameterSearch, RunStatus, TrainingRun
from memory_app.services.training import run_checks
from memory_app.services.training import run_log as run_logs
from memory_app.services.training.run_folder import run_folder
from memory_app.services.training.run_log import run_log_write
from memory_app.views.dashboard import hyperparameters
from memory_app.views.dashboard.runs import STOP_POLLING

pytestmark = pytest.mark.slow


@pytest.fixture
def corpus(transactional_db):
    row = Corpus.objects.create(name="talks", path="talks.jsonl", sha256="0" * 64, rows=3)
    row.file.write_bytes(b"")
    yield row
    row.file.unlink(missing_ok=True)


def launch(client, **data):
    return client.post(reverse("admin:run_new"), {"preset": "tiny", **data})


def test_every_setting_has_help_and_stands_in_one_group():
    groups = hyperparameters.groups({}, "tiny")
    shown = [one for group in groups for one in group["settings"]]
    assert [one["key"] for one in shown] == list(TrainingSettings().to_dict())
    assert all(len(one["help"]) > 8 for one in shown)
    names = [group["name"] for group in groups]
    assert len(set(names)) == len(names)
    assert all(len(text) > 8 for text in hyperparameters.presets().values())


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
    # A second run of the name is warned of: commands couldn't tell them apart.
    assert "also named" not in client.get(answer["Location"]).content.decode()
    second = launch(client, corpus="talks", name="mine")
    body = client.get(second["Location"]).content.decode()
    assert "also named “mine”" in body
    assert "The run was queued." in body
    assert '<li class="warning">' in body


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ({"preset": "huge"}, "no preset"),
        ({"set.steps": "many"}, "steps must be a whole number"),
        ({"set.dropout": "7"}, "dropout must be from"),
        ({"corpus": "lost"}, "no training corpus"),
        ({"corpus": "talks", "weight": "much"}, "not a number"),
        ({"parent": "nonsense"}, "checkpoint to start from doesn’t exist"),
        ({"set.facts": "0", "set.identity": "0"}, "nothing to train on"),
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
    assert "1 item named in the address doesn’t exist and is not shown." in body
    answer = client.get(reverse("admin:runs_compare"), {"run": [*keys, ""]})
    assert "named in the address" not in answer.content.decode()
    # There is no other run to add.
    assert 'id="another"' not in answer.content.decode()


def test_compared_runs_of_one_name_are_told_apart_by_their_ids(client):
    for name in ("long", "long", "short"):
        launch(client, name=name)
    keys = list(TrainingRun.objects.order_by("sequence").values_list("pk", flat=True))
    body = client.get(reverse("admin:runs_compare"), {"run": keys}).content.decode()
    # In the legend and in the table's heading.
    for key in keys[:2]:
        assert body.count(f">long ({str(key)[:8]})<") == 2
    assert "short (" not in body


@pytest.mark.parametrize("page", ["admin:checkpoints_compare", "admin:checkpoints_try"])
def test_a_checkpoint_that_an_address_names_in_vain_is_told(client, checkpoint, page):
    name = "a" if page == "admin:checkpoints_try" else "checkpoint"
    for wrong, told in ((str(uuid4()), True), ("nonsense", True), (str(checkpoint.pk), False)):
        body = client.get(reverse(page), {name: wrong}).content.decode()
        assert ("named in the address doesn’t exist" in body) is told


@pytest.mark.parametrize("parent", ["face3163-1144-4387-ae3b-6b19344a619f", "nonsense"])
def test_a_starting_point_that_an_address_names_in_vain_is_told(client, parent):
    answer = client.get(reverse("admin:run_new"), {"parent": parent})
    assert answer.status_code == 400
    assert "The checkpoint to start from doesn’t exist." in answer.content.decode()


@pytest.mark.parametrize(
    ("typed", "field", "reason"),
    [
        ({"set.steps": "many"}, "set-steps", "steps must be a whole number."),
        ({"set.dropout": "much"}, "set-dropout", "dropout must be a number."),
        ({"set.dropout": "7"}, "set-dropout", "dropout must be from"),
        ({"set.window": "7"}, "set-window", "window must be from 8 to 65,536."),
        ({"set.learning_rate": "7"}, "set-learning_rate", "must be from 10⁻⁷ to 1."),
        ({"set.facts": "0", "set.identity": "0"}, "set-facts", "nothing to train on"),
        ({"set.gap_from": "0.9", "set.gap_until": "0.1"}, "set-gap_from", "must be less than"),
        ({"set.values_until": "0.1"}, "set-values_until", "must be less than"),
        ({"set.device": "banana"}, "set-device", "device must be cpu or cuda."),
        ({"corpus": "lost"}, "corpus", "no training corpus"),
        ({"parent": "nonsense"}, "parent", "checkpoint to start from doesn’t exist"),
        ({"preset": "huge"}, "preset", "no preset"),
    ],
)
def test_what_is_wrong_is_said_at_its_field(client, corpus, typed, field, reason):
    body = launch(client, **typed).content.decode()
    assert f'<a href="#{field}">' in body  # listed on top
    assert f'id="{field}"' in body
    place = body.split(f'id="error-{field}"')[1]
    assert reason in place.split("</p>")[0]
    if field not in {"corpus", "preset"}:
        tag = body.split(f'id="{field}"')[1].split(">")[0]
        assert 'aria-invalid="true"' in tag
        assert f'aria-describedby="error-{field}' in tag
    for key, value in typed.items():
        if key.startswith("set."):
            assert f'value="{value}"' in body


@pytest.mark.parametrize(
    "typed",
    [{"set.gap_from": "0.9", "set.gap_until": "0.1"}, {"set.facts": "1", "set.identity": "1"}],
)
def test_one_mistake_is_counted_once(client, corpus, typed):
    assert "1 field needs a change." in launch(client, **typed).content.decode()


def test_what_is_wrong_is_listed_as_the_page_has_it_and_the_first_has_the_focus(client, corpus):
    typed = {f"weight.{corpus.pk}": "x", "set.steps": "many", "set.dropout": "7"}
    body = launch(client, corpus="talks", **typed).content.decode()
    top = body.split('id="problem"')[1].split("</ul>")[0]
    assert re.findall(r'href="#([^"]*)"', top) == [
        f"weight-{corpus.pk}",
        "set-steps",
        "set-dropout",
    ]
    (focused,) = re.findall(r"<(?:input|select)[^>]* autofocus[^>]*>", body)
    assert f"weight-{corpus.pk}" in focused


def test_a_model_larger_than_the_memory_is_refused_with_its_size(client, corpus, monkeypatch):
    monkeypatch.setattr(run_checks, "machine_memory", lambda: 16 << 30)
    typed = {"set.hidden_size": "8192", "set.num_layers": "8"}
    body = launch(client, corpus="talks", **typed).content.decode()
    assert "million parameters needs" in body
    assert "this machine has 16 GiB" in body
    assert not TrainingRun.objects.exists()


@pytest.mark.parametrize(("warmup", "doubted"), [("20", False), ("5000", True)])
def test_a_warm_up_longer_than_the_run_is_doubted_at_the_start(client, corpus, warmup, doubted):
    answer = launch(client, corpus="talks", **{"set.warmup": warmup, "set.steps": "20"})
    body = client.get(answer["Location"]).content.decode()
    assert ("the learning rate never reaches its peak" in body) is doubted


def test_settings_that_name_other_corpora_are_doubted_at_the_start(client, corpus):
    answer = launch(client, corpus="talks", **{"set.fillers": "talks, nowhere"})
    body = client.get(answer["Location"]).content.decode()
    assert "fillers names corpora that this run doesn’t read: nowhere." in body
    # The preset's own name corpora too that a site may lack.
    assert "bot_only names" not in body


def test_all_that_is_wrong_is_said_at_once(client, corpus):
    typed = {"set.steps": "many", "set.dropout": "7", f"weight.{corpus.pk}": "x"}
    body = launch(client, corpus="talks", **typed).content.decode()
    assert "3 fields need a change." in body
    assert body.count('aria-invalid="true"') == 3


def test_a_search_says_at_its_field_what_is_wrong(client):
    for typed, field in (
        ({"method": "random", "key.0": "steps", "values.0": "1,9", "count": "many"}, "count"),
        ({"method": "random", "key.0": "steps", "values.0": "1,9", "seed": "x"}, "seed"),
        ({}, "key-0"),
        ({"key.0": "steps", "values.0": "1", "method": "magic"}, "method"),
    ):
        body = search(client, **typed).content.decode()
        assert f'id="error-{field}"' in body, field
        assert f'aria-describedby="error-{field}' in body, field
    for typed in ("0.002, x,", "0.002, 7"):
        answer = search(client, **{"key.1": "learning_rate", "values.1": typed})
        assert list(answer.context["errors"]) == ["values.1"]
        [tag] = re.findall(r'<input[^>]* id="values-1"[^>]*>', answer.content.decode())
        assert 'aria-invalid="true" aria-describedby="error-values-1"' in tag


def finished(client, name, **figures):
    launch(client, name=name)
    run = TrainingRun.objects.get(name=name)
    TrainingRun.objects.filter(pk=run.pk).update(status=RunStatus.FINISHED)
    for key, value in figures.items():
        run.metrics.create(step=1, name=key, value=value)
    return run


def names(client, **asked):
    body = client.get(reverse("admin:runs"), asked).content.decode()
    return re.findall(r'id="run-[^"]*">([^<]*)<', body)


def test_runs_are_sorted_filtered_and_searched(client):
    finished(client, "a", loss=3.0)
    finished(client, "b", loss=1.0)
    launch(client, name="c", preset="base")
    assert names(client) == ["c", "b", "a"]
    assert names(client, sort="name") == ["a", "b", "c"]
    # What has no figure stands last, whichever way.
    assert names(client, sort="loss") == ["b", "a", "c"]
    assert names(client, sort="-loss") == ["a", "b", "c"]
    assert names(client, status="queued") == ["c"]
    assert names(client, preset="tiny", sort="name") == ["a", "b"]
    assert names(client, q="B") == ["b"]
    for nonsense in ({"sort": "x"}, {"status": "x"}, {"page": "-1"}, {"q": "\0"}):
        assert len(names(client, **nonsense)) == 3
    body = client.get(reverse("admin:runs"), {"sort": "-loss"}).content.decode()
    assert 'aria-sort="descending"' in body
    assert 'href="?sort=loss"' in body  # the other way round


def test_an_archived_run_is_left_out_until_it_is_asked_for(client):
    run, other = finished(client, "old"), finished(client, "new")
    url = reverse("admin:run_archive", args=[run.pk])
    client.post(url, {"archived": "1"})
    assert names(client) == [other.name]
    assert names(client, show="archived") == [run.name]
    assert len(names(client, show="all")) == 2
    client.post(url, {"archived": "0"})
    assert len(names(client)) == 2
    launch(client, name="lively")
    lively = TrainingRun.objects.get(name="lively")
    client.post(reverse("admin:run_archive", args=[lively.pk]), {"archived": "1"})
    assert "lively" in names(client)
    told = AuditEntry.objects.exclude(action="run.launch").order_by("id")
    assert list(told.values_list("action", flat=True)) == ["run.archive", "run.unarchive"]


def test_a_run_is_named_and_noted_on_and_what_is_wrong_stays_typed(client):
    run = finished(client, "old")
    url = reverse("admin:run_describe", args=[run.pk])
    client.post(url, {"name": "tiny one", "note": "the <b>first</b>\r\nof many"})
    run.refresh_from_db()
    assert (run.name, run.note) == ("tiny one", "the <b>first</b>\nof many")
    assert "&lt;b&gt;first" in client.get(reverse("admin:run", args=[run.pk])).content.decode()
    assert names(client, q="many") == ["tiny one"]
    for field, typed in (
        ("name", {"name": " ", "note": "kept"}),
        ("name", {"name": "x" * 201, "note": "kept"}),
        ("note", {"name": "kept", "note": "x" * 2001}),
    ):
        answer = client.post(url, typed)
        assert answer.status_code == 400
        body = answer.content.decode()
        assert f'id="error-{field}"' in body
        assert 'aria-invalid="true"' in body
        assert "kept" in body
        assert 'id="charts"' in body  # on the run's own page
    run.refresh_from_db()
    assert run.name == "tiny one"
    entry = AuditEntry.objects.get(action="run.describe")
    assert entry.detail == {"name": "old → tiny one", "fields": ["note"]}
    assert "name: old → tiny one" in client.get(reverse("admin:audit")).content.decode()
    assert client.get(url)["Location"] == reverse("admin:run", args=[run.pk])


def test_a_checkpoint_is_renamed_with_its_run_only_where_that_is_wished(client, other):
    run = finished(client, "old")
    TrainingRun.objects.filter(pk=run.pk).update(checkpoint=other)
    url = reverse("admin:run_describe", args=[run.pk])
    page = reverse("admin:run", args=[run.pk])
    assert "Rename its checkpoint other too" in client.get(page).content.decode()
    box = '<input type="checkbox" name="with_checkpoint"'
    assert f"{box}>" in client.get(page).content.decode()
    client.post(url, {"name": "other", "note": ""})
    # They have one name now: they keep it in common unless it is unchecked.
    assert f"{box} checked>" in client.get(page).content.decode()
    client.post(url, {"name": "first", "note": ""})
    other.refresh_from_db()
    assert other.name == "other"
    client.post(url, {"name": "second", "note": "", "with_checkpoint": "on"})
    other.refresh_from_db()
    assert (other.name, TrainingRun.objects.get().name) == ("second", "second")
    renamed = AuditEntry.objects.get(action="checkpoint.rename")
    assert renamed.detail == {"name": "other → second"}
    # One that ships with the program keeps its name, and so then does the run.
    type(other).objects.filter(pk=other.pk).update(bundled=True)
    answer = client.post(url, {"name": "third", "note": "", "with_checkpoint": "on"})
    assert answer.status_code == 400
    assert b"ships with the program and keeps its name" in answer.content
    assert TrainingRun.objects.get().name == "second"


def test_what_is_saved_in_place_is_said(client, other):
    run = finished(client, "old")
    for url, form, part in (
        (reverse("admin:run_describe", args=[run.pk]), {"name": "a <b>", "note": "x"}, "heading"),
        (reverse("admin:checkpoint_rename", args=[other.pk]), {"name": "a <b>"}, "heading"),
        (reverse("admin:checkpoint_card", args=[other.pk]), {"card": "a <b>"}, "card-shown"),
    ):
        told = client.post(url, form, headers={"Accept": "application/json"}).json()
        assert told["said"] == "Saved."
        assert "a &lt;b&gt;" in told["parts"][part]
        plain = client.post(url, form, follow=True)
        assert [str(one) for one in plain.context["messages"]] == ["Saved."]
        # Its form has the place where a script says it.
        saves = plain.content.decode().split(f'action="{url}" data-save')[1].split("</form>")[0]
        assert '<span class="small quiet" role="status"></span>' in saves


def test_an_ended_run_is_deleted_with_all_that_is_its_own(client, other):
    run = finished(client, "old", loss=1.0)
    TrainingRun.objects.filter(pk=run.pk).update(checkpoint=other)
    run_log_write(run=run, fence=1, text="hello")
    url = reverse("admin:run_delete", args=[run.pk])
    assert "Its checkpoint “other” stays" in client.get(url).content.decode()
    assert run_folder(run).is_dir()
    client.post(url)
    assert not TrainingRun.objects.filter(pk=run.pk).exists()
    assert not run_folder(run).exists()
    other.refresh_from_db()
    assert AuditEntry.objects.filter(action="run.delete").count() == 1
    launch(client, name="lively")
    lively = TrainingRun.objects.get(name="lively")
    client.post(reverse("admin:run_delete", args=[lively.pk]))
    assert TrainingRun.objects.filter(pk=lively.pk).exists()


def test_a_clone_fills_in_what_the_run_was_started_with(client, corpus, other):
    launch(
        client,
        corpus="talks",
        **{f"weight.{corpus.pk}": "2.5", "set.steps": "20", "set.dropout": "0.1"},
        name="first",
    )
    run = TrainingRun.objects.get()
    answer = client.get(reverse("admin:run_new"), {"clone": run.pk})
    filled = r'name="(set\.[^"]+)"[^>]* value="([^"]+)"'
    form = dict(re.findall(filled, answer.content.decode()))
    assert form == {"set.steps": "20", "set.dropout": "0.1"}
    body = answer.content.decode()
    assert 'value="first, again"' in body
    assert re.search(r'name="corpus" value="talks" checked', body)
    launch(client, corpus="talks", **{f"weight.{corpus.pk}": "2.5"}, **form, name="second")
    second = TrainingRun.objects.get(name="second")
    assert (second.settings, second.corpora) == (run.settings, run.corpora)
    for nonsense in ("x", "00000000-0000-4000-8000-000000000000"):
        answer = client.get(reverse("admin:run_new"), {"clone": nonsense})
        assert answer.status_code == 400
        assert "The run to clone doesn’t exist." in answer.content.decode()
        assert 'name="set.steps"' in answer.content.decode()


def test_a_run_whose_corpus_is_gone_is_not_resumed_and_its_clone_says_what_is_missing(
    client, corpus
):
    launch(client, corpus="talks", name="orphan")
    TrainingRun.objects.update(status=RunStatus.FAILED)
    page = reverse("admin:run", args=[TrainingRun.objects.get().pk])
    clone = f"{reverse('admin:run_new')}?clone={TrainingRun.objects.get().pk}"
    assert 'id="resume"' in client.get(page).content.decode()
    assert 'id="missing"' not in client.get(clone).content.decode()
    said = "It can&#x27;t be resumed: talks is no longer on this site."
    resume = reverse("admin:run_resume", args=[TrainingRun.objects.get().pk])
    for lose in (corpus.file.unlink, corpus.delete):
        lose()
        body = client.get(page).content.decode()
        assert 'id="resume"' not in body
        assert said in body
        # The page may be older than that: the request is refused for the same reason.
        answer = client.post(resume, follow=True).content.decode()
        assert said in answer.split('class="messagelist"')[1].split("</ul>")[0]
        assert TrainingRun.objects.get().status == RunStatus.FAILED
    assert not AuditEntry.objects.filter(action="run.resume").exists()
    assert "No longer on this site: talks." in client.get(clone).content.decode()


def test_the_log_of_a_run_is_shown_stays_small_and_is_text(client, monkeypatch):
    run = finished(client, "logged")
    url = reverse("admin:run_log", args=[run.pk])
    assert "No log lines yet" in client.get(url, {"seen": "x"}).content.decode()
    monkeypatch.setattr(run_logs, "MOST", 4000)
    for n in range(300):
        run_log_write(run=run, fence=2, text=f"line {n} <b>\nsecond")
        assert run_logs.log_file(run).stat().st_size <= 4100
    body = client.get(url, {"seen": "x"}).content.decode()
    assert "[2] line 299 &lt;b&gt; second\n" in body
    assert run_logs.DROPPED in body
    assert "line 0 " not in body
    lines = body.split("<pre")[1].split("</pre>")[0].split("\n")[1:-1]
    assert all(re.match(r"\d{4}-.*Z \[2\] line \d+ ", line) for line in lines)
    seen = run_logs.run_log_read(run)[1]
    assert client.get(url, {"seen": seen}).status_code == STOP_POLLING
