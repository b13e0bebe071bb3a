"""Common parts of our commands: --json, a mistake in one line, a database that exists.

stdout has the result alone; stderr has mistakes, and progress that is drawn only on a terminal.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NoReturn

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DEFAULT_DB_ALIAS, DatabaseError, connections
from django.db.migrations.executor import MigrationExecutor
from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)

from memory_app import registry
from memory_app.management.migration import migrate
from memory_app.management.result_table import result_table


class OneLineParser(CommandParser):
    """A wrong argument is one line too, not a page of usage."""

    _given: Sequence[str] = ()

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        self._given = sys.argv[1:] if args is None else args
        return super().parse_known_args(args, namespace)

    def error(self, message: str) -> NoReturn:
        # A misspelt option is the reason that a required one is missing.
        if message.startswith("the following arguments are required") and (
            unknown := self._unknown()
        ):
            message = f"unrecognized arguments: {' '.join(unknown)}"
        raise CommandError(f"{message[:1].upper()}{message[1:]}.", returncode=2)

    def _unknown(self) -> list[str]:
        """The options that were given and that the command doesn't have, not even abbreviated."""
        names = (text.partition("=")[0] for text in self._given if text.startswith("--"))
        known = list(self._option_string_actions)
        return [
            name
            for name in names
            if name != "--" and not any(option.startswith(name) for option in known)
        ]


class ReportingCommand(BaseCommand):
    """A command whose `report` returns plain data, printed as JSON or for a person.

    The result is printed as one JSON document with --json, and by `show` without. `failed` tells
    whether the request failed, although there is a result to report.
    """

    requires_system_checks: list[str] = []
    needs_database = True

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        parser = super().create_parser(prog_name, subcommand, **kwargs)
        parser.__class__ = OneLineParser
        parser.add_argument("--json", action="store_true", help="print one JSON document on stdout")
        return parser

    def run_from_argv(self, argv: list[str]) -> None:
        try:
            super().run_from_argv(argv)
        except CommandError as mistake:  # from the parser, which runs before Django looks
            self._complain(mistake, "--json" in argv)

    def execute(self, *args: Any, **options: Any) -> None:
        if not getattr(self, "_called_from_command_line", False):
            super().execute(*args, **options)
            return
        try:
            super().execute(*args, **options)
        except CommandError as mistake:
            if options.get("traceback"):
                raise
            self._complain(mistake, bool(options.get("json")))
        except KeyboardInterrupt:
            self.stderr.write("Interrupted.")
            sys.exit(130)
        except BrokenPipeError:
            # The reader of stdout has gone; there is nothing left to write, not even at exit.
            sys.stdout = None
            sys.exit(1)

    def _complain(self, mistake: CommandError, as_json: bool) -> NoReturn:
        line = " ".join(str(mistake).split())
        if as_json:
            self.stdout.write(json.dumps({"error": line}, ensure_ascii=False))
        self.stderr.write(f"error: {line}")
        sys.exit(mistake.returncode)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            if self.needs_database:
                prepare_database()
            result = self.report(options)
        except BrokenPipeError:
            raise
        except CommandError:
            raise
        except Exception as error:
            sentence = _sentence(error)
            if not sentence:
                raise
            raise CommandError(sentence) from error
        if options["json"]:
            self.stdout.write(json.dumps(result, ensure_ascii=False, allow_nan=False))
        else:
            self.show(result)
        self.stdout.flush()
        reason = self.failed(result)
        if reason:
            self.stderr.write(f"error: {reason}")
            sys.exit(1)

    def report(self, options: dict[str, Any]) -> Any:
        """Do the work and return the result as JSON's types."""
        raise NotImplementedError

    def show(self, result: Any) -> None:
        """Print the result for a person."""
        self.stdout.write(result_table(result))

    def failed(self, result: Any) -> str:
        """Why the status isn't 0 although there is a result; empty when all is done."""
        return ""

    def note(self, text: str) -> None:
        """A line of progress, on stderr."""
        self.stderr.write(text, style_func=lambda line: line)


def _sentence(error: Exception) -> str:
    """A sentence for the person who can fix it; empty for a fault of the program."""
    if isinstance(error, OSError) and error.strerror:
        where = f"{error.filename}: " if error.filename else ""
        return f"{where}{error.strerror}."
    if isinstance(error, DatabaseError):
        return f"The database can't be used: {error}."
    # Our own exceptions are one sentence each, made to be read.
    return str(error) if type(error).__module__.startswith("memory_app.") else ""


def prepare_database() -> None:
    """Prepare a DATA_DIR that no `up` has used: migrate, register bundled checkpoints."""
    executor = MigrationExecutor(connections[DEFAULT_DB_ALIAS])
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        migrate()
    registry.register_bundled()


def console() -> Console:
    """The console for progress. On anything but a terminal it draws nothing."""
    return Console(file=sys.stderr)


@contextmanager
def bars(*columns: ProgressColumn) -> Iterator[Progress]:
    """Progress bars with time left; more columns come before it."""
    where = console()
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        *columns,
        TimeRemainingColumn(),
        console=where,
        disable=not where.is_terminal,
        transient=True,
    ) as progress:
        yield progress


def positive(text: str) -> int:
    """An argument that is a whole number from 1."""
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 up")
    return number
