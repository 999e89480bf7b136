"""An S3 server and a web server on loopback."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest


class Web:
    """A server whose answers a test writes; it counts its requests."""

    def __init__(self) -> None:
        self.pages: dict[str, Callable[[Any], None]] = {}
        self.asked: Counter[tuple[str, str]] = Counter()
        self.at_once = self.most_at_once = 0
        lock = threading.Lock()
        web = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_GET(self) -> None:
                with lock:
                    web.asked[self.command, self.path] += 1
                    web.at_once += 1
                    web.most_at_once = max(web.most_at_once, web.at_once)
                try:
                    web.pages.get(self.path, lambda one: one.send(404))(self)
                finally:
                    with lock:
                        web.at_once -= 1

            do_HEAD = do_GET  # noqa: N815  as the library wants it

            def send(self, status: int, body: bytes = b"", **headers: str) -> None:
                self.send_response(status)
                headers.setdefault("Content_Length", str(len(body)))
                for name, value in headers.items():
                    self.send_header(name.replace("_", "-"), value)
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def put(self, path: str, body: bytes, **headers: str) -> str:
        self.pages[path] = lambda one: one.send(200, body, **{"ETag": '"1"', **headers})
        return self.url + path


@pytest.fixture
def web() -> Iterator[Web]:
    found = Web()
    yield found
    found.server.shutdown()
    found.server.server_close()


@pytest.fixture(scope="session")
def s3_server() -> Iterator[str]:
    """The endpoint of an S3 server in its own process."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    code = f"from moto.server import main; main(['-H', '127.0.0.1', '-p', '{port}'])"
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", code],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "y"},
    )
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(300):
            try:
                urllib.request.urlopen(url, timeout=5).close()
                break
            except OSError:
                assert process.poll() is None
                time.sleep(0.1)
        yield url
    finally:
        process.terminate()
        process.wait()


class Bucket:
    """A new bucket for each test, written with obstore."""

    def __init__(self, name: str) -> None:
        from obstore.store import S3Store

        self.url = f"s3://{name}"
        self.store = S3Store(name, client_options={"allow_http": True})

    def put(self, key: str, body: bytes) -> str:
        self.store.put(key, body)
        return f"{self.url}/{key}"


@pytest.fixture
def bucket(
    s3_server: str, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Bucket:
    for name, value in {
        "AWS_ENDPOINT_URL": s3_server,
        "AWS_ACCESS_KEY_ID": "x",
        "AWS_SECRET_ACCESS_KEY": "y",
        "AWS_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    name = f"bucket-{abs(hash(request.node.nodeid))}"
    put = urllib.request.Request(f"{s3_server}/{name}", method="PUT")
    urllib.request.urlopen(put, timeout=30).close()
    return Bucket(name)
