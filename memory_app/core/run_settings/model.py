"""The model's shape, and what its weights begin as."""

from __future__ import annotations

from dataclasses import dataclass

from memory_app.core.audio.log_mel import BANDS
from memory_app.core.cells import Cell, OptionError, cell_named, cell_names
from memory_app.core.facts import languages
from memory_app.core.messages import Sentence
from memory_app.core.model.config import SPEECH_TASK, TRANSLATION_TASK, ModelConfig
from memory_app.core.run_settings.setting import Section, SettingsError, one_of, setting

GROUP = Sentence("Model shape")
#: Tokens of which every pair is counted: with more the table takes gigabytes.
MOST_COUNTED = 16_384
#: Outputs of the head, by task: one a token of the vocabulary (0), or a number of its own.
TASK_OUTPUTS = {"chat": 0, "sentiment": 1, "completion": 0, "translation": 0, "speech": 11}
#: Numbers of an input frame, by task; the others read tokens.
TASK_INPUTS = {SPEECH_TASK: BANDS}


def _languages() -> tuple[str, ...]:
    """Those that corpora may be in, and those with texts of facts."""
    return tuple(dict.fromkeys(("en", "zh", *languages())))


@dataclass(frozen=True)
class ModelSettings(Section):
    """Sizes of the model, and the cell it consists of."""

    group = GROUP

    task: str = setting(
        "chat",
        Sentence(
            "What the model is trained for: chat, the sentiment of a text, completion of texts, "
            "translation of sentences, or recognition of spoken words."
        ),
        choices=one_of(*TASK_OUTPUTS),
    )
    cell: str = setting(
        "lstm",
        Sentence(
            "The recurrent cell. lstm and xlstm can be promoted for chat; the others are for study "
            "only."
        ),
        choices=cell_names,
    )
    language: str = setting(
        "en",
        Sentence("Language of the replies. If empty, the language of the corpora."),
        choices=_languages,
    )
    vocab_size: int = setting(
        8192, Sentence("Vocabulary size of the tokenizer."), range=(259, 65_536)
    )
    embedding_dim: int = setting(256, Sentence("Dimensions of a token embedding."), range=(4, 8192))
    hidden_size: int = setting(
        512,
        Sentence("Units per layer: the size of its hidden state and of its cell state."),
        range=(4, 8192),
    )
    num_layers: int = setting(2, Sentence("Number of LSTM layers."), range=(1, 8))

    attention: str = setting(
        "off",
        Sentence(
            "Translation only: when on, each word written also reads the words of the source "
            "directly (attention); when off, all that it knows of them is the state."
        ),
        choices=one_of("off", "on"),
    )

    @property
    def kind(self) -> Cell:
        """The cell itself."""
        return cell_named(self.cell)

    @property
    def outputs(self) -> int:
        """Numbers that the head gives; 0: one a token of the vocabulary."""
        return TASK_OUTPUTS[self.task]

    @property
    def reads_corpora(self) -> bool:
        """Whether the task learns from rows of text; else it makes what it learns from."""
        return self.task not in TASK_INPUTS

    def config(self, vocab_size: int) -> ModelConfig:
        """The model's shape, for a vocabulary of this many tokens."""
        return ModelConfig(
            vocab_size=vocab_size,
            embedding_dim=self.embedding_dim,
            hidden_size=self.hidden_size,
            num_layers=self.num_layers,
            cell=self.cell,
            language=self.language,
            tied=not self.outputs,
            outputs=self.outputs,
            inputs=TASK_INPUTS.get(self.task, 0),
            attention=self.attention == "on",
        )

    def check(self) -> None:
        if self.attention == "on" and self.task != TRANSLATION_TASK:
            raise SettingsError("attention is for the task translation only.")
        try:
            self.kind.complete_options({}, self)
        except OptionError as error:
            raise SettingsError(error.sentence) from error


@dataclass(frozen=True)
class InitialisationSettings(Section):
    """Initial weights, at random or from a checkpoint."""

    group = GROUP

    forget_bias: float = setting(
        1.0,
        Sentence("Added to the forget gate’s initial bias, so that remembering is the default."),
        range=(-10, 10),
    )
    # With inverse_gamma forget_bias isn't added.
    timescales: str = setting(
        "off",
        Sentence("Initial forget gates: one bias (off) or many timescales (inverse_gamma)."),
        choices=one_of("off", "inverse_gamma"),
    )
    addresses: str = setting(
        "induction",
        Sentence(
            "Initial addresses of a matrix memory: what followed the same words before "
            "(induction), or random ones. Other cells ignore it."
        ),
        choices=one_of("induction", "random"),
    )
    embeddings: str = setting(
        "random",
        Sentence(
            "Initial embeddings: random, or from which tokens stand near each other in the corpora "
            "(cooccurrence); of pairs, which tokens share one. Texts without a label count too."
        ),
        choices=one_of("random", "cooccurrence"),
    )
    copy_units: int = setting(
        0,
        Sentence(
            "Number of units per layer (the last ones) that start as a direct path from input to "
            "output."
        ),
        range=(0, 8192),
    )
    bank_units: int = setting(
        0,
        Sentence(
            "Units of the last layer reserved at the start for each of six kinds of fact, in "
            "addition to the hidden units of the starting checkpoint."
        ),
        range=(0, 8192),
    )
    told_flags: str = setting(
        "off",
        Sentence(
            "When on, a run that starts from a checkpoint turns its least important units into "
            "flags for stated facts, alarms for questions about unstated facts, and confirmations "
            "for stated ones."
        ),
        choices=one_of("off", "on"),
    )
    redraw_below: int = setting(
        0,
        Sentence(
            "Tokens that occur fewer times than this get new, fixed embeddings. Words that occur "
            "fewer than ten times this value also keep theirs fixed."
        ),
        range=(0, 1_000_000),
    )
    rare_pieces: str = setting(
        "new",
        Sentence(
            "Embeddings of those tokens: new random values (new), or the starting checkpoint’s "
            "values where it has them (parent)."
        ),
        choices=one_of("new", "parent"),
    )
    pieces: str = setting(
        "parent",
        Sentence(
            "When starting from a checkpoint: keep its tokenizer (parent) or train a new one (new)."
        ),
        choices=one_of("parent", "new"),
    )

    def check_with(self, model: ModelSettings) -> None:
        """Raises SettingsError for initial weights that a model of this shape can't have."""
        by_gate = model.kind.has_gate_weights
        if self.copy_units > min(model.hidden_size, model.embedding_dim):
            raise SettingsError("copy_units must be at most hidden_size and embedding_dim.")
        if self.embeddings == "cooccurrence" and model.vocab_size > MOST_COUNTED:
            raise SettingsError(
                "With cooccurrence, vocab_size must be at most {most}.", most=f"{MOST_COUNTED:,}"
            )
        if self.copy_units and (not by_gate or model.hidden_size == model.embedding_dim):
            raise SettingsError(
                "copy_units requires an lstm whose hidden_size differs from embedding_dim."
            )
        if self.bank_units and (not by_gate or model.num_layers < 2):
            raise SettingsError("bank_units requires the lstm cell and two or more layers.")
