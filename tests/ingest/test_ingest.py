from __future__ import annotations

import os
import threading
import time
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from lookalike import Gallery, Progress
from lookalike.errors import EncoderError
from lookalike.ingest import ledger

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


def test_an_error_in_a_worker_is_raised_and_what_is_through_stays(tmp_path: Path) -> None:
    fill(tmp_path / "p", 100)

    class Failing(RandomEncoder):
        calls = 0

        def encode(self, inputs: Any, *, threads: int = 0) -> Any:
            self.calls += 1
            if self.calls > 3:
                raise EncoderError("out of order")
            return super().encode(inputs, threads=threads)

    gallery = Gallery.open(tmp_path / "g", encoder=Failing())
    with pytest.raises(EncoderError, match="out of order"):
        gallery.index(tmp_path / "p")
    assert 0 < gallery.info().pictures < 100
    again = Gallery.open(tmp_path / "g", encoder=RandomEncoder()).index(tmp_path / "p")
    assert again.added + again.unchanged == 100


def test_ctrl_c_keeps_what_is_through(tmp_path: Path) -> None:
    fill(tmp_path / "p", 200)
    encoder = CountingEncoder()
    gallery = Gallery.open(tmp_path / "g", encoder=encoder)

    def interrupt(progress: Progress) -> None:
        if progress.done >= 60:
            raise KeyboardInterrupt

    before = threading.active_count()
    with pytest.raises(KeyboardInterrupt):
        gallery.index(tmp_path / "p", on_progress=interrupt)
    kept = gallery.info().pictures
    assert kept == encoder.encoded >= 60  # nothing that was encoded is lost
    assert threading.active_count() == before
    report = gallery.index(tmp_path / "p")
    assert (report.added, report.unchanged) == (200 - kept, kept)
    assert encoder.encoded == 200


def test_commits_come_every_few_seconds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger, "COMMIT_SECONDS", 0.05)
    fill(tmp_path / "p", 120)

    class Slow(RandomEncoder):
        def encode(self, inputs: Any, *, threads: int = 0) -> Any:
            time.sleep(0.1)
            return super().encode(inputs, threads=threads)

    reader = Gallery.open(tmp_path / "g")
    counts: set[int] = set()

    def look(_: Progress) -> None:
        counts.add(reader.info().pictures)

    Gallery.open(tmp_path / "g", encoder=Slow()).index(tmp_path / "p", on_progress=look)
    assert len(counts) > 3


def test_each_file_is_read_once_and_decoded_once(
    tmp_path: Path, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    decoded: list[int] = []
    real_open, real_decode = os.open, ingest.decode
    monkeypatch.setattr(os, "open", lambda p, *a: opened.append(str(p)) or real_open(p, *a))
    monkeypatch.setattr(ingest, "decode", lambda d: decoded.append(1) or real_decode(d))
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
    assert gallery.info().pictures == 100
    hits = gallery.search(tmp_path / "p" / "50.jpg", top=100)
    assert hits[0].path == str(tmp_path / "p" / "50.jpg")
    assert {hit.score for hit in hits} == {hits[0].score}
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


def test_want_of_memory_passes(
    tmp_path: Path, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the machine can't hold now is tried again; files of the same bytes do not wait for it."""
    data = (pictures / "a" / "0000.jpg").read_bytes()
    for n in range(40):
        (pictures / f"same-{n}.jpg").write_bytes(data)
    real = ingest.decode

    def decode(found: bytes) -> Any:
        if found == data:
            time.sleep(0.05)
            raise MemoryError
        return real(found)

    monkeypatch.setattr(ingest, "decode", decode)
    gallery = Gallery.open(tmp_path / "g")
    assert gallery.index(pictures).added == 11
    assert {r.reason for r in gallery.refused()} == {"not enough memory for it"}
    monkeypatch.undo()
    for _ in range(2):
        gallery.index(pictures)
    assert gallery.info().pictures == 52
    assert list(gallery.refused()) == []


def test_a_file_that_goes_away_meanwhile_is_no_matter(
    tmp_path: Path, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = ingest.read

    def read(source: Any) -> bytes:
        if source.path.endswith("0003.jpg"):
            os.unlink(source.path)
        return real(source)

    monkeypatch.setattr(ingest, "read", read)
    report = Gallery.open(tmp_path / "g").index(pictures)
    assert (report.added, report.refused, report.skipped) == (11, 0, 0)
