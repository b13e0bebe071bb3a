"""Files of a form, on disk under the server's own names; the sender's names are only shown.

Django's own handler makes the end of a sender's file name part of a temporary file's name, so a
long name raises on the server.
"""

import tempfile
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler


def folder() -> Path:
    """Where the files are until the request ends; they keep their names for that long."""
    path = Path(settings.DATA_DIR) / "uploads"
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    return path


class DiskUploadHandler(FileUploadHandler):
    """Writes each file of a form to disk as it arrives, so that none is held in memory."""

    file: UploadedFile | None = None

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        # Deleted when it is closed, which Django does at the request's end.
        part = tempfile.NamedTemporaryFile(prefix="form.", dir=folder())  # noqa: SIM115
        self.file = UploadedFile(part, self.file_name, self.content_type, 0, self.charset)

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        assert self.file is not None
        self.file.write(raw_data)

    def file_complete(self, file_size: int) -> UploadedFile | None:
        assert self.file is not None
        self.file.flush()
        self.file.seek(0)
        self.file.size = file_size
        return self.file

    def upload_interrupted(self) -> None:
        if self.file is not None:
            self.file.close()


def path_of(upload: UploadedFile) -> Path:
    """The path of an uploaded file."""
    assert upload.file is not None
    return Path(upload.file.name)
