"""Backs the whole site up into one tar, while it runs."""

from memory_app.management.backup_command import BackupCommand
from memory_app.services.operations.backup import backup_make


class Command(BackupCommand):
    help = "Writes database, checkpoints, corpora and runs into one tar, while the site runs."
    path_help = "the tar to write; nothing is written over"
    act = staticmethod(backup_make)
