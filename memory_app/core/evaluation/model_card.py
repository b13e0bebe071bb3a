"""The model card of a checkpoint: its config.json in sentences and tables, as Markdown.

Names and licences come from whoever loaded a corpus: they are escaped, so that they stay text.
What the card says by itself goes through `say`, which may know another language than English.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from memory_app.core.evaluation.stored_recall import open_shares
from memory_app.core.evaluation.wilson import wilson
from memory_app.core.messages import Sentence
from memory_app.core.model.config import CHAT_TASK
from memory_app.core.number_text import measure_text

# Settings that say how a run was carried out, not what the model is.
_LEFT_OUT = {"threads", "device", "save_every", "compile", "cell", "language"}
FILE = "`model.safetensors`"
_LOSS = Sentence("training loss (nats per token)")
_OPEN_CELLS = {
    "open": Sentence("a fact of any kind, two exchanges before"),
    "several": Sentence("one of eight facts"),
    "others": Sentence("the fact of one of two or three persons"),
    "forget": Sentence("asked to forget a fact: doesn't say it"),
    "list/named": Sentence("asked what it knows: names, of five facts"),
    "list/false": Sentence("asked what it knows: names though never stated, of five"),
}
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>()#+!|~&-])")


def _text(value: object) -> str:
    """Any text as one line of Markdown that means nothing but itself."""
    return _SPECIAL.sub(r"\\\1", " ".join(str(value).split())) or "–"


def _figure(value: object) -> str:
    return f"{value:,.4g}" if isinstance(value, float) else f"{value:,}"


def _measure(value: object) -> str:
    return measure_text(value) if isinstance(value, float) else _figure(value)


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> list[str]:
    lines = [head, tuple("---" for _ in head), *rows]
    return ["", *(f"| {' | '.join(line)} |" for line in lines), ""]


def _of_texts(validation: object, say: Callable[[Sentence], str]) -> list[tuple[str, Any]]:
    """A classifier's accuracy on each validated corpus, and that of its strongest unit alone."""
    rows = []
    for name, one in validation.items() if isinstance(validation, Mapping) else ():
        accuracy = one.get("accuracy") if isinstance(one, Mapping) else None
        if not isinstance(accuracy, float):
            continue
        label = (
            Sentence("validation accuracy of its strongest unit alone")
            if name == "unit"
            else Sentence("validation accuracy on {corpus}", {"corpus": _text(name)})
        )
        rows.append((say(label), accuracy))
    return rows


def _of_exam(exam: object, say: Callable[[Sentence], str]) -> list[str]:
    """A classifier's figures on texts that it has never seen, with the baselines beside them."""
    if isinstance(exam, Mapping) and isinstance(exam.get("completion"), Mapping):
        return _of_written(exam["completion"], say)
    if isinstance(exam, Mapping) and isinstance(exam.get("translation"), Mapping):
        return _of_translations(exam["translation"], say)
    found = exam.get("sentiment") if isinstance(exam, Mapping) else None
    if not isinstance(found, Mapping) or type(found.get("n")) is not int or found["n"] < 1:
        return []
    n = found["n"]
    baselines = found.get("baselines")
    shares = [
        (Sentence("this checkpoint"), found.get("accuracy")),
        (Sentence("its strongest unit alone"), found.get("unit_accuracy")),
    ]
    rows: list[tuple[str, ...]] = [
        (say(label), _interval(share, n)) for label, share in shares if isinstance(share, float)
    ]
    rows += [
        (_text(name), _interval(share, n))
        for name, share in (baselines.items() if isinstance(baselines, Mapping) else ())
        if isinstance(share, float)
    ]
    title = Sentence("Accuracy on {n} texts held out of all training", {"n": f"{n:,}"})
    head = ("", say(Sentence("share, Wilson interval")))
    return ["", "## " + say(title), *_table(head, rows)]


def _with_baselines(figures: Mapping[str, Any]) -> list[tuple[Sentence, Mapping[str, Any]]]:
    """The checkpoint's figures and those of each baseline, with their names."""
    baselines = figures.get("baselines")
    lines = [(Sentence("this checkpoint"), figures)]
    for name, one in baselines.items() if isinstance(baselines, Mapping) else ():
        if isinstance(one, Mapping):
            lines.append((Sentence("baseline {name}", {"name": _text(name)}), one))
    return lines


