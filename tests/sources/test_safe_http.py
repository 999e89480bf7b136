from __future__ import annotations

import time
from contextlib import closing
from typing import Any

import httpcore
import pytest

from lookalike.sources.safe_http import (
    MAX_REDIRECTS,
    HttpClient,
    PrivateAddressError,
    TransientError,
    resolve,
)

from .conftest import Web


def get(web: Web, path: str, **options: Any) -> bytes:
    with (
        closing(HttpClient(allow_private=True, **options)) as client,
        client.request("GET", web.url + path) as response,
    ):
        return b"".join(response.chunks)


def test_a_response_has_status_headers_url_and_body(web: Web) -> None:
    web.put("/a.jpg", b"data", Last_Modified="yesterday")
    web.pages["/to"] = lambda one: one.send(307, Location="a.jpg#part")
    with (
        closing(HttpClient(allow_private=True)) as client,
        client.request("GET", web.url + "/to") as response,
    ):
        assert (response.status, str(response.url)) == (200, web.url + "/a.jpg")
        assert response.headers["last-modified"] == "yesterday"
        assert b"".join(response.chunks) == b"data"


def test_private_addresses_are_refused_by_default(web: Web) -> None:
    web.put("/a.jpg", b"data")
    with pytest.raises(PrivateAddressError), HttpClient().request("GET", web.url + "/a.jpg"):
        pass
    assert not web.asked


def test_redirects_are_counted(web: Web) -> None:
    for k in range(MAX_REDIRECTS + 1):
        web.pages[f"/{k}"] = lambda one, k=k: one.send(302, Location=f"/{k + 1}")  # type: ignore[misc]
    web.put(f"/{MAX_REDIRECTS + 1}", b"data")
    assert get(web, "/1") == b"data"
    with pytest.raises(OSError, match="redirects more than"):
        get(web, "/0")


def test_no_step_begins_after_the_deadline(web: Web) -> None:
    web.put("/a.jpg", b"data")
    assert get(web, "/a.jpg", deadline=time.monotonic() + 60) == b"data"
    web.asked.clear()
    with pytest.raises(TransientError, match="time for the whole request is over"):
        get(web, "/a.jpg", deadline=time.monotonic())
    assert not web.asked


def test_the_next_address_is_tried(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    web.put("/a.jpg", b"data")
    connect, hosts = httpcore.SyncBackend.connect_tcp, list[str]()

    def first_fails(backend: Any, host: str, *rest: Any) -> Any:
        hosts.append(host)
        if len(hosts) == 1:
            raise httpcore.ConnectError
        return connect(backend, "127.0.0.1", *rest)

    monkeypatch.setattr(httpcore.SyncBackend, "connect_tcp", first_fails)
    addresses = [*resolve("127.0.0.1", 80), *resolve("127.0.0.2", 80)]
    monkeypatch.setattr("lookalike.sources.safe_http.resolve", lambda *_: addresses)
    assert get(web, "/a.jpg") == b"data"
    assert hosts == ["127.0.0.1", "127.0.0.2"]
