"""Every page of the dashboard in a browser: with nothing on it, and with what is odd."""

import re
from collections.abc import Callable
from pathlib import Path

from django.urls import reverse
from playwright.sync_api import Page, expect

from memory_app import policy, registry
from memory_app.models import (
    AuditEntry,
    Chat,
    Checkpoint,
    Corpus,
    Evaluation,
    FaultEntry,
    ParameterSearch,
    RunSample,
    RunStatus,
    TrainingMetric,
    TrainingRun,
)
from tests.browser.server import SiteServer
from tests.conftest import make_checkpoint

ODD = "<b>tiny \"one\"</b> 'x' \U0001f600 " + "w" * 90
#: What asks for no row of its own.
PLAIN = [
    reverse(row.name)
    for row in policy.ROWS
    if row.name.startswith("admin:")
    and row.policy == policy.STAFF
    and "GET" in row.methods
    and row.name
    in {
        "admin:overview", "admin:runs", "admin:runs_compare", "admin:run_new", "admin:searches",
        "admin:search_new", "admin:checkpoints", "admin:checkpoints_compare",
        "admin:checkpoints_try", "admin:checkpoint_import", "admin:corpora", "admin:audit",
        "admin:shared_chats", "admin:checkpoint_roll_back",
    }
]  # fmt: skip


def visit(page: Page, url: str) -> None:
    """Load a page and let its scripts ask for what they draw."""
    answer = page.goto(url)
    assert answer is not None
    assert answer.ok, url
    page.wait_for_load_state("networkidle")
    expect(page.locator("h1").first).to_be_visible()


def odd_rows(run: TrainingRun) -> None:
    """Figures that no axis likes: none, zero, one point, huge, below zero."""
    for name, values in {
        "loss": [0.0, -1.0],
        "bits_per_byte/a/b": [0.0],
        "recall/gap_2": [0.0],
        "gradient_norm": [1e300, 1e-300],
        "learning_rate": [0.0],
        "other": [1.0],
    }.items():
        for step, value in enumerate(values):
            TrainingMetric.objects.create(run=run, step=step, name=name, value=value)
    RunSample.objects.create(run=run, step=0, exchanges=[{"prompt": ODD, "reply": ""}])


def test_every_page_is_quiet_with_nothing_and_with_odd_things_on_it(
    server: SiteServer,
    page: Page,
    as_staff: Callable[[Page, str], Page],
    complaints: list[str],
    checkpoint: Checkpoint,
) -> None:
    as_staff(page, "/admin/")
    Chat.objects.all().delete()
    Checkpoint.objects.all().delete()
    AuditEntry.objects.all().delete()
    for path in PLAIN:
        visit(page, f"{server.url}{path}")

    checkpoint.save(force_insert=True)
    Checkpoint.objects.update(name=ODD, card=ODD)
    search = ParameterSearch.objects.create(
        name=ODD, method="random", preset="gone", space={"steps": [1, "x"], "lost": []}
    )
    runs = [
        TrainingRun.objects.create(
            name=ODD, preset="gone", status=status, search=search, note=ODD,
            corpora=[["lost", 0.5]], total_steps=steps, step=7, settings={"steps": None},
        )
        for status, steps in ((RunStatus.CANCELLED, 0), (RunStatus.FINISHED, 7))
    ]  # fmt: skip
    TrainingRun.objects.filter(pk=runs[1].pk).update(checkpoint=checkpoint)
    odd_rows(runs[1])
    corpus = Corpus.objects.create(name=ODD[:90], path="gone", sha256="0" * 64, rows=11)
    Evaluation.objects.create(
        checkpoint=checkpoint, suite="all", result={"recall": {"n": 0}, "loops": 1, "x": None}
    )
    FaultEntry.objects.create(source=ODD, message=ODD)
    AuditEntry.objects.create(username=ODD, action="unknown.deed", detail={ODD: [[ODD, 2.0]]})
    keys = {
        "run": runs[0].pk, "search": search.pk, "checkpoint": checkpoint.pk, "corpus": corpus.pk,
    }  # fmt: skip
    paths = [reverse(f"admin:{name}", args=[key]) for name, key in keys.items()]
    paths += [
        reverse("admin:run", args=[runs[1].pk]),
        reverse("admin:run_delete", args=[runs[0].pk]),
        reverse("admin:checkpoint_delete", args=[checkpoint.pk]),
        reverse("admin:corpus_delete", args=[corpus.pk]),
        f"{reverse('admin:run_new')}?clone={runs[1].pk}",
        f"{reverse('admin:runs_compare')}?run={runs[0].pk}&run={runs[1].pk}",
        f"{reverse('admin:checkpoints_compare')}?checkpoint={checkpoint.pk}",
    ]
    for path in [*PLAIN, *paths]:
        visit(page, f"{server.url}{path}")
    # On a phone each fits the screen, and so do the lists and figures in it.
    page.set_viewport_size({"width": 390, "height": 844})
    lists = ["/admin/audit/", "/admin/runs/", "/admin/checkpoints/", "/admin/runs/new/"]
    for path in [*lists, "/admin/password_change/", *paths[:2]]:
        page.goto(server.url + path)
        wide = page.evaluate(
            """() => [document.documentElement, ...document.querySelectorAll(".scroll")]
                .filter((box) => box.scrollWidth > box.clientWidth + 1)
                .flatMap((box) => [...box.querySelectorAll("*")]
                    .filter((it) => it.getBoundingClientRect().right > innerWidth + 1)
                    .map((it) => `${it.tagName}.${it.className}`).slice(-3))"""
        )
        assert wide == [], path
        # The header is as high as what is in it, which lies above the tabs, and so on every page.
        for width in (320, 390):
            page.set_viewport_size({"width": width, "height": 844})
            header = page.evaluate(
                """() => [document.querySelector("#header").offsetHeight,
                    [...document.querySelectorAll("#user-tools > *")].every((it) =>
                        it.getBoundingClientRect().bottom
                        <= document.querySelector(".sections").getBoundingClientRect().top)]"""
            )
            assert header == [93, True], (path, width)
    # A run that ended without a point says so, and draws no axes from nothing.
    page.goto(server.url + paths[0])
    loss = page.locator("[data-chart=loss] canvas")
    expect(loss).to_have_attribute("aria-label", re.compile("no data recorded"))


