"""How long a search takes for one person with 100,000 turns.

    python -m benchmarks.speed.search [TURNS] [CHATS]

Builds the chats in the database of the settings (SQLite in a fresh DATA_DIR, or DATABASE_URL) and
asks for the list of chats as the page does, with words of every kind: rare and common ones, one
letter, two Chinese characters, a name in other letters, several words, none that are there. Prints
one line a query and the 50th and 95th percentile over all of them.
"""

from __future__ import annotations

import os
import random
import statistics
import sys
import tempfile
import time
from uuid import uuid4

QUERIES = (
    "zanzibar", "the", "a", "q", "weather", "weather tomorrow", "what is my name", "杭州", "猫",
    "ISTANBUL", "клара", "marzipan", "zanzibar weather", "nothing-like-it", "my name is clara",
    "xylophone the",
)  # fmt: skip
ROUNDS = 5
WORDS = [
    "the",
    "a",
    "my",
    "your",
    "name",
    "is",
    "clara",
    "what",
    "weather",
    "tomorrow",
    "like",
    "music",
    "play",
    "guitar",
    "live",
    "oslo",
    "lima",
    "rome",
    "dog",
    "cat",
    "pet",
    "house",
    "work",
    "today",
    "yesterday",
    "think",
    "believe",
    "answer",
    "question",
    "long",
    "short",
    "river",
    "sea",
    "mountain",
    "bread",
    "cheese",
    "apple",
    "know",
    "tell",
    "remember",
    "forget",
    "again",
    "never",
    "always",
    "maybe",
    "please",
    "thanks",
]
RARE = ("Zanzibar", "İstanbul", "Клара", "我住在杭州。", "我有一只猫。", "xylophone")


def build(turns: int, chats: int) -> object:
    from django.utils import timezone

    from memory_app.models import Chat, Checkpoint, Person, SearchChunk, Turn, chunks_of

    draw = random.Random(1)
    person = Person.objects.create()
    checkpoint = Checkpoint.objects.create(
        sha256="0" * 64, name="none", cell="lstm", language="en", path="none",
        config={"num_layers": 1, "hidden_size": 1},
    )  # fmt: skip

    def said(length: int) -> str:
        words = draw.choices(WORDS, k=length)
        if draw.random() < 0.001:
            words[0] = draw.choice(RARE)
        return " ".join(words)

    now = timezone.now()
    for number in range(chats):
        chat = Chat.objects.create(
            owner=person, checkpoint=checkpoint, title=said(5), activity=number + 1
        )
        rows = [
            Turn(
                chat=chat, position=position, client_turn_id=uuid4(), seed=1, status="complete",
                user_text=said(8), reply_text=said(15), created=now,
            )
            for position in range(1, turns // chats + 1)
        ]  # fmt: skip
        Turn.objects.bulk_create(rows, batch_size=500)
        texts = ((row.position, text) for row in rows for text in (row.user_text, row.reply_text))
        SearchChunk.objects.store(chunks_of(chat.pk, texts))
    return person


def ask(person: object, query: str) -> tuple[float, int]:
    """Seconds that the list of what was found takes, and how many chats that are."""
    from django.test import RequestFactory

    from memory_app.models import Chat
    from memory_app.views.chat.chat_list import listing

    request = RequestFactory().get("/chats/", {"q": query})
    request.person = person  # type: ignore[attr-defined]
    begun = time.perf_counter()
    page = listing(request, Chat.objects.of(person), query=query)  # type: ignore[arg-type]
    return time.perf_counter() - begun, page["count"]


def main() -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "chatsite.settings"
    os.environ.setdefault("DATA_DIR", tempfile.mkdtemp())
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection

    call_command("migrate", verbosity=0)
    turns = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    chats = int(sys.argv[2]) if len(sys.argv) > 2 else turns // 50
    person = build(turns, chats)
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
    times: list[float] = []
    for query in QUERIES:
        found = [ask(person, query) for _ in range(ROUNDS)]
        times += [seconds for seconds, _count in found]
        median = statistics.median(seconds for seconds, _count in found)
        print(f"{connection.vendor} {query!r}: {found[0][1]} chats, {1000 * median:.0f} ms")
    centiles = statistics.quantiles(times, n=20, method="inclusive")
    print(
        f"{connection.vendor} {turns:,} turns in {chats:,} chats: "
        f"p50 {1000 * statistics.median(times):.0f} ms, p95 {1000 * centiles[18]:.0f} ms"
    )


if __name__ == "__main__":
    main()
