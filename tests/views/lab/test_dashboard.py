"""A checkpoint and a run of the sentiment task on the dashboard: their own figures, no chat."""

import pytest
from django.test import Client
from django.urls import reverse

from memory_app.core.run_settings import PRESETS
from memory_app.models import Checkpoint, Evaluation, TrainingMetric, TrainingRun

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


@pytest.fixture
def staff(django_user_model, client: Client) -> Client:
    client.force_login(django_user_model.objects.create_superuser("sam", password="sam-pass-word"))
    return client


def test_its_page_leads_to_the_lab_and_offers_no_chat(staff: Client, reviews: Checkpoint) -> None:
    result = {"sentiment": {"accuracy": 0.81, "n": 1249, "f1": 0.8}}
    Evaluation.objects.create(checkpoint=reviews, suite="sentiment", result=result)
    page = staff.get(reverse("admin:checkpoint", args=[reviews.pk])).content.decode()
    assert f"/lab/sentiment/?checkpoint={reviews.pk}" in page
    assert "trained for sentiment, not for chat" in page
    assert "Chat with it" not in page
    assert "Sentiment: accuracy" in page
    assert "81.0%" in page


def test_it_is_evaluated_on_a_corpus_and_by_no_suite_of_chats(
    staff: Client, reviews: Checkpoint
) -> None:
    url = reverse("admin:checkpoint_evaluate", args=[reviews.pk])
    for suite, sentence in (
        ("recall", "suite must be one of sentiment."),
        ("sentiment", "sentiment needs a corpus."),
    ):
        answer = staff.post(url, {"suite": suite, "n": "50"})
        assert answer.status_code == 400
        assert sentence in answer.content.decode()


def test_it_is_not_among_the_models_to_chat_with(
    staff: Client, reviews: Checkpoint, checkpoint: Checkpoint
) -> None:
    page = staff.get(reverse("admin:checkpoints_try")).content.decode()
    assert str(checkpoint.pk) in page
    assert str(reviews.pk) not in page


def test_a_run_has_its_own_charts_and_figures(staff: Client) -> None:
    run = TrainingRun.objects.create(
        name="reviews", preset="sentiment", settings=PRESETS["sentiment"].to_dict(), corpora=[]
    )
    TrainingMetric.objects.create(run=run, step=10, name="accuracy/reviews", value=0.815)
    page = staff.get(reverse("admin:run", args=[run.pk])).content.decode()
    for key in ("accuracy", "f1", "cross_entropy"):
        assert f'data-chart="{key}"' in page
    assert 'data-chart="recall"' not in page
    assert "on validation texts" in page
    assert "nats per text" in page
    assert "Sample replies" not in page
    new = staff.get(f"{reverse('admin:run_new')}?preset=sentiment").content.decode()
    assert 'value="sentiment" checked' in new
