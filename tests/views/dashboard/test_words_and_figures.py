"""What the dashboard's pages say of numbers, names and next steps."""

import re

import pytest
from django.urls import reverse

from memory_app.core.messages import quoted
from memory_app.core.number_text import figure_text
from memory_app.models import Chat, Corpus, RunSample, TrainingRun, Turn
from memory_app.services.training.metrics import Figure, compared
from memory_app.views.dashboard import hyperparameters, metric_labels

IN_CHINESE = {"headers": {"accept-language": "zh-hans"}}


def make_corpus(name, split="train"):
    return Corpus.objects.create(
        name=name, split=split, path=f"{name}.{split}.jsonl", sha256="0" * 64, rows=3
    )


def body_of(client, name, *args, query=None, **how):
    answer = client.get(reverse(f"admin:{name}", args=args), query or {}, **how)
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (9.14e-5, "9.14 × 10⁻⁵"),
        (1e-7, "10⁻⁷"),
        (0.0001969, "0.0001969"),
        (42590.3, "42,590"),
        (0, "0"),
    ],
)
def test_no_figure_is_written_with_an_e(value, text):
    assert figure_text(value) == text


def test_a_name_in_a_sentence_stands_in_typographic_quotes():
    assert quoted("sample-facts") == "“sample-facts”"
    assert quoted("it's\n") == "“it's\\n”"


def test_a_wrong_weight_names_its_corpus_in_typographic_quotes(client):
    row = make_corpus("talks")
    asked = {"preset": "tiny", "corpus": "talks", f"weight.{row.pk}": "much"}
    body = client.post(reverse("admin:run_new"), asked).content.decode()
    assert "“talks”" in body
    assert "&#x27;talks&#x27;" not in body


def test_every_page_of_the_admin_has_the_same_links_on_top(client):
    for name in ("overview", "password_change", "auth_user_changelist"):
        top = body_of(client, name).partition("</header>")[0]
        assert all(link in top for link in ("View site", "Change password", "Log out")), name


def test_a_corpus_leads_to_a_run_that_trains_on_it(client):
    corpus = make_corpus("two words")
    make_corpus("alone", split="valid")
    for body in (body_of(client, "corpora"), body_of(client, "corpus", corpus.pk)):
        (link,) = re.findall(r'href="(/admin/runs/new/[^"]*corpus=[^"]*)"', body)
        form = client.get(link.replace("&amp;", "&")).content.decode()
        assert re.search(r'name="corpus" value="two words" checked', form)


def test_the_first_run_ticks_the_sample_corpus_once_it_is_there(client):
    assert "corpus=sample-facts" not in body_of(client, "runs")
    make_corpus("sample-facts")
    assert "preset=tiny&amp;corpus=sample-facts" in body_of(client, "runs")


def test_each_weight_has_a_label_that_is_seen(client):
    corpus = make_corpus("talks")
    body = body_of(client, "run_new")
    field = re.search(rf'name="weight\.{corpus.pk}" id="([^"]+)"', body)[1]
    assert re.search(rf'<label class="weight" for="{field}">Weight', body)


def test_a_setting_that_is_a_switch_is_chosen_and_not_typed():
    declared = hyperparameters.declared().values()
    switches = [one for one in declared if one.default in ("on", "off")]
    assert switches
    assert all(set(one.choices) >= {one.default, "off"} for one in switches)


def test_switches_suites_and_parts_of_the_disk_are_in_chinese(client, checkpoint):
    assert ">开</option>" in body_of(client, "run_new", **IN_CHINESE)
    assert ">全部套件</option>" in body_of(client, "checkpoint", checkpoint.pk, **IN_CHINESE)
    assert "数据库" in body_of(client, "overview", **IN_CHINESE)


def test_djangos_own_pages_have_full_width_signs_and_no_blanks_in_chinese(client):
    body = body_of(client, "auth_user_add", **IN_CHINESE)
    assert "用户名：" in body
    assert "用户名:" not in body
    assert "添加用户" in body


def test_figures_of_one_corpus_are_shown_once_and_stand_in_groups():
    one = {
        f"perplexity/{where}{name}": Figure(2.0)
        for where in ("", "per_source/a/")
        for name in ("bits_per_byte", "perplexity_per_token")
    }
    assert [row["name"] for row in metric_labels.rows(compared(one, {}))] == [
        "Bits per byte, a",
        "Perplexity per token, a",
    ]
    two = one | {path.replace("/a/", "/b/"): figure for path, figure in one.items()}
    assert [row["name"] for row in metric_labels.rows(compared(two, {}))] == [
        "Bits per byte",
        "Bits per byte, a",
        "Bits per byte, b",
        "Perplexity per token",
        "Perplexity per token, a",
        "Perplexity per token, b",
    ]


def test_a_run_says_what_it_leaves_out(client):
    make_corpus("talks")
    run = TrainingRun.objects.create(
        name="mine", preset="tiny", corpora=[["talks", 1]], total_steps=20, status="running"
    )
    for step in range(13):
        RunSample.objects.create(run=run, step=step, exchanges=[{"prompt": "Hi", "reply": " "}])
    body = body_of(client, "run", run.pk)
    assert "The last 12 of 13 evaluations." in body
    assert body.count("(empty)") >= 12
    assert "data-validated" not in body
    make_corpus("talks", split="valid")
    assert "data-validated" in body_of(client, "run", run.pk)


def test_a_shared_chat_has_its_title_and_says_who_speaks(client, chat):
    Chat.objects.filter(pk=chat.pk).update(shared=True, title="About the safe")
    Turn.objects.create(
        chat=chat, client_turn_id=chat.pk, seed=1, status="complete", user_text="a", reply_text=""
    )
    assert "About the safe" in body_of(client, "shared_chats")
    assert re.findall(r'class="who">(\w+)<', body_of(client, "shared_chat", chat.pk)) == [
        "User",
        "Model",
    ]
    Chat.objects.filter(pk=chat.pk).update(shared=False)
    assert "About the safe" not in body_of(client, "shared_chats")


def test_a_wrong_password_puts_the_focus_on_the_password(client):
    client.logout()
    wrong = {"username": "mira", "password": "wrong"}
    for address in (reverse("admin:login"), reverse("login")):
        body = client.post(address, wrong).content.decode()
        (focused,) = re.findall(r"<input[^>]*autofocus[^>]*>", body)
        assert 'name="password"' in focused


def test_staff_see_a_link_to_the_dashboard_on_the_site(client):
    link = f'href="{reverse("admin:index")}"'
    assert link in client.get("/").content.decode()
    client.logout()
    assert link not in client.get("/").content.decode()


def test_a_bound_of_the_disk_that_is_off_says_so(staff, settings):
    settings.DISK_WARN_MB, settings.DISK_NO_CHATS_MB, settings.DISK_READ_ONLY_MB = 2048, 0, 0
    page = body_of(staff.client, "site").replace("\N{NO-BREAK SPACE}", " ")
    assert "<dt>Warns below</dt><dd>2 GiB</dd>" in page
    assert page.count("<dd>off</dd>") == 2
