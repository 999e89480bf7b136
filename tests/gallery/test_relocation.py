"""Pictures that have moved: their paths are rewritten, and nothing is read."""

from __future__ import annotations

import os
import shutil
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lookalike import Gallery, KeepRules, RelocateReport
from lookalike.errors import ArgumentError
from lookalike.storage import Manifest, Record
from lookalike.types import Source

from ..conftest import CountingEncoder, RandomEncoder, draw, fill, save

posix = pytest.mark.skipif(os.name == "nt", reason="paths of POSIX")


def paths(gallery: Gallery) -> set[str]:
    page = gallery.browse(top=1_000)
    return {path for entry in page.entries for path in entry.paths}


def test_a_disk_that_moved_is_found_where_it_is_now(tmp_path: Path) -> None:
    old, new = tmp_path / "it's \u00e9 100%_", tmp_path / "disks" / "new 'one'"
    fill(old / "a", 4)
    save(old / "b" / "twin.jpg", 0)
    fill(tmp_path / "it's \u00e9 100%_ other", 2, start=50)
    (old / "bad.jpg").write_text("x")
    with zipfile.ZipFile(old / "more.zip", "w") as archive:
        archive.write(save(tmp_path / "in.jpg", 20), "in/x.jpg")
    (old / "list.csv").write_text(f"path\n{old / 'a' / '0001.jpg'}\n")
    encoder = CountingEncoder()
    gallery = Gallery.open(tmp_path / "g", encoder=encoder)
    gallery.index(old, old / "more.zip", old / "list.csv", tmp_path / "it's \u00e9 100%_ other")
    gallery.set_keep_rules(KeepRules(prefer=(str(old / "b"),)))
    before, encoded, refused = paths(gallery), encoder.encoded, [*gallery.refused()]
    hit = gallery.search(draw(2), top=1)[0]

    new.parent.mkdir()
    shutil.move(old, new)
    expected = {path.replace(f"{old}{os.sep}", f"{new}{os.sep}") for path in before}
    report = gallery.relocate(old, new, dry_run=True)
    assert report == RelocateReport(
        6, 1, tuple(map(str, [new, new / "more.zip", new / "list.csv"]))
    )
    assert paths(gallery) == before
    assert gallery.relocate(str(old) + os.sep, new) == report
    assert paths(gallery) == expected != before
    roots = {root.path: root.online for root in gallery.info().roots}
    assert roots == {
        str(place): True
        for place in (new, new / "more.zip", new / "list.csv", tmp_path / "it's \u00e9 100%_ other")
    }
    assert [r.path for r in gallery.refused()] == [
        r.path.replace(str(old), str(new)) for r in refused
    ]
    assert gallery.keep_rules().prefer == (str(new / "b"),)
    found = gallery.search(draw(2), top=1)[0]
    assert (found.id, found.score, found.kind) == (hit.id, hit.score, hit.kind)
    assert found.path == str(new / "a" / "0002.jpg")
    (new / "list.csv").write_text(f"path\n{new / 'a' / '0001.jpg'}\n")
    again = gallery.index(new, new / "more.zip", new / "list.csv")
    assert (again.added, again.updated, again.moved, again.refused) == (0, 0, 0, 0)
    assert encoder.encoded == encoded + 2  # the searches
    assert gallery.prune().removed == ()


def test_an_offline_place_is_rewritten_without_reading_it(tmp_path: Path) -> None:
    fill(tmp_path / "usb" / "p", 3)
    gallery = Gallery.open(tmp_path / "g", encoder=RandomEncoder())
    gallery.index(tmp_path / "usb" / "p")
    (tmp_path / "usb").rename(tmp_path / "away")
    assert gallery.relocate(tmp_path / "usb", tmp_path / "other").files == 3
    (root,) = gallery.info().roots
    assert (root.path, root.online) == (str(tmp_path / "other" / "p"), False)
    assert gallery.prune().removed == ()
    (tmp_path / "away").rename(tmp_path / "other")
    assert gallery.index(tmp_path / "other" / "p").unchanged == 3


def test_nothing_changes_where_paths_would_collide(tmp_path: Path) -> None:
    fill(tmp_path / "old", 3)
    shutil.copytree(tmp_path / "old", tmp_path / "new")
    (tmp_path / "new" / "0002.jpg").unlink()
    gallery = Gallery.open(tmp_path / "g", encoder=RandomEncoder())
    gallery.index(tmp_path / "old", tmp_path / "new")
    before, manifest = paths(gallery), Manifest.read(tmp_path / "g")
    for dry_run in (True, False):
        with pytest.raises(ArgumentError, match="2 of the new paths are in the gallery already"):
            gallery.relocate(tmp_path / "old", tmp_path / "new", dry_run=dry_run)
    assert (paths(gallery), Manifest.read(tmp_path / "g")) == (before, manifest)
    with pytest.raises(ArgumentError, match="nothing at or under"):
        gallery.relocate(tmp_path / "ol", tmp_path / "new")
    gallery.remove(tmp_path / "new")
    assert gallery.relocate(tmp_path / "old", tmp_path / "new").files == 3
    # A folder into itself, and out again, collides with nothing.
    deeper = tmp_path / "new" / "deeper"
    assert gallery.relocate(tmp_path / "new", deeper).files == 3
    assert paths(gallery) == {str(deeper / f"{n:04}.jpg") for n in range(3)}
    assert gallery.relocate(deeper, tmp_path / "new").files == 3
    assert paths(gallery) == {str(tmp_path / "new" / f"{n:04}.jpg") for n in range(3)}


