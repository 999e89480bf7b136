"""Galleries of earlier versions, committed as these made them: they open, search and are updated.

`format_1.tar.xz` has `make.py`, the pictures that it draws, and two galleries of them: `gallery`,
of format 1 as it was last, and `gallery-without-metadata`, from before lists had metadata. Both
were made in `/tmp/lookalike-format-1`.
"""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
import tarfile
import threading
import zipfile
from importlib import import_module
from pathlib import Path
from typing import Any

import lance
import pytest

from lookalike import Gallery
from lookalike.ingest import chunk, ledger, seen
from lookalike.types import Properties

from ..conftest import CountingEncoder

ingest = import_module("lookalike.ingest.ingest")  # the package has a function of this name
ARCHIVE = Path(__file__).with_name("format_1.tar.xz")
MADE_IN = "/tmp/lookalike-format-1"  # nothing is there now
TIME = 1_700_000_000  # seconds; of every file
KINDS = ["gallery", "gallery-without-metadata"]
STILLS = ["photo.jpg", "again/same.jpg", "plain.jpg", "plain.png", "pack.zip!/member.jpg"]
OTHERS = ["art.png", "animation.gif", "pages.tif"]  # which earlier versions decoded differently
# Updates a gallery in small steps, until one of them kills the process.
CODE = """
import os, signal, sys
from lookalike import Gallery
from lookalike.ingest import chunk, ledger
from lookalike.storage.fingerprint_index import FingerprintIndex
from lookalike.storage.table import Table
from tests.conftest import CountingEncoder
chunk.CHUNK_PICTURES, ledger.COMMIT_SECONDS = 1, 0
name, times = sys.argv[3].split(":")
kind = {"add": FingerprintIndex, "write": Table, "overwrite": Table}[name]
step, left = getattr(kind, name), [int(times)]
def killed(self, *arguments, **options):
    result = step(self, *arguments, **options)
    left[0] -= 1
    if not left[0]:
        os.kill(os.getpid(), signal.SIGKILL)
    return result
setattr(kind, name, killed)
Gallery.open(sys.argv[1]).index(sys.argv[2], sys.argv[2] + "/pack.zip")
"""


def old_gallery(place: Path, kind: str = "gallery") -> Path:
    """Unpack the pictures and a gallery; of its rows, only the folder that they name changes."""
    with tarfile.open(ARCHIVE) as archive:
        archive.extractall(place, filter="data")
    for path in (place / "pictures").rglob("*"):
        os.utime(path, (TIME, TIME))
    folder = place / kind
    manifest = folder / "gallery.json"
    manifest.write_text(manifest.read_text("utf-8").replace(MADE_IN, str(place)), "utf-8")
    for table in ("pictures.lance", "refusals.lance"):
        expression = f"replace(path, '{MADE_IN}', '{place}')"
        lance.dataset(str(folder / table)).update({"path": expression})
    return folder


def index(gallery: Gallery, **options: Any) -> Any:
    pictures = gallery.folder.parent / "pictures"  # type: ignore[union-attr]
    return gallery.index(pictures, pictures / "pack.zip", **options)


def rows_of(gallery: Gallery) -> dict[str, tuple[bytes, list[float]]]:
    """Return content and vector of each row, by its path below the pictures."""
    root = f"{gallery.folder.parent / 'pictures'}/"  # type: ignore[union-attr]
    return {
        row["path"].removeprefix(root): (row["content_hash"], row["vector"])
        for batch in gallery.rows(["path", "content_hash", "vector"])
        for row in batch.to_pylist()
    }


def check_search(gallery: Gallery) -> None:
    """Check that each still picture finds itself, and nothing fails."""
    pictures = gallery.folder.parent / "pictures"  # type: ignore[union-attr]
    for name in ("photo.jpg", "plain.jpg", "plain.png"):
        hit = Gallery.open(gallery.folder).search(pictures / name)[0]  # not with its encoder
        assert (hit.path, hit.kind) == (str(pictures / name), "exact")


