"""A turn's tokens with their mean gates as bars, drawn by the server."""

from dataclasses import dataclass

from memory_app import services
from memory_app.core.inspection.trace_queries import gate_means
from memory_app.models import Turn
from memory_app.reply import storable

#: A longer turn is shown without its gates: each visit would replay it.
MOST = 600
#: Height of a bar at its gate's upper bound, and the distance from bar to bar.
HEIGHT, STEP = 24, 4


@dataclass(frozen=True, slots=True)
class Bar:
    """One gate at one token, in the picture's units."""

    hue: str
    x: int
    y: float
    height: float


@dataclass(frozen=True, slots=True)
class TokenBars:
    """One token; `is_reply`: of the reply, else of the message; `says` the means in words."""

    text: str
    is_reply: bool
    is_control: bool
    says: str
    bars: list[Bar]


def token_bars(turn: Turn) -> list[TokenBars]:
    """Each token of a committed turn with its strip gates, means over units and layers.

    Raises:
        Refused: `unavailable`, when the model or the state before the turn can't be used.
    """
    if turn.tokens > MOST:
        return []
    trace, model = services.turn_trace(turn=turn)
    cell = model.model.config.kind
    gates = [cell.gate(name) for name in cell.strip_gates]
    tokenizer = model.tokenizer
    prompt = len(tokenizer.prompt_ids(turn.user_token_ids))
    stream = tokenizer.stream()
    found = []
    for index, (token_id, layers) in enumerate(zip(trace.ids, gate_means(trace), strict=True)):
        is_control = token_id in tokenizer.special_ids
        bars, says = [], []
        for at, gate in enumerate(gates):
            values = [layer[at] for layer in layers if layer[at] is not None]
            mean = sum(values) / len(values) if values else 0.0
            high = 1.0 if gate.high is None else gate.high
            low = 0.0 if gate.low is None else gate.low
            height = round(HEIGHT * max(0.0, min(1.0, (mean - low) / (high - low))), 1)
            bars.append(Bar(gate.hue or gate.name, at * STEP, HEIGHT - height, height))
            says.append(f"{gate.name} {mean:.2f}")
        text = "" if is_control else storable(stream.push(token_id))
        found.append(TokenBars(text, index >= prompt, is_control, " ".join(says), bars))
    return found
