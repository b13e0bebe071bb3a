"""The model card of a checkpoint: its config.json in sentences and tables, as Markdown.

Names and licences come from whoever loaded a corpus: they are escaped, so that they stay text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

# Settings that say how a run was carried out, not what the model is.
_LEFT_OUT = {"threads", "device", "save_every", "compile", "cell", "language"}
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>()#+!|~&-])")


def _text(value: object) -> str:
    """Any text as one line of Markdown that means nothing but itself."""
    return _SPECIAL.sub(r"\\\1", " ".join(str(value).split())) or "–"


def _figure(value: object) -> str:
    return f"{value:,.4g}" if isinstance(value, float) else f"{value:,}"


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> list[str]:
    lines = [head, tuple("---" for _ in head), *rows]
    return ["", *(f"| {' | '.join(line)} |" for line in lines), ""]


def write_card(name: str, sha256: str, config: Mapping[str, Any], *, parent: str = "") -> str:
    """What the checkpoint is, what it learned from, and how it did; `parent` is a name."""
    training = config.get("training") or {}
    settings = training.get("settings") or {}
    lines = [f"# {_text(name)}", "", f"sha256 of `model.safetensors`: `{sha256}`."]
    if parent:
        lines += ["", f"Its training began from the weights of {_text(parent)}."]
    lines += _table(
        ("", ""),
        [
            ("cell", f"`{_text(config.get('cell'))}`"),
            ("layers, units", f"{config.get('num_layers')}, {config.get('hidden_size')}"),
            ("embedding, pieces", f"{config.get('embedding_dim')}, {config.get('vocab_size')}"),
            ("language", _text(config.get("language"))),
            ("optimizer steps", _figure(training.get("steps", 0))),
            ("tokens", _figure(training.get("tokens", 0))),
        ],
    )
    lines += ["## Trained on"]
    rows: list[tuple[str, ...]] = [
        (
            _text(entry.get("name")),
            _text(entry.get("licence") or "not said"),
            _text(entry.get("attribution") or ""),
            _figure(entry.get("rows", 0)),
            _figure(entry.get("weight", 1.0)),
            f"`{_text(entry.get('sha256'))}`",
        )
        for entry in config.get("data") or []
    ]
    for share, what in (("facts", "generated facts"), ("identity", "exchanges about itself")):
        if settings.get(share):
            tokens = f"{settings[share]:.0%} of the tokens"
            rows.append((f"this project's {what}", "MIT", "–", tokens, "–", "–"))
    lines += _table(("corpus", "licence", "attribution", "dialogues", "weight", "sha256"), rows)
    lines += ["## How it did at its last step"]
    figures = [("training loss (nats a token)", training.get("loss"))]
    figures += [
        (f"bits per byte on {_text(source)}", value)
        for source, value in (training.get("validation_bits_per_byte") or {}).items()
    ]
    figures += [
        (f"told facts recalled, {_text(gap.replace('_', ' '))}", value)
        for gap, value in (training.get("recall") or {}).items()
    ]
    lines += _table(
        ("", ""), [(name, _figure(value)) for name, value in figures if value is not None]
    )
    lines += [
        "The recall figures are of a short exam taken while training; "
        "`manage.py evaluate` gives those to compare models by.",
        "",
        "## Settings",
    ]
    lines += _table(
        ("setting", "value"),
        [
            (f"`{key}`", _text(value))
            for key, value in sorted(settings.items())
            if key not in _LEFT_OUT and value != ""
        ],
    )
    return "\n".join(lines).rstrip() + "\n"
