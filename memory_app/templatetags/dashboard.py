"""Figures as the dashboard writes them: few digits, with units, words for missing ones."""

import re
from collections.abc import Iterable
from typing import Any

from django import template
from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.http import urlencode
from django.utils.translation import gettext, gettext_lazy, pgettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from memory_app.core.data.read_corpus import Refusal
from memory_app.core.data.sample_corpus import NAME as SAMPLE
from memory_app.core.number_text import figure_text, measure_text, size_text
from memory_app.languages import language_name
from memory_app.models import Corpus
from memory_app.services.operations.audit import COMMAND_LINE
from memory_app.services.operations.site_limits import rates_in_words
from memory_app.translate_messages import field_word, in_words, kept_in_words

register = template.Library()
#: A UUID or a SHA-256: enough of it tells two apart.
_LONG_ID = re.compile(r"\b([0-9a-f]{8})(?:(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{56})\b")

STATUS_WORDS: dict[str, str | Promise] = {
    "queued": _("waiting for the worker"),
    "running": _("running"),
    "cancelling": _("ending"),
    "cancelled": _("cancelled"),
    "pausing": _("pausing"),
    "paused": _("paused"),
    "finished": _("finished"),
    "failed": _("failed"),
}

ACTION_WORDS: dict[str, str | Promise] = {
    "checkpoint.promote": gettext_lazy("promoted a checkpoint"),
    "checkpoint.roll_back": gettext_lazy("rolled back to a checkpoint"),
    "checkpoint.delete": gettext_lazy("deleted a checkpoint"),
    "checkpoint.export": gettext_lazy("exported a checkpoint"),
    "checkpoint.import": gettext_lazy("imported a checkpoint"),
    "checkpoint.import_known": gettext_lazy("uploaded weights that were here already"),
    "checkpoint.evaluate": gettext_lazy("started an evaluation"),
    "checkpoint.try": gettext_lazy("tried two checkpoints side by side"),
    "checkpoint.card": gettext_lazy("edited a model card"),
    "checkpoint.rename": gettext_lazy("renamed a checkpoint"),
    "run.launch": gettext_lazy("started a run"),
    "run.cancel": gettext_lazy("cancelled a run"),
    "run.pause": gettext_lazy("paused a run"),
    "run.resume": gettext_lazy("resumed a run"),
    "run.describe": gettext_lazy("edited a run’s name or note"),
    "run.archive": gettext_lazy("archived a run"),
    "run.unarchive": gettext_lazy("unarchived a run"),
    "run.delete": gettext_lazy("deleted a run"),
    "search.launch": gettext_lazy("started a parameter search"),
    "search.cancel": gettext_lazy("cancelled a parameter search"),
    "corpus.upload": gettext_lazy("uploaded a corpus"),
    "corpus.sample": gettext_lazy("added the sample corpus"),
    "corpus.delete": gettext_lazy("deleted a corpus"),
    "faults.dismiss": gettext_lazy("dismissed errors"),
    "shared_chat.read": gettext_lazy("read a shared chat"),
    "turn.repair": gettext_lazy("rebuilt a chat’s damaged memory"),
    "person.export": gettext_lazy("exported a person’s data"),
    "person.erase": gettext_lazy("erased a person’s data"),
    "staff.log_in": gettext_lazy("logged in"),
    "staff.log_in_failed": gettext_lazy("failed to log in"),
    "staff.log_out": gettext_lazy("logged out"),
    "site.read_only": gettext_lazy("made the site read only"),
    "site.open": gettext_lazy("opened the site"),
    "site.notice": gettext_lazy("changed the notice"),
    "report.read": gettext_lazy("read a reported turn"),
    "report.close": gettext_lazy("closed a report"),
    "limit.change": gettext_lazy("changed a limit"),
    "staff.second_factor": gettext_lazy("set up a second factor"),
    "staff.second_factor_removed": gettext_lazy("removed a second factor"),
    "staff.password": gettext_lazy("changed their password"),
    "user.add": gettext_lazy("added a user"),
    "user.change": gettext_lazy("changed a user"),
    "user.delete": gettext_lazy("deleted a user"),
    "group.add": gettext_lazy("added a group"),
    "group.change": gettext_lazy("changed a group"),
    "group.delete": gettext_lazy("deleted a group"),
}


