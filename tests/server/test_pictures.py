from __future__ import annotations

import io
import os
import sys
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from PIL import Image

from lookalike import Client
from lookalike.decode import to_png

from ..conftest import draw, fill, save
from ..servers import Server


def test_browse_page_by_page(server: Server) -> None:
    first = server.get("/pictures", params={"top": 20}).json()
    assert (first["total"], first["next_offset"]) == (30, 20)
    rest = server.get("/pictures", params={"top": 20, "offset": 20}).json()
    assert (len(rest["pictures"]), rest["next_offset"]) == (10, None)
    pictures = first["pictures"] + rest["pictures"]
    assert len({picture["id"] for picture in pictures}) == 30
    times = [picture["mtime"] for picture in pictures]
    assert times == sorted(times, reverse=True)
    cats = server.get("/pictures", params={"filter": '{"label": "cats"}', "top": 5}).json()
    assert cats["total"] == 12
    assert {picture["label"] for picture in cats["pictures"]} == {"cats"}
    for wrong in ("{", "[]", '{"label": 3}', "[" * 5000):
        answer = server.get("/pictures", params={"filter": wrong})
        assert answer.json()["code"] == "argument"
    assert server.get("/pictures", params={"offset": 10**9}).json()["pictures"] == []


def test_thumbnails_are_made_once(own: Server, tmp_path: Path) -> None:
    one = own.get("/pictures").json()["pictures"][0]["id"]
    first = own.get(f"/pictures/{one}/thumbnail?size=160")
    assert first.headers["cache-control"] == "private, max-age=31536000, immutable"
    assert first.headers["etag"] == f'"{one}-160"'
    (stored,) = (own.folder / "thumbnails").rglob("*.webp")
    before = stored.stat()
    assert own.get(f"/pictures/{one}/thumbnail?size=160").content == first.content
    assert stored.stat().st_mtime_ns == before.st_mtime_ns
    stored.write_bytes(stored.read_bytes()[:-100])  # a damaged one is made again
    assert own.get(f"/pictures/{one}/thumbnail?size=160").content == first.content
    assert stored.stat().st_size == before.st_size
    again = own.get(
        f"/pictures/{one}/thumbnail?size=160", headers={"If-None-Match": f'"{one}-160"'}
    )
    assert (again.status_code, again.content) == (304, b"")
    assert own.get(f"/pictures/{one}/thumbnail?size=161").json()["code"] == "argument"
    own.ask("DELETE", f"/pictures/{one}")
    assert not stored.exists()


def test_an_upload_that_cannot_be_stored_is_refused_in_a_sentence(own: Server) -> None:
    uploads, data = own.folder / "uploads", to_png(draw(501))
    uploads.write_text("a file, where a folder must be")
    try:
        response = own.post("/pictures", files={"image": ("x.png", data)})
    finally:
        uploads.unlink()
    assert (response.status_code, response.json()["code"]) == (500, "storage")
    assert "can't be written" in response.json()["detail"]


def test_an_upload_is_found_at_once(own: Server, tmp_path: Path) -> None:
    data = save(tmp_path / "new.png", 400).read_bytes()
    added = own.post("/pictures", files={"image": ("new.png", data)})
    assert added.status_code == 201
    assert own.search(data).json()["hits"][0]["id"] == added.json()["id"]
    assert own.get(f"/pictures/{added.json()['id']}").json() == added.json()
    again = own.post("/pictures", files={"image": ("other.png", data)})
    assert again.json() == added.json()
    assert own.get("/info").json()["pictures"] == 9
    for wrong in (b"%PDF", b"GIF89a nothing"):
        answer = own.post("/pictures", files={"image": ("a.png", wrong)})
        assert answer.json()["code"] in {"not_a_picture", "picture"}
    assert len(list((own.folder / "uploads").iterdir())) == 1
    own.ask("DELETE", f"/pictures/{added.json()['id']}")
    assert [root["online"] for root in own.get("/info").json()["roots"]] == [True]


def test_a_file_is_sent_unchanged(server: Server, collection: Path) -> None:
    path = collection / "pictures" / "busy" / "0.png"
    one = server.get(f"/pictures/{server.picture(str(path))}").json()
    answer = server.get(f"/pictures/{one['id']}/file")
    assert answer.content == path.read_bytes()
    assert answer.headers["content-disposition"] == "inline; filename*=UTF-8''0.png"
    with Image.open(io.BytesIO(answer.content)) as image:
        assert image.size == (one["width"], one["height"])


def test_revealing_needs_a_desktop(server: Server) -> None:
    one = server.get("/pictures").json()["pictures"][0]["id"]
    if not server.get("/info").json()["can_reveal"]:
        answer = server.post(f"/pictures/{one}/reveal")
        assert (answer.status_code, answer.json()["code"]) == (409, "cannot_reveal")


@pytest.fixture
def web(tmp_path: Path) -> Iterator[str]:
    """A web server on loopback with a picture and a page."""
    save(tmp_path / "web" / "far.png", 600)
    (tmp_path / "web" / "page.png").write_text("<html></html>")

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    found = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path / "web")))
    thread = threading.Thread(target=found.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{found.server_port}"
    found.shutdown()
    thread.join()
    found.server_close()


def test_a_picture_by_its_url(trusting: Server, web: str) -> None:
    asked = trusting.post("/search", json={"url": f"{web}/far.png", "top": 1}).json()
    assert (asked["query"]["name"], asked["query"]["in_gallery"]) == ("far.png", False)
    query = asked["query"]["id"]
    assert trusting.get(f"/queries/{query}/image").status_code == 200
    added = trusting.post("/pictures", json={"url": f"{web}/far.png"})
    assert (added.status_code, added.json()["id"]) == (201, query)
    again = trusting.post("/search", json={"query": query, "top": 1}).json()
    assert (again["hits"][0]["id"], again["query"]["in_gallery"]) == (query, True)
    for path in ("/search", "/pictures"):
        wrong = trusting.post(path, json={"url": f"{web}/page.png"})
        assert (wrong.status_code, wrong.json()["code"]) == (415, "not_a_picture")
        gone = trusting.post(path, json={"url": f"{web}/gone.png"})
        assert (gone.status_code, gone.json()["code"]) == (422, "url")


def test_private_urls_are_refused_by_default(server: Server, web: str) -> None:
    for path in ("/search", "/pictures"):
        refused = server.post(path, json={"url": f"{web}/far.png"})
        assert (refused.status_code, refused.json()["code"]) == (422, "url_refused")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="names are text elsewhere")
def test_a_name_that_is_not_unicode(own: Server, tmp_path: Path) -> None:
    folder = tmp_path / "names"
    fill(folder, 2, start=50)
    name = os.path.join(os.fsencode(folder), b"caf\xe9\n.jpg")
    os.rename(folder / "0051.jpg", name)
    with Client(own.url) as client:
        assert client.index(folder).added == 2
        hit = client.search(os.fsdecode(name), top=1)[0]
        assert (hit.path, hit.kind) == (os.fsdecode(name), "exact")
        answer = own.get(f"/pictures/{hit.id}/file")
        assert answer.headers["content-disposition"] == "inline; filename*=UTF-8''caf%E9%0A.jpg"
        assert own.get(f"/pictures/{hit.id}/thumbnail").status_code == 200
        assert client.remove(hit.path) == 1
