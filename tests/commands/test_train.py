"""train and evaluate: from an imported corpus to a registered checkpoint and its exam."""

import pytest
import torch

from memory_app import registry
from memory_app.core.model.checkpoint import load_checkpoint
from memory_app.management.commands import evaluate
from memory_app.models import (
    AuditEntry,
    Checkpoint,
    Evaluation,
    RunStatus,
    TrainingMetric,
    TrainingRun,
)
from memory_app.services.training import execute, runs
from memory_app.services.training.leases import Lease
from memory_app.services.training.run_launch import run_launch

pytestmark = pytest.mark.slow

SMALL = {
    "steps": 20,
    "vocab_size": 300,
    "hidden_size": 16,
    "embedding_dim": 16,
    "batch_tokens": 256,
    "pool_tokens": 2000,
    "evaluate_every": 10,
    "save_every": 5,
    "facts": 0.2,
}
SET = [f"{key}={value}" for key, value in SMALL.items()]


@pytest.fixture
def corpus(manage, dialogues):
    for split in ("train", "valid"):
        assert manage("import_corpus", dialogues, "--name", "few", "--split", split).status == 0


def test_a_run_leaves_a_checkpoint_its_figures_and_can_be_examined(manage, corpus):
    ran = manage(
        *("train", "--corpus", "few:2", "--preset", "tiny", "--set", *SET),
        *("--name", "first", "--json"),
    )
    assert ran.status == 0, ran.err
    run = TrainingRun.objects.get(pk=ran.document["run"]["id"])
    assert (run.status, run.step, run.corpora) == (RunStatus.FINISHED, 20, [["few", 2.0]])
    checkpoint = Checkpoint.objects.get(pk=ran.document["checkpoint"]["id"])
    assert run.checkpoint == checkpoint
    assert (checkpoint.name, checkpoint.live, checkpoint.hidden_size) == ("first", False, 16)
    recorded = set(TrainingMetric.objects.filter(run=run).values_list("name", flat=True))
    assert {"loss", "tokens_per_second", "bits_per_byte/few"} <= recorded
    assert set(ran.document["metrics"]["bits_per_byte"]) == {"few"}

    exam = manage(
        *("evaluate", "--checkpoint", "first", "--suite", "perplexity"),
        *("--corpus", "few", "--json"),
    )
    assert exam.status == 0, exam.err
    assert exam.document["checkpoint"]["sha256"] == checkpoint.sha256
    assert exam.document["perplexity"]["per_source"]["few"]["bytes"] > 0
    assert Evaluation.objects.get().checkpoint == checkpoint
    assert "ended" in manage("train", "--resume", "first").mistake


def test_a_cancelled_run_is_resumed_to_its_end(manage, corpus, monkeypatch):
    looked = []

    def cancelled_at_the_twelfth_step(recorder):
        looked.append(recorder)
        if len(looked) == 12:
            runs.run_cancel(run=recorder._lease.run)
            recorder._lease.asked.wait(10)
        return recorder._lease.asked.is_set()

    given = ("--corpus", "few", "--preset", "tiny", "--set", *SET, "--name", "r", "--json")
    with monkeypatch.context() as patched:
        patched.setattr(execute.Recorder, "breaks_off", cancelled_at_the_twelfth_step)
        ran = manage("train", *given)
    assert ran.status == 1
    assert ran.document["run"]["status"] == "cancelled"
    assert ran.document["checkpoint"] is None
    again = manage("train", "--resume", "r", "--json")
    assert again.status == 0, again.err
    assert again.document["run"]["step"] == 20
    assert again.document["checkpoint"]["name"] == "r"


def test_a_run_that_two_workers_want_has_one(manage, corpus):
    run = run_launch(preset="tiny", corpora=[("few", 1.0)], enqueue=False)
    first = Lease.claim(run.pk)
    assert Lease.claim(run.pk) is None
    TrainingRun.objects.filter(pk=run.pk).update(heartbeat="2020-01-01T00:00:00Z")
    second = Lease.claim(run.pk)
    assert second.write(step=5)
    assert not first.write(step=3)
    assert "Another worker" in manage("train", "--resume", str(run.pk)).err


def test_mistakes_are_one_line_each(manage, corpus):
    assert "nobody" in manage("train", "--corpus", "nobody").mistake
    assert "no setting" in manage("train", "--corpus", "few", "--set", "x=1").mistake
    assert "key=value" in manage("train", "--corpus", "few", "--set", "steps").mistake
    assert "not a number" in manage("train", "--corpus", "few:much").mistake
    assert "huge" in manage("train", "--corpus", "few", "--preset", "huge").mistake
    assert "at least one corpus" in manage("train").mistake
    assert "no run" in manage("train", "--resume", "x").mistake
    assert "no checkpoint" in manage("evaluate", "--checkpoint", "x").mistake
    assert not TrainingRun.objects.exists()


