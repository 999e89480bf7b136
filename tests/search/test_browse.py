from __future__ import annotations

import os
from pathlib import Path

import pytest

from lookalike import Filter, Gallery
from lookalike.errors import ArgumentError
from lookalike.search import browse
from lookalike.search.browse import BrowseCache

from ..conftest import RandomEncoder, fill


def test_pages_and_labels(tmp_path: Path) -> None:
    fill(tmp_path / "p" / "a", 3)
    fill(tmp_path / "p" / "b", 2, start=2)  # one is in both
    for number, path in enumerate(sorted((tmp_path / "p").rglob("*.jpg"))):
        os.utime(path, (1_700_000_000 + number,) * 2)
    gallery = Gallery.open(tmp_path / "g")
    gallery.index(tmp_path / "p")
    page = gallery.browse(top=3)
    assert (page.total, page.version) == (4, gallery.version())
    names = [[os.path.relpath(p, tmp_path / "p") for p in entry.paths] for entry in page.entries]
    assert names == [["b/0003.jpg"], ["a/0002.jpg", "b/0002.jpg"], ["a/0001.jpg"]]
    assert [len(gallery.browse(offset=k, top=2).entries) for k in (2, 3, 4)] == [2, 1, 0]
    assert gallery.browse(where=Filter(label="a")).total == 3
    assert gallery.labels() == [("a", 3), ("b", 2)]
    assert gallery.get(page.entries[0].id) == page.entries[0]
    assert gallery.get("0" * 32) is None
    with pytest.raises(ArgumentError, match="id"):
        gallery.get("../x")


def test_an_order_is_computed_once_for_each_version_and_filter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(tmp_path / "p", 3)
    gallery = Gallery.open(tmp_path / "g", encoder=RandomEncoder())
    gallery.index(tmp_path / "p")
    store = gallery._open_store(gallery._manifest()).snapshot()
    computed = list[str | None]()
    newest_first = browse._newest_first
    monkeypatch.setattr(
        browse, "_newest_first", lambda s, sql: computed.append(sql) or newest_first(s, sql)
    )
    monkeypatch.setattr(browse, "MAX_CACHED", 2)
    cache = BrowseCache()
    small, large = Filter(max_bytes=1), Filter(min_bytes=1)
    assert [cache.page(store, 0, 9, where).total for where in (None, small, None)] == [3, 0, 3]
    assert computed == [None, small.sql()]
    cache.page(store, 0, 9, large)  # the least recently used order is dropped
    cache.page(store, 0, 9, None)
    assert computed == [None, small.sql(), large.sql()]
    cache.page(store, 0, 9, small)
    assert len(computed) == 4
