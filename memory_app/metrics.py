"""What Prometheus reads of this process; nothing names a person, a chat or a text."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

_registry = CollectorRegistry()
_WAITS = (0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30)

LIMITS_HIT = Counter(
    "gatescope_limits_hit_total",
    "Requests refused by a limit.",
    ["kind", "scope"],
    registry=_registry,
)
REPLIES = Counter("gatescope_replies_total", "Replies that ended.", ["status"], registry=_registry)
FIRST_TOKEN = Histogram(
    "gatescope_first_token_seconds",
    "From a message to its first token.",
    buckets=_WAITS,
    registry=_registry,
)
TOKEN_GAP = Histogram(
    "gatescope_token_gap_seconds",
    "Between two tokens of a reply.",
    buckets=(0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 5),
    registry=_registry,
)
CSP_REPORTS = Counter(
    "gatescope_csp_reports_total", "Violations of the content policy.", registry=_registry
)
_GAUGES = {
    name: Gauge(f"gatescope_{name}", words, registry=_registry)
    for name, words in {
        "sockets": "Open sockets.",
        "replies_running": "Replies being generated.",
        "engine_batch": "Rows of the engine's batch.",
        "engine_waiting": "Replies that wait for the engine.",
        "engine_tokens": "Tokens since the engine started.",
        "engine_step_seconds": "The latest steps, averaged.",
        "disk_free_bytes": "Free on the fullest of the site's disks.",
        "runs_waiting": "Training runs that wait.",
        "runs_running": "Training runs that run.",
    }.items()
}


def page(figures: dict[str, float]) -> bytes:
    """The text format, with these gauges of the moment."""
    for name, value in figures.items():
        _GAUGES[name].set(value)
    return generate_latest(_registry)
