"""The Lab's page of speech in a browser: a file, the example, a microphone, and none."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from django.conf import settings
from playwright.sync_api import BrowserType, Page, expect

from memory_app import registry
from memory_app.core.audio.log_mel import SAMPLE_RATE
from memory_app.core.audio.wave_file import read_wave
from memory_app.core.tasks.speech.figures import edits
from tests.browser.server import SiteServer
from tests.browser.visitor import Visitor
from tests.core.audio.test_wave_file import wav
from tests.core.tasks.test_speech import said


@pytest.fixture
def lab(visitor: Visitor, spoken_folder: Path) -> Visitor:
    registry.register(spoken_folder)
    visitor.page.goto(f"{visitor.url}/lab/speech/")
    expect(visitor.page.get_by_role("button", name="Listen")).to_be_enabled()
    return visitor


@pytest.fixture
def sound(tmp_path: Path) -> Path:
    path = tmp_path / "three-one.wav"
    path.write_bytes(wav(said([3, 1]).numpy(), rate=16_000, channels=2))
    return path


def heard(page: Page) -> list[str]:
    return page.locator("#digits strong").all_inner_texts()


def test_a_file_is_heard_word_by_word_and_opens_in_the_gate_view(lab: Visitor, sound: Path) -> None:
    page = lab.page
    page.locator("#sound-file").set_input_files(sound)
    expect(page.locator("#digits strong")).to_have_text(["3", "1"])
    expect(page.locator("#spoken")).to_have_text("three one")
    expect(page.locator("#panes .map.drawn")).to_have_count(1)
    expect(page.locator("#value")).to_contain_text("one")
    page.locator(".speech-digit").first.click()
    expect(page.locator("#value")).to_contain_text("three")
    page.get_by_role("radio", name="f", exact=True).click()
    expect(page.locator("#value")).to_contain_text("f = ")
    expect(page.locator("#hearing-words .speech-word")).to_have_text(["three", "one"])


def test_the_same_sound_again_begins_from_nothing(lab: Visitor, sound: Path) -> None:
    page = lab.page
    for _ in range(2):
        page.locator("#sound-file").set_input_files([])
        page.locator("#sound-file").set_input_files(sound)
        expect(page.locator("#panes .map.drawn")).to_have_count(1)
        expect(page.get_by_role("button", name="Listen")).to_be_enabled()
        assert heard(page) == ["3", "1"]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"no sound at all", "can’t read this file as sound"),
        (b"", "can’t read this file as sound"),
        (wav([0.0] * 8000), "silence only"),
        (wav([0.1] * 16_000 * 31), "at most 30 seconds"),
    ],
)
def test_what_cant_be_heard_is_said_in_a_sentence(
    lab: Visitor, tmp_path: Path, content: bytes, sentence: str
) -> None:
    path = tmp_path / "file.wav"
    path.write_bytes(content)
    lab.page.locator("#sound-file").set_input_files(path)
    expect(lab.page.locator("#lab-problem")).to_contain_text(sentence)
    expect(lab.page.get_by_role("button", name="Listen")).to_be_enabled()


def test_without_a_microphone_the_page_says_what_to_do(lab: Visitor) -> None:
    page = lab.page
    page.get_by_role("button", name="Listen").click()
    expect(page.locator("#lab-problem")).to_contain_text("pen a sound file")
    expect(page.get_by_role("button", name="Listen")).to_be_enabled()


@pytest.fixture
def speaking(
    browser_type: BrowserType, browser_type_launch_args: dict[str, Any], tmp_path: Path
) -> Iterator[Page]:
    """A browser whose microphone says the example of the page once."""
    path = tmp_path / "microphone.wav"
    sound = read_wave(settings.BASE_DIR / "static/sound/digits.wav")
    silence = torch.zeros(SAMPLE_RATE)
    path.write_bytes(wav(torch.cat([silence, sound, silence]).numpy()))
    own = [
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-audio-capture={path}%noloop",
    ]
    options = {**browser_type_launch_args}
    options["args"] = [*options["args"], *own]
    browser = browser_type.launch(**options)
    yield browser.new_page()
    browser.close()


def test_a_microphone_is_heard_until_it_is_stopped(server: SiteServer, speaking: Page) -> None:
    """The checkpoint that ships: the tests' own hears whistles, which a microphone changes."""
    registry.register(registry.BUNDLED / "speech-digits")
    speaking.goto(f"{server.url}/lab/speech/")
    speaking.get_by_role("button", name="Listen").click()
    expect(speaking.locator("#state")).to_have_text("Listening. Say digits.")
    expect(speaking.locator("#digits strong").nth(4)).to_be_visible(timeout=60_000)
    speaking.get_by_role("button", name="Stop").click()
    expect(speaking.locator("#panes .map.drawn")).to_have_count(1)
    expect(speaking.locator("#hearing-ticks span").first).to_be_attached()
    # Chromium's device sets its own level, and may be late by a word's beginning.
    assert edits([3, 1, 4, 1, 5, 9], [int(digit) for digit in heard(speaking)]) <= 2
