"""Remove the second factor of somebody who lost it."""

from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import CommandError, CommandParser

from memory_app.management.base import ReportingCommand
from memory_app.services.operations.second_factor import second_factor_remove


class Command(ReportingCommand):
    help = "Removes the one-time passwords and backup codes of a user, who sets them up anew."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")

    def report(self, options: dict[str, Any]) -> dict[str, Any]:
        user = User.objects.filter(username=options["username"]).first()
        if user is None:
            raise CommandError(f"There is no user {options['username']}.")
        return {"user": user.username, "removed": second_factor_remove(user=user, by=None)}
