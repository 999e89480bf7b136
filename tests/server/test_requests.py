"""Requests that are a little wrong, and what they are told."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from ..servers import TOKEN, Server
from .test_trust import jpeg

HTML = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@pytest.mark.parametrize(
    ("method", "path", "known"),
    [
        ("GET", "/pictures?offset=0&limit=2", "filter, offset, top"),
        ("GET", "/info?verbose=1", "none"),
        ("GET", "/duplicates?kinds=exact", "kind, refresh"),
        ("POST", "/search?top=2", "none"),
    ],
)
def test_an_unknown_query_parameter_is_refused(
    server: Server, method: str, path: str, known: str
) -> None:
    files = {"image": ("a.jpg", jpeg(1))} if method == "POST" else None
    answer = server.ask(method, path, files=files)
    assert (answer.status_code, answer.json()["code"]) == (422, "argument")
    assert "is unknown; this address takes " + known in answer.json()["detail"]


def test_a_region_may_have_spaces(server: Server, collection: Path) -> None:
    picture = collection / "pictures" / "busy" / "0.png"
    for region in ("0, 0, 1, .5", " 0 ,0 ,1,.5 "):
        answer = server.search(picture, region=region)
        assert answer.status_code == 200, answer.text
    wanted = server.search(picture, region="0,0,1,.5").json()["hits"]
    assert answer.json()["hits"] == wanted
    assert server.search(picture, region="0 0, 1, 1").status_code == 422


@pytest.mark.parametrize("path", ["/search", "/pictures"])
def test_text_sent_as_image_gets_a_sentence(server: Server, path: str) -> None:
    part = {"image": (None, "photo.jpg")}  # a field without a file name
    for answer in (server.post(path, files=part), server.post(path, json={"image": "a.jpg"})):
        assert (answer.status_code, answer.json()["code"]) == (422, "argument")
        assert answer.json()["detail"].startswith("The field image is not a file; send")


def test_openapi_names_the_token_always(server: Server, locked: Server) -> None:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    for one, security in ((server, None), (locked, [{"token": []}])):
        schema = httpx.get(f"{one.url}/openapi.json", headers=headers, trust_env=False).json()
        schemes = schema["components"]["securitySchemes"]
        assert schemes == {"token": {"type": "http", "scheme": "bearer"}}
        assert schema.get("security") == security


@pytest.mark.parametrize("path", ["/nosuch", "/a/b/c", "/static/nosuch.js", "/docs/nosuch"])
def test_an_unknown_address_is_a_page_in_a_browser(server: Server, path: str) -> None:
    page = httpx.get(f"{server.url}{path}", headers=HTML, trust_env=False)
    assert (page.status_code, page.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert '<a href="/browse">' in page.text
    assert "ROOT" not in page.text
    for other in (
        httpx.get(f"{server.url}{path}", trust_env=False),
        httpx.get(f"{server.url}/api/v1/nosuch", headers=HTML, trust_env=False),
    ):
        assert (other.status_code, other.json()["code"]) == (404, "no_such_route")
