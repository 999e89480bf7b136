from __future__ import annotations

import io
from pathlib import Path

from PIL import Image

from ..conftest import save
from .conftest import Server


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
    (kept,) = (tmp_path / "gallery" / "thumbnails").rglob("*.webp")
    kept.write_bytes(b"as kept")
    assert own.get(f"/pictures/{one}/thumbnail?size=160").content == b"as kept"
    again = own.get(
        f"/pictures/{one}/thumbnail?size=160", headers={"If-None-Match": f'"{one}-160"'}
    )
    assert (again.status_code, again.content) == (304, b"")
    assert own.get(f"/pictures/{one}/thumbnail?size=161").json()["code"] == "argument"
    own.ask("DELETE", f"/pictures/{one}")
    assert not kept.exists()


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
    assert len(list((tmp_path / "gallery" / "uploads").iterdir())) == 1
    own.ask("DELETE", f"/pictures/{added.json()['id']}")
    assert [root["online"] for root in own.get("/info").json()["roots"]] == [True]


def test_the_file_as_it_is(server: Server, collection: Path) -> None:
    path = collection / "pictures" / "busy" / "0.png"
    found = server.get("/pictures", params={"top": 500}).json()["pictures"]
    one = next(picture for picture in found if picture["paths"] == [str(path)])
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
