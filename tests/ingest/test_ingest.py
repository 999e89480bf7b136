from __future__ import annotations

import _thread
import itertools
import os
import threading
import time
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from lookalike import Gallery, Progress
from lookalike.errors import EncoderError
from lookalike.ingest import chunk, ledger, pool, threads

from ..conftest import CountingEncoder, RandomEncoder, fill, save

ingest = import_module("lookalike.ingest.ingest")  # the package has a function of this name


def test_progress_counts_up_to_the_end(tmp_path: Path, pictures: Path) -> None:
    (pictures / "bad.jpg").write_text("no picture")
    seen: list[Progress] = []
    gallery = Gallery.open(tmp_path / "g")
    gallery.index(pictures, on_progress=seen.append)
    assert [p.done for p in seen] == sorted(p.done for p in seen)
    assert seen[-1].optimizing
    for last in seen[-2:]:
        assert (last.listed, last.todo, last.done, last.refused) == (13, 13, 13, 1)
        assert not last.listing


def test_an_error_in_a_worker_is_raised_and_what_is_done_stays(tmp_path: Path) -> None:
    fill(tmp_path / "p", 100)

    class Failing(RandomEncoder):
        calls = itertools.count(1)

        def encode(self, inputs: Any, *, threads: int = 0) -> Any:
            if next(self.calls) > 3:
                raise EncoderError("out of order")
            return super().encode(inputs, threads=threads)

    gallery = Gallery.open(tmp_path / "g", encoder=Failing())
    with pytest.raises(EncoderError, match="out of order"):
        gallery.index(tmp_path / "p")
    assert 0 < gallery.info().files < 100
    again = Gallery.open(tmp_path / "g", encoder=RandomEncoder()).index(tmp_path / "p")
    assert again.added + again.unchanged == 100


def test_ctrl_c_keeps_what_is_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ingest, "PROGRESS_SECONDS", -1)  # progress at every step
    monkeypatch.setattr(pool, "HALT_SECONDS", 300.0)  # as long as a busy machine needs
    fill(tmp_path / "p", 160)
    encoder = CountingEncoder()
    gallery = Gallery.open(tmp_path / "g", encoder=encoder)

    def interrupt(progress: Progress) -> None:
        if progress.done >= 40:
            raise KeyboardInterrupt

    before = set(threading.enumerate())
    with pytest.raises(KeyboardInterrupt):
        gallery.index(tmp_path / "p", on_progress=interrupt)
    kept = gallery.info().files
    assert kept == encoder.encoded >= 40  # nothing that was encoded is lost
    assert set(threading.enumerate()) <= before
    report = gallery.index(tmp_path / "p")
    assert (report.added, report.unchanged) == (160 - kept, kept)
    assert encoder.encoded == 160


def test_ctrl_c_waits_for_a_picture_not_for_a_chunk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingest, "PROGRESS_SECONDS", -1)
    monkeypatch.setattr(chunk, "CHUNK_PICTURES", 1000)
    prepared = threading.Event()
    may_go_on = threading.Event()

    class Waiting(RandomEncoder):
        def prepare(self, picture: Any) -> Any:
            prepared.set()
            may_go_on.wait()
            return super().prepare(picture)

    def interrupt(_: Progress) -> None:
        if prepared.is_set():
            raise KeyboardInterrupt

    def wait_for(*arguments: Any) -> None:  # the workers have been told to stop
        may_go_on.set()
        wait(*arguments)

    wait = pool.wait_for
    monkeypatch.setattr(pool, "wait_for", wait_for)
    fill(tmp_path / "p", 20)
    gallery = Gallery.open(tmp_path / "g", encoder=Waiting())
    with pytest.raises(KeyboardInterrupt):
        gallery.index(tmp_path / "p", on_progress=interrupt)
    assert gallery.info().files == 1  # the others were not begun
    assert gallery.index(tmp_path / "p").added == 19


def test_a_second_ctrl_c_does_not_wait(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ingest, "PROGRESS_SECONDS", -1)
    monkeypatch.setattr(chunk, "CHUNK_PICTURES", 4)
    waits, may_end = threading.Event(), threading.Event()
    calls = itertools.count()

    class Hanging(RandomEncoder):
        def encode(self, inputs: Any, *, threads: int = 0) -> Any:
            if next(calls):
                waits.set()
                may_end.wait()
            return super().encode(inputs, threads=threads)

    def interrupt(progress: Progress) -> None:
        if waits.is_set() and progress.done:
            raise KeyboardInterrupt

    def wait_for(*arguments: Any) -> None:
        if arguments[0]:
            _thread.interrupt_main()
        wait(*arguments)

    wait = pool.wait_for
    monkeypatch.setattr(pool, "wait_for", wait_for)
    fill(tmp_path / "p", 20)
    gallery = Gallery.open(tmp_path / "g", encoder=Hanging())
    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        gallery.index(tmp_path / "p", on_progress=interrupt)
    assert time.monotonic() - started < pool.HALT_SECONDS
    assert gallery.info().files == 4  # what was done is committed all the same
    may_end.set()


