from __future__ import annotations

import asyncio
import io
import ipaddress
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import httpcore
import pytest

from lookalike.errors import NotAPictureError
from lookalike.server import fetch as module
from lookalike.server.fetch import fetch
from lookalike.server.problems import ProblemError
from lookalike.sources import safe_http

from ..conftest import draw

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST = 100_000
PUBLIC = "93.184.215.14"


def picture() -> bytes:
    out = io.BytesIO()
    draw(1).save(out, "PNG")
    return out.getvalue()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        self.server.asked.append((self.path, self.headers["Host"]))  # type: ignore[attr-defined]
        name = self.path.split("?")[0]
        if name == "/to":
            self.send_response(302)
            self.send_header("Location", self.path.split("?", 1)[1])
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_response(404 if name == "/gone" else 200)
        kind = "text/html" if name == "/lies.html" else "image/png"
        self.send_header("Content-Type", kind)
        data = {"/html": b"<html>" + b" " * 100, "/short": b"x"}.get(name, picture())
        if name == "/endless":
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            try:
                for _ in range(1000):
                    self.wfile.write(b"1000\r\n" + data[:64].ljust(4096) + b"\r\n")
            except OSError:
                self.close_connection = True
            return
        self.send_header(
            "Content-Length", str(len(data) + (10**9 if name in {"/stalls", "/drips"} else 0))
        )
        self.end_headers()
        self.wfile.write(data)
        if name == "/drips":
            self.drip()
        if name == "/stalls":
            self.server.ended.wait(30)  # type: ignore[attr-defined]
            self.close_connection = True

    def drip(self) -> None:
        """Send a byte every 50 ms, so that no single read is slow."""
        try:
            while not self.server.ended.wait(0.05):  # type: ignore[attr-defined]
                self.wfile.write(b"x")
        except OSError:
            pass
        self.close_connection = True


@pytest.fixture
def web() -> Iterator[ThreadingHTTPServer]:
    """A web server on loopback."""
    found = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found.asked, found.ended = [], threading.Event()  # type: ignore[attr-defined]
    thread = threading.Thread(target=found.serve_forever)
    thread.start()
    yield found
    found.ended.set()  # type: ignore[attr-defined]
    found.shutdown()
    thread.join()
    found.server_close()


def get(url: str, **options: Any) -> tuple[bytes, str]:
    return asyncio.run(fetch(url, most=MOST, **options))


def code(url: str, **options: Any) -> str:
    with pytest.raises(ProblemError) as caught:
        get(url, **options)
    assert 400 <= caught.value.status < 500
    return caught.value.code


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "localhost", "2130706433", "0x7f000001", "0x7f.1", "127.1", "0", "0.0.0.0",
        "[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[64:ff9b::7f00:1]", "[::127.0.0.1]",
        "[2002:7f00:1::]", "LOCALHOST", "localhost.", "127.0.0.1.",
    ],
)  # fmt: skip
def test_no_spelling_of_loopback_gets_a_request(web: ThreadingHTTPServer, host: str) -> None:
    assert code(f"http://{host}:{web.server_port}/a.png") in {"url_refused", "url"}
    assert web.asked == []  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd", "ftp://example.org/a", "gopher://example.org/", "data:image/png,x",
        "//example.org/a", "example.org", "", "http://", "http:///a", "javascript:1",
        "http://user:password@example.org/", "http://example.org:99999/", "http://a b/", "\0",
        "http://" + "a" * 70 + ".org/", "http://\u2488.example/", "http://[fe80::1%25lo]/",
        "http://no-such-name.invalid/",
    ],
)  # fmt: skip
def test_other_urls_are_refused(url: str) -> None:
    assert code(url) == "url"


def test_pictures_are_fetched_from_allowed_addresses(web: ThreadingHTTPServer) -> None:
    url = f"http://127.0.0.1:{web.server_port}"
    assert get(f"{url}/a/b.png?x=1", allow_private=True) == (picture(), "b.png")
    assert get(f"{url}/to?/c.png", allow_private=True) == (picture(), "c.png")
    assert get(f"{url}/lies.html", allow_private=True)[0] == picture()  # content decides
    with pytest.raises(NotAPictureError):
        get(f"{url}/html", allow_private=True)
    with pytest.raises(NotAPictureError):
        get(f"{url}/short", allow_private=True)
    assert code(f"{url}/gone", allow_private=True) == "url"
    assert code(f"{url}/endless", allow_private=True) == "too_large"
    assert code(f"{url}/to?/to?/to?/to?/to?/to?/to?/a", allow_private=True) == "url"
    assert code(f"{url}/to?file:///etc/passwd", allow_private=True) == "url"
    assert code("http://127.0.0.1:1/", allow_private=True) == "url"


