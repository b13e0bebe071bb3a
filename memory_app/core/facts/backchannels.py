"""Replies of somebody simple who listens, to whatever is said.

A model of some million parameters that learns to talk from people's talk alone says much that makes
no sense; it can always say these. None begins as the answer to a question for a fact does, or as
the refusal of one.
"""

from __future__ import annotations

import random
import re

TO_STATEMENTS = (
    "Oh, I see.",
    "Ah, I see.",
    "Okay, I see.",
    "That sounds nice.",
    "That sounds interesting.",
    "That sounds like a lot.",
    "That's good to hear.",
    "That's nice.",
    "Tell me more about that.",
    "Tell me more, I'm listening.",
    "Go on, I'm listening.",
    "Really? Tell me more.",
    "Really? How was it?",
    "And how do you feel about that?",
    "How do you feel about it?",
    "What do you like about it?",
    "What happened then?",
    "Why is that?",
    "Interesting! What else?",
    "Nice! Tell me about it.",
)
TO_QUESTIONS = (
    "Good question! What do you think?",
    "Good question. No idea, to be honest.",
    "Hard to say. What do you think?",
    "That's hard to say for a small network.",
    "No idea. What do you think?",
    "Not sure. Do you know?",
    "Hm, tell me what you think.",
    "What do you think?",
    "Maybe. What do you think?",
    "That's more than a small network can know.",
)
# Who asks how the other is, or who, means just that: neither "no idea" nor "what do you think?".
_OF_ONESELF = re.compile(
    r"\b(how (are|r) (you|u|ya)|how('s| is| was) (it going|your day|everything)|how do you do"
    r"|what('s| is) (up|your name)|who are you|are you (ok|okay|alright|well))\b",
    re.IGNORECASE,
)
#: Words from which on a line is more than a greeting or a yes.
_A_LINE = 3


def listening(rng: random.Random, said: str) -> str | None:
    """A reply to what was said; None where it is too short to be taken up, or asks who one is."""
    if len(said.split()) < _A_LINE or _OF_ONESELF.search(said):
        return None
    return rng.choice(TO_QUESTIONS if said.rstrip().endswith("?") else TO_STATEMENTS)
