"""Why a run failed: a sentence that a person can act on, never a library's own words."""

import pytest

from memory_app.core.messages import quoted
from memory_app.core.training.resume_file import SaveError
from memory_app.core.training.trainer import TrainingError
from memory_app.services.training.run_error import RunError
from memory_app.services.training.run_faults import is_mistake, run_fault


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (
            RuntimeError("alloc_cpu.cpp: DefaultCPUAllocator: not enough memory"),
            "too little memory",
        ),
        (MemoryError(), "too little memory"),
        (
            RuntimeError("Expected one of cpu, cuda device type at start of device string: banana"),
            "The device banana can’t be used",
        ),
        (AssertionError("Torch not compiled with CUDA enabled"), "choose cpu"),
        (RuntimeError("mat1 and mat2 shapes cannot be multiplied"), "failed with RuntimeError"),
        (RunError("The corpus {name} no longer exists.", name=quoted("x")), "“x” no longer exists"),
    ],
)
def test_a_fault_is_told_in_a_sentence_of_ours(fault, told):
    sentence = str(run_fault(fault, device="banana"))
    assert told in sentence
    assert "alloc_cpu" not in sentence
    assert "mat1" not in sentence


@pytest.mark.parametrize(
    ("fault", "mistake"),
    [
        (AssertionError("Torch not compiled with CUDA enabled"), True),
        (MemoryError(), True),
        (TrainingError("The corpora contain nothing to train on."), True),
        (SaveError("The save is damaged."), False),
        (RunError("The corpus {name} no longer exists.", name=quoted("x")), False),
        (RuntimeError("mat1 and mat2 shapes cannot be multiplied"), False),
    ],
)
def test_a_mistake_of_the_settings_is_no_error_of_the_site(fault, mistake):
    assert is_mistake(fault) is mistake
