"""What is said to help a recurrent model, one change each, on the small lstm within one budget."""

from __future__ import annotations

from typing import Any

#: Changes to the settings of `small-lstm`, by name; "plain" is what the others are compared with.
VARIANTS: dict[str, dict[str, Any]] = {
    "plain": {},
    "forget_bias_0": {"forget_bias": 0.0},
    "timescales": {"timescales": "inverse_gamma"},
    "weight_drop": {"weight_drop": 0.2},
    "no_dropout": {"dropout": 0.0},
    "variational": {"variational": "on", "dropout": 0.1},
    "joined": {"joined": 0.5},
    "answer_weight_1": {"answer_weight": 1.0},
    "copy_path": {"copy_units": 128},
    # More units for the same number of parameters.
    "narrow_embedding": {"embedding_dim": 64, "hidden_size": 336},
    "fewer_pieces": {"vocab_size": 4096, "hidden_size": 328},
    "hidden_128": {"hidden_size": 128},
    "hidden_384": {"hidden_size": 384},
    "hidden_512": {"hidden_size": 512},
}
