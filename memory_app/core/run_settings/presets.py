"""Named starting points of a run's settings."""

from __future__ import annotations

from memory_app.core.messages import Sentence
from memory_app.core.run_settings.training_settings import TrainingSettings

#: Settings of a run that reads texts with a label: no dialogue is generated, a text is one window.
#: `batch_tokens` bounds from below what a step's loss is divided by.
_NO_DIALOGUES = {"facts": 0.0, "identity": 0.0}
_TEXTS = {**_NO_DIALOGUES, "window": 512, "batch_tokens": 64}

PRESETS: dict[str, TrainingSettings] = {
    "tiny": TrainingSettings().changed(
        {
            "vocab_size": 1024,
            "embedding_dim": 96,
            "hidden_size": 128,
            "num_layers": 1,
            "steps": 400,
            "warmup": 40,
            "batch_tokens": 2048,
            "pool_tokens": 60_000,
            "evaluate_every": 50,
            "save_every": 50,
            "max_gap": 2,
            "facts": 0.3,
            "learning_rate": 4e-3,
        }
    ),
    # What is bundled.
    "base": TrainingSettings(),
    "large": TrainingSettings().changed(
        {
            "vocab_size": 8192,
            "embedding_dim": 512,
            "hidden_size": 768,
            "num_layers": 2,
            "steps": 30_000,
            "batch_tokens": 8192,
            "dropout": 0.2,
            "max_gap": 24,
            "facts": 0.5,
            "fact_scope": "all",
            "learning_rate": 1.5e-3,
        }
    ),
    "gpu": TrainingSettings().changed(
        {
            "vocab_size": 8192,
            "embedding_dim": 512,
            "hidden_size": 1024,
            "num_layers": 2,
            "steps": 40_000,
            "batch_tokens": 32_768,
            "pool_tokens": 3_000_000,
            "dropout": 0.3,
            "max_gap": 40,
            "facts": 0.5,
            "fact_scope": "all",
            "device": "cuda",
            "learning_rate": 1e-3,
            "warmup": 1000,
        }
    ),
    # The network of the article that this project grew from, layer by layer: Embedding → LSTM 128 →
    # dropout 0.2 → LSTM 128 → dropout 0.2 → Dense 1, sigmoid; binary cross-entropy on the whole
    # text, Adam as it comes, 64 texts a step, ten epochs (of 9,126 texts), the best by validation.
    "article-sentiment": TrainingSettings().changed(
        {
            "task": "sentiment",
            "vocab_size": 8192,
            "embedding_dim": 128,
            "hidden_size": 128,
            "num_layers": 2,
            "dropout": 0.2,
            "embedding_dropout": "off",
            "batch_texts": 64,
            "running_weight": 0.0,
            "score_units": "all",
            "keep": "best",
            "steps": 1430,
            "evaluate_every": 143,
            "warmup": 0,
            "learning_rate": 1e-3,
            "final_learning_rate": 1.0,
            "embedding_rate": 1.0,
            "adam_beta2": 0.999,
            "weight_decay": 0.0,
            "cell_penalty": 0.0,
            "clip": 1e6,
            **_TEXTS,
        }
    ),
    # The bundled one.
    "sentiment": TrainingSettings().changed(
        {
            "task": "sentiment",
            "vocab_size": 8192,
            "embedding_dim": 128,
            "hidden_size": 128,
            "num_layers": 2,
            "embeddings": "cooccurrence",
            "dropout": 0.45,
            "steps": 1900,
            "evaluate_every": 145,
            "warmup": 60,
            "average_from": 0.7,
            "learning_rate": 1.5e-3,
            "embedding_rate": 1.0,
            **_TEXTS,
        }
    ),
    # Characters of verse, each line behind its length. The bundled one.
    "completion": TrainingSettings().changed(
        {
            "task": "completion",
            "vocabulary": "characters",
            "line_marks": "lengths",
            "vocab_size": 4096,
            "embedding_dim": 128,
            "hidden_size": 256,
            "num_layers": 2,
            "dropout": 0.0,
            "steps": 4000,
            "evaluate_every": 400,
            "warmup": 60,
            "average_from": 0.85,
            "learning_rate": 3e-3,
            "embedding_rate": 2.0,
            "batch_tokens": 1536,
            "window": 320,
            "pool_tokens": 50_000,
            **_NO_DIALOGUES,
        }
    ),
    # Spoken digits, by synthetic voices. The bundled one.
    "speech": TrainingSettings().changed(
        {
            "task": "speech",
            "vocab_size": 260,
            "embedding_dim": 96,
            "hidden_size": 160,
            "num_layers": 2,
            "dropout": 0.2,
            "steps": 2400,
            "evaluate_every": 200,
            "save_every": 200,
            "warmup": 50,
            "average_from": 0.85,
            "learning_rate": 3e-3,
            "embedding_rate": 1.0,
            "adam_beta2": 0.98,
            "clip": 1.0,
            "cell_penalty": 0.0,
            "batch_tokens": 64,
            **_NO_DIALOGUES,
        }
    ),
    # Prose and plays, in bytes: no vocabulary to choose, any language.
    "completion-bytes": TrainingSettings().changed(
        {
            "task": "completion",
            "vocabulary": "bytes",
            "vocab_size": 260,
            "embedding_dim": 64,
            "hidden_size": 384,
            "num_layers": 2,
            "dropout": 0.1,
            "steps": 2500,
            "evaluate_every": 250,
            "warmup": 60,
            "average_from": 0.85,
            "learning_rate": 3e-3,
            "embedding_rate": 1.0,
            "batch_tokens": 2048,
            "window": 256,
            "max_dialogue": 8192,
            **_NO_DIALOGUES,
        }
    ),
    # Pairs of sentences, in both directions. The bundled ones; `attention` is the switch.
    "translation": TrainingSettings().changed(
        {
            "task": "translation",
            "language": "zh",
            "vocab_size": 5000,
            "embedding_dim": 192,
            "hidden_size": 512,
            "num_layers": 1,
            "embeddings": "cooccurrence",
            "dropout": 0.1,
            "steps": 6000,
            "evaluate_every": 600,
            "warmup": 60,
            "average_from": 0.88,
            "learning_rate": 4e-3,
            "embedding_rate": 1.0,
            "batch_tokens": 1536,
            "window": 256,
            "max_dialogue": 256,
            "pool_tokens": 100_000,
            **_NO_DIALOGUES,
        }
    ),
}

#: What each takes and gives.
PRESET_HELP: dict[str, Sentence] = {
    "tiny": Sentence("Minutes on a laptop. Shows the whole process; the model learns little."),
    "base": Sentence("The size of the bundled model. A few hours on one or two cores."),
    "large": Sentence("A night on a fast processor."),
    "gpu": Sentence("An hour on one GPU."),
    "article-sentiment": Sentence(
        "Sentiment of a text: two LSTM layers of 128 units, dropout 0.2, ten epochs. Minutes."
    ),
    "sentiment": Sentence(
        "Sentiment of a text, with a score after every word. Its embeddings start from counts of "
        "which words occur side by side in the corpora."
    ),
    "completion": Sentence(
        "Verse, continued character by character; each line’s length is written before it. Half an "
        "hour on one core."
    ),
    "speech": Sentence(
        "Spoken digits, recognised as they are said. Voices of espeak-ng and flite say them; no "
        "corpus is needed. Half an hour on one core."
    ),
    "completion-bytes": Sentence(
        "Plain text in any language, continued byte by byte. Half an hour on one core."
    ),
    "translation": Sentence(
        "English to Chinese and back, sentence by sentence; by the state alone, or with attention. "
        "A quarter of an hour on one core."
    ),
}
