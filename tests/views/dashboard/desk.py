"""Dora's browser at a running site: pages by HTTP, forms as bytes, nothing of the site's code."""

from __future__ import annotations

import http.client
import re
import urllib.parse
from collections.abc import Iterable, Mapping
from html import unescape

File = tuple[str, bytes]
BOUNDARY = "----------gatescope-test-boundary"


class Desk:
    """One member of staff, logged in."""

    def __init__(self, port: int, username: str, password: str) -> None:
        self.host = f"localhost:{port}"
        self.port = port
        self.cookies: dict[str, str] = {}
        self.get("/admin/login/")
        form = {"username": username, "password": password}
        said = urllib.parse.urlencode({**form, "csrfmiddlewaretoken": self.cookies["csrftoken"]})
        kind = "application/x-www-form-urlencoded"
        assert self.post("/admin/login/", [said.encode()], kind)[0] == 302

    def get(self, path: str) -> tuple[int, str]:
        return self._ask("GET", path, None, {})

    def post(
        self, path: str, body: Iterable[bytes], kind: str, length: int | None = None
    ) -> tuple[int, str]:
        """Send a body; with no length it goes out in chunks, as it is made."""
        if length is None and isinstance(body, list):
            length = sum(map(len, body))
        headers = {"Content-Type": kind, "Origin": f"http://{self.host}"}
        if length is not None:
            headers["Content-Length"] = str(length)
        return self._ask("POST", path, body, headers)

    def send(
        self, path: str, fields: Mapping[str, str], files: Mapping[str, File]
    ) -> tuple[int, str]:
        """A form with files, as a browser sends it."""
        parts = self.form(fields)
        for name, (filename, data) in files.items():
            escaped = filename.replace('"', "%22")
            head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"; '
            head += f'filename="{escaped}"\r\nContent-Type: application/octet-stream\r\n\r\n'
            parts += [head.encode(), data, b"\r\n"]
        parts.append(f"--{BOUNDARY}--\r\n".encode())
        return self.post(path, parts, f"multipart/form-data; boundary={BOUNDARY}")

    def form(self, fields: Mapping[str, str]) -> list[bytes]:
        """The parts of a form that are no files."""
        said = {"csrfmiddlewaretoken": self.cookies["csrftoken"], **fields}
        head = f"--{BOUNDARY}\r\nContent-Disposition: form-data; name="
        return [f'{head}"{name}"\r\n\r\n{value}\r\n'.encode() for name, value in said.items()]

    def _ask(
        self, method: str, path: str, body: Iterable[bytes] | None, headers: dict[str, str]
    ) -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        try:
            try:
                sent = {**headers, "Host": self.host, "Cookie": cookies}
                chunked = body is not None and "Content-Length" not in headers
                connection.request(method, path, body, sent, encode_chunked=chunked)
            except (BrokenPipeError, ConnectionResetError):
                pass  # the site has answered before all was sent
            response = connection.getresponse()
            for line in response.msg.get_all("Set-Cookie") or []:
                name, _, value = line.partition(";")[0].partition("=")
                self.cookies[name] = value
            return response.status, response.read().decode()
        finally:
            connection.close()


def sentence_of(status: int, page: str) -> str:
    """The one sentence that says why an upload was refused."""
    if "<" not in page:
        return page.strip()
    found = re.search(r'id="error-[^>]*>([^<]*)<', page)
    found = found or re.search(r'id="problem"[^>]*>\s*<p>([^<]*)<', page)
    found = found or re.search(r"<h1>[^<]*</h1>\s*<p>([^<]*)</p>", page)
    return unescape(found[1]).strip() if found else ""
