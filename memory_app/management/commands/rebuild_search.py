"""Rebuilds the index of searches from the chats; the site may run meanwhile."""

from __future__ import annotations

from typing import Any

from rich.progress import MofNCompleteColumn

from memory_app.management.base import ReportingCommand, bars
from memory_app.services.chat.search_index import chats_to_index, search_rebuild


class Command(ReportingCommand):
    help = "Rebuilds what searches look through from the chats' titles and turns."

    def report(self, options: dict[str, Any]) -> Any:
        chats = chunks = 0
        with bars(MofNCompleteColumn()) as progress:
            task = progress.add_task("Indexing chats", total=chats_to_index())
            for count in search_rebuild():
                chats, chunks = chats + 1, chunks + count
                progress.advance(task)
        return {"chats": chats, "chunks": chunks}

    def show(self, result: Any) -> None:
        self.stdout.write(f"{result['chats']} chats indexed in {result['chunks']} chunks")
