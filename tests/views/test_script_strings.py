"""The scripts contain no texts of their own: each one they ask for comes with its page."""

import re
from pathlib import Path

import pytest
from django.conf import settings

from memory_app.script_strings import STRINGS

SCRIPTS = Path(settings.BASE_DIR) / "static/js"
# Whose words stand on the pages of a folder's scripts; a shared script is on pages of each.
GROUPS = {
    "chat": ["chat"],
    "inspector": ["gates"],
    "dashboard": ["upload", "side_by_side", "curves"],
    "shared": list(STRINGS),
}
ASKED = re.compile(r"\b(?:say|wordsOf)\(\s*(?:[\w.!]+ \? )?\"(\w+)\"(?: : \"(\w+)\")?")


@pytest.mark.parametrize("folder", GROUPS)
def test_every_word_that_a_script_asks_for_is_there(folder: str) -> None:
    known = {key for group in GROUPS[folder] for key in STRINGS[group]}
    asked = {
        (script.name, key)
        for script in (SCRIPTS / folder).glob("*.js")
        for keys in ASKED.findall(script.read_text())
        for key in filter(None, keys)
    }
    assert [(name, key) for name, key in sorted(asked) if key not in known] == []
    assert len(asked) > (0 if folder == "shared" else 5)
