from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from lookalike.copies.fingerprint import stored_fingerprint
from lookalike.copies.packed import pack
from lookalike.decode import from_image
from lookalike.ingest import seen
from lookalike.ingest.seen import (
    KeySet,
    SeenFiles,
    complete_archives,
    forget_complete_archives,
    remember_complete_archives,
)
from lookalike.storage import Record, RefusalRecord
from lookalike.storage.store import Store
from lookalike.types import Properties, Source

from ..conftest import draw

VECTOR = np.array([1, 0, 0, 0], np.float16)


def row(source: Source, content: bytes, fingerprint: bytes | None = None) -> Record:
    return Record(source, content, 4, 3, VECTOR, fingerprint, Properties())


def test_a_key_set_has_what_it_started_with_and_what_was_added(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    values = np.random.default_rng(0).integers(-(2**63), 2**63 - 1, 1000)
    keys = KeySet([values[:300], values[300:600]])
    monkeypatch.setattr(seen, "MERGE_KEYS", 50)
    for value in values[600:]:
        keys.add(int(value))
    assert all(int(value) in keys for value in values)
    assert not any(int(value) + 1 in keys for value in values)
    assert 5 not in KeySet([])


def test_only_new_and_changed_files_are_unseen(tmp_path: Path) -> None:
    store = Store(tmp_path, "pictures.lance", 4, copies=False)
    sources = [Source(f"/p/\udce9{n}.jpg", n, n * 10**18) for n in range(5)]
    record = row(sources[0], b"c" * 16)
    store.add([record], replace=False)
    store.refuse([RefusalRecord(sources[1], "damaged"), RefusalRecord(sources[2])])
    kept = SeenFiles(store)
    changed = Source(sources[0].path, 99, 0)
    assert kept.unseen([*sources, changed]) == [*sources[3:], changed]
    assert kept.unseen([*sources, changed]) == []  # each is returned once
    assert seen.path_key(sources[0].path) in kept.paths
    assert seen.path_key(sources[1].path) in kept.refused
    assert seen.path_key(sources[1].path) not in kept.paths
    assert seen.content_key(b"c" * 16) in kept.contents
    assert seen.content_key(b"d" * 16) not in kept.contents


def test_a_row_without_fingerprint_is_unseen_where_they_are_kept(tmp_path: Path) -> None:
    store = Store(tmp_path, "pictures.lance", 4)
    print_ = pack(stored_fingerprint(from_image(draw(1))))
    sources = [Source(f"/p/{n}.jpg", n, n) for n in range(3)]
    contents = [b"a" * 16, b"b" * 16, b"b" * 16]
    prints = [print_, None, None]
    rows = zip(sources, contents, prints, strict=True)
    store.add([row(s, c, p) for s, c, p in rows], replace=False)
    kept = SeenFiles(store)
    assert kept.unseen(sources) == sources[1:]
    assert seen.content_key(b"a" * 16) in kept.contents
    assert seen.content_key(b"a" * 16) in kept.fingerprinted
    assert seen.content_key(b"b" * 16) not in kept.contents
    assert all(seen.path_key(source.path) in kept.paths for source in sources)
    without = Store(tmp_path, "pictures.lance", 4, copies=False)
    assert SeenFiles(without).unseen(sources) == []


def test_many_paths_have_the_keys_that_each_has(tmp_path: Path) -> None:
    odd = ["/", "a" * 40_000, "/\udce9", "/é", "/\udce9\udce9", "/p/1", "/p/10", "/p/01", "/p/1/"]
    paths = [*odd, *(f"/photos/{n // 100}/{n:07}.jpg" for n in range(20_000))]
    keys = seen.path_keys(paths)
    assert len(set(keys.tolist())) == len(paths)
    assert keys[: len(odd)].tolist() == list(map(seen.path_key, odd))
    assert seen.path_keys([]).tolist() == []
    # A slice of Arrow's has its values further on in its buffers.
    column = pa.array(paths[9:], pa.string())
    assert seen._text_keys(column.slice(500, 70)).tolist() == keys[509:579].tolist()


def test_a_file_changed_in_one_thing_is_unseen(tmp_path: Path) -> None:
    store = Store(tmp_path, "pictures.lance", 4, copies=False)
    store.add([row(Source("/p", 7, 9), b"c" * 16)], replace=False)
    others = [Source("/p", 9, 7), Source("/p", 7, 10), Source("/p", 8, 9), Source("/q", 7, 9)]
    assert SeenFiles(store).unseen([Source("/p", 7, 9), *others]) == others


def test_a_row_that_does_not_tell_what_its_file_holds_is_unseen(tmp_path: Path) -> None:
    store = Store(tmp_path, "pictures.lance", 4, copies=False)
    sources = [Source(f"/p/{n}.jpg", n, n) for n in range(3)]
    contents = [b"a" * 16, b"b" * 16, b"b" * 16]
    told = [row(source, content) for source, content in zip(sources, contents, strict=True)]
    store.add([told[0], told[1], replace(told[2], properties=None)], replace=False)
    kept = SeenFiles(store)
    assert kept.unseen(sources) == sources[2:]
    assert all(seen.path_key(source.path) in kept.paths for source in sources)
    assert all(seen.content_key(content) in kept.contents for content in contents)
    store.add([replace(told[0], properties=None)], replace=True)
    kept = SeenFiles(store)
    assert kept.unseen(sources) == [sources[0], sources[2]]
    assert seen.content_key(contents[0]) not in kept.contents
    for keys in (kept.incomplete, kept.undescribed):
        assert [seen.content_key(content) in keys for content in contents] == [True, False, False]


def test_a_fingerprint_of_an_earlier_format_is_made_again(tmp_path: Path) -> None:
    store = Store(tmp_path, "pictures.lance", 4)
    print_ = pack(stored_fingerprint(from_image(draw(1))))
    sources = [Source(f"/p/{n}.jpg", n, n) for n in range(2)]
    old = bytes([print_[0] - 1]) + print_[1:]
    store.add([row(sources[0], b"a" * 16, old), row(sources[1], b"b" * 16, print_)], replace=False)
    kept = SeenFiles(store)
    assert kept.unseen(sources) == sources[:1]
    assert seen.content_key(b"a" * 16) in kept.incomplete
    assert seen.content_key(b"a" * 16) not in kept.undescribed
    store.fingerprints.add({b"a" * 16: print_})
    assert SeenFiles(store).unseen(sources) == []


def test_what_was_refused_is_unseen_once_it_may_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Refusals of an earlier version, and of formats that can be read by now."""
    store = Store(tmp_path, "pictures.lance", 4)
    sources = [Source(f"/p/{n}", n, n) for n in range(3)]
    raw = RefusalRecord(sources[0], "a camera's raw file", "NEF")
    store.refuse([raw, RefusalRecord(sources[1], "damaged"), RefusalRecord(sources[2])])
    assert SeenFiles(store).unseen(sources) == []
    monkeypatch.setattr(seen, "SUPPORTED_FORMATS", seen.SUPPORTED_FORMATS | {"NEF"})
    assert SeenFiles(store).unseen(sources) == sources[:1]
    assert seen.path_key(sources[0].path) in SeenFiles(store).refused
    monkeypatch.undo()
    dataset = store.refusals.dataset()
    assert dataset
    dataset.drop_columns(["format"])
    store.add_missing_columns()
    assert SeenFiles(store).unseen(sources) == sources


def test_an_archive_is_opened_again_if_a_member_may_be_read_by_now(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(tmp_path, "pictures.lance", 4)
    archives = [Source(f"/{name}.zip!/", 1, 1) for name in "abc"]
    remember_complete_archives(store, archives)
    store.refuse(
        [
            RefusalRecord(Source("/a.zip!/1.nef", 1, 1), "a camera's raw file", "NEF"),
            RefusalRecord(Source("/b.zip!/1.jpg", 1, 1), "damaged"),
        ]
    )
    assert complete_archives(store) == {*archives}
    monkeypatch.setattr(seen, "SUPPORTED_FORMATS", seen.SUPPORTED_FORMATS | {"NEF"})
    assert complete_archives(store) == {*archives[1:]}
    monkeypatch.undo()
    dataset = store.refusals.dataset()
    assert dataset
    dataset.drop_columns(["format"])  # as an earlier version left it
    store.add_missing_columns()
    assert complete_archives(store) == set()
    remember_complete_archives(store, archives[:2])
    assert complete_archives(store) == {*archives[:2]}
    forget_complete_archives(store)
    assert complete_archives(store) == set()
    assert store.refusals.count() == 2
