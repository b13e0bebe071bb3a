"""Replays every committed turn and compares the result with what is stored."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser
from rich.progress import MofNCompleteColumn

from memory_app.management.base import ReportingCommand, bars
from memory_app.services.chat.verify import turns_to_verify, turns_verify
from memory_app.services.operations.damaged_rows import head_faults


class Command(ReportingCommand):
    help = "Checks every stored state against a replay of its turn's ids."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--repair", action="store_true", help="rebuild by replay each state that it can"
        )

    def report(self, options: dict[str, Any]) -> Any:
        turns = 0
        faults: list[dict[str, str]] = []
        repaired: list[dict[str, str]] = []
        with bars(MofNCompleteColumn()) as progress:
            task = progress.add_task("Replaying turns", total=turns_to_verify())
            for verdict in turns_verify(repair=options["repair"]):
                turns += 1
                progress.advance(task)
                if verdict.reason:
                    entry = {"turn": str(verdict.turn), "reason": verdict.reason}
                    (repaired if verdict.repaired else faults).append(entry)
        faults += [{"turn": str(turn), "reason": reason} for turn, reason in head_faults()]
        result = {"turns": turns, "faults": faults}
        return result | {"repaired": repaired} if options["repair"] else result

    def show(self, result: Any) -> None:
        repaired = result.get("repaired", [])
        counts = f"{result['turns']} turns, {len(result['faults'])} faults"
        self.stdout.write(f"{counts}, {len(repaired)} repaired" if "repaired" in result else counts)
        for name, entries in (("", result["faults"]), ("repaired ", repaired)):
            for entry in entries:
                self.stdout.write(f"  {name}{entry['turn']}: {entry['reason']}")

    def failed(self, result: Any) -> str:
        count = len({fault["turn"] for fault in result["faults"]})
        return f"{count} of {result['turns']} turns don't hold." if count else ""