def _of_written(figures: Mapping[str, Any], say: Callable[[Sentence], str]) -> list[str]:
    """Bits per character and form of a model of texts, with the baselines beside them."""
    rows: list[tuple[str, ...]] = []
    for label, one in _with_baselines(figures):
        bits, form, n = (one.get(key) for key in ("bits_per_character", "form", "form_lines"))
        if not isinstance(bits, float):
            continue
        known = isinstance(form, float) and isinstance(n, int) and n > 0
        share = _interval(float(form or 0), int(n or 0)) if known else "–"
        rows.append((say(label), f"{bits:.3f}", share))
    if not rows:
        return []
    title = Sentence("On {n} texts held out of all training", {"n": _figure(figures.get("n", 0))})
    head = (
        "",
        say(Sentence("bits per character")),
        say(Sentence("lines of the right length, Wilson interval")),
    )
    return ["", "## " + say(title), *_table(head, rows)]


def _of_translations(figures: Mapping[str, Any], say: Callable[[Sentence], str]) -> list[str]:
    """chrF and BLEU of each direction, with the baselines beside them."""
    rows: list[tuple[str, ...]] = []
    for label, one in _with_baselines(figures):
        directions = one.get("directions")
        for name, own in directions.items() if isinstance(directions, Mapping) else ():
            if isinstance(own, Mapping) and isinstance(own.get("chrf"), float):
                measured = (_score(own, "chrf"), _score(own, "bleu"), _figure(own.get("n", 0)))
                rows.append((say(label), _text(name), *measured))
    if not rows:
        return []
    title = Sentence(
        "On {n} translations held out of all training", {"n": _figure(figures.get("n", 0))}
    )
    head = ("", say(Sentence("direction")), "chrF", "BLEU", "n")
    return ["", "## " + say(title), *_table(head, rows)]


def _score(figures: Mapping[str, Any], name: str) -> str:
    """A figure with its bootstrap interval."""
    value, between = figures.get(name), figures.get(f"{name}_interval")
    if not isinstance(value, float):
        return "–"
    known = isinstance(between, list) and len(between) == 2
    known = known and all(isinstance(end, float) for end in between or [])
    return (
        f"{value:.1f} ({between[0]:.1f}–{between[1]:.1f})" if known and between else f"{value:.1f}"
    )


def _interval(share: float, n: int) -> str:
    low, high = wilson(min(n, max(0, round(share * n))), n)
    return f"{share:.3f} ({low:.3f}–{high:.3f})"


def _recall_of_any_fact(config: Mapping[str, Any], say: Callable[[Sentence], str]) -> list[str]:
    """The shares of the recall test about facts of any kind, where the config has them."""
    rows: list[tuple[str, ...]] = [
        (say(_OPEN_CELLS[path]), f"{share:.2f} ({low:.2f}–{high:.2f})")
        for path, share, (low, high) in open_shares(config.get("evaluation"))
    ]
    if not rows:
        return []
    head = ("", say(Sentence("share, Wilson interval")))
    return ["", "## " + say(Sentence("Recall of facts of any kind")), *_table(head, rows)]


def own_data(settings: Mapping[str, Any]) -> list[tuple[Sentence, Sentence]]:
    """What a training read that isn't in a corpus, and its share of the tokens."""
    ours = {
        "facts": Sentence("this project's generated facts"),
        "identity": Sentence("this project's exchanges about the bot itself"),
    }
    return [
        (what, Sentence("{share} of the tokens", {"share": f"{settings[key]:.0%}"}))
        for key, what in ours.items()
        if settings.get(key)
    ]


