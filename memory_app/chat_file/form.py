"""What a file of a chat is called, and how large it may be."""

from memory_app.models import COMMITTED, TurnStatus

FORMAT, VERSION = "gatescope.chat", 1
#: Bounds of a file: bytes, turns of the tree, token ids in all (they are replayed).
BYTES_MAX, TURNS_MAX, TOKENS_MAX = 4 * 2**20, 2_000, 40_000
#: Only turns that have ended are written.
ENDED = (*COMMITTED, TurnStatus.INTERRUPTED, TurnStatus.FAILED)
#: In the parameters of a turn that was replayed without another: the ids of both.
REPLAYED = ("forgotten", "of")
