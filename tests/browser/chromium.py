"""Which browser is driven."""

import shutil

#: The headless shell first: the same engine without a browser's windows, a third less work.
NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "chrome")
PATH = next(filter(None, map(shutil.which, NAMES)), None)
