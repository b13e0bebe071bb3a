"""Restores a backup into an empty database and DATA_DIR."""

from memory_app.management.backup_command import BackupCommand
from memory_app.services.operations.restore import backup_restore


class Command(BackupCommand):
    help = "Restores a backup into an empty database; verify_sessions tells whether all is well."
    path_help = "a tar that backup wrote"
    act = staticmethod(backup_restore)
