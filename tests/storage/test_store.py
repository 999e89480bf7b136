from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from lookalike.copies.fingerprint import stored_fingerprint
from lookalike.copies.packed import pack
from lookalike.decode import from_image
from lookalike.errors import StorageError
from lookalike.storage import PROPERTY_COLUMNS, Record, RefusalRecord, store as store_module
from lookalike.storage.store import Store
from lookalike.storage.table import MAX_UNINDEXED_SHARE
from lookalike.types import Properties, Refusal, Source

from ..conftest import draw

D = 64


def vectors(count: int, seed: int = 0, clusters: int = 200) -> NDArray[np.float32]:
    """Make vectors in clusters, like those of real pictures."""
    rng = np.random.default_rng(seed)
    centres = np.random.default_rng(99).normal(size=(clusters, D))
    found = centres[rng.integers(0, clusters, count)] + 0.6 * rng.normal(size=(count, D))
    return (found / np.linalg.norm(found, axis=1, keepdims=True)).astype(np.float32)


def records(found: NDArray[np.float32], prefix: str = "/p/") -> list[Record]:
    return [
        Record(Source(f"{prefix}{n}", n, n), n.to_bytes(16, "big"), 4, 3, v.astype(np.float16))
        for n, v in enumerate(found)
    ]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path, "pictures.lance", D)


def test_an_index_is_empty_before_the_first_write(store: Store) -> None:
    assert store.pictures.count() == 0
    assert store.nearest(vectors(1)[0], 5) == []
    assert list(store.refused()) == list(store.records_by_content([b"x" * 16])) == []
    assert store.index_state() == {"kind": "none", "indexed_rows": 0, "unindexed_rows": 0}
    store.optimize()
    store.pictures.delete(["/x"])


def test_rows_are_read_as_written(store: Store) -> None:
    rows = records(vectors(30), "/it's \udce9/")
    store.add(rows, replace=False)
    (found,) = store.records_by_content([rows[7].content_hash])
    assert found.source == rows[7].source
    assert (found.width, found.height) == (4, 3)
    assert (found.vector == rows[7].vector).all()
    assert set(store.paths(store.pictures)) == {row.source.path for row in rows}
    best = store.nearest(rows[3].vector.astype(np.float32), 5)
    assert best[0]["path"] == rows[3].source.path
    assert best[0]["score"] == pytest.approx(1, abs=1e-3)
    exact = np.sort(vectors(30) @ rows[3].vector.astype(np.float32))[::-1][:5]
    assert [row["score"] for row in best] == pytest.approx(exact, abs=2e-3)


def test_rows_of_one_content_are_always_found(store: Store) -> None:
    rows = records(vectors(20))
    store.add(rows, replace=False)
    found = store.nearest(-rows[3].vector.astype(np.float32), 2, rows[3].content_hash)
    assert len(found) == 3
    assert found[2]["path"] == "/p/3"
    assert found[2]["score"] == pytest.approx(-1, abs=1e-3)


def test_replacing_keeps_one_row_for_each_path(store: Store) -> None:
    rows = records(vectors(20))
    store.add(rows, replace=False)
    store.add(records(vectors(25, seed=1)), replace=True)
    assert store.pictures.count() == 25


def test_rows_are_found_and_deleted_by_path(store: Store) -> None:
    store.add(records(vectors(5), "/a/"), replace=False)
    store.add(records(vectors(5), "/a b/"), replace=False)
    store.add(records(vectors(5), "/ab'/\udce9"), replace=False)
    assert len(list(store.paths(store.pictures, "/a"))) == 5
    assert list(store.paths(store.pictures, "/a b/3")) == ["/a b/3"]
    assert len(list(store.paths(store.pictures, "/ab'"))) == 5
    store.pictures.delete(["/ab'/\udce91", "/a/1", "/none"])
    assert store.pictures.count() == 13


def test_refusals_have_one_reason_for_each_path(store: Store) -> None:
    store.refuse(
        [RefusalRecord(Source("/x", 1, 1), "damaged"), RefusalRecord(Source("/note.txt", 1, 1))]
    )
    store.refuse([RefusalRecord(Source("/x", 2, 2), "truncated")])
    assert list(store.refused()) == [Refusal("/x", "truncated")]
    assert store.refusals.count() == 2


def recall(store: Store, everything: NDArray[np.float32], queries: NDArray[np.float32]) -> float:
    exact = np.argpartition(-(queries @ everything.T), 10, axis=1)[:, :10]
    found = 0
    for query, best in zip(queries, exact, strict=True):
        paths = {row["path"] for row in store.nearest(query, 10)}
        found += len(paths & {f"/p/{n}" for n in best})
    return found / exact.size


