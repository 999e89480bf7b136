from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest

from lookalike import Gallery
from lookalike.server import map_cache

from ..conftest import fill
from ..servers import Server


def test_the_map(server: Server) -> None:
    found = server.result("/map")
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


def test_pictures_are_placed_near_similar_ones() -> None:
    rng = np.random.default_rng(0)
    sample = np.eye(4, 16, dtype=np.float32)
    points = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], np.float32)
    nearest = rng.integers(4, size=5000)
    vectors = sample[nearest] + rng.normal(0, 0.02, (5000, 16)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    positions = map_cache.interpolate(vectors, sample, points)
    assert np.abs(positions - points[nearest]).max() < 0.05


def test_a_large_gallery_is_sampled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(map_cache, "SAMPLE", 10)
    monkeypatch.setattr(map_cache, "MAX_POINTS", 20)
    fill(tmp_path / "pictures", 25)
    gallery = Gallery.open(tmp_path / "gallery")
    gallery.index(tmp_path / "pictures")
    assert map_cache.make(gallery, on_progress=lambda *_: None)["points"] == 20
    stored = map_cache.load(gallery.folder)
    assert stored
    assert len({bytes(one) for one in stored.points["id"]}) == 20
    assert "20 of 25 pictures" in stored.note
    assert stored.points["x"].min() >= 0
    assert stored.points["x"].max() <= 1
    (tmp_path / "gallery" / map_cache.FILE).write_bytes(b"no map")
    assert map_cache.load(gallery.folder) is None
