"""A long turn in chunks gives what the whole at once gives, and takes no more memory for it."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load

from memory_app.core.cells import cell_named
from memory_app.core.inspection import long_trace, trace_queries
from memory_app.core.inspection.long_map import long_file
from memory_app.core.inspection.long_trace import LongTrace
from memory_app.core.inspection.next_token import alternatives
from memory_app.core.inspection.trace import LayeredTrace
from memory_app.core.model.config import ModelConfig
from memory_app.core.model.model import LanguageModel
from memory_app.core.model.state import State

pytestmark = pytest.mark.slow

LAYERS, HIDDEN, TOKENS = 2, 9, 45
GATES = cell_named("lstm").gate_names


@pytest.fixture(params=[7, 45, 1000])
def traces(request, monkeypatch):
    """The same turn in chunks (one of them cut off, exact, or larger than it) and whole."""
    monkeypatch.setattr(long_trace, "CHUNK", request.param)
    torch.manual_seed(5)
    model = LanguageModel(ModelConfig(60, 8, HIDDEN, LAYERS)).eval().requires_grad_(False)
    for parameter in model.parameters():
        parameter.mul_(6)
    start = State.of_parts(h=torch.rand(LAYERS, 1, HIDDEN), c=3 * torch.randn(LAYERS, 1, HIDDEN))
    ids = torch.randint(0, 60, (TOKENS,)).tolist()
    return LongTrace(model, start, ids), LayeredTrace(model, start, ids)


def test_a_turn_of_more_tokens_than_the_bound_is_traced_in_chunks(traces):
    model = traces[0].model
    blank = State.zeros(model.config)
    assert isinstance(trace_queries.trace_of(model, blank, [1] * (long_trace.LONG + 1)), LongTrace)
    assert isinstance(trace_queries.trace_of(model, blank, [1] * long_trace.LONG), LayeredTrace)


@pytest.mark.parametrize("gate", GATES)
def test_a_map_in_chunks_is_the_map_of_the_whole(traces, gate):
    for layer in (1, 0):
        files = [trace_queries.map_file(trace, layer, gate, {"gate": gate}) for trace in traces]
        ours, theirs = map(load, files)
        assert ours.keys() == theirs.keys()
        assert ours["steps"].dtype == torch.uint16
        gap = ours.pop("steps").int() - theirs.pop("steps").int()
        assert int(gap.abs().max()) <= 1
        assert torch.equal(ours.pop("moved_at"), theirs.pop("moved_at"))
        for name, values in theirs.items():
            assert ours[name].dtype == values.dtype
            torch.testing.assert_close(ours[name], values, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("gates", ["i", "f", "g", "o", "c", "h", "ifo", "hc"])
def test_only_the_gates_asked_for_are_those_of_the_whole(traces, gates):
    ours, whole = traces
    for layer in range(LAYERS):
        for gate in gates:
            parts = [chunk[gate] for _, chunk in ours.chunks(layer, gates)]
            torch.testing.assert_close(torch.cat(parts), whole.layer(layer)[gate])


def test_a_pass_that_breaks_is_told_to_whoever_waits(traces, monkeypatch):
    model, state = traces[0].model, traces[0].state
    with pytest.raises(RuntimeError, match="long turn"):
        LongTrace(model, state, [5, 6, 999]).outputs(1)


def test_means_units_and_alternatives_are_those_of_the_whole(traces):
    ours, whole = traces
    means = [torch.tensor(trace_queries.gate_means(trace)) for trace in traces]
    torch.testing.assert_close(*means, atol=1.1e-4, rtol=0)
    mine, theirs = (trace_queries.unit_values(trace, 1, 3) for trace in traces)
    for gate in GATES:
        assert mine[gate] == pytest.approx(theirs[gate], abs=1e-5)
    for index in (0, 1, 20, TOKENS - 1):
        one, other = alternatives(ours, index), alternatives(whole, index)
        assert one.rank == other.rank
        assert one.nats == pytest.approx(other.nats, abs=1e-4)


def test_the_file_in_pieces_is_the_file_of_the_whole(traces):
    ours, whole = traces
    length, pieces = long_file(ours, {"turn": "x"})
    data = b"".join(pieces)
    assert len(data) == length
    mine, theirs = load(data), load(whole.whole().to_safetensors({"turn": "x"}))
    assert mine.keys() == theirs.keys()
    for name, values in theirs.items():
        torch.testing.assert_close(mine[name], values, atol=1e-5, rtol=1e-5)


_PEAK = """
import pathlib, re, threading, torch
from memory_app.core.inspection.long_trace import LongTrace
from memory_app.core.inspection.trace_queries import map_file
from memory_app.core.model.config import ModelConfig
from memory_app.core.model.model import LanguageModel
from memory_app.core.model.state import State

torch.set_num_threads(1)
model = LanguageModel(ModelConfig(300, 32, 128, 2)).eval()
def peak():
    # Not ru_maxrss, which begins at the peak of the process that this one was forked from.
    status = pathlib.Path("/proc/self/status").read_text()
    return int(re.search(r"VmHWM:\\s+(\\d+)", status)[1]) >> 10
def look(tokens):
    map_file(LongTrace(model, State.zeros(model.config), [5] * tokens), 1, "f", {})
look(600)  # what libraries take at first
before = peak()
threads = [threading.Thread(target=look, args=(16000,)) for _ in range(3)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(peak() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_three_long_turns_opened_at_once_are_bounded_in_memory():
    root = Path(__file__).parents[3]
    out = subprocess.run(
        [sys.executable, "-c", _PEAK], cwd=root, capture_output=True, text=True, check=True
    )
    # Outputs (2 x 8 MB) and steps of a map (2 x 4 MB) each; all gates of one were 94 MB.
    assert int(out.stdout) < 110
