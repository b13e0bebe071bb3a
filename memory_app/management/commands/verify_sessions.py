"""Replays every committed turn and compares the result with what is stored."""

from __future__ import annotations

from typing import Any

from rich.progress import MofNCompleteColumn

from memory_app.management.base import ReportingCommand, bars
from memory_app.services.chat.verify import turns_to_verify, turns_verify


class Command(ReportingCommand):
    help = "Checks every stored state against a replay of its turn's ids."

    def report(self, options: dict[str, Any]) -> Any:
        turns, faults = 0, []
        with bars(MofNCompleteColumn()) as progress:
            task = progress.add_task("Replaying turns", total=turns_to_verify())
            for verdict in turns_verify():
                turns += 1
                progress.advance(task)
                if verdict.reason:
                    faults.append({"turn": str(verdict.turn), "reason": verdict.reason})
        return {"turns": turns, "faults": faults}

    def show(self, result: Any) -> None:
        self.stdout.write(f"{result['turns']} turns, {len(result['faults'])} faults")
        for fault in result["faults"]:
            self.stdout.write(f"  {fault['turn']}: {fault['reason']}")

    def failed(self, result: Any) -> str:
        count = len(result["faults"])
        return f"{count} of {result['turns']} turns don't hold." if count else ""
