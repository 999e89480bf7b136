from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from ..conftest import busy, draw
from ..servers import Server


def ids(answer: dict) -> list[str]:
    return [hit["id"] for hit in answer["hits"]]


def jpeg(image: Image.Image, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, "JPEG", **{"quality": 90, **options})
    return out.getvalue()


def test_a_copy_comes_first_with_its_edits(server: Server, collection: Path) -> None:
    asked = ImageOps.mirror(busy(2, (480, 360)).crop((60, 45, 480, 360)))
    answer = server.search(jpeg(asked), top=3).json()
    best = answer["hits"][0]
    assert best["path"] == str(collection / "pictures" / "busy" / "2.png")
    assert (best["kind"], best["rank"], best["label"]) == ("copy", 1, "busy")
    assert "mirrored" in best["changes"]
    assert best["match"]["flipped"] is True
    assert best["bytes"] == Path(best["path"]).stat().st_size
    assert answer["query"]["in_gallery"] is False
    assert (answer["query"]["width"], answer["query"]["height"]) == asked.size
    assert (answer["total"], answer["next_offset"]) == (30, 3)


def test_its_own_file_is_exact(server: Server, collection: Path) -> None:
    answer = server.search(collection / "pictures" / "cats" / "0003.jpg", top=1).json()
    assert answer["hits"][0]["kind"] == "exact"
    assert answer["query"] == {
        "id": answer["hits"][0]["id"],
        "name": "0003.jpg",
        "width": 160,
        "height": 120,
        "in_gallery": True,
    }


def test_pages_come_from_one_result(server: Server, collection: Path) -> None:
    query = collection / "pictures" / "cats" / "0004.jpg"
    whole = server.search(query, top=30).json()
    first = server.search(query, top=10).json()
    pages, offset = ids(first), first["next_offset"]
    while offset is not None:
        body = {"query": first["query"]["id"], "top": 10, "offset": offset}
        page = server.post("/search", json={**body, "version": first["version"]}).json()
        assert [hit["rank"] for hit in page["hits"]] == [*range(offset + 1, offset + 11)]
        pages += ids(page)
        offset = page["next_offset"]
    assert pages == ids(whole)


def test_search_again_by_the_querys_id_and_by_a_region(server: Server, collection: Path) -> None:
    both = Image.new("RGB", (960, 360))
    both.paste(busy(0, (480, 360)), (0, 0))
    both.paste(busy(3, (480, 360)), (480, 0))
    first = server.search(jpeg(both), top=5).json()
    query = first["query"]["id"]
    right = server.post("/search", json={"query": query, "region": "0.5,0,0.5,1"}).json()
    best = right["hits"][0]
    assert best["path"].endswith("3.png")
    assert best["kind"] == "copy"
    # In the whole query's pixels: its right half starts at the left edge of the picture.
    assert best["match"]["transform"][0][2] == pytest.approx(-480, abs=4)
    assert best["match"]["query_overlap"] == pytest.approx(1, abs=0.02)
    assert (right["query"]["width"], right["query"]["height"]) == (960, 360)
    left = server.post("/search", json={"query": query, "region": "0,0,.5,1"}).json()
    assert left["hits"][0]["path"].endswith(("0.png", "again.jpg"))


def test_search_by_a_picture_of_the_gallery(server: Server, collection: Path) -> None:
    known = server.get("/pictures", params={"top": 500}).json()["pictures"]
    one = next(p for p in known if p["paths"][0].endswith("dogs/0015.jpg"))
    answer = server.post("/search", json={"id": one["id"], "top": 2}).json()
    assert ids(answer)[0] == one["id"]
    assert answer["hits"][0]["kind"] == "exact"
    again = server.post("/search", json={"query": one["id"], "top": 2}).json()
    assert ids(again) == ids(answer)


@pytest.mark.parametrize("way", ["form", "json"])
def test_filters(server: Server, collection: Path, way: str) -> None:
    query = collection / "pictures" / "cats" / "0004.jpg"
    asked = server.search(query).json()["query"]["id"]

    def found(**limits: object) -> set[str]:
        if way == "form":
            answer = server.search(query, filter=json.dumps(limits), top=100)
        else:
            answer = server.post("/search", json={"query": asked, "filter": limits, "top": 100})
        assert answer.status_code == 200, answer.text
        return {hit["path"].split("pictures/")[1] for hit in answer.json()["hits"]}

    assert found(label="dogs") == {f"dogs/{n:04}.jpg" for n in range(12, 24)}
    assert len(found(folder=str(collection / "pictures" / "busy"))) == 4
    assert {path.split("/")[0] for path in found(min_width=300)} == {"busy", "copies"}
    assert found(after="2999-01-01") == set()
    assert len(found(before="2999-01-01T00:00:00Z")) == 30
    assert found(label="do'gs") == set()


