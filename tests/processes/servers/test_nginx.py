"""deploy/nginx*.conf as nginx takes them, in front of a server that says what reaches it."""

import http.client
import json
import os
import shutil
import socket
import ssl
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.processes.servers.conftest import free_port, need

ROOT = Path(__file__).parents[3]
DEPLOY = ROOT / "deploy"
pytestmark = pytest.mark.services


class Echo(BaseHTTPRequestHandler):
    """Answers with what it got."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        answer = {
            "path": self.path,
            "headers": dict(self.headers),
            "body": len(self.rfile.read(length)),
        }
        data = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_POST = do_GET  # noqa: N815  (http.server's name)

    def log_message(self, *args: object) -> None:
        pass


class Nginx:
    """nginx with one of our files, its paths and ports those of the test."""

    def __init__(self, folder: Path, name: str, upstream: int) -> None:
        self.binary, self.folder = need("nginx"), folder
        self.http, self.https = free_port(), free_port()
        self.site = (DEPLOY / name).read_text(encoding="utf-8")
        common = (DEPLOY / "nginx-site.conf").read_text(encoding="utf-8")
        (folder / "gatescope-site.conf").write_text(
            common.replace("/var/log/nginx", str(folder)), encoding="utf-8"
        )
        for old, new in {
            "/etc/nginx/snippets/gatescope-site.conf": str(folder / "gatescope-site.conf"),
            "/etc/nginx/gatescope-site.conf": str(folder / "gatescope-site.conf"),
            "/etc/letsencrypt/live/chat.example.org": str(folder),
            "/srv/gatescope-static": str(folder / "static"),
            "127.0.0.1:8001": f"127.0.0.1:{upstream}",
            "127.0.0.1:8002": f"127.0.0.1:{upstream}",
            "web1:8000": f"127.0.0.1:{upstream}",
            "    server web2:8000 max_fails=1 fail_timeout=5s;\n": "",
            "listen 80;": f"listen 127.0.0.1:{self.http};",
            "listen 8000;": f"listen 127.0.0.1:{self.http};",
            "listen 443 ": f"listen 127.0.0.1:{self.https} ",
        }.items():
            self.site = self.site.replace(old, new)
        lines = self.site.splitlines(keepends=True)
        self.site = "".join(line for line in lines if "listen [::]" not in line)
        (folder / "site.conf").write_text(self.site, encoding="utf-8")
        self.config = folder / "nginx.conf"
        self.config.write_text(
            f"daemon off; pid {folder}/pid; error_log {folder}/error.log;\n"
            "events { worker_connections 256; }\n"
            "http {\n"
            + "".join(
                f"{kind}_temp_path {folder}/{kind};\n"
                for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
            )
            + f"include {folder}/site.conf;\n}}\n",
            encoding="utf-8",
        )

    @property
    def command(self) -> list[str]:
        user = ["-g", "user root;"] if os.geteuid() == 0 else []
        return [self.binary, "-c", str(self.config), "-e", str(self.folder / "error.log"), *user]


@pytest.fixture
def upstream() -> Iterator[int]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Echo) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield int(server.server_address[1])
        server.shutdown()


@pytest.fixture
def folder() -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="gatescope-nginx-"))
    key = ["-keyout", str(path / "privkey.pem"), "-out", str(path / "fullchain.pem")]
    kind = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    command = [need("openssl"), "req", *kind, "-days", "2", "-subj", "/CN=chat.example.org", *key]
    subprocess.run(command, check=True, capture_output=True)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def running(folder: Path, upstream: int) -> Iterator[Nginx]:
    nginx = Nginx(folder, "nginx.conf", upstream)
    with subprocess.Popen(nginx.command) as process:
        try:
            end = time.monotonic() + 20
            while True:
                try:
                    socket.create_connection(("127.0.0.1", nginx.https), 1).close()
                    break
                except OSError:
                    assert process.poll() is None
                    assert time.monotonic() < end
                    time.sleep(0.05)
            yield nginx
        finally:
            process.terminate()
            process.wait(10)


def connected(nginx: Nginx, name: str = "chat.example.org") -> ssl.SSLSocket:
    context = ssl._create_unverified_context()
    raw = socket.create_connection(("127.0.0.1", nginx.https), 10)
    return context.wrap_socket(raw, server_hostname=name)


def asked(nginx: Nginx, path: str, method: str = "GET", body: bytes = b"", **headers: str):
    connection = http.client.HTTPConnection("127.0.0.1", nginx.https, timeout=20)
    connection.sock = connected(nginx)
    sent = {"Host": "chat.example.org", **{key.replace("_", "-"): v for key, v in headers.items()}}
    connection.request(method, path, body, sent)
    answer = connection.getresponse()
    data = answer.read()
    connection.close()
    return answer, data


@pytest.mark.parametrize("name", ["nginx.conf", "nginx-compose.conf"])
def test_nginx_accepts_the_files(folder, upstream, name):
    nginx = Nginx(folder, name, upstream)
    done = subprocess.run([*nginx.command, "-t"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "warn" not in done.stderr


def test_the_client_is_who_nginx_sees_whatever_the_client_says(running):
    answer, data = asked(
        running, "/chats/?q=a", X_Forwarded_For="6.6.6.6", X_Forwarded_Proto="http"
    )
    assert answer.status == 200
    heard = json.loads(data)
    headers = {name.lower(): value for name, value in heard["headers"].items()}
    assert heard["path"] == "/chats/?q=a"
    assert headers["x-forwarded-for"] == "127.0.0.1"
    assert headers["x-forwarded-proto"] == "https"
    assert headers["host"] == "chat.example.org"
    # Nothing is written of what was asked for.
    logs = "".join(file.read_text() for file in running.folder.glob("*.log"))
    assert "q=a" not in logs


def test_a_socket_asks_for_its_upgrade(running):
    _, data = asked(running, "/ws/chat/x/", Connection="Upgrade", Upgrade="websocket")
    headers = {name.lower(): value for name, value in json.loads(data)["headers"].items()}
    assert (headers["connection"], headers["upgrade"]) == ("upgrade", "websocket")
    _, data = asked(running, "/")
    assert "upgrade" not in {name.lower() for name in json.loads(data)["headers"]}


def test_bodies_are_bounded_except_for_uploads_by_staff(running):
    assert asked(running, "/chat/", "POST", b"x" * (9 << 20))[0].status == 413
    assert asked(running, "/chat/", "POST", b"x" * (7 << 20))[0].status == 200
    for path in ("/admin/corpora/", "/admin/checkpoints/import/"):
        answer, data = asked(running, path, "POST", b"x" * (9 << 20))
        assert answer.status == 200
        assert json.loads(data)["body"] == 9 << 20
    assert asked(running, "/admin/corpora/sample/", "POST", b"x" * (9 << 20))[0].status == 413


def test_headers_are_bounded_in_size_and_figures_are_hidden(running):
    assert asked(running, "/", X_Long="a" * 20_000)[0].status == 400
    assert asked(running, "/metrics")[0].status == 404


def test_another_name_gets_no_certificate(running):
    with pytest.raises(ssl.SSLError):
        connected(running, "other.example.org")


def test_hashed_files_are_kept_and_others_asked_for_again(running):
    static = running.folder / "static" / "css"
    static.mkdir(parents=True)
    running.folder.chmod(0o755)
    (static / "base.0123456789ab.css").write_text("a {}")
    answer, data = asked(running, "/static/css/base.0123456789ab.css")
    assert (answer.status, data) == (200, b"a {}")
    assert "immutable" in answer.headers["Cache-Control"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert json.loads(asked(running, "/static/css/base.css")[1])["path"] == "/static/css/base.css"
    (running.folder / "key.0123456789ab.pem").write_text("a secret")
    assert b"secret" not in asked(running, "/static/css/../../key.0123456789ab.pem")[1]
    assert b"secret" not in asked(running, "/static/%2e%2e/key.0123456789ab.pem")[1]


def test_a_header_that_trickles_is_cut_off(running):
    with connected(running) as slow:
        slow.sendall(b"GET / HTTP/1.1\r\nHost: chat.example.org\r\n")
        slow.settimeout(20)
        began = time.monotonic()
        assert slow.recv(1) == b""
        assert 8 < time.monotonic() - began < 15
