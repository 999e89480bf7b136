from __future__ import annotations

import os
import re
from pathlib import Path

import numpy as np
import pytest

from lookalike import Gallery
from lookalike.errors import (
    GalleryBusyError,
    GalleryNotFoundError,
    LookalikeError,
    StorageError,
)
from lookalike.storage import bucket as bucket_module
from lookalike.storage.bucket import Bucket
from lookalike.storage.manifest import EncoderCard, Manifest
from lookalike.storage.place import open_place, parse_place

from ..conftest import RandomEncoder, draw, fill, run
from ..faults import Faults, none


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bucket_module, "MAX_RETRIES", 1)


@pytest.fixture
def single_attempt(monkeypatch: pytest.MonkeyPatch) -> None:
    """Search once: Lance itself retries a listing for seconds."""
    monkeypatch.setattr("lookalike.gallery.state.READ_ATTEMPTS", 1)


def test_small_objects_are_read_written_and_deleted(bucket: str, faults: Faults) -> None:
    first, other = Bucket(f"{bucket}/g"), Bucket(f"{bucket}/g")
    assert first.read("x") is None
    stamp = first.write("x", b"one", None)
    assert other.read("x") == (b"one", stamp)
    second = other.write("x", b"two", stamp)
    for after in (None, stamp):
        with pytest.raises(GalleryBusyError, match="meanwhile"):
            first.write("x", b"three", after)
    assert first.read("x") == (b"two", second)
    assert first.size() == 3
    first.write("t.lance/a", b"1", None)
    first.write("t.lance/b/c", b"2", None)
    assert first.tables() == ["t.lance"]
    first.delete("t.lance")
    assert (first.tables(), first.size()) == ([], 3)
    assert first.read("x") == first.read("x")
    assert (first / "x" / "y").address == f"{bucket}/g/x/y"


@pytest.mark.parametrize("fault", ["late 500", "late cut", "cut", 500, 503])
def test_a_write_succeeds_when_its_answer_is_lost(
    bucket: str, faults: Faults, fault: str | int
) -> None:
    first = Bucket(f"{bucket}/g")
    puts = []

    def once(method: str, path: str) -> str | int | None:
        puts.extend([path] if method == "PUT" else [])
        return fault if len(puts) == 1 and method == "PUT" else None

    faults.fault = once
    stamp = first.write("x", b"one", None)
    assert len(puts) == 2
    puts.clear()
    assert first.write("x", b"two", stamp) == (first.read("x") or (b"", {}))[1]
    assert len(puts) == 2


def test_a_manifest_does_not_overwrite_anothers(bucket: str) -> None:
    first, second = Bucket(f"{bucket}/g"), Bucket(f"{bucket}/g")
    card = EncoderCard.from_encoder(RandomEncoder())
    Manifest(card).write(first)
    mine, others = Manifest.read(first), Manifest.read(second)
    assert mine == others == Manifest(card)
    assert mine
    assert others
    others = others.write(second)  # unchanged, so still the one that the first has read
    Manifest(card, roots=("/a",), revision=others.revision).write(second)
    with pytest.raises(GalleryBusyError):
        Manifest(card, roots=("/b",), revision=mine.revision).write(first)
    with pytest.raises(GalleryBusyError):
        Manifest(card).write(first)  # it thinks there is none
    found = Manifest.read(first)
    assert found
    assert found.roots == ("/a",)


def status(code: int, where: str = "", method: str = "") -> object:
    return lambda m, path: code if where in path and method in m else None


@pytest.mark.usefixtures("single_attempt")
@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (status(403), "access is denied"),
        (status(403, ".lance"), "access is denied"),
        (status(503, "gallery.json"), "overloaded"),
        (status(500, "pictures.lance"), "overloaded"),
        (lambda _m, path: "cut" if "words" in path else None, "can't be reached"),
    ],
)
def test_a_failing_store_is_reported_and_never_taken_for_empty(
    bucket: str, faults: Faults, pictures: Path, fault: object, reason: str
) -> None:
    gallery = Gallery.open(f"{bucket}/g", encoder=RandomEncoder())
    gallery.index(pictures / "a")
    faults.fault = fault  # type: ignore[assignment]
    with pytest.raises(StorageError, match=reason):
        Gallery.open(f"{bucket}/g", encoder=RandomEncoder()).search(draw(0))
    faults.fault = none
    assert len(gallery.search(draw(0), top=9)) == 6


def test_a_store_that_cannot_be_written_is_reported(
    bucket: str, faults: Faults, pictures: Path
) -> None:
    gallery = Gallery.open(f"{bucket}/g", encoder=RandomEncoder())
    faults.fault = status(403, method="PUT")  # type: ignore[assignment]
    with pytest.raises(StorageError, match="access is denied"):
        gallery.index(pictures)
    faults.fault = none
    with pytest.raises(GalleryNotFoundError):
        gallery.info()