def test_curves_are_smoothed_put_over_time_and_share_a_crosshair(
    server: SiteServer,
    page: Page,
    as_staff: Callable[[Page, str], Page],
    complaints: list[str],
) -> None:
    run = TrainingRun.objects.create(name="r", preset="tiny", status="finished", total_steps=60)
    for step in range(0, 60, 10):
        for name, value in (("loss", 2 + step % 20), ("gradient_norm", 1), ("seconds", 6 * step)):
            TrainingMetric.objects.create(run=run, step=step, name=name, value=value)
    path = reverse("admin:run", args=[run.pk])
    as_staff(page, path)
    loss = page.locator("[data-chart=loss]")
    expect(loss.locator("canvas")).to_have_attribute("aria-label", "loss: 2 → 12")
    page.get_by_label("Smoothing").select_option("strong")
    expect(loss.locator("canvas")).to_have_attribute("aria-label", re.compile(r"loss: 2 → 7\.\d"))
    loss.locator("canvas").focus()
    page.keyboard.press("End")
    for chart in ("loss", "gradient_norm"):
        readout = page.locator(f"[data-chart={chart}] .readout")
        expect(readout).to_have_text(re.compile("^step 50 "))
    page.get_by_label("Over").select_option("time")
    page.keyboard.press("Tab")
    loss.locator("canvas").focus()
    page.keyboard.press("End")
    expect(page.locator("[data-chart=gradient_norm] .readout")).to_have_text(
        re.compile("^minutes since start 5 ")
    )
    # The choice is kept.
    page.reload()
    expect(page.get_by_label("Smoothing")).to_have_value("0.9")
    # A note and a name are saved where they stand: nothing moves, and a status says it.
    page.get_by_text("Name and note").click()
    page.get_by_label("Name", exact=True).fill("r & <i>")
    height = page.evaluate("document.documentElement.scrollHeight")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("form[data-save] [role=status]")).to_have_text("Saved.")
    expect(page.get_by_role("heading", level=1)).to_have_text("r & <i>")
    assert page.evaluate("document.documentElement.scrollHeight") == height
    assert page.url == server.url + path
    # What happens on the way to another page is said when that is there.
    page.get_by_role("button", name="Archive").click()
    expect(page.locator("p[role=status]", has_text="“r & <i>” was archived.")).to_be_attached()


def test_two_checkpoints_answer_one_message_side_by_side(
    server: SiteServer,
    page: Page,
    as_staff: Callable[[Page, str], Page],
    complaints: list[str],
    checkpoint: Checkpoint,
    will_say: Callable[[str], None],
    tmp_path: Path,
) -> None:
    will_say("Your name is Clara.")
    make_checkpoint(tmp_path / "other", seed=2)
    other = registry.register(tmp_path / "other")
    as_staff(page, f"{reverse('admin:checkpoints_try')}?a={other.pk}")
    page.get_by_label("Seed").fill("7")
    for said in ("My name is Clara.", "What is my name?"):
        page.get_by_label("Message to both").fill(said)
        page.keyboard.press("Enter")
        expect(page.locator("li .said", has_text=said)).to_have_count(2)
        expect(page.locator("#stop")).to_be_hidden()
    sides = page.locator("ol.transcript")
    told = sides.all_inner_texts()
    assert [text.count("Your name is Clara.") for text in told] == [2, 2]
    turns = [chat.turns.oldest_first() for chat in Chat.objects.order_by("checkpoint__created")]
    assert [len(each) for each in turns] == [2, 2]
    assert {turn.seed for each in turns for turn in each} == {7}
    page.reload()
    expect(page.locator("li .said")).to_have_count(4)
    assert sides.all_inner_texts() == told
