"""Many large uploads: they wait on disk, and are dropped once nobody waits for them."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from ..conftest import soak
from ..servers import Server, children
from .test_trust import jpeg

MANY = 64
PADDING_BYTES = soak(6, 60) << 20
BYTES_ONE_AT_A_TIME = 200 << 20  # for one worker; all would be 384 or 3,840 MB
linux = pytest.mark.skipif(not Path("/proc").exists(), reason="/proc tells a process's memory")


def most_memory(pid: int) -> int:
    """The bytes of memory that a process has had at most."""
    status = Path(f"/proc/{pid}/status").read_text("ascii")
    return int(re.search(r"VmHWM:\s+(\d+)", status)[1]) * 1024  # type: ignore[index]


def wait_until(is_so: Callable[[], Any]) -> None:
    for _ in range(1200):
        if is_so():
            return
        time.sleep(0.05)
    raise AssertionError("the condition never held")


@contextlib.contextmanager
def stopped_worker(server: Server) -> Iterator[None]:
    """Stop the server's worker, so that whatever needs it waits."""
    server.search(jpeg(1))
    workers = [
        pid
        for pid in children(server.process.pid)
        if "spawn_main" in Path(f"/proc/{pid}/cmdline").read_text()
    ]
    for pid in workers:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in workers:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


def metric(server: Server, name: str) -> float:
    text = httpx.get(f"{server.url}/metrics", trust_env=False).text
    found = re.search(rf"^{re.escape(name)} (\S+)$", text, re.MULTILINE)
    return float(found[1]) if found else 0


def send(server: Server, number: int, padding: bytes) -> socket.socket:
    """Send a search with a large picture of its own; the response is left to read."""
    parts = urlsplit(server.url)
    start = b'--x\r\nContent-Disposition: form-data; name="image"; filename="a.jpg"\r\n\r\n'
    start += jpeg(1000 + number)
    end = b"\r\n--x--\r\n"
    size = len(start) + len(padding) + len(end)
    connection = socket.create_connection((parts.hostname, parts.port), timeout=120)
    connection.sendall(
        b"POST /api/v1/search HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        b"Content-Type: multipart/form-data; boundary=x\r\n"
        b"Content-Length: " + str(size).encode() + b"\r\n\r\n" + start
    )
    connection.sendall(padding)
    connection.sendall(end)
    return connection


@linux
def test_waiting_uploads_are_on_disk_and_dropped_with_their_client(sole: Server) -> None:
    padding = bytes(PADDING_BYTES)
    assert sole.search(jpeg(3) + padding).status_code == 200
    before = most_memory(sole.process.pid)
    gone = 'lookalike_requests_total{method="POST",route="/search",status="499"}'
    with stopped_worker(sole):
        with ThreadPoolExecutor(MANY) as threads:
            sent = list(threads.map(lambda n: send(sole, n, padding), range(MANY)))
        wait_until(lambda: metric(sole, "lookalike_waiting") >= MANY - 1)
        assert most_memory(sole.process.pid) - before < BYTES_ONE_AT_A_TIME
        for connection in sent:
            connection.close()
        wait_until(lambda: metric(sole, gone) == MANY)
    # A worker passes over what was dropped once it goes on; until then the queue may be full.
    wait_until(lambda: metric(sole, "lookalike_waiting") == 0)
    assert sole.search(jpeg(2)).status_code == 200
    wait_until(lambda: metric(sole, "lookalike_waiting") == 0)
    kept = list((sole.folder / "queries").glob("*.jpg"))
    assert len(kept) <= 3  # those that were answered
    assert most_memory(sole.process.pid) - before < BYTES_ONE_AT_A_TIME


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/search", {"id": "0" * 32, "filter": {"label": "x" * 3_000_000}}),
        ("/search", {"id": "0" * 32, "filter": {"folder": "/" + "x" * 5_000}}),
        ("/search", {"url": "http://" + "x" * 5_000}),
        ("/search", {"id": "0" * 32, "region": "0," * 3_000}),
        ("/index", {"paths": ["/" + "x" * 5_000]}),
        ("/index", {"exclude": ["x" * 5_000]}),
        ("/index", {"column": "x" * 5_000}),
        ("/duplicates/not", {"pictures": ["/" + "x" * 5_000]}),
    ],
)
def test_a_long_text_is_told_at_once(server: Server, path: str, body: dict[str, Any]) -> None:
    answer = server.post(path, json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "argument")
    assert re.search(r"should have at most [\d,]+ characters", answer.json()["detail"])
    assert len(answer.json()["detail"]) < 400


def test_every_text_of_a_request_has_a_limit(server: Server) -> None:
    described = httpx.get(f"{server.url}/openapi.json", trust_env=False).json()
    schemas = described["components"]["schemas"]
    checked = 0

    def check(schema: dict[str, Any], where: str) -> None:
        nonlocal checked
        if "$ref" in schema:
            schema = schemas[schema["$ref"].split("/")[-1]]
        if schema.get("type") == "string" and schema.get("format") != "binary":
            checked += 1
            assert {"maxLength", "enum", "const", "pattern"} & set(schema), where
        for part in (*schema.get("anyOf", ()), *filter(None, [schema.get("items")])):
            check(part, where)
        for name, part in schema.get("properties", {}).items():
            check(part, f"{where} {name}")

    for path, methods in described["paths"].items():
        for method, route in methods.items():
            for parameter in route.get("parameters", ()):
                check(parameter["schema"], f"{method} {path} {parameter['name']}")
            for content in route.get("requestBody", {}).get("content", {}).values():
                check(content["schema"], f"{method} {path}")
    assert checked > 20


def test_json_has_a_limit_of_its_own(server: Server) -> None:
    body = b'{"paths": ["/x", "' + b"x" * (17 << 20) + b'"]}'
    answer = server.post("/remove", content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