def test_the_index_is_built_updated_and_finds_the_nearest(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It grows eightfold after its training, in steps, and with clusters that it never saw."""
    monkeypatch.setattr(store_module, "INDEX_FROM_ROWS", 2_500)
    monkeypatch.setattr("lookalike.storage.vectors.NPROBES", 12)  # of about as many partitions
    everything = np.concatenate([vectors(6_000), vectors(42_000, 1, clusters=400)])
    everything = everything.astype(np.float16).astype(np.float32)
    rows = records(everything)
    store.add(rows[:2_000], replace=False)
    store.optimize()
    dataset = store.pictures.dataset()
    assert dataset
    dataset.create_scalar_index("content_hash", "BTREE")  # as left by a first try that was killed
    assert store.index_state()["kind"] == "none"
    at = 2_000
    queries = vectors(100, seed=5, clusters=400)
    for until in (3_000, 12_000, 12_250, 24_000, 48_000):
        store.add(rows[at:until], replace=False)
        store.optimize()
        at = until
        state = store.index_state()
        assert state["kind"] == store_module.INDEX_KIND
        assert state["unindexed_rows"] <= MAX_UNINDEXED_SHARE * until
        assert recall(store, everything[:until], queries) >= 0.99, until
    store.pictures.delete([f"/p/{n}" for n in range(0, 48_000, 2)])
    kept = everything.copy()
    kept[::2] = 0
    assert recall(store, kept, queries) >= 0.99
    (row,) = store.records_by_content([rows[77].content_hash])
    assert row.source.path == "/p/77"


def test_old_fragments_and_versions_do_not_pile_up(store: Store, tmp_path: Path) -> None:
    for start in range(40):
        store.add(records(vectors(50, start), f"/p{start}/"), replace=False)
    store.optimize()
    files = list((tmp_path / "pictures.lance" / "data").iterdir())
    versions = list((tmp_path / "pictures.lance" / "_versions").glob("*.manifest"))
    assert len(files) == 1
    assert len(versions) == 1
    assert store.pictures.count() == 2000


def test_readers_continue_while_a_writer_works(tmp_path: Path) -> None:
    everything = vectors(3000)
    writer = Store(tmp_path, "pictures.lance", D)
    writer.add(records(everything[:100]), replace=False)
    reader = Store(tmp_path, "pictures.lance", D)
    seen: list[int] = []
    failures: list[Exception] = []
    done = threading.Event()

    def read() -> None:
        try:
            while not done.is_set():
                assert reader.nearest(everything[5], 3)[0]["path"] == "/p/5"
                seen.append(reader.pictures.count())
        except Exception as error:  # noqa: BLE001
            failures.append(error)

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for start in range(100, 3000, 100):
        rows = records(everything[: start + 100])[start:]
        writer.add(rows, replace=start % 200 == 0)
        if start % 500 == 0:
            writer.optimize()
    done.set()
    for thread in threads:
        thread.join()
    assert failures == []
    assert max(seen) > 100
    assert reader.pictures.count() == 3000


def test_a_table_that_cannot_be_written_is_a_storage_error(store: Store, tmp_path: Path) -> None:
    (tmp_path / "pictures.lance").write_text("a file where the table should be")
    with pytest.raises(StorageError, match="run the command again"):
        store.add(records(vectors(3)), replace=False)


def test_rows_by_content_equal_those_of_nearest(store: Store) -> None:
    rows = records(vectors(20))
    store.add([*rows, *records(vectors(20)[:1], "/twin/")], replace=False)
    asked = rows[3].vector.astype(np.float32)
    found = store.rows_by_content([rows[0].content_hash, rows[3].content_hash, b"x" * 16], asked)
    assert {row["path"] for row in found} == {"/p/0", "/p/3"}  # a row of each content
    by_find = {row["path"]: row for row in store.nearest(asked, 21)}
    for row in found:
        score = by_find[row["path"]].pop("score")
        assert row.pop("score") == pytest.approx(score, abs=1e-3)
        assert row == by_find[row["path"]]


@pytest.mark.parametrize("rows", [60, 600])
def test_many_files_of_a_content_leave_room_for_others(
    store: Store, monkeypatch: pytest.MonkeyPatch, rows: int
) -> None:
    """With and without an index; a content with many files, and another, are the nearest."""
    monkeypatch.setattr("lookalike.storage.store.INDEX_FROM_ROWS", 300)
    found = vectors(rows)
    order = np.argsort(-(found @ found[0]))
    twins = [
        replace(record, source=Source(f"/{n}{record.source.path}", 1, 1))
        for record in (records(found)[n] for n in order[:2])
        for n in range(rows // 2)
    ]
    store.add([*records(found), *twins], replace=False)
    store.optimize()
    assert store.index_state()["kind"] == ("IVF_RQ" if rows == 600 else "none")
    for where in (None, "path NOT LIKE '%/p/7'"):
        nearest = store.nearest(found[0], 5, None, where)
        assert {row["path"].rpartition("/")[2] for row in nearest} == {
            str(n) for n in [n for n in order if where is None or n != 7][:5]
        }
        assert len(store.nearest(found[0], 2 * rows, None, where)) == rows - (where is not None)


def test_fingerprints_are_deleted_when_orphans_are_many(store: Store) -> None:
    rows = [replace(row, fingerprint=pack_of(n)) for n, row in enumerate(records(vectors(10)))]
    store.add(
        [*rows, replace(rows[0], source=Source("/twin", 1, 1), fingerprint=None)], replace=False
    )
    store.optimize()
    contents = [row.content_hash for row in rows]
    assert {c: p for row in rows for c, p in [(row.content_hash, row.fingerprint)]} == (
        store.fingerprints.get(contents)
    )
    store.pictures.delete(["/p/0", "/p/1", "/p/2"])  # the first has a twin
    store.optimize()
    assert {*store.fingerprints.get(contents)} == {*contents}
    store.pictures.delete(["/p/3"])
    store.optimize()
    assert {*store.fingerprints.get(contents)} == {contents[0], *contents[4:]}


def test_fingerprints_are_deleted_when_many_are_replaced(store: Store) -> None:
    rows = [replace(row, fingerprint=pack_of(n)) for n, row in enumerate(records(vectors(8)))]
    newest = {row.content_hash: row.fingerprint for row in rows if row.fingerprint}
    store.add(rows, replace=False)
    earlier = {content: bytes([data[0] - 1]) + data[1:] for content, data in newest.items()}
    store.fingerprints.table.overwrite([])
    store.fingerprints.add(earlier)
    contents = [*newest]
    for count, left in ((2, 10), (3, 8)):
        store.fingerprints.add({content: newest[content] for content in contents[:count]})
        store.optimize(unused=False)
        store.optimize()
        assert store.fingerprints.table.count() == left
        expected = {**earlier, **{content: newest[content] for content in contents[:count]}}
        assert store.fingerprints.get(contents) == expected
        assert store.fingerprints.visual_words.picture_count() == left


def pack_of(seed: int) -> bytes:
    return pack(stored_fingerprint(from_image(draw(seed))))


def test_many_vectors_find_the_same_as_each_alone(store: Store) -> None:
    rows = records(vectors(300))
    contents = [row.content_hash for row in rows]
    store.add(rows, replace=False)
    queries = vectors(7, seed=1)
    asked = [contents[40], None, b"?" * 16, *contents[3:7]]
    for where in (None, "path != '/p/40' AND path != '/p/5'"):
        many = store.nearest_many(queries, 3, asked, where)
        alone = [store.nearest(q, 3, c, where) for q, c in zip(queries, asked, strict=True)]
        for one, other in zip(many, alone, strict=True):
            assert {row["path"] for row in one} == {row["path"] for row in other}
            assert all(row.keys() == other[0].keys() for row in one)
        assert any(row["path"] == "/p/40" for row in many[0]) == (where is None)
    assert store.nearest_many(queries[:0], 3, []) == []
    # Of a thousand hits all are told, though fewer candidates are looked at for each.
    assert len({row["path"] for row in store.nearest(queries[0], 1_000)}) == 300


def test_a_record_tells_what_its_file_holds(store: Store) -> None:
    held = Properties(2, 3, True, 16, True, "2019-07-06T14:03:00", "Canon EOS R6", 48.5, -2.25)
    first, second, third = records(vectors(3))
    twin = replace(second, content_hash=first.content_hash)
    store.add([replace(first, properties=held), twin, third], replace=False)
    found = store.records_by_content([first.content_hash, third.content_hash])
    assert [record.properties for record in found] == [held, None, None]
    ids = [first.content_hash.hex(), third.content_hash.hex()]
    assert [entry.properties for entry in store.entries(ids)] == [held, Properties()]
    dataset = store.pictures.dataset()
    assert dataset
    dataset.drop_columns([*PROPERTY_COLUMNS])  # as an earlier version left it
    (record, _) = store.records_by_content([first.content_hash])
    assert record.properties is None
    assert store.entries(ids)[0].properties == Properties()
    store.add_missing_columns()
    assert store.pictures.schema == store.pictures.dataset().schema  # type: ignore[union-attr]
    store.add([replace(first, properties=held)], replace=True)
    assert store.entries(ids)[0].properties == held
