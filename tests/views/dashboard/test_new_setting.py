"""A setting that a section declares appears in the form, in the command's help and in what they
refuse."""

import re

import pytest
from django.urls import reverse

from memory_app.core.run_settings import PRESETS
from memory_app.management.commands.train import Command
from memory_app.models import TrainingRun
from tests.core.training.test_new_setting import Extended

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def extended(monkeypatch):
    for name, chosen in PRESETS.items():
        monkeypatch.setitem(PRESETS, name, Extended.from_dict(chosen.to_dict()))


def field_of(body, name):
    return re.search(rf'<(?:input|select)[^>]*name="set\.{name}"[^>]*>', body)[0]


@pytest.mark.parametrize("form", ["run_new", "search_new"])
def test_the_form_shows_it_with_its_help_range_and_choices(client, form):
    body = client.get(reverse(f"admin:{form}")).content.decode()
    assert 'placeholder="0.9"' in field_of(body, "momentum")
    assert "How much of the last update is kept." in body
    assert "0 … 0.999" in body
    assert field_of(body, "nesterov").startswith("<select")
    assert '"momentum": 0.9' in body


def test_a_search_may_vary_it(client):
    assert "<option>momentum</option>" in client.get(reverse("admin:search_new")).content.decode()


def test_what_it_cannot_be_is_said_at_its_field(client):
    form = {"preset": "tiny", "set.momentum": "2", "set.steps": "0"}
    answer = client.post(reverse("admin:run_new"), form)
    assert answer.status_code == 400
    assert answer.context["errors"]["set.momentum"] == "momentum must be from 0 to 0.999."
    assert set(answer.context["errors"]) == {"set.momentum", "set.steps"}


def test_a_run_keeps_it_and_a_clone_fills_it_in(client):
    client.post(reverse("admin:run_new"), {"preset": "tiny", "set.momentum": "0.5"})
    run = TrainingRun.objects.get()
    assert run.settings["momentum"] == 0.5
    body = client.get(reverse("admin:run_new"), {"clone": run.pk}).content.decode()
    assert 'value="0.5"' in field_of(body, "momentum")


def test_the_commands_help_lists_it():
    text = Command().create_parser("manage.py", "train").format_help()
    assert "  momentum=0.9  (0 … 0.999)\n    How much of the last update is kept.\n" in text
    assert "  nesterov=off  (off | on)\n" in text