def check_updated(gallery: Gallery) -> None:
    """Check that nothing is left to do, and that each content has one fingerprint."""
    report = index(gallery)
    assert (report.updated, report.added, report.unchanged) == (0, 0, 12)
    check_search(gallery)
    assert all(entry.properties.pages for entry in gallery.browse().entries)
    info = gallery.info()
    assert (info.files, info.fingerprints) == (8, 7)
    assert lance.dataset(str(gallery.folder / "fingerprints.lance")).count_rows() == 7


@pytest.mark.parametrize("kind", KINDS)
def test_an_old_gallery_opens_and_searches(tmp_path: Path, kind: str) -> None:
    gallery = Gallery.open(old_gallery(tmp_path, kind))
    assert gallery.info().files == 9
    assert gallery.info().fingerprints == 8
    check_search(gallery)
    assert {entry.properties for entry in gallery.browse().entries} == {Properties()}
    (group,) = gallery.duplicates(kind="exact")
    assert group.kept.properties == Properties()
    assert gallery.export(tmp_path / "out.parquet") == 9
    manifest = json.loads((tmp_path / kind / "gallery.json").read_text("utf-8"))
    assert manifest["format_version"] == 1  # reading changes nothing


@pytest.mark.parametrize("kind", KINDS)
def test_the_next_index_tells_what_files_hold_without_encoding_again(
    tmp_path: Path, kind: str
) -> None:
    encoder = CountingEncoder("lookalike-2")
    gallery = Gallery.open(old_gallery(tmp_path, kind), encoder=encoder)
    before = rows_of(gallery)
    report = index(gallery)
    assert (report.added, report.updated, report.moved) == (0, 8, 0)
    assert encoder.encoded == len(OTHERS)
    after = rows_of(gallery)
    assert {*after} == {*STILLS, *OTHERS} == {*before} - {"sensor.nef"}
    assert all(after[name] == before[name] for name in STILLS)  # bit by bit
    assert all(after[name][0] == before[name][0] for name in OTHERS)
    assert after["art.png"][1] != before["art.png"][1]  # white art over white showed nothing
    refused = {Path(refusal.path).name: refusal.reason for refusal in gallery.refused()}
    assert {*refused} == {"broken.jpg", "sensor.nef"}
    assert "NEF" in refused["sensor.nef"]
    held = {Path(p).name: e.properties for e in gallery.browse().entries for p in e.paths}
    photo = held["photo.jpg"]
    assert (photo.taken, photo.camera) == ("2019-07-06T14:03:00", "Canon EOS R6")
    assert (photo.latitude, photo.longitude) == (48.5, -2.25)
    assert held["same.jpg"] == photo
    assert held["animation.gif"].frames == 3
    assert held["pages.tif"].pages == 2
    assert [name for name in held if held[name].has_alpha] == ["art.png"]
    manifest = json.loads((tmp_path / kind / "gallery.json").read_text("utf-8"))
    assert manifest["format_version"] == 2
    check_updated(gallery)


def test_a_file_that_moved_meanwhile_keeps_its_vector(tmp_path: Path) -> None:
    encoder = CountingEncoder("lookalike-2")
    gallery = Gallery.open(old_gallery(tmp_path), encoder=encoder)
    before = rows_of(gallery)
    pictures = tmp_path / "pictures"
    (pictures / "plain.jpg").rename(pictures / "again" / "moved.jpg")
    report = index(gallery)
    assert (report.added, report.updated, report.moved) == (0, 7, 1)
    assert encoder.encoded == len(OTHERS)
    after = rows_of(gallery)
    assert "plain.jpg" not in after
    assert after["again/moved.jpg"] == before["plain.jpg"]


def test_what_a_list_said_of_a_picture_stays(tmp_path: Path) -> None:
    folder = old_gallery(tmp_path)
    stated = {"metadata": """'{"who": "Ada"}'"""}
    where = f"path = '{tmp_path / 'pictures' / 'plain.jpg'}'"
    lance.dataset(str(folder / "pictures.lance")).update(stated, where=where)
    gallery = Gallery.open(folder)
    index(gallery)
    (hit, *_) = gallery.search(tmp_path / "pictures" / "plain.jpg")
    assert hit.metadata == {"who": "Ada"}