def test_readers_see_each_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger, "COMMIT_SECONDS", 0)
    monkeypatch.setattr(ingest, "PROGRESS_SECONDS", -1)
    fill(tmp_path / "p", 120)
    reader = Gallery.open(tmp_path / "g")
    counts: set[int] = set()

    def look(_: Progress) -> None:
        counts.add(reader.info().files)

    Gallery.open(tmp_path / "g", encoder=RandomEncoder()).index(tmp_path / "p", on_progress=look)
    assert len(counts - {0}) == 8  # chunks of 16


def test_each_file_is_read_once_and_decoded_once(
    tmp_path: Path, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    decoded: list[int] = []
    real_open, real_decode = os.open, chunk.decode
    monkeypatch.setattr(os, "open", lambda p, *a: opened.append(str(p)) or real_open(p, *a))
    monkeypatch.setattr(chunk, "decode", lambda d: decoded.append(1) or real_decode(d))
    gallery = Gallery.open(tmp_path / "g")
    gallery.index(pictures)
    assert sorted(p for p in opened if p.endswith(".jpg")) == sorted(
        map(str, pictures.rglob("*.jpg"))
    )
    assert len(decoded) == 12
    opened.clear()
    gallery.index(pictures)  # an unchanged file costs a stat: none is opened
    assert [p for p in opened if p.endswith(".jpg")] == []


def test_many_files_of_the_same_bytes_are_encoded_once(tmp_path: Path) -> None:
    data = save(tmp_path / "p" / "0.jpg", 1).read_bytes()
    for n in range(1, 100):
        (tmp_path / "p" / f"{n}.jpg").write_bytes(data)
    encoder = CountingEncoder()
    gallery = Gallery.open(tmp_path / "g", encoder=encoder)
    report = gallery.index(tmp_path / "p")
    assert (report.added, report.copied, encoder.encoded) == (100, 99, 1)
    assert gallery.info().files == 100
    hits = gallery.search(tmp_path / "p" / "50.jpg", top=100)
    assert hits[0].path == str(tmp_path / "p" / "50.jpg")
    scores = [hit.score for hit in hits]  # of one vector, but not always of the same bits
    assert max(scores) - min(scores) < 1e-5
    encoder.encoded = 0
    (tmp_path / "p" / "new.jpg").write_bytes(data)  # its content is known from an earlier run
    assert gallery.index(tmp_path / "p").copied == 1
    assert encoder.encoded == 0


def test_many_bad_files_of_the_same_bytes_are_all_refused(tmp_path: Path) -> None:
    data = save(tmp_path / "x.jpg", 1).read_bytes()
    (tmp_path / "p").mkdir()
    for n in range(60):
        (tmp_path / "p" / f"{n}.jpg").write_bytes(data[:-200])
    gallery = Gallery.open(tmp_path / "g")
    assert gallery.index(tmp_path / "p").refused == 60
    assert gallery.info().refused == 60
    assert {r.reason for r in gallery.refused()} == {
        "truncated: the JPEG ends before the picture does"
    }


def test_the_index_is_updated_in_the_middle_of_a_long_ingest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lookalike.storage.store import Store

    monkeypatch.setattr(ledger, "OPTIMIZE_ROWS", 50)
    monkeypatch.setattr(ledger, "COMMIT_ROWS", 20)
    calls: list[int] = []
    real = Store.optimize
    monkeypatch.setattr(Store, "optimize", lambda *a, **o: calls.append(1) or real(*a, **o))
    fill(tmp_path / "p", 130)
    Gallery.open(tmp_path / "g", encoder=RandomEncoder()).index(tmp_path / "p")
    assert len(calls) >= 3


def test_files_are_retried_that_were_too_large_for_memory(
    tmp_path: Path, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also files of the same bytes."""
    data = (pictures / "a" / "0000.jpg").read_bytes()
    for n in range(40):
        (pictures / f"same-{n}.jpg").write_bytes(data)
    real = chunk.decode

    def decode(found: bytes) -> Any:
        if found == data:
            time.sleep(0.05)
            raise MemoryError
        return real(found)

    monkeypatch.setattr(chunk, "decode", decode)
    gallery = Gallery.open(tmp_path / "g")
    assert gallery.index(pictures).added == 11
    assert {r.reason for r in gallery.refused()} == {"not enough memory to decode it"}
    monkeypatch.undo()
    for _ in range(2):
        gallery.index(pictures)
    assert gallery.info().files == 52
    assert list(gallery.refused()) == []


def test_a_file_that_is_deleted_meanwhile_is_ignored(
    tmp_path: Path, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = threads.read

    def read(source: Any) -> bytes:
        if source.path.endswith("0003.jpg"):
            os.unlink(source.path)
        return real(source)

    monkeypatch.setattr(threads, "read", read)
    report = Gallery.open(tmp_path / "g").index(pictures)
    assert (report.added, report.refused, report.skipped) == (11, 0, 0)
