"""The baseline of the speech table: dynamic time warping, compared with its definition."""

import itertools

import torch

from benchmarks.quality.speech import warped_distances


def defined(own: torch.Tensor, template: torch.Tensor) -> float:
    """By every path that goes on by 1 along either or both."""
    costs = torch.cdist(own, template)
    best: dict[tuple[int, int], float] = {}
    for i, j in itertools.product(range(len(own)), range(len(template))):
        before = [(i - 1, j), (i, j - 1), (i - 1, j - 1)]
        least = min((best[k] for k in before if k in best), default=0.0)
        best[i, j] = float(costs[i, j]) + least
    return best[len(own) - 1, len(template) - 1] / (len(own) + len(template))


def test_the_distances_are_those_of_the_cheapest_paths():
    generator = torch.Generator().manual_seed(0)
    own = torch.randn(7, 40, generator=generator)
    templates = torch.randn(3, 9, 40, generator=generator)
    lengths = torch.tensor([9, 4, 6])
    found = warped_distances(own, templates, lengths)
    for row, length in enumerate(lengths.tolist()):
        assert abs(float(found[row]) - defined(own, templates[row, :length])) < 1e-4


def test_a_word_is_nearest_to_itself_said_slowly():
    word = torch.randn(8, 40, generator=torch.Generator().manual_seed(1))
    slow = word.repeat_interleave(2, 0)
    other = torch.randn(16, 40, generator=torch.Generator().manual_seed(2))
    distances = warped_distances(word, torch.stack([other, slow]), torch.tensor([16, 16]))
    assert float(distances[1]) < 1e-4
    assert int(distances.argmin()) == 1