def test_an_update_goes_on_after_ctrl_c(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunk, "CHUNK_PICTURES", 1)
    monkeypatch.setattr(ledger, "COMMIT_SECONDS", 0)
    encoder = CountingEncoder("lookalike-2")
    gallery = Gallery.open(old_gallery(tmp_path), encoder=encoder)
    before = rows_of(gallery)
    decode, calls, interrupted = chunk.decode, itertools.count(1), threading.Event()

    def decode_three(data: bytes) -> Any:
        if next(calls) > 3:
            interrupted.wait()
            raise FileNotFoundError
        return decode(data)

    def interrupt(progress: Any) -> None:
        if progress.done >= 3:
            interrupted.set()
            raise KeyboardInterrupt

    monkeypatch.setattr(chunk, "decode", decode_three)
    monkeypatch.setattr(ingest, "PROGRESS_SECONDS", -1)
    with pytest.raises(KeyboardInterrupt):
        index(gallery, on_progress=interrupt)
    table = lance.dataset(str(gallery.folder / "pictures.lance"))
    assert 0 < table.count_rows("pages IS NULL") < 9
    check_search(gallery)
    monkeypatch.undo()
    index(gallery)
    assert all(rows_of(gallery)[name] == before[name] for name in STILLS)
    assert encoder.encoded == len(OTHERS)
    check_updated(gallery)


@pytest.mark.skipif(os.name == "nt", reason="kill -9 is POSIX's")
def test_an_update_goes_on_after_kills(tmp_path: Path) -> None:
    """With a fingerprint but not its row, a part of the rows, and with all but the clean-up."""
    gallery = Gallery.open(old_gallery(tmp_path))
    before = rows_of(gallery)
    for step in ("add:2", "write:5", "overwrite:1"):
        done = subprocess.run(
            [sys.executable, "-c", CODE, str(gallery.folder), str(tmp_path / "pictures"), step],
            cwd=Path(__file__).parents[2],
            check=False,
            timeout=300,
        )
        assert done.returncode == -signal.SIGKILL
        check_search(gallery)
    index(gallery)
    assert all(rows_of(gallery)[name] == before[name] for name in STILLS)
    check_updated(gallery)


def test_a_raw_file_is_tried_again_once_its_format_can_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And not before; also in an archive, which is not opened otherwise."""
    gallery = Gallery.open(old_gallery(tmp_path))
    pictures = tmp_path / "pictures"
    with zipfile.ZipFile(pictures / "raws.zip", "w") as archive:
        archive.write(pictures / "sensor.nef", "inner.tif")
    gallery.index(pictures, pictures / "raws.zip")
    report = gallery.index(pictures, pictures / "raws.zip")
    assert report.refused == report.skipped == 0
    assert sum("NEF" in refusal.reason for refusal in gallery.refused()) == 2
    monkeypatch.setattr(seen, "SUPPORTED_FORMATS", seen.SUPPORTED_FORMATS | {"NEF"})
    assert gallery.index(pictures, pictures / "raws.zip").refused == 2  # only the set has changed
    raw, png = ((pictures / name).read_bytes() for name in ("sensor.nef", "plain.png"))
    decode = chunk.decode
    monkeypatch.setattr(chunk, "decode", lambda data: decode(png if data == raw else data))
    report = gallery.index(pictures, pictures / "raws.zip")
    assert (report.added, report.copied, report.refused) == (2, 1, 0)
    assert not any("NEF" in refusal.reason for refusal in gallery.refused())
    report = gallery.index(pictures, pictures / "raws.zip")
    assert report.added == report.updated == report.refused == 0


def test_rows_that_cannot_be_read_now_stay(tmp_path: Path) -> None:
    gallery = Gallery.open(old_gallery(tmp_path))
    pictures = tmp_path / "pictures"
    pictures.rename(tmp_path / "unplugged")
    assert gallery.index(tmp_path / "unplugged" / "plain.png").added == 1
    gallery.search(tmp_path / "unplugged" / "plain.jpg")
    assert gallery.info().files == 10
    (tmp_path / "unplugged").rename(pictures)
    assert index(gallery).updated == 8
