"""Named starting points of a run's settings."""

from __future__ import annotations

from memory_app.core.messages import Sentence
from memory_app.core.run_settings.training_settings import TrainingSettings

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
}

#: What each takes and gives.
PRESET_HELP: dict[str, Sentence] = {
    "tiny": Sentence("Minutes on a laptop. Shows the whole process; the model learns little."),
    "base": Sentence("The size of the bundled model. A few hours on one or two cores."),
    "large": Sentence("A night on a fast processor."),
    "gpu": Sentence("An hour on one GPU."),
}
