from __future__ import annotations

import os
import struct
import sys
from pathlib import Path

import numpy as np
import pytest

from lookalike import Client, Gallery
from lookalike.server import map_cache

from ..conftest import busy, fill
from .conftest import Server, serving


def done(server: Server, path: str) -> dict:
    """Ask for what a job makes, and wait for it."""
    answer = server.get(path)
    if answer.status_code == 202:
        assert answer.json()["status"] == "running"
        job = server.job(answer.json()["job"])
        assert job["state"] == "done", job
        answer = server.get(path.replace("refresh=true", ""))
    assert answer.status_code == 200
    return answer.json()


@pytest.fixture
def copies(tmp_path: Path) -> Path:
    """A gallery of three files of one picture, and two others."""
    folder = tmp_path / "pictures"
    fill(folder, 2)
    busy(1, (480, 360)).save(folder / "best.png")
    (folder / "twin.png").write_bytes((folder / "best.png").read_bytes())
    busy(1, (480, 360)).save(folder / "worse.jpg", quality=90)
    Gallery.open(tmp_path / "gallery").index(folder)
    return tmp_path


def test_duplicates_and_the_trash(copies: Path) -> None:
    environment = {"XDG_DATA_HOME": str(copies / "data"), "HOME": str(copies)}
    with serving(copies / "gallery", "--workers", "1", **environment) as running:
        found = done(running, "/duplicates")
        (group,) = found["groups"]
        assert (found["stale"], found["version"]) == (False, running.get("/info").json()["version"])
        names = {os.path.basename(one["path"]): one["kind"] for one in group["members"]}
        assert names.pop("worse.jpg") == "copy"
        assert list(names.values()) == ["exact"]
        assert group["best"]["why"]
        assert group["frees"] == found["frees"] == sum(one["frees"] for one in group["members"])
        assert found["left_out"] == []
        near = done(running, "/duplicates?kind=near")
        assert len(near["groups"]) == 1
        assert running.get("/duplicates?kind=odd").json()["code"] == "argument"
        kept = group["best"]["path"]
        answer = running.post("/duplicates/trash", json={"paths": [kept]})
        assert answer.json()["code"] == "argument"
        worse = str(copies / "pictures" / "worse.jpg")
        answer = running.post("/duplicates/trash", json={"paths": [worse]})
        assert answer.status_code == 200, answer.text
        if sys.platform.startswith("linux"):
            assert answer.json()["moved"] == [worse]
            assert not Path(worse).exists()
            assert Path(kept).exists()
            after = running.get("/duplicates").json()
            assert after["stale"] is True
            assert len(after["groups"][0]["members"]) == 1
            assert running.get("/info").json()["pictures"] == 4
            assert done(running, "/duplicates?refresh=true")["stale"] is False


def test_duplicates_tell_what_was_left_out_and_look_at_it_again(copies: Path) -> None:
    twin = copies / "pictures" / "twin.png"
    away = twin.rename(copies / "away.png")
    with serving(copies / "gallery", "--workers", "1") as running:
        assert done(running, "/duplicates?kind=exact")["left_out"] == [str(twin)]
        told = list[str]()
        with Client(running.url) as client:
            groups = client.duplicates(kind="exact", on_left_out=told.append)
        assert (groups, told) == ([], [str(twin)])
        away.rename(twin)
        found = done(running, "/duplicates?kind=exact&refresh=true")
        assert (len(found["groups"]), found["left_out"]) == (1, [])


def test_the_map(server: Server) -> None:
    found = done(server, "/map")
    assert found["count"] == 30
    data = server.get("/map/points").content
    assert len(data) == 28 * 30
    labels = server.get("/map/labels").json()
    assert set(labels) == {"cats", "dogs", "busy", "copies"}
    known = {p["id"]: p["label"] for p in server.get("/pictures?top=500").json()["pictures"]}
    for one, x, y, label in struct.iter_unpack("<16sffI", data):
        assert known.pop(one.hex()) == labels[label]
        assert 0 <= x <= 1
        assert 0 <= y <= 1
    assert not known


def test_most_are_put_beside_what_they_look_like() -> None:
    rng = np.random.default_rng(0)
    sample = np.eye(4, 16, dtype=np.float32)
    points = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], np.float32)
    which = rng.integers(4, size=5000)
    vectors = sample[which] + rng.normal(0, 0.02, (5000, 16)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    places = map_cache.placed(vectors, sample, points)
    assert np.abs(places - points[which]).max() < 0.05


def test_a_large_gallery_is_sampled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(map_cache, "SAMPLE", 10)
    monkeypatch.setattr(map_cache, "MAX_POINTS", 20)
    fill(tmp_path / "pictures", 25)
    gallery = Gallery.open(tmp_path / "gallery")
    gallery.index(tmp_path / "pictures")
    assert map_cache.make(gallery, on_progress=lambda *_: None)["points"] == 20
    made = map_cache.load(gallery.folder)
    assert made
    assert len({bytes(one) for one in made.points["id"]}) == 20
    assert "20 of 25 pictures" in made.note
    assert made.points["x"].min() >= 0
    assert made.points["x"].max() <= 1
    (tmp_path / "gallery" / map_cache.FILE).write_bytes(b"no map")
    assert map_cache.load(gallery.folder) is None
