"""Everything that a run depends on: sections by owner, and one flat row of names for people.

Code reads `settings.optimisation.steps`; `--set steps=7`, forms, stored rows and config.json name a
setting by itself, so a name is unique in the tree and a row of any release can be read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, Self

from memory_app.core.messages import Sentence, quoted
from memory_app.core.run_settings.corpora import CorporaSettings
from memory_app.core.run_settings.curriculum import CurriculumSettings
from memory_app.core.run_settings.execution import ExecutionSettings
from memory_app.core.run_settings.labels import LabelSettings
from memory_app.core.run_settings.model import InitialisationSettings, ModelSettings
from memory_app.core.run_settings.optimisation import OptimisationSettings, RegularisationSettings
from memory_app.core.run_settings.plain_texts import TextSettings
from memory_app.core.run_settings.setting import Section, Setting, SettingsError
from memory_app.core.run_settings.speech import SpeechSettings


@dataclass(frozen=True)
class TrainingSettings:
    """One run's hyperparameters. Lengths are in tokens unless named otherwise."""

    optimisation: OptimisationSettings = field(default_factory=OptimisationSettings)
    regularisation: RegularisationSettings = field(default_factory=RegularisationSettings)
    model: ModelSettings = field(default_factory=ModelSettings)
    initialisation: InitialisationSettings = field(default_factory=InitialisationSettings)
    curriculum: CurriculumSettings = field(default_factory=CurriculumSettings)
    corpora: CorporaSettings = field(default_factory=CorporaSettings)
    labels: LabelSettings = field(default_factory=LabelSettings)
    texts: TextSettings = field(default_factory=TextSettings)
    speech: SpeechSettings = field(default_factory=SpeechSettings)
    execution: ExecutionSettings = field(default_factory=ExecutionSettings)

    def __post_init__(self) -> None:
        special = (
            self.regularisation.weight_drop
            or self.regularisation.variational == "on"
            or self.initialisation.timescales != "off"
        )
        if special and not self.model.kind.has_gate_weights:
            raise SettingsError("weight_drop, variational and timescales require the lstm cell.")
        self.initialisation.check_with(self.model)

    def _sections(self) -> Iterator[tuple[str, Section]]:
        for one in fields(self):
            yield one.name, getattr(self, one.name)

    def declared(self) -> dict[str, Setting]:
        """Every setting by its name, in the order of forms and help."""
        return {
            key: known
            for name, section in self._sections()
            for key, known in section.declared(name).items()
        }

    def groups(self) -> list[tuple[Sentence, list[Setting]]]:
        """The settings under their headings, in the order of forms and help."""
        found: dict[str, tuple[Sentence, list[Setting]]] = {}
        for name, section in self._sections():
            _, members = found.setdefault(section.group.template, (section.group, []))
            members.extend(section.declared(name).values())
        return list(found.values())

    def to_dict(self) -> dict[str, Any]:
        """All settings by name, flat, for a row or a file."""
        return {
            key: value for _, section in self._sections() for key, value in asdict(section).items()
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The inverse of `to_dict`. Raises SettingsError for an unknown key or a wrong type."""
        return cls().changed(data)

    def changed(self, changes: Mapping[str, Any]) -> Self:
        """A copy with some settings changed; text is read as the setting's type.

        Raises:
            SettingsError: no such setting, not of its type, or out of range.
        """
        declared = self.declared()
        sections: dict[str, dict[str, Any]] = {}
        for key, value in changes.items():
            if key not in declared:
                raise SettingsError("There is no setting {name}.", name=quoted(key))
            known = declared[key]
            sections.setdefault(known.section, {})[key] = known.read(value)
        return replace(
            self,
            **{name: replace(getattr(self, name), **values) for name, values in sections.items()},
        )