def test_missing_bucket_no_network_no_credentials(
    bucket: str, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for verb in (lambda g: g.info(), lambda g: g.index(pictures)):
        with pytest.raises(StorageError, match="no such bucket"):
            verb(Gallery.open("s3://nobody-made-this/g", encoder=RandomEncoder()))
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with pytest.raises(StorageError, match="can't be reached"):
        Gallery.open(f"{bucket}/g")
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.setenv("AWS_METADATA_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(StorageError):
        Gallery.open(f"{bucket}/g")


def test_every_verb(bucket: str, pictures: Path, tmp_path: Path) -> None:
    here, there = Gallery.open(tmp_path / "g"), Gallery.open(f"{bucket}/g")
    with pytest.raises(GalleryNotFoundError, match=re.escape(f"{bucket}/g")):
        there.search(draw(0))
    (pictures / "broken.jpg").write_bytes(b"no picture")
    for gallery in (here, there):
        report = gallery.index(pictures)
        assert (report.added, report.refused) == (12, 1)
        assert gallery.index(pictures).unchanged == 13
    queries = [draw(3), str(pictures / "b" / "0009.jpg"), draw(5).crop((10, 10, 120, 100))]
    for query in queries:
        ours, theirs = here.search(query, top=12), there.search(query, top=12)
        assert [h.as_json() for h in ours] == [h.as_json() for h in theirs]
    info = there.info()
    assert (info.gallery, info.pictures, info.fingerprints, info.refused) == (
        f"{bucket}/g",
        12,
        12,
        1,
    )
    assert info.bytes_on_disk > 10_000
    assert [r.path for r in there.refused()] == [str(pictures / "broken.jpg")]
    assert there.labels() == here.labels()
    assert there.browse(top=5).entries == here.browse(top=5).entries
    one = there.search(draw(3))[0].id
    assert there.get(one) == here.get(one)
    copy = pictures / "a" / "copy.jpg"
    copy.write_bytes((pictures / "a" / "0001.jpg").read_bytes())
    assert there.index(pictures).copied == 1
    assert [len(group.others) for group in there.duplicates()] == [1]
    copy.unlink()
    assert there.prune(dry_run=True).removed == (str(copy),)
    assert there.prune().removed == (str(copy),)
    assert there.remove(pictures / "b") == 6
    assert there.export(tmp_path / "out.parquet") == 6
    elsewhere = Gallery.open(f"{bucket}/imported")
    assert elsewhere.import_(tmp_path / "out.parquet") == 6
    assert len(elsewhere.search(draw(1), top=12)) == 6


def test_a_check_reads_the_rows_and_repairs_nothing(bucket: str, pictures: Path) -> None:
    gallery = Gallery.open(f"{bucket}/g", encoder=RandomEncoder())
    gallery.index(pictures)
    report = gallery.check()
    assert report.damaged == gallery.check(quick=True).damaged == ()
    assert report.files == report.unrecorded == 3  # pictures, fingerprints and their words
    dataset = gallery._open_store(gallery._manifest()).pictures.dataset()
    assert dataset is not None
    (name,) = (file.path for file in dataset.get_fragments()[0].metadata.files)
    Bucket(f"{bucket}/g").put(f"pictures.lance/data/{name}", b"cut")
    for repair in (False, True):
        (damage,) = (
            Gallery.open(f"{bucket}/g", encoder=RandomEncoder()).check(repair=repair).damaged
        )
        assert damage.path == f"{bucket}/g/pictures.lance/data/{name}"
        assert not damage.repaired


def test_a_rebuild_replaces_the_table_for_other_readers(bucket: str, pictures: Path) -> None:
    Gallery.open(f"{bucket}/g").index(pictures)
    other = Gallery.open(f"{bucket}/g")
    assert len(other.search(draw(0), top=20)) == 12
    small = RandomEncoder()
    Gallery.open(f"{bucket}/g", encoder=small, rebuild=True).index()
    assert open_place(parse_place(f"{bucket}/g")).tables().count("pictures.lance") == 0
    found = Gallery.open(f"{bucket}/g", encoder=small).search(draw(0), top=20)
    assert len(found) == 12
    with pytest.raises(LookalikeError, match="random"):
        other.search(draw(0))


def test_by_the_command_line(bucket: str, pictures: Path) -> None:
    done = run("index", pictures, gallery=f"{bucket}/g")
    assert done.returncode == 0, done.stderr
    assert f"12 pictures in {bucket}/g" in done.stdout
    done = run("search", pictures / "a" / "0003.jpg", "--paths", "--gallery", f"{bucket}/g")
    assert done.stdout.splitlines()[0] == str(pictures / "a" / "0003.jpg")
    done = run("info", gallery=f"{bucket}-not/g")
    assert done.returncode == 1
    assert "no such bucket" in done.stderr
    assert not os.path.exists("s3:")


def test_a_warm_search_sends_few_requests(bucket: str, faults: Faults, pictures: Path) -> None:
    gallery = Gallery.open(f"{bucket}/g", encoder=RandomEncoder())
    gallery.index(pictures)
    for _ in range(2):
        faults.seen.clear()
        gallery.search(draw(0))
    checks = [path for _, path in faults.seen if "list-type" in path or "gallery.json" in path]
    assert len(checks) == 4  # is there something newer: the choices, and three tables
    assert len(faults.seen) <= 27
    faults.seen.clear()
    gallery.search(np.asarray(draw(0)), copies=False)
    assert len(faults.seen) <= 8


def test_old_versions_stay_for_their_readers(bucket: str, pictures: Path) -> None:
    gallery = Gallery.open(f"{bucket}/g", encoder=RandomEncoder())
    gallery.index(pictures / "a")
    frozen = gallery._open_store(gallery._manifest()).snapshot()
    for start in range(20, 32, 3):
        fill(pictures / "more", 3, start=start)
        gallery.index(pictures)
    assert frozen.pictures.count() == 6
    rows = sum(len(batch) for batch in frozen.pictures.scan(["path", "vector"]))
    assert rows == 6
    assert len(list(frozen.fingerprints.hashes())) == 6
