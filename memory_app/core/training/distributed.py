"""Several processes, one training: each takes its share of every batch's rows.

All draw the same batches from the same seed, so only gradients travel (DistributedDataParallel),
and two numbers a step. The processes are started by torchrun, which tells them by environment who
they are; a process that nobody told is alone, and everything here costs it nothing.
"""

from __future__ import annotations

import gc
import importlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, distributed, nn
from torch.nn.parallel import DistributedDataParallel

from memory_app.core.number_text import whole_number
from memory_app.core.run_settings import SettingsError


@dataclass(frozen=True, slots=True)
class Group:
    """The processes of one training, seen from one of them; rank 0 alone writes anything."""

    rank: int = 0
    size: int = 1
    local_rank: int = 0

    def device(self, name: str) -> torch.device:
        """The device of this process: with several on one machine each has a GPU of its own."""
        several = self.size > 1 and name == "cuda"
        return torch.device(f"cuda:{self.local_rank}" if several else name)

    def wrap(self, module: nn.Module) -> nn.Module:
        """The module with gradients that are the mean over the processes."""
        return module if self.size == 1 else DistributedDataParallel(module)

    def rows(self, *tensors: Tensor) -> tuple[float, tuple[Tensor, ...]]:
        """This process's rows of tensors [B, …], and their share of the whole.

        Where there are more processes than rows some have none: they feed a row that counts for
        nothing, since all have to take part in every step. The last tensor holds the weights.
        """
        if self.size == 1:
            return 1.0, tensors
        own = tuple(tensor[self.rank :: self.size] for tensor in tensors)
        if len(own[0]):
            return len(own[0]) / len(tensors[0]), own
        *others, weights = (tensor[:1] for tensor in tensors)
        return 0.0, (*others, torch.zeros_like(weights))

    def sum(self, value: Tensor) -> float:
        """The sum of a scalar over the processes."""
        value = value.detach().clone()
        if self.size > 1:
            distributed.all_reduce(value)
        return float(value)

    def agree(self, flags: list[bool], device: torch.device) -> list[bool]:
        """What rank 0 says, for all to do the same."""
        if self.size == 1:
            return flags
        told = torch.tensor(flags, dtype=torch.int32, device=device)
        distributed.broadcast(told, 0)
        return [bool(flag) for flag in told.tolist()]

    def generators(self, device: torch.device) -> list[Tensor]:
        """The states of the generators of ranks 1 and above, in order, for a save."""
        return self._gathered(torch.get_rng_state(), device)[1:]

    def device_generators(self, device: torch.device) -> list[Tensor]:
        """The states of all processes' generators on their GPUs, in order; none without a GPU."""
        if device.type != "cuda":
            return []
        return self._gathered(torch.cuda.get_rng_state(device), device)

    def _gathered(self, state: Tensor, device: torch.device) -> list[Tensor]:
        if self.size == 1:
            return [state]
        own = state.to(device)
        states = [torch.empty_like(own) for _ in range(self.size)]
        distributed.all_gather(states, own)
        return [state.cpu() for state in states]

    def wait(self) -> None:
        """Go on when all have come here."""
        if self.size > 1:
            distributed.barrier()

    def tell(self, text: str) -> str:
        """A short text of rank 0, on every rank."""
        if self.size == 1:
            return text
        device = "cuda" if distributed.get_backend() == "nccl" else "cpu"
        data = torch.zeros(256, dtype=torch.uint8, device=device)
        said = torch.frombuffer(bytearray(text.encode().ljust(256, b"\0")[:256]), dtype=torch.uint8)
        if self.rank == 0:
            data.copy_(said)
        distributed.broadcast(data, 0)
        return bytes(data.tolist()).rstrip(b"\0").decode()


ALONE = Group()


def _number(name: str, default: int) -> int:
    """What torchrun says by environment; an empty variable is an unset one."""
    value = os.environ.get(name, "").strip()
    if not value:
        return default
    number = whole_number(value, 999_999)
    if number is None:
        raise SettingsError("{name} must be a whole number, not {value}.", name=name, value=value)
    return number


@contextmanager
def joined(device: str) -> Iterator[Group]:
    """The group that torchrun started this process in; alone where it didn't."""
    size = _number("WORLD_SIZE", 1)
    if size == 1:
        yield ALONE
        return
    rank, local_rank = _number("RANK", 0), _number("LOCAL_RANK", 0)
    if device == "cuda":
        torch.cuda.set_device(local_rank)
    # DistributedDataParallel imports this, and its functions take the group that there is by then
    # for their default argument: they would hold it for good. Imported before, they find none.
    importlib.import_module("torch.distributed.nn.functional")
    distributed.init_process_group("nccl" if device == "cuda" else "gloo")
    try:
        yield Group(rank, size, local_rank)
    finally:
        # What holds the group has to be gone (the wrapped model lies in circles), for its threads
        # end with it: one that still lives when Python ends may abort the whole process.
        gc.collect()
        distributed.destroy_process_group()