def test_perplexity_needs_dialogues_and_reads_a_file_of_them(manage, checkpoint_folder, dialogues):
    assert manage("checkpoints", "import", checkpoint_folder).status == 0
    asked = ("evaluate", "--checkpoint", "small", "--suite", "perplexity", "--json")
    assert "--data" in manage(*asked).mistake
    exam = manage(*asked, "--data", dialogues)
    other = manage("evaluate", "--checkpoint", "small", "--suite", "recall", "--language", "zh")
    assert other.mistake == "There is no recall test in zh; there is one in en."
    assert exam.document["perplexity"]["per_source"].keys() == {"few.jsonl"}


def test_an_evaluation_is_logged_when_it_starts_and_says_how_large_it_is(
    manage, checkpoint_folder, monkeypatch
):
    manage("checkpoints", "import", checkpoint_folder)
    row, logged = Checkpoint.objects.get(), []

    def measure(*args, n, **facts):
        logged.extend(AuditEntry.objects.filter(action="checkpoint.evaluate"))
        return {"recall": {"exact_match": {"gap_0": 0.5}, "n": n}, "loops": 0.0}

    monkeypatch.setattr(evaluate, "evaluate", measure)
    large = manage("evaluate", "--checkpoint", "small", "--suite", "recall", "--n", 60, "--json")
    assert large.err == f"Evaluating {row.name}: 60 questions per test.\n"
    assert large.document["recall"]["n"] == 60
    assert [entry.detail for entry in logged] == [{"suite": "recall", "n": 60}]
    small = manage("evaluate", "--checkpoint", "small", "--suite", "recall", "--n", 3)
    assert "with 60 questions per test exists: its figures stay in force." in small.err
    asked = Evaluation.objects.order_by("id").values_list("request", flat=True)
    assert [request["n"] for request in asked] == [60, 3]


def test_equal_weights_are_told_and_every_deed_is_in_the_audit_log(manage, corpus):
    given = ("--corpus", "few", "--preset", "tiny", "--set", *SET)
    first = manage("train", *given, "--name", "first")
    assert "equal" not in first.err
    # For a person: lines with a name and a value, no JSON.
    assert "run status" in first.out
    assert "{" not in first.out
    again = manage("train", *given, "--name", "again", "--json")
    assert again.document["checkpoint"]["name"] == "first"
    assert "equal those of first" in again.err
    told = manage("evaluate", "--checkpoint", "first", "--suite", "perplexity", "--corpus", "few")
    assert "perplexity bits per byte" in told.out
    assert "{" not in told.out
    entries = AuditEntry.objects.exclude(action="corpus.upload").order_by("id")
    assert list(entries.values_list("username", "action")) == [
        ("command line", "run.launch"),
        ("command line", "run.launch"),
        ("command line", "checkpoint.evaluate"),
    ]


@pytest.mark.parametrize(
    ("typed", "named"),
    [
        (["--checkpont", "small"], "Unrecognized arguments: --checkpont."),
        (["--checkpoint=small", "--siute=all"], "Unrecognized arguments: --siute=all."),
        (["--siute=all"], "Unrecognized arguments: --siute."),
        (["--suite", "all"], "The following arguments are required: --checkpoint."),
        (["--suit", "all"], "The following arguments are required: --checkpoint."),
    ],
)
def test_a_misspelt_option_is_named(manage, typed, named):
    assert manage("evaluate", *typed).mistake == named


def test_an_xlstm_begins_above_the_layers_of_an_lstm(manage, corpus):
    first = manage("train", "--corpus", "few", "--preset", "tiny", "--set", *SET, "--name", "lower")
    assert first.status == 0, first.err
    small = [
        setting for setting in SET if setting.split("=")[0] not in ("hidden_size", "embedding_dim")
    ]
    ran = manage(
        *("train", "--corpus", "few", "--preset", "tiny", "--from", "lower", "--name", "above"),
        *("--set", *small, "cell=xlstm", "num_layers=2", "learn=upper", "--json"),
    )
    assert ran.status == 0, ran.err
    above, lower = (Checkpoint.objects.get(name=name) for name in ("above", "lower"))
    assert (above.cell, above.config["num_layers"], above.hidden_size) == ("xlstm", 2, 16)
    assert above.config["vocab_size"] == lower.config["vocab_size"]
    ours, theirs = (
        load_checkpoint(registry.folder_of(row.sha256)).model.state_dict() for row in (above, lower)
    )
    assert torch.equal(ours["xlstm.lstm.weight_hh_l0"], theirs["lstm.weight_hh_l0"])


def test_an_lstm_from_an_lstm_keeps_its_shape_whatever_is_set(manage, corpus):
    first = manage("train", "--corpus", "few", "--preset", "tiny", "--set", *SET, "--name", "lower")
    assert first.status == 0, first.err
    ran = manage(
        *("train", "--corpus", "few", "--preset", "tiny", "--from", "lower", "--name", "again"),
        *("--set", *SET, "cell=tanh_rnn", "num_layers=3", "--json"),
    )
    assert ran.status == 0, ran.err
    again = Checkpoint.objects.get(name="again")
    assert (again.cell, again.config["num_layers"]) == ("lstm", 1)