@register.filter
def status_word(status: str) -> str | Promise:
    """A run's or an exam's status in words."""
    return STATUS_WORDS.get(status, status)


#: Settings that are switches; names of cells, gates and presets stay as in the config.
SETTING_WORDS: dict[str, str | Promise] = {"off": _("off"), "on": _("on")}


@register.filter
def setting_word(value: Any) -> Any:
    """A setting's value as a form and a list show it: switches in words."""
    return SETTING_WORDS.get(value, value) if isinstance(value, str) else value


SUITE_WORDS: dict[str, str | Promise] = {
    "all": _("all suites"),
    "perplexity": _("perplexity"),
    "recall": pgettext_lazy("a suite of an evaluation", "recall"),
    "sentiment": pgettext_lazy("a suite of an evaluation", "sentiment"),
    "completion": pgettext_lazy("a suite of an evaluation", "completion of texts"),
    "translation": pgettext_lazy("a suite of an evaluation", "translation"),
    "speech": pgettext_lazy("a suite of an evaluation", "spoken words"),
}
METHOD_WORDS: dict[str, str | Promise] = {"grid": _("grid"), "random": _("random")}
DISK_WORDS: dict[str, str | Promise] = {
    "checkpoints": pgettext_lazy("a part of the disk", "checkpoints"),
    "corpora": pgettext_lazy("a part of the disk", "corpora"),
    "database": _("database"),
    "runs": pgettext_lazy("a part of the disk", "runs"),
    "broker": _("task queue"),
    "processes": _("process locks"),
    "uploads": _("uploads"),
    "units": _("index of units"),
    "other": _("other files"),
}


@register.filter
def suite_word(suite: str) -> str | Promise:
    """The name of a suite of evaluations."""
    return SUITE_WORDS.get(suite, suite)


@register.filter
def lab_page(task: str) -> str:
    """The address of a task's page in the Lab; empty without one."""
    try:
        return reverse(f"lab_{task}")
    except NoReverseMatch:
        return ""


@register.filter
def language_word(language: str) -> str:
    """The language of a model or a corpus, by its name in the reader's language."""
    return language_name(language)


@register.filter
def disk_word(part: str) -> str | Promise:
    """The name of a folder of the data directory; a new folder's own name."""
    return DISK_WORDS.get(part, part)


def tiny_run_address() -> str:
    """The form of a first run: preset tiny, the sample corpus ticked once it exists."""
    chosen = {"preset": "tiny"}
    if Corpus.objects.filter(name=SAMPLE, split="train").exists():
        chosen["corpus"] = SAMPLE
    return f"{reverse('admin:run_new')}?{urlencode(chosen)}"


@register.inclusion_tag("dashboard/parts/tiny_run.html", takes_context=True)
def tiny_run(context: dict[str, Any]) -> dict[str, Any]:
    """The button of a first run; without any corpus it adds the sample first."""
    return {
        "sample": not Corpus.objects.filter(split="train").exists(),
        "address": tiny_run_address(),
        "csrf_token": context.get("csrf_token"),
    }


@register.filter
def action_word(action: str) -> str | Promise:
    """An audit entry's action in words; an unknown one as it is stored."""
    return ACTION_WORDS.get(action, action)


@register.filter
def figure(value: float | str | bool | None) -> str:
    """At most four significant digits, thousands separated; a dash for a missing number."""
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, int | float):
        return str(value or "–")
    return figure_text(value)


@register.filter
def measure(value: float | None) -> str:
    """A loss or bits per byte, with the same decimals in a whole column; a dash without one."""
    return measure_text(value) if isinstance(value, int | float) else "–"


@register.filter
def percent(share: float | None) -> str:
    """0.834 -> "83%"."""
    if not isinstance(share, int | float):  # not measured, or a missing name
        return "–"
    return f"{100 * share:.0f}%"


