"""The site in a process of its own, with long turns to look at: what gate_page.py opens.

`python -m benchmarks.speed.gate_page_site TURNS` prints one line of JSON once it serves, and ends
when its standard input does. DATA_DIR and PORT come by the environment.
"""

from __future__ import annotations

import json
import logging
import os
import random
import socket
import sys
import threading
from pathlib import Path
from uuid import uuid4

import torch

from benchmarks.speed.fixtures import random_model
from memory_app.core.model.checkpoint import save_checkpoint
from memory_app.core.model.replay import configure_process, replay
from memory_app.core.model.state import State
from memory_app.core.text.tokenizer import Tokenizer

TOKENS, SIZE, LAYERS = 500, 1024, 3
PROMPT = 100  # of the tokens
#: The weights are wide and random, the words the bundled model's: nothing is said, only looked at.
WORDS = Path(__file__).resolve().parents[2] / "memory_app" / "bundled" / "en" / "tokenizer.json"


def make_turns(count: int) -> dict[str, object]:
    """A person's chat of `count` turns of 500 tokens on 3 x 1024: {session, chat, turns}."""
    from django.contrib.sessions.backends.db import SessionStore

    from memory_app import registry
    from memory_app.models import Chat, Person, Turn
    from memory_app.runtime import load_checkpoint_by_sha
    from memory_app.services.chat.persons import SESSION_KEY

    tokenizer = Tokenizer.load(WORDS)
    folder = Path(os.environ["DATA_DIR"]) / "wide"
    model = random_model(tokenizer.vocab_size, SIZE, LAYERS)
    save_checkpoint(folder, model, tokenizer, {"name": "wide", "language": "en"}, torch.bfloat16)
    row = registry.register(folder)
    registry.promote(row)
    model = load_checkpoint_by_sha(row.sha256).model  # what its rounded weights are
    person = Person.objects.create()
    chat = Chat.objects.create(owner=person, checkpoint=row, title="A long one")
    draw = random.Random(1)
    spoken = [i for i in range(tokenizer.vocab_size) if len(tokenizer.bytes_of(i)) > 1]
    turns, parent, state = [], None, State.zeros(model.config)
    for _ in range(count):
        said = draw.choices(spoken, k=PROMPT - 3)
        reply = draw.choices(spoken, k=TOKENS - PROMPT - 1)
        state = replay(model, state, tokenizer.turn_ids(said, reply))
        parent = Turn.objects.create(
            chat=chat, parent=parent, client_turn_id=uuid4(), status="length", seed=1,
            user_text=tokenizer.decode(said), user_token_ids=said,
            reply_text=tokenizer.decode(reply), reply_token_ids=reply,
            state=state.to_bytes(), state_sha256=state.sha256(),
        )  # fmt: skip
        turns.append(str(parent.pk))
    Chat.objects.filter(pk=chat.pk).update(head=parent)
    session = SessionStore()
    session[SESSION_KEY] = str(person.pk)
    session.save()
    return {"session": session.session_key, "chat": str(chat.pk), "turns": turns}


def main() -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "chatsite.settings"
    import django

    django.setup()
    from django.conf import settings
    from django.core.management import call_command

    from memory_app.management.process.server import serve

    logging.disable(logging.INFO)
    configure_process()
    call_command("migrate", verbosity=0)
    made = make_turns(int(sys.argv[1]))
    listener = socket.create_server(("127.0.0.1", settings.PORT))
    print(json.dumps(made), flush=True)
    threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
    serve([listener], lambda: None)


if __name__ == "__main__":
    main()
