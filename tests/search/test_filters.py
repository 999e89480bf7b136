from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from lookalike import Filter, Gallery
from lookalike.errors import ArgumentError
from lookalike.storage import Record
from lookalike.storage.store import Store
from lookalike.types import Source

from ..conftest import RandomEncoder, busy, fill, run, save

NAMES = [
    "cats/1.jpg", "dogs/2.jpg", "it's/3.jpg", 'a "b"/4.jpg', "100%/5.jpg", "a_b/6.jpg", "axb/7.jpg",
    "x.y/8.jpg", "cats/deep/9.jpg", "(ca[t]s)+/10.jpg", "\\d/11.jpg", "K\u00e4tzchen/12.jpg",
    "\udce9/13.jpg", "new\nline/14.jpg", "cats2/15.jpg", "deep/cats/16.jpg",
]  # fmt: skip


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A table of odd paths; the n-th is n wide, of n bytes, of the n-th day of 2024."""
    found = Store(tmp_path, "pictures.lance", 16)
    rows = np.eye(16, dtype=np.float16)
    day = 86_400 * 10**9
    found.add(
        [
            Record(
                Source(f"/photos/{name}", n, 1_704_067_200 * 10**9 + n * day),
                bytes([n] * 16),
                n + 1,
                2 * n + 2,
                rows[n],
            )
            for n, name in enumerate(NAMES)
        ],
        replace=False,
    )
    return found


def numbers(store: Store, where: Filter) -> list[int]:
    found = store.nearest(np.full(16, 0.25, np.float32), 100, None, where.sql())
    return sorted(NAMES.index(row["path"].removeprefix("/photos/")) for row in found)


@pytest.mark.skipif(os.sep != "/", reason="paths of POSIX")
@pytest.mark.parametrize("name", NAMES)
def test_labels_and_folders_of_any_name(store: Store, name: str) -> None:
    folder, label = os.path.dirname(f"/photos/{name}"), os.path.basename(os.path.dirname(name))
    same = [n for n, other in enumerate(NAMES) if os.path.basename(os.path.dirname(other)) == label]
    assert numbers(store, Filter(label=label)) == same
    below = [n for n, other in enumerate(NAMES) if f"/photos/{other}".startswith(f"{folder}/")]
    assert numbers(store, Filter(folder=folder)) == below
    assert numbers(store, Filter(folder=f"{folder}/")) == below


def test_sizes_and_times(store: Store) -> None:
    assert numbers(store, Filter(min_width=15)) == [14, 15]
    assert numbers(store, Filter(min_height=32)) == [15]
    assert numbers(store, Filter(min_bytes=14)) == [14, 15]
    assert numbers(store, Filter(max_bytes=1)) == [0, 1]
    assert numbers(store, Filter(after="2024-01-15T00:00:00Z")) == [14, 15]
    assert numbers(store, Filter(before="2024-01-03T00:00:00+00:00")) == [0, 1]
    assert numbers(store, Filter(after="1900-01-01", before="9999-01-01")) == [*range(16)]
    assert numbers(store, Filter(label="cats", min_width=5)) == [15]
    assert numbers(store, Filter()) == [*range(16)]
    assert numbers(store, Filter(min_width=2**62)) == []
    assert Filter().sql() is None


@pytest.mark.parametrize("name", ["' OR 1=1 --", "x') OR ('a'='a", "\\", "'; DROP TABLE x"])
def test_names_can_not_inject_sql(store: Store, name: str) -> None:
    assert numbers(store, Filter(label=name)) == []
    assert numbers(store, Filter(folder=f"/{name}")) == []


@pytest.mark.parametrize(
    "values",
    [
        {"folder": "relative"}, {"min_width": -1}, {"max_bytes": 2**70}, {"after": "soon"},
        {"before": ""}, {"colour": "red"}, {"min_width": "3"}, {"min_width": True}, {"label": 3},
        [], None,
    ],
)  # fmt: skip
def test_invalid_filters_are_refused(values: object) -> None:
    with pytest.raises(ArgumentError):
        Filter.from_json(values)


def test_a_filter_survives_json() -> None:
    where = Filter(label="cats", min_width=3, after="2024-01-01")
    assert Filter.from_json(where.as_json()) == where
    assert where.as_json() == {"label": "cats", "min_width": 3, "after": "2024-01-01"}


def test_the_best_allowed_pictures_with_an_index(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lookalike.storage.store.INDEX_FROM_ROWS", 300)
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(2000, 64))
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float16)
    store = Store(tmp_path, "pictures.lance", 64)
    store.add(
        [
            Record(
                Source(f"/{'few' if n % 100 == 0 else 'many'}/{n}", 1, 1),
                n.to_bytes(16, "big"),
                1,
                1,
                v,
            )
            for n, v in enumerate(vectors)
        ],
        replace=False,
    )
    store.optimize()
    assert store.index_state()["kind"] == "IVF_RQ"
    query = vectors[7].astype(np.float32)
    found = store.nearest(query, 20, None, Filter(label="few").sql())
    assert {row["path"] for row in found} == {f"/few/{n}" for n in range(0, 2000, 100)}


def test_a_search_with_a_filter_and_a_region(tmp_path: Path) -> None:
    (tmp_path / "p" / "a").mkdir(parents=True)
    (tmp_path / "p" / "b").mkdir()
    for seed in range(4):
        busy(seed, (320, 240)).save(tmp_path / "p" / "a" / f"{seed}.png")
    busy(0, (320, 240)).save(tmp_path / "p" / "b" / "copy.jpg", quality=85)
    gallery = Gallery.open(tmp_path / "g")
    gallery.index(tmp_path / "p")
    query = tmp_path / "p" / "a" / "0.png"
    (only,) = gallery.search(query, top=10, where=Filter(label="b"))
    assert (Path(only.path).name, only.kind) == ("copy.jpg", "copy")
    part = gallery.search(query, region=(0.25, 0.25, 0.5, 0.5), top=1)[0]
    assert part.kind == "copy"
    assert part.match
    # The same transform as of the whole: of a copy of itself, nothing moves.
    assert np.array(part.match.transform) == pytest.approx(np.eye(3), abs=0.02 * 320)
    x, y, there_x, there_y = part.match.points.T
    assert np.abs(x - there_x).max() < 4
    assert np.abs(y - there_y).max() < 4
    assert 75 < x.min() < x.max() < 245
    for region in ((0, 0, 1.1, 1), (-0.1, 0, 1, 1), (0, 0, 0, 1), (1, 0, 1, 1)):
        with pytest.raises(ArgumentError, match="region"):
            gallery.search(query, region=region)
    assert gallery.search(query, region=(0.999, 0.999, 0.001, 0.001), top=1)
    assert gallery.search(query, region=(0, 0.5, 1, 0.001), top=1)


def test_a_search_keeps_to_one_version(tmp_path: Path) -> None:
    gallery = Gallery.open(tmp_path / "g", encoder=RandomEncoder())
    paths = fill(tmp_path / "p", 4)
    gallery.index(tmp_path / "p")
    version = gallery.version()
    snapshot = gallery._open_store(gallery._manifest()).snapshot()
    assert gallery.search(paths[0]).version == version
    save(tmp_path / "p" / "more.jpg", 50)
    gallery.index(tmp_path / "p")
    assert gallery.version() > version
    assert (snapshot.pictures.count(), snapshot.pictures.version()) == (4, version)
    assert gallery.search(paths[0], top=9).version == gallery.version()


def test_the_command_refuses_a_region_of_a_text(tmp_path: Path) -> None:
    done = run("search", "--text", "red", "--region", "0,0,1,1", gallery=tmp_path)
    assert done.returncode == 2
    assert "--region" in done.stderr