def test_copies_match_filters(server: Server) -> None:
    asked = jpeg(busy(0, (480, 360)))
    kinds = {h["path"].split("/")[-1]: h["kind"] for h in server.search(asked).json()["hits"]}
    assert kinds["0.png"] == kinds["again.jpg"] == "copy"
    limited = server.search(asked, filter='{"label": "copies"}').json()["hits"]
    assert [hit["path"].split("/")[-1] for hit in limited] == ["again.jpg", "mirrored.png"]
    assert limited[0]["kind"] == "copy"


def test_min_score_and_no_copies(server: Server) -> None:
    asked = jpeg(ImageOps.mirror(busy(1, (480, 360))))
    assert {h["kind"] for h in server.search(asked, min_score=1).json()["hits"]} <= {"copy"}
    plain = server.search(asked, copies="false").json()["hits"]
    assert {hit["kind"] for hit in plain} == {"similar"}


def test_compare(server: Server, collection: Path) -> None:
    pictures = server.get("/pictures", params={"top": 500}).json()["pictures"]
    by_name = {picture["paths"][0].split("/")[-1]: picture["id"] for picture in pictures}
    body = {"query": by_name["mirrored.png"], "target": by_name["1.png"]}
    found = server.post("/compare", json=body).json()
    assert found["kind"] == "copy"
    assert found["changes"][0] == "mirrored"
    assert (found["query"], found["target"]) == (
        {"width": 400, "height": 300},
        {"width": 480, "height": 360},
    )
    matrix = np.array(found["match"]["transform"])
    x, y, *there = found["points"][0]
    across = matrix @ [x, y, 1]
    assert across[:2] / across[2] == pytest.approx(there, abs=3)
    assert len(found["points"]) <= 60
    same = server.post("/compare", json={"query": body["query"], "target": body["query"]}).json()
    assert same["kind"] == "exact"


def test_a_cached_query_is_compared_in_its_own_pixels(server: Server) -> None:
    large = busy(3, (480, 360)).resize((2400, 1800))
    asked = server.search(jpeg(large)).json()
    body = {"query": asked["query"]["id"], "target": asked["hits"][0]["id"]}
    found = server.post("/compare", json=body).json()
    assert found["kind"] == "copy"
    assert found["query"] == {"width": 2400, "height": 1800}
    assert found["match"]["transform"][0][0] == pytest.approx(0.2, abs=0.01)


def test_cached_queries_have_no_exif(server: Server) -> None:
    exif = Image.Exif()
    exif[0x010F] = "SECRETCAMERA"
    exif.get_ifd(0x8825)[1] = "N"
    sent = jpeg(draw(77, (600, 400)), exif=exif.tobytes())
    assert b"SECRETCAMERA" in sent
    query = server.search(sent).json()["query"]["id"]
    for path in (f"/queries/{query}/image", f"/queries/{query}/thumbnail?size=640"):
        answer = server.get(path)
        assert answer.status_code == 200, answer.text
        assert b"SECRETCAMERA" not in answer.content
        with Image.open(io.BytesIO(answer.content)) as image:
            assert not image.getexif()
            assert max(image.size) == 600


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "argument"),
        ({"id": "0" * 32}, "no_such_picture"),
        ({"query": "0" * 32}, "query_gone"),
        ({"id": "0" * 32, "query": "0" * 32}, "argument"),
        ({"id": "../../etc/passwd"}, "argument"),
        ({"id": "0" * 32, "top": 0}, "argument"),
        ({"id": "0" * 32, "top": "5"}, "argument"),
        ({"id": "0" * 32, "region": "0,0,1"}, "argument"),
        ({"id": "0" * 32, "filter": {"colour": "red"}}, "argument"),
        ({"url": "ftp://example.org/a.jpg"}, "url"),
    ],
)
def test_invalid_requests(server: Server, body: dict, code: str) -> None:
    answer = server.post("/search", json=body)
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert (problem["code"], problem["status"]) == (code, answer.status_code)
    assert 400 <= answer.status_code < 500
    assert problem["detail"].endswith(".")


@pytest.mark.parametrize("region", ["0,0,0,1", "0.9,0,0.2,1", "1,1,1,1"])
def test_a_region_outside_the_query(server: Server, region: str) -> None:
    answer = server.search(jpeg(draw(3)), region=region)
    assert (answer.status_code, answer.json()["code"]) == (422, "argument")


@pytest.mark.parametrize(
    ("data", "status", "code"),
    [
        (b"GIF89a but no picture", 422, "picture"),
        (b"%PDF-1.4", 415, "not_a_picture"),
        (b"", 422, "argument"),
        (jpeg(draw(1))[:300], 422, "picture"),
    ],
)
def test_a_file_that_is_not_a_picture(server: Server, data: bytes, status: int, code: str) -> None:
    answer = server.search(data)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_an_empty_gallery(empty: Server) -> None:
    assert empty.search(jpeg(draw(1))).json()["code"] == "gallery_empty"
    assert empty.get("/pictures").json()["total"] == 0
    assert empty.get("/info").json()["pictures"] == 0
    assert empty.get("/map").json()["code"] == "gallery_empty"
    assert empty.get("/refused").json() == {"refused": []}
