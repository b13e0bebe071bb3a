"""Live parts of the dashboard: what doesn't change with an update stays in the page."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect

from memory_app.models import ParameterSearch, RunStatus, TrainingRun


def running(name: str, **fields: object) -> TrainingRun:
    return TrainingRun.objects.create(
        name=name, preset="tiny", status=RunStatus.RUNNING, total_steps=400, step=3, **fields
    )


@pytest.mark.parametrize("place", ["run", "runs", "search"])
def test_a_button_or_link_stays_through_updates(
    page: Page, as_staff: Callable[[Page, str], Page], complaints: list[str], place: str
) -> None:
    search = ParameterSearch.objects.create(name="rates", preset="tiny")
    run = running("long", search=search, started=timezone.now())
    path, pressed = {
        "run": (reverse("admin:run", args=[run.pk]), "#cancel"),
        "runs": (reverse("admin:runs"), f"#run-{run.pk}"),
        "search": (reverse("admin:search", args=[search.pk]), "#cancel"),
    }[place]
    as_staff(page, path)
    if place == "runs":
        page.get_by_label("Compare long").check()
    page.evaluate("pressed => { window.kept = document.querySelector(pressed); }", pressed)
    if place == "runs":
        running("newer")
        expect(page.locator("tbody tr")).to_have_count(2)
    TrainingRun.objects.filter(pk=run.pk).update(step=77)
    expect(page.locator(f"tr#row-{run.pk}" if place == "runs" else "#content")).to_contain_text(
        "77"
    )
    assert page.evaluate("pressed => window.kept === document.querySelector(pressed)", pressed)
    if place == "runs":
        expect(page.get_by_label("Compare long")).to_be_checked()
        expect(page.get_by_label("Compare newer")).not_to_be_checked()
        # On the reader's clock, which only a script knows.
        expect(page.locator(f"#row-{run.pk} time[title$=UTC]")).to_be_visible()


def test_the_buttons_change_with_the_runs_status(
    page: Page, as_staff: Callable[[Page, str], Page], complaints: list[str]
) -> None:
    run = running("long")
    as_staff(page, reverse("admin:run", args=[run.pk]))
    expect(page.locator("#pause")).to_be_visible()
    TrainingRun.objects.filter(pk=run.pk).update(status=RunStatus.PAUSED)
    expect(page.locator("#resume")).to_be_visible()
    expect(page.locator("#pause")).to_have_count(0)
    expect(page.locator("#cancel")).to_be_visible()


def test_on_a_phone_every_filter_of_the_users_is_shown(
    page: Page, as_staff: Callable[[Page, str], Page], complaints: list[str]
) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    as_staff(page, reverse("admin:auth_user_changelist"))
    User.objects.create_user("somebody")
    panel = page.locator("#changelist-filter")
    assert panel.evaluate("node => node.scrollHeight <= node.clientHeight")
    page.locator("#changelist-filter a").last.scroll_into_view_if_needed()
    expect(page.locator("#changelist-filter a").last).to_be_in_viewport()
