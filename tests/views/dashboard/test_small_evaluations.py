"""A short evaluation doesn't replace the figures of a long one, on no page."""

from django.urls import reverse

from memory_app.models import Checkpoint, Evaluation
from memory_app.services.training.evaluations import recall_of
from memory_app.services.training.metrics import figures_of, most_questions


def exam(share: float, n: int) -> dict:
    shares = {f"gap_{gap}": share for gap in (0, 2)}
    return {"recall": {"exact_match": shares, "n": n}, "loops": share}


def sit(row: Checkpoint, share: float, n: int) -> None:
    Evaluation.objects.create(
        checkpoint=row, suite="recall", result=exam(share, n), request={"n": n}
    )


def test_the_published_evaluation_stays_in_force(client, checkpoint, other):
    Checkpoint.objects.filter(pk=other.pk).update(
        config=other.config | {"evaluation": exam(0.9, 200)}
    )
    other.refresh_from_db()
    sit(other, 1.0, 3)
    figure = figures_of(other)["recall/exact_match/gap_0"]
    assert (figure.value, figure.n) == (0.9, 200)
    assert most_questions(other) == 200
    assert recall_of(checkpoint=other).questions == 200
    sit(other, 0.8, 200)  # of equal ones the newest
    assert figures_of(other)["recall/exact_match/gap_0"].value == 0.8
    assert recall_of(checkpoint=other).by_gap[0] == 0.8
    sit(other, 0.1, 199)
    sides = f"?checkpoint={other.pk}&checkpoint={checkpoint.pk}"
    for url in (
        reverse("admin:checkpoint", args=[other.pk]),
        reverse("admin:checkpoint_promote", args=[other.pk]),
        reverse("admin:checkpoints_compare") + sides,
    ):
        body = client.get(url).content.decode()
        assert "80.0%" in body
        assert "10.0%" not in body
        assert "n = 200" in body
    exams = client.get(reverse("admin:checkpoint", args=[other.pk])).content.decode()
    assert "n = 3<" in exams  # each is in the list


def test_a_small_evaluation_is_shown_until_there_is_a_larger_one(other):
    sit(other, 0.5, 3)
    assert figures_of(other)["recall/exact_match/gap_0"].n == 3
    sit(other, 0.4, 50)
    assert figures_of(other)["recall/exact_match/gap_0"].n == 50


def test_bits_per_byte_are_those_of_the_most_tokens(other):
    for bits, tokens in ((2.0, 1000), (1.0, 10), (3.0, 1000)):
        of = {"bits_per_byte": bits, "tokens": tokens}
        result = {"perplexity": {**of, "per_source": {"a": of}}}
        Evaluation.objects.create(checkpoint=other, suite="perplexity", result=result)
        if tokens == 10:
            assert figures_of(other)["perplexity/bits_per_byte"].value == 2.0
    figures = figures_of(other)
    assert figures["perplexity/bits_per_byte"].value == 3.0
    assert figures["perplexity/per_source/a/bits_per_byte"].value == 3.0
    assert most_questions(other) == 0
