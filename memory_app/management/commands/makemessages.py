"""Django's makemessages, which also extracts the sentences that core and services raise."""

from __future__ import annotations

from django.core.management.commands import makemessages

from memory_app.management.message_keywords import raised_names


class Command(makemessages.Command):
    """`RunError("There is no corpus {name}.", …)` is marked by its class."""

    xgettext_options = [
        *makemessages.Command.xgettext_options,
        *(f"--keyword={name}" for name in raised_names()),
    ]
