"""A search over settings: its points, its bounds, and the table that compares its runs."""

import pytest

from memory_app.models import ParameterSearch, RunSample, RunStatus, TrainingMetric, TrainingRun
from memory_app.services.training import run_queue, searches
from memory_app.services.training.run_error import RunError
from memory_app.services.training.run_execution import run_execute
from memory_app.services.training.searches import SearchError, search_launch, search_results
from tests.commands.test_train import SMALL

FEW = {"preset": "tiny", "corpora": [("few", 1.0)], "changes": SMALL}


@pytest.fixture(autouse=True)
def corpus(manage, dialogues, monkeypatch):
    for split in ("train", "valid"):
        assert manage("import_corpus", dialogues, "--name", "few", "--split", split).status == 0
    monkeypatch.setattr(run_queue, "tell_worker", lambda _task, _key: None)


def values(search: ParameterSearch, *keys: str) -> list[tuple]:
    return [tuple(result.settings[key] for key in keys) for result in search_results(search)]


def test_a_grid_is_every_combination_once(django_user_model):
    olga = django_user_model.objects.create_user("olga", is_staff=True)
    space = {"dropout": [0.0, 0.1, 0.0], "num_layers": [1, 2]}
    search = search_launch(name="a", method="grid", space=space, by=olga, **FEW)
    assert values(search, "dropout", "num_layers") == [(0.0, 1), (0.0, 2), (0.1, 1), (0.1, 2)]
    assert {run.started_by for run in search.runs.all()} == {search.created_by} == {olga}
    assert {run.status for run in search.runs.all()} == {RunStatus.QUEUED}


def test_random_points_lie_in_their_ranges_and_follow_from_the_seed():
    space = {"learning_rate": [1e-4, 1e-2], "warmup": [0, 9], "cell": ["lstm", "tanh_rnn"]}
    asked = {"method": "random", "space": space, "count": 12, **FEW}
    first = search_launch(name="a", seed=3, **asked)
    drawn = values(first, *space)
    assert len(set(drawn)) == 12
    assert all(1e-4 <= rate <= 1e-2 and 0 <= warmup <= 9 for rate, warmup, _ in drawn)
    assert all(isinstance(warmup, int) for _, warmup, _ in drawn)
    # Evenly in the logarithm: about half of them below the middle of it.
    assert 2 <= sum(rate < 1e-3 for rate, _, _ in drawn) <= 10
    assert values(search_launch(name="b", seed=3, **asked), *space) == drawn
    assert values(search_launch(name="c", seed=4, **asked), *space) != drawn


def test_where_there_are_not_so_many_points_there_are_fewer_runs():
    asked = {"method": "random", "space": {"num_layers": [1, 2, 3]}, "count": 9}
    assert sorted(values(search_launch(name="a", **asked, **FEW), "num_layers")) == [
        (1,), (2,), (3,),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        ({"space": {}}, "at least one setting"),
        ({"space": {"dropout": []}}, "at least one value"),
        ({"space": {"nothing": [1]}}, "no setting"),
        ({"space": {"dropout": [0.1, 2]}}, "dropout must be from"),
        ({"space": {"seed": list(range(65))}}, "at most 64"),
        ({"space": {"seed": list(range(9)), "warmup": list(range(9))}}, "81 runs"),
        ({"space": {"steps": [1, 2]}}, "can't be both"),
        ({"method": "annealing"}, "must be one of"),
        ({"method": "random", "count": 65}, "from 1 to 64"),
        ({"method": "random", "count": 0}, "from 1 to 64"),
        ({"name": " "}, "needs a name"),
        ({"corpora": [("lost", 1.0)]}, "lost"),
        ({"preset": "huge"}, "huge"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_written(asked, reason):
    plain = {"name": "a", "method": "grid", "space": {"dropout": [0.1]}}
    with pytest.raises(RunError, match=reason):
        search_launch(**{**plain, **FEW, **asked})
    assert not ParameterSearch.objects.exists()
    assert not TrainingRun.objects.exists()


def test_a_search_that_fails_is_a_run_error():
    assert issubclass(SearchError, RunError)
    assert searches.MOST_RUNS == 64


def test_the_table_has_what_each_run_came_to():
    search = search_launch(name="a", method="grid", space={"dropout": [0.0, 0.3]}, **FEW)
    first, second = search_results(search)
    assert (first.loss, first.bits_per_byte, first.recall) == (None, None, {})
    run_execute(run_id=first.run.pk)
    first, second = search_results(search)
    assert first.run.status == RunStatus.FINISHED
    assert second.loss is None
    told = TrainingMetric.objects.filter(run=first.run)
    assert first.loss == told.get(name="loss", step=20).value
    bits = told.filter(name="bits_per_byte/few").values_list("value", flat=True)
    assert first.bits_per_byte == min(bits)
    assert set(first.recall) == {"gap_0", "gap_2"}
    assert [len(sample.exchanges) for sample in RunSample.objects.filter(run=first.run)] == [4, 4]
