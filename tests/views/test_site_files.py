"""Icons, manifest and robots.txt stand where browsers and crawlers look for them."""

import struct
from pathlib import Path
from urllib.robotparser import RobotFileParser

from django.contrib.staticfiles import finders
from django.test import Client


def png_size(content: bytes) -> tuple[int, int]:
    assert content[:8] == b"\x89PNG\r\n\x1a\n"
    return struct.unpack(">II", content[16:24])


def test_an_icon_is_a_picture_of_its_size(client: Client):
    touch = client.get("/apple-touch-icon.png")
    assert (touch.headers["content-type"], png_size(touch.content)) == ("image/png", (180, 180))
    icon = client.get("/favicon.ico")
    reserved, kind, count = struct.unpack("<HHH", icon.content[:6])
    assert (icon.headers["content-type"], reserved, kind) == ("image/x-icon", 0, 1)
    assert [icon.content[6 + 16 * k] for k in range(count)] == [16, 32, 48]
    assert not icon.cookies
    assert not touch.cookies


def test_robots_keep_out_of_what_is_somebody_s(client: Client):
    robots = RobotFileParser()
    robots.parse(client.get("/robots.txt").content.decode().splitlines())
    for path in ("/chat/1/", "/chats/", "/turn/1/", "/admin/", "/accounts/login/"):
        assert not robots.can_fetch("anybot", path), path
    for path in ("/", "/about/memory/", "/static/css/base.css"):
        assert robots.can_fetch("anybot", path), path


def test_the_manifest_names_icons_that_are_there_in_the_reader_s_language(client: Client):
    answer = client.get("/manifest.webmanifest", headers={"accept-language": "zh-CN"})
    content = answer.json()
    assert content["lang"] == "zh-hans"
    for icon in content["icons"]:
        file = finders.find(icon["src"].removeprefix("/static/"))
        assert icon["sizes"] == "{}x{}".format(*png_size(Path(file).read_bytes()))
