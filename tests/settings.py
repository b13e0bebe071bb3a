"""The site's settings over an empty folder that goes when the tests end."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

_folder = tempfile.mkdtemp(prefix="gatescope-tests-")
atexit.register(shutil.rmtree, _folder, ignore_errors=True)
os.environ["DATA_DIR"] = _folder
for _name in ("PROFILE", "PORT", "SITE_ORIGINS", "REDIS_URL", "BROKER_URL", "DEBUG", "SECRET_KEY"):
    os.environ.pop(_name, None)

from chatsite.settings import *  # noqa: E402, F403
from chatsite.settings import DATABASES  # noqa: E402

if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # A file: threads can't share SQLite's in-memory database without locking its tables.
    DATABASES["default"]["TEST"] = {"NAME": str(Path(_folder) / "test.sqlite3")}
    # No test here outlives a power cut; waiting for the disk was a sixth of the time.
    DATABASES["default"]["OPTIONS"]["init_command"] += " PRAGMA synchronous=OFF;"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
# Seconds. A browser asks again after a minute, for ninety files a page; a test run takes longer.
WHITENOISE_MAX_AGE = 3600