def _of_data(
    config: Mapping[str, Any], settings: Mapping[str, Any], say: Callable[[Sentence], str]
) -> list[str]:
    lines = ["## " + say(Sentence("Trained on"))]
    rows: list[tuple[str, ...]] = [
        (
            _text(entry.get("name")),
            _text(entry.get("licence") or say(Sentence("not stated"))),
            _text(entry.get("attribution") or ""),
            _figure(entry.get("rows", 0)),
            _figure(entry.get("weight", 1.0)),
            f"`{_text(entry.get('sha256'))}`",
        )
        for entry in config.get("data") or []
    ]
    rows += [(say(what), "MIT", "–", say(share), "–", "–") for what, share in own_data(settings)]
    head = (
        Sentence("corpus"),
        Sentence("licence"),
        Sentence("attribution"),
        Sentence("dialogues"),
        Sentence("weight"),
    )
    return [*lines, *_table((*map(say, head), "sha256"), rows)]


def write_card(
    name: str,
    sha256: str,
    config: Mapping[str, Any],
    *,
    parent: str = "",
    say: Callable[[Sentence], str] = str,
    whole: bool = True,
    grouped: bool = False,
) -> str:
    """What the checkpoint is, what it learned from, and how it did; `parent` is a name.

    `whole`: with its data, its training's settings and the command that evaluates it; the page of a
    checkpoint has them elsewhere.
    `grouped`: sizes with their thousands parted, as a page has them; a card is stored without.
    """
    training = config.get("training") or {}
    settings = training.get("settings") or {}
    of_weights = Sentence("sha256 of {file}: {sha256}.", {"file": FILE, "sha256": f"`{sha256}`"})
    lines = [f"# {_text(name)}", "", say(of_weights)]
    if parent:
        began = Sentence("Training started from the weights of {name}.", {"name": _text(parent)})
        lines += ["", say(began)]

    def pair(*keys: str) -> str:
        values = [config.get(key) for key in keys]
        return ", ".join(
            f"{one:,}" if grouped and isinstance(one, int) else str(one) for one in values
        )

    lines += _table(
        ("", ""),
        [
            (say(Sentence("cell")), f"`{_text(config.get('cell'))}`"),
            (say(Sentence("layers, units")), pair("num_layers", "hidden_size")),
            (say(Sentence("embedding, vocabulary")), pair("embedding_dim", "vocab_size")),
            (say(Sentence("language")), _text(config.get("language"))),
            (say(Sentence("optimizer steps")), _figure(training.get("steps", 0))),
            (say(Sentence("tokens")), _figure(training.get("tokens", 0))),
        ],
    )
    if whole:
        lines += _of_data(config, settings, say)
    lines += ["## " + say(Sentence("Figures at the last step"))]
    figures = [
        (
            say(
                _LOSS
                if config.get("task", CHAT_TASK) == CHAT_TASK
                else Sentence("training loss (nats)")
            ),
            training.get("loss"),
        )
    ]
    figures += [
        (say(Sentence("bits per byte on {corpus}", {"corpus": _text(source)})), value)
        for source, value in (training.get("validation_bits_per_byte") or {}).items()
    ]
    figures += [
        (say(Sentence("stated facts recalled, gap {n}", {"n": _text(gap[4:])})), value)
        for gap, value in (training.get("recall") or {}).items()
    ]
    figures += _of_texts(training.get("validation"), say)
    lines += _table(
        ("", ""), [(name, _measure(value)) for name, value in figures if value is not None]
    )
    if training.get("recall") or (whole and not training.get("validation")):
        lines += [
            say(
                Sentence(
                    "The recall figures come from a short evaluation during training. Use {command}"
                    " to compare models.",
                    {"command": "`manage.py evaluate`"},
                )
                if whole
                else Sentence(
                    "The recall figures come from a short evaluation during training. Evaluate the "
                    "checkpoint to compare it with others."
                )
            ),
        ]
    lines += _of_exam(config.get("evaluation"), say)
    lines += _recall_of_any_fact(config, say)
    if not whole:
        return "\n".join(lines).rstrip() + "\n"
    lines += ["", "## " + say(Sentence("Settings"))]
    lines += _table(
        (say(Sentence("setting")), say(Sentence("value"))),
        [
            (f"`{key}`", _text(value))
            for key, value in sorted(settings.items())
            if key not in _LEFT_OUT and value != ""
        ],
    )
    return "\n".join(lines).rstrip() + "\n"
