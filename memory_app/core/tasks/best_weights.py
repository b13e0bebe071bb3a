"""The weights of a run's best evaluation so far, in a file of its folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from safetensors import safe_open
from safetensors.torch import load_file, save

from memory_app.core.atomic_files import whole_file
from memory_app.core.model.model import LanguageModel

BEST_FILE = "best.safetensors"
_TIED = "head.weight"


class BestWeights:
    """Kept on disk, so that a resumed run publishes what an uninterrupted one would.

    The file is a function of the run's position, like its saves: a holder that has lost the run
    and still writes it writes the same bytes.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / BEST_FILE

    def discard(self) -> None:
        """A new run in this folder has no best weights yet."""
        self._path.unlink(missing_ok=True)

    def _score(self) -> list[float]:
        if not self._path.is_file():
            return []
        with safe_open(self._path, framework="pt") as file:
            text = (file.metadata() or {}).get("score", "")
        return [float(number) for number in text.split()]

    def offer(self, model: LanguageModel, step: int, score: Sequence[float]) -> None:
        """Keep these weights if their score is higher, its first number counting most."""
        if list(score) <= self._score():
            return
        tensors = {
            name: tensor.detach().cpu().contiguous() for name, tensor in model.state_dict().items()
        }
        if model.config.tied:  # the file holds a tensor once
            del tensors[_TIED]
        facts = {"step": str(step), "score": " ".join(map(repr, score))}
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(self._path) as file:
            file.write(save(tensors, facts))

    def load_into(self, model: LanguageModel) -> None:
        """Give the model the best weights, if an evaluation has left any."""
        if self._path.is_file():
            tensors = load_file(self._path)
            if model.config.tied:
                tensors[_TIED] = tensors["embedding.weight"]
            model.load_state_dict(tensors)