def test_a_stalled_download_is_given_up(
    web: ThreadingHTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"http://127.0.0.1:{web.server_port}/stalls"
    monkeypatch.setattr(module, "STEP_SECONDS", 0.3)
    assert code(url, allow_private=True) == "url"
    monkeypatch.setattr(module, "STEP_SECONDS", 60)
    monkeypatch.setattr(module, "TOTAL_SECONDS", 0.3)
    assert code(url, allow_private=True) == "url"


@pytest.mark.parametrize("page", ["stalls", "drips"])
def test_a_slow_server_keeps_no_thread_past_the_deadline(
    web: ThreadingHTTPServer, monkeypatch: pytest.MonkeyPatch, page: str
) -> None:
    url = f"http://127.0.0.1:{web.server_port}/{page}"
    monkeypatch.setattr(module, "TOTAL_SECONDS", 0.3)

    async def many() -> list[Any]:
        asked = (fetch(url, most=10**9, allow_private=True) for _ in range(module.MAX_FETCHES))
        return await asyncio.gather(*asked, return_exceptions=True)

    assert all(isinstance(one, ProblemError) and one.code == "url" for one in asyncio.run(many()))
    for _ in range(module.MAX_FETCHES):  # each thread ends by itself: the server still sends
        assert module._slots.acquire(timeout=10)
    for _ in range(module.MAX_FETCHES):
        module._slots.release()


def test_no_proxy_of_the_environment_is_used(
    web: ThreadingHTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{web.server_port}")
    assert code("http://no-such-name.invalid/") == "url"
    assert web.asked == []  # type: ignore[attr-defined]


class Names:
    """A resolver with a test's answers, which records names and connections."""

    def __init__(
        self, monkeypatch: pytest.MonkeyPatch, port: int, **names: list[list[str]]
    ) -> None:
        self.names, self.asked, self.connected = names, list[str](), list[str]()

        def resolve(host: str, _port: int) -> list[Any]:
            self.asked.append(host)
            answers = self.names[host.split(".", maxsplit=1)[0]]
            return [*map(ipaddress.ip_address, answers.pop(0) if len(answers) > 1 else answers[0])]

        inner = httpcore.SyncBackend.connect_tcp

        def connect(backend: Any, host: str, _port: int, *rest: Any) -> Any:
            self.connected.append(host)
            return inner(backend, "127.0.0.1", port, *rest)  # stands in for the public one

        monkeypatch.setattr(safe_http, "resolve", resolve)
        monkeypatch.setattr(httpcore.SyncBackend, "connect_tcp", connect)


def test_the_connection_goes_to_the_checked_address(
    web: ThreadingHTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A rebinding name is public when checked, and loopback a moment later."""
    names = Names(monkeypatch, web.server_port, rebind=[[PUBLIC], ["127.0.0.1"]])
    assert get("http://rebind.example/a.png")[0] == picture()
    assert names.asked == ["rebind.example"]  # once: nobody asks for the name again
    assert names.connected == [PUBLIC]
    assert web.asked == [("/a.png", "rebind.example")]  # type: ignore[attr-defined]
    assert code("http://rebind.example/a.png") == "url_refused"
    assert names.connected == [PUBLIC]


def test_one_private_address_of_a_name_is_refused(
    web: ThreadingHTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = Names(monkeypatch, web.server_port, both=[[PUBLIC, "10.0.0.1"]])
    assert code("http://both.example/") == "url_refused"
    assert names.connected == []


@pytest.mark.parametrize("to", ["http://inside.example/a.png", "//inside.example/a.png"])
def test_redirects_are_checked(
    web: ThreadingHTTPServer, monkeypatch: pytest.MonkeyPatch, to: str
) -> None:
    names = Names(monkeypatch, web.server_port, outside=[[PUBLIC]], inside=[["192.168.0.1"]])
    assert code(f"http://outside.example/to?{to}") == "url_refused"
    assert names.connected == [PUBLIC]
    assert get("http://outside.example/to?/b.png")[1] == "b.png"


def test_concurrent_fetches_are_limited(web: ThreadingHTTPServer) -> None:
    url = f"http://127.0.0.1:{web.server_port}/a.png"

    async def many() -> list[Any]:
        asked = (fetch(url, most=MOST, allow_private=True) for _ in range(module.MAX_FETCHES + 2))
        return await asyncio.gather(*asked, return_exceptions=True)

    found = asyncio.run(many())
    assert sum(isinstance(one, ProblemError) and one.code == "busy" for one in found) == 2
    assert sum(isinstance(one, tuple) for one in found) == module.MAX_FETCHES