@posix
def test_paths_of_another_system(tmp_path: Path) -> None:
    """Rows that were imported from a list of a Windows computer, and back."""
    files = fill(tmp_path / "photos" / "2024", 3)
    gallery = Gallery.open(tmp_path / "g", encoder=RandomEncoder())
    gallery.index(tmp_path / "photos")
    windows = "C:\\Users\\me\\Photos"
    assert gallery.relocate(tmp_path / "photos", windows).files == 3
    assert paths(gallery) == {f"{windows}\\2024\\{file.name}" for file in files}
    gallery.export(tmp_path / "list.parquet")
    other = Gallery.open(tmp_path / "other", encoder=RandomEncoder())
    other.import_(tmp_path / "list.parquet")
    for one in (other, gallery):
        assert one.relocate(windows + "\\", tmp_path / "photos").files == 3
        assert paths(one) == set(map(str, files))
    assert gallery.index(tmp_path / "photos").unchanged == 3


@posix
def test_members_of_archives_keep_their_names(tmp_path: Path) -> None:
    gallery = Gallery.open(tmp_path / "g", encoder=RandomEncoder())
    gallery.index(fill(tmp_path / "p", 1)[0])
    store = gallery._open_store(gallery._manifest())
    vector = np.eye(16, dtype=np.float16)[0]
    names = [
        "C:\\p\\a\\x.zip!/in\\side/y.jpg",
        "C:\\p\\a\\b.jpg",
        "C:\\p2\\c.jpg",
        "C:\\p\\\udce9.jpg",
    ]
    store.add(
        [Record(Source(name, 1, 1), bytes([n] * 16), 1, 1, vector) for n, name in enumerate(names)],
        replace=False,
    )
    assert gallery.relocate("C:\\p", "/m").files == 3
    assert paths(gallery) - {str(tmp_path / "p" / "0000.jpg")} == {
        "/m/a/x.zip!/in\\side/y.jpg", "/m/a/b.jpg", "C:\\p2\\c.jpg", "/m/\udce9.jpg"
    }  # fmt: skip
    assert gallery.relocate("/", "s3://bucket/all").files == 4
    assert "s3://bucket/all/m/a/b.jpg" in paths(gallery)


def test_the_index_and_an_unfinished_rebuild_follow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lookalike.storage.store.INDEX_FROM_ROWS", 300)
    gallery = Gallery.open(tmp_path / "g", encoder=RandomEncoder())
    for number in range(400):
        (tmp_path / "p").mkdir(exist_ok=True)
        Image.fromarray(np.random.default_rng(number).integers(0, 255, (9, 9, 3), np.uint8)).save(
            tmp_path / "p" / f"{number:03}.png"
        )
    gallery.index(tmp_path / "p", copies=False)
    (tmp_path / "p").rename(tmp_path / "q")
    assert gallery.relocate(tmp_path / "p", tmp_path / "q").files == 400
    state = gallery.info().index
    assert (state["kind"], state["unindexed_rows"]) == ("IVF_RQ", 0)
    for number in (3, 77, 399):
        query = tmp_path / "q" / f"{number:03}.png"
        assert gallery.search(query, top=1)[0].path == str(query)
    again = Gallery.open(tmp_path / "g", encoder=RandomEncoder(8), rebuild=True)
    monkeypatch.setattr("lookalike.gallery.gallery.finish_rebuild", lambda *_: None)
    again.index()
    assert (tmp_path / "q").rename(tmp_path / "r").is_dir()
    assert gallery.relocate(tmp_path / "q", tmp_path / "r").files == 400
    monkeypatch.undo()
    encoder = RandomEncoder(8)
    finished = Gallery.open(tmp_path / "g", encoder=encoder, rebuild=True)
    report = finished.index()
    assert (report.added, report.unchanged) == (0, 400)
    assert finished.info().encoder["dimensions"] == 8


def test_a_picked_encoder_file_moves_along(tmp_path: Path) -> None:
    gallery = Gallery.open(tmp_path / "g", encoder=RandomEncoder())
    gallery.index(fill(tmp_path / "home" / "p", 1)[0])
    manifest = Manifest.read(tmp_path / "g")
    assert manifest
    card = replace(manifest.encoder, source=str(tmp_path / "home" / "mine.onnx"))
    replace(manifest, encoder=card).write(tmp_path / "g")
    gallery.relocate(tmp_path / "home", tmp_path / "new home")
    assert gallery.info().encoder["source"] == str(tmp_path / "new home" / "mine.onnx")
