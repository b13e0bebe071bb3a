"""What an empty chat offers to say is in the language of its checkpoint, not of the page."""

from pathlib import Path

import pytest

from memory_app import registry
from memory_app.models import Chat, Checkpoint
from memory_app.views.chat.openings import openings
from tests.conftest import make_checkpoint, stored


@pytest.fixture
def chinese(checkpoint: Checkpoint, tmp_path: Path) -> Checkpoint:
    """A second live checkpoint, whose config.json says that it speaks Chinese."""
    make_checkpoint(tmp_path / "chinese", seed=2, language="zh")
    row = registry.register(tmp_path / "chinese")
    registry.promote(row)
    return row


def opened(player, *, reads: str, **fields: str) -> tuple[Chat, str]:
    """A new chat of somebody whose browser asks for this language, and its page."""
    client = player.client
    answer = client.post("/chat/", fields, headers={"accept-language": reads})
    page = client.get(answer["Location"], headers={"accept-language": reads})
    return stored(answer["Location"].split("/")[2]), page.content.decode()


def test_a_reader_of_chinese_gets_the_chinese_model_and_openings_for_it(alice, chinese):
    chat, page = opened(alice, reads="zh-CN")
    assert chat.checkpoint == chinese
    for opening in openings("zh"):
        for step in opening["steps"]:
            assert step in page
    assert page.count('class="opening-steps" lang="zh"') == 3
    assert "我叫小梅。" in page
    assert "My name is Clara." not in page


def test_a_reader_of_english_who_chooses_it_gets_chinese_steps_and_english_words(alice, chinese):
    chat, page = opened(alice, reads="en", checkpoint=str(chinese.pk))
    assert chat.checkpoint == chinese
    assert "我叫小梅。" in page
    assert "Watch: the name is said only once." in page


def test_the_english_model_is_offered_english_whoever_reads(alice, checkpoint):
    chat, page = opened(alice, reads="zh-CN")
    assert chat.checkpoint == checkpoint
    assert page.count('class="opening-steps" lang="en"') == 3
    assert "My name is Clara." in page


@pytest.mark.parametrize(
    ("language", "spoken"),
    [("zh", "zh"), ("zh-Hans", "zh"), ("ZH_cn", "zh"), ("en", "en"), ("de", "en"), ("", "en")],
)
def test_a_language_that_has_no_openings_gets_the_english_ones(language, spoken):
    assert {opening["language"] for opening in openings(language)} == {spoken}
    assert all(len(opening["steps"]) >= 3 for opening in openings(language))


def test_a_reader_of_another_language_is_told_so_and_reads_what_the_steps_mean(alice, checkpoint):
    _chat, page = opened(alice, reads="zh-CN")
    assert "请用英语和它对话" in page
    assert 'placeholder="用英语写消息"' in page
    assert "我叫克拉拉。" in page
    _chat, page = opened(alice, reads="en")
    assert 'placeholder="Message"' in page
    assert "opening-meanings" not in page