@register.filter
def duration(seconds: float | None) -> str:
    """A duration, rounded to one unit, or two where the first is small."""
    if seconds is None:
        return "–"
    whole = max(0, round(seconds))
    if whole < 60:
        return gettext("{n} s").format(n=whole)
    if whole < 3600:
        return gettext("{n} min {s} s").format(n=whole // 60, s=whole % 60)
    return gettext("{h} h {n} min").format(h=whole // 3600, n=whole % 3600 // 60)


@register.filter
def size(count: int | None) -> str:
    """13312 -> "13 KiB"."""
    return size_text(count or 0)


@register.filter
def bound_size(count: int) -> str:
    """A bound in bytes; 0 has switched it off."""
    return size_text(count) if count else gettext("off")


@register.filter
def short(sha256: str) -> str:
    """The first twelve characters of a hash: enough to tell two apart."""
    return sha256[:12]


@register.filter
def reason(row: Any) -> str:
    """Why a run or an exam failed, or a corpus's row was refused, in the reader's language."""
    if isinstance(row, Refusal):
        return in_words(row.said)
    if isinstance(row, dict):
        return kept_in_words(row.get("said"), str(row.get("reason", "")))
    return kept_in_words(row.error_said, row.error)


#: Names for the details of an audit entry.
DETAIL_WORDS: dict[str, str | Promise] = {
    "preset": _("preset"),
    "corpora": _("corpora"),
    "method": _("method"),
    "space": _("varied"),
    "id": _("id"),
    "rows": _("dialogues"),
    "suite": _("suite"),
    "n": _("questions per test"),
    "language": _("language"),
    "previous": _("before"),
    "notice": _("notice"),
    "reports": _("reports"),
    "links": _("public links"),
    "from": _("before"),
    "to": _("now"),
    "fields": _("fields"),
    "times": _("times"),
    "runs": _("runs"),
    "errors": _("errors"),
    "name": _("name"),
    "new": _("new"),
}


def _in_words(value: Any) -> str:
    """A detail in readable form: lists by commas, a weight as ×2, nothing of Python."""
    if value is None or value == "":
        return "–"
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    if isinstance(value, int | float):
        return figure(value)
    if isinstance(value, dict):
        semicolon = pgettext("between the groups of a list", "; ")
        return semicolon.join(f"{key} {_in_words(each)}" for key, each in value.items())
    if isinstance(value, list | tuple):
        return (
            pgettext("between the items of a list", ", ").join(_weighted(each) for each in value)
            or "–"
        )
    return str(value)


def _weighted(value: Any) -> str:
    """[name, weight], as a run stores its corpora; the weight 1 is left out."""
    if isinstance(value, list | tuple) and len(value) == 2 and isinstance(value[0], str):
        name, weight = value
        if isinstance(weight, int | float) and not isinstance(weight, bool):
            return name if weight == 1 else f"{name} ×{figure(weight)}"
    return _in_words(value)


@register.filter
def short_ids(text: str) -> str:
    """A text with its ids and hashes cut to their first eight characters."""
    return _LONG_ID.sub(r"\1", text)


@register.filter
def listed(values: Iterable[Any]) -> str:
    """Values in a row, parted as the language does."""
    return pgettext("between the items of a list", ", ").join(map(str, values))


@register.filter
def user_word(username: str) -> str:
    """Who did it: a user by name, the command line in words (no user's name contains a space)."""
    return gettext("command line") if username == COMMAND_LINE else username


@register.filter
def detail_words(detail: Any) -> list[tuple[str | Promise, str]]:
    """The details of an audit entry: (name, value) in words."""
    if not isinstance(detail, dict):
        return []
    detail = rates_in_words(detail)
    named = {"suite": SUITE_WORDS, "method": METHOD_WORDS}
    if isinstance(language := detail.get("language"), str):
        detail = {**detail, "language": language_name(language)}
    if isinstance(fields := detail.get("fields"), list):
        detail = {**detail, "fields": [field_word(str(field)) for field in fields]}
    return [
        (
            DETAIL_WORDS.get(str(key), str(key)),
            short_ids(_in_words(named.get(str(key), {}).get(str(value), value))),
        )
        for key, value in detail.items()
    ]


@register.filter
def entry(mapping: dict[str, object], key: str) -> object:
    """A value by its key, for keys that are no attribute names."""
    return mapping.get(key)
