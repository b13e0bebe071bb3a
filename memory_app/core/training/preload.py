"""What torch only loads when it is first trained with, loaded before anybody waits for it."""

import torch


def warm_up() -> None:
    """Make an optimizer of nothing: the first one of a process imports torch's compiler.

    Takes a second or two, once. Draws no random number, which would be a run's.
    """
    torch.optim.AdamW([torch.zeros(1, requires_grad=True)])
