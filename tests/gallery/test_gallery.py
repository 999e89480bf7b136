from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from lookalike import Gallery, Hit, Place, Refusal
from lookalike.errors import (
    ArgumentError,
    EncoderError,
    EncoderMismatchError,
    GalleryBusyError,
    GalleryFormatError,
    GalleryNotFoundError,
    OfflineError,
    PictureError,
    StorageError,
)
from lookalike.ingest import chunk, ledger, pool
from lookalike.sources.content import content_hash
from lookalike.storage import removal
from lookalike.storage.fingerprint_index import FingerprintIndex

from ..conftest import CountingEncoder, RandomEncoder, busy, draw, fill, save, soak


def test_index_then_search(tmp_path: Path, gallery: Gallery) -> None:
    query = tmp_path / "pictures" / "a" / "0002.jpg"
    result = gallery.search(query, top=5)
    assert [hit.rank for hit in result] == [1, 2, 3, 4, 5]
    assert [hit.score for hit in result] == sorted((h.score for h in result), reverse=True)
    best = result[0]
    assert best == Hit(
        1, str(query), best.score, 160, 120, "exact", best.match, best.id, best.size, best.mtime_ns,
        places=(Place(str(query), query.stat().st_size, query.stat().st_mtime_ns),),
    )  # fmt: skip
    assert best.match
    assert best.match.query_overlap > 0.98
    assert all(hit.kind == "similar" for hit in result[1:])
    assert best.score > 0.999
    assert len(result) == 5
    assert result[1:3] == tuple(result)[1:3]
    assert result.query == str(query)
    assert result.took_ms > 0


def test_edited_copies_are_found_first(gallery: Gallery, tmp_path: Path) -> None:
    for seed in range(12):
        data = io.BytesIO()
        draw(seed).resize((100, 75)).save(data, "JPEG", quality=40)
        folder = "a" if seed < 6 else "b"
        expected = str(tmp_path / "pictures" / folder / f"{seed:04}.jpg")
        assert gallery.search(data.getvalue(), top=1)[0].path == expected
        cropped = ImageOps.crop(draw(seed), 6)
        assert gallery.search(cropped, top=1)[0].path == expected


@pytest.mark.skipif(os.name == "nt", reason="POSIX modes")
def test_every_file_of_a_gallery_can_be_read_by_those_whom_the_umask_lets(tmp_path: Path) -> None:
    fill(tmp_path / "p", 2)
    before = os.umask(0o022)
    try:
        for _ in range(2):  # the owner's next run keeps it so
            Gallery.open(tmp_path / "g").index(tmp_path / "p")
            files = [path for path in (tmp_path / "g").rglob("*") if path.is_file()]
            assert tmp_path / "g" / "gallery.json" in files
            assert {path.stat().st_mode & 0o777 for path in files} == {0o644}
    finally:
        os.umask(before)


def test_every_picture_of_a_gallery_finds_itself(tmp_path: Path) -> None:
    """Also near twins, plain colours, and files of the same bytes."""
    folder = tmp_path / "p"
    count = soak(8, 20)
    fill(folder, 3 * count)
    for seed in range(count):
        save(folder / f"twin-{seed}.jpg", seed, quality=91)
        save(folder / f"same-{seed}.jpg", seed)
        Image.new("RGB", (80, 60), (seed, seed, seed)).save(folder / f"flat-{seed}.png")
    gallery = Gallery.open(tmp_path / "g")
    gallery.index(folder)
    paths = sorted(folder.iterdir())
    assert (gallery.info().pictures, gallery.info().files) == (5 * count, len(paths))
    for path, result in zip(paths, gallery.search_many(paths, top=3), strict=True):
        assert not isinstance(result, Refusal)
        assert result[0].path == str(path)
        assert result[0].score > 0.999


def test_a_rerun_takes_only_what_is_new_or_changed(tmp_path: Path, pictures: Path) -> None:
    encoder = CountingEncoder()
    gallery = Gallery.open(tmp_path / "g", encoder=encoder)
    assert gallery.index(pictures).added == 12
    report = gallery.index(pictures)
    assert (report.added, report.unchanged, encoder.encoded) == (0, 12, 12)
    save(pictures / "a" / "0000.jpg", 99)
    save(pictures / "new.jpg", 100)
    report = gallery.index(pictures)
    assert (report.added, report.updated, report.unchanged) == (1, 1, 11)
    assert encoder.encoded == 14
    assert gallery.search(draw(99), top=1)[0].path == str(pictures / "a" / "0000.jpg")
    os.utime(pictures / "new.jpg")  # touched, not changed
    report = gallery.index(pictures)
    assert (report.updated, encoder.encoded) == (1, 15)  # the search encoded one
    assert gallery.info().pictures == 13


def test_moved_files_keep_their_vector(tmp_path: Path, pictures: Path) -> None:
    encoder = CountingEncoder()
    gallery = Gallery.open(tmp_path / "g", encoder=encoder)
    gallery.index(pictures)
    (pictures / "a").rename(pictures / "renamed folder")
    (pictures / "b" / "0006.jpg").rename(pictures / "0006 moved.jpg")
    report = gallery.index(pictures)
    assert (report.moved, report.added, encoder.encoded) == (7, 0, 12)
    assert gallery.info().pictures == 12
    found = {hit.path for hit in gallery.search(draw(0), top=100)}
    assert found == set(map(str, pictures.rglob("*.jpg")))


def test_a_copy_is_a_row_of_its_own_until_one_of_them_moves(tmp_path: Path, pictures: Path) -> None:
    gallery = Gallery.open(tmp_path / "g")
    gallery.index(pictures)
    original = pictures / "a" / "0000.jpg"
    shutil.copy(original, pictures / "copy 1.jpg")
    shutil.copy(original, pictures / "copy 2.jpg")
    report = gallery.index(pictures)
    assert (report.added, report.copied, report.moved) == (2, 2, 0)
    original.unlink()
    (pictures / "copy 1.jpg").rename(pictures / "copy 3.jpg")
    shutil.copy(pictures / "copy 2.jpg", pictures / "copy 4.jpg")
    shutil.copy(pictures / "copy 2.jpg", pictures / "copy 5.jpg")
    report = gallery.index(pictures)  # two rows lost their file, three files are new
    assert (report.moved, report.added) == (2, 1)
    assert (gallery.info().pictures, gallery.info().files) == (12, 15)
    assert gallery.prune(dry_run=True).removed == ()


def test_a_file_moved_over_another_updates_that_one(tmp_path: Path, gallery: Gallery) -> None:
    a = tmp_path / "pictures" / "a"
    (a / "0000.jpg").replace(a / "0001.jpg")
    report = gallery.index(tmp_path / "pictures")
    assert (report.added, report.updated, report.moved) == (0, 1, 0)
    assert gallery.info().pictures == 11
    assert gallery.search(draw(0), top=1)[0].path == str(a / "0001.jpg")


def test_a_root_that_is_not_there_is_offline_and_its_rows_stay(
    tmp_path: Path, pictures: Path
) -> None:
    gallery = Gallery.open(tmp_path / "g")
    gallery.index(pictures)
    pictures.rename(tmp_path / "unplugged")
    fill(tmp_path / "other", 2, start=50)
    report = gallery.index(pictures, tmp_path / "other")
    assert report.offline == (str(pictures),)
    assert report.added == 2
    roots = {root.path: root.online for root in gallery.info().roots}
    assert roots == {str(pictures): False, str(tmp_path / "other"): True}
    pruned = gallery.prune()
    assert pruned.removed == ()
    assert [root.path for root in pruned.offline] == [str(pictures)]
    pictures.mkdir()  # as the folder that a disk is mounted at
    assert gallery.index(pictures).offline == (str(pictures),)
    assert gallery.prune().removed == ()
    assert gallery.info().pictures == 14
    pictures.rmdir()
    # Files of the same bytes elsewhere are copies: these rows' files may come back.
    report = gallery.index(tmp_path / "unplugged")
    assert (report.moved, report.added, report.copied) == (0, 12, 12)


def test_prune_removes_what_is_gone(
    tmp_path: Path, gallery: Gallery, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pictures" / "bad.jpg").write_text("x")
    gallery.index(tmp_path / "pictures")
    gone = [tmp_path / "pictures" / "a" / "0001.jpg", tmp_path / "pictures" / "b" / "0007.jpg"]
    for path in [*gone, tmp_path / "pictures" / "bad.jpg"]:
        path.unlink()
    assert set(gallery.prune(dry_run=True).removed) == set(map(str, gone))
    assert gallery.info().pictures == 12
    seen: list[tuple[int, int]] = []
    monkeypatch.setattr(removal, "FILES_PER_THREAD", 5)
    pruned = gallery.prune(on_rows=lambda *rows: seen.append(rows))
    assert set(pruned.removed) == set(map(str, gone))
    assert seen == [(5, 12), (10, 12), (12, 12)]
    assert gallery.info().pictures == 10
    assert gallery.info().refused == 0
    assert gallery.prune().removed == ()


def test_remove_takes_rows_and_roots_never_files(tmp_path: Path, gallery: Gallery) -> None:
    folder = tmp_path / "pictures"
    assert gallery.remove(folder / "a") == 6
    assert gallery.remove(folder / "b" / "0006.jpg", folder / "none") == 1
    assert gallery.info().pictures == 5
    assert [root.path for root in gallery.info().roots] == [str(folder)]
    assert gallery.remove(folder) == 5
    assert gallery.info().roots == ()
    assert len(list(folder.rglob("*.jpg"))) == 12
    assert gallery.index(folder).added == 12


def test_a_file_that_goes_bad_loses_its_row_and_gets_it_back(
    tmp_path: Path, gallery: Gallery
) -> None:
    path = tmp_path / "pictures" / "a" / "0000.jpg"
    good = path.read_bytes()
    path.write_bytes(good[:500])
    report = gallery.index(tmp_path / "pictures")
    assert (report.refused, report.unchanged) == (1, 11)
    assert [r.path for r in gallery.refused()] == [str(path)]
    assert gallery.info().pictures == 11
    report = gallery.index(tmp_path / "pictures")  # a refusal too costs one stat
    assert (report.refused, report.unchanged) == (0, 12)
    path.write_bytes(good)
    assert gallery.index(tmp_path / "pictures").added == 1
    assert list(gallery.refused()) == []
    assert gallery.info().pictures == 12


def test_a_file_that_can_not_be_read_keeps_its_row_and_is_tried_again(
    tmp_path: Path, gallery: Gallery, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "pictures" / "a" / "0000.jpg"
    os.utime(path)
    real = os.open

    def locked(name: str, *rest: int) -> int:
        if name == str(path):
            raise PermissionError(13, "Permission denied")
        return real(name, *rest)

    monkeypatch.setattr(os, "open", locked)
    assert gallery.index(tmp_path / "pictures").refused == 1
    assert [r.reason for r in gallery.refused()] == ["can't be read: Permission denied"]
    assert gallery.info().pictures == 12
    monkeypatch.undo()
    assert gallery.index(tmp_path / "pictures").updated == 1
    assert list(gallery.refused()) == []


def test_a_folder_that_can_be_listed_again_is_no_refusal_any_more(
    tmp_path: Path, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.scandir

    def closed(path: str) -> object:
        if path == str(pictures / "b"):
            raise PermissionError(13, "Permission denied")
        return real(path)

    gallery = Gallery.open(tmp_path / "g")
    monkeypatch.setattr(os, "scandir", closed)
    report = gallery.index(pictures)
    assert (report.added, report.refused) == (6, 1)
    reasons = [(r.path, r.reason) for r in gallery.refused()]
    assert reasons == [(str(pictures / "b"), "the folder can't be listed: Permission denied")]
    monkeypatch.undo()
    assert gallery.index(pictures).added == 6
    assert list(gallery.refused()) == []


def test_kinds_that_cannot_be_read_are_counted_by_name(tmp_path: Path, pictures: Path) -> None:
    film = b"\0\0\0\x20ftypisom\0\0\0\0isommp42" + bytes(100)
    for name, data in (
        ("film.mp4", film),
        ("again.mp4", film + b"x"),
        ("paper.pdf", b"%PDF-1.7\n"),
        ("drawing.svg", b"<?xml version='1.0'?>\n<svg xmlns='http://www.w3.org/2000/svg'/>"),
        ("camera.raf", b"FUJIFILMCCD-RAW 0201FF383501X-T3".ljust(200, b"\0")),
        ("layers.psd", b"8BPS\0\x01".ljust(200, b"\0")),
        ("letter.txt", b"Dear ..."),
        ("damaged.jpg", b"\xff\xd8\xff"),
    ):
        (pictures / name).write_bytes(data)
    gallery = Gallery.open(tmp_path / "gallery")
    report = gallery.index(pictures)
    kinds = {"MP4": 2, "PDF": 1, "SVG": 1, "RAF": 1, "PSD": 1}
    assert (report.added, report.refused, report.skipped) == (12, 3, 5)
    assert report.unsupported == kinds
    assert next(iter(report.unsupported)) == "MP4"
    reasons = {Path(refusal.path).name: refusal.reason for refusal in gallery.refused()}
    assert reasons.keys() == {"camera.raf", "layers.psd", "damaged.jpg"}
    assert "Photoshop PSD" in reasons["layers.psd"]
    assert gallery.info().unsupported == kinds
    assert gallery.index(pictures).unsupported == {}
    gallery.remove(pictures / "film.mp4")
    assert gallery.info().unsupported == kinds | {"MP4": 1}
    with pytest.raises(PictureError, match=r"again\.mp4 can't be used: an MP4 video, which"):
        gallery.search(pictures / "again.mp4")


def test_other_files_are_skipped_once_and_not_refused(tmp_path: Path, pictures: Path) -> None:
    (pictures / "notes.txt").write_text("hello")
    gallery = Gallery.open(tmp_path / "g")
    report = gallery.index(pictures)
    assert (report.added, report.skipped, report.refused) == (12, 1, 0)
    assert gallery.index(pictures).skipped == 0
    assert list(gallery.refused()) == []
    save(tmp_path / "x.png", 77).rename(pictures / "notes.txt")  # content counts, not the name
    assert gallery.index(pictures).added == 1


def test_single_files_overlapping_folders_and_the_gallery_inside(tmp_path: Path) -> None:
    paths = fill(tmp_path / "p", 3)
    gallery = Gallery.open(tmp_path / "p" / "gallery")
    assert gallery.index(paths[0]).added == 1
    assert [root.path for root in gallery.info().roots] == [str(tmp_path / "p")]
    report = gallery.index(tmp_path / "p", tmp_path, paths[1])
    assert (report.added, report.skipped) == (2, 0)
    assert gallery.info().pictures == 3


def test_search_takes_min_score_and_checks_its_arguments(gallery: Gallery) -> None:
    assert len(gallery.search(draw(3), top=12, min_score=-1)) == 12
    strict = gallery.search(draw(3), top=12, min_score=0.9)
    assert 1 <= len(strict) < 12
    assert all(hit.score >= 0.9 for hit in strict)
    assert not gallery.search(Image.new("RGB", (50, 50)), min_score=0.999)
    for top in (0, -1, 10_001):
        with pytest.raises(ArgumentError):
            gallery.search(draw(3), top=top)
    with pytest.raises(ValueError, match="must be 1 to"):
        gallery.search(draw(3), top=0)
    with pytest.raises(PictureError):
        gallery.search(b"no picture")


def test_all_kinds_of_query_agree(tmp_path: Path, gallery: Gallery) -> None:
    path = tmp_path / "pictures" / "b" / "0008.jpg"
    with Image.open(path) as image, path.open("rb") as file:
        queries = [path, str(path), path.read_bytes(), file, image, np.asarray(image)]
        for query in queries:
            best = gallery.search(query, top=2)[0]
            assert best.path == str(path)
            assert best.score > 0.999


def test_an_error_says_how_to_create_a_gallery(tmp_path: Path) -> None:
    gallery = Gallery.open(tmp_path / "g")
    assert not (tmp_path / "g").exists()
    for call in (
        lambda: gallery.search(draw(1)),
        gallery.info,
        gallery.refused,
        gallery.prune,
        lambda: gallery.remove("x"),
        lambda: gallery.export(tmp_path / "x.parquet"),
    ):
        with pytest.raises(GalleryNotFoundError, match="lookalike index FOLDER"):
            call()
    (tmp_path / "empty").mkdir()
    gallery.index(tmp_path / "empty")
    with pytest.raises(GalleryNotFoundError, match="has no pictures yet"):
        gallery.search(draw(1))
    with pytest.raises(ArgumentError, match="at least one"):
        gallery.index()


def test_default_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOOKALIKE_GALLERY", str(tmp_path / "named"))
    assert Gallery.open().folder == tmp_path / "named"
    monkeypatch.delenv("LOOKALIKE_GALLERY")
    assert Gallery.open().folder.name == "gallery"
    assert Gallery.open().folder.parent.name == "lookalike"
    monkeypatch.chdir(tmp_path)
    assert Gallery.open("g").folder == tmp_path / "g"


def test_vectors_of_two_encoders_never_mix(tmp_path: Path, gallery: Gallery) -> None:
    folder = tmp_path / "gallery"
    with pytest.raises(EncoderMismatchError, match="lookalike index --rebuild"):
        Gallery.open(folder, encoder=RandomEncoder())
    with pytest.raises(EncoderError, match="no encoder 'none'"):
        Gallery.open(folder, encoder="none")
    other = Gallery.open(folder, encoder=RandomEncoder(), rebuild=True)
    report = other.index()
    assert report.added == 12
    assert other.info().encoder["name"] == "random"
    assert other.search(draw(4), top=1)[0].path.endswith("0004.jpg")
    assert [p.name for p in folder.glob("pictures*")] == ["pictures-2.lance"]
    # `gallery` now finds an encoder that it can't load by name.
    with pytest.raises(EncoderMismatchError):
        gallery.search(draw(4))
    with pytest.raises(EncoderMismatchError):
        gallery.index(tmp_path / "pictures")
    assert Gallery.open(folder).info().pictures == 12  # what needs no encoder still works
    assert Gallery.open(folder, rebuild=True).index().added == 12
    assert gallery.search(draw(4), top=1)[0].path.endswith("0004.jpg")


def test_a_rebuild_continues_where_it_was_stopped(
    tmp_path: Path, gallery: Gallery, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "HALT_SECONDS", 300.0)  # as long as a busy machine needs
    fill(tmp_path / "pictures" / "more", 100, start=100)
    gallery.index(tmp_path / "pictures")

    def interrupt(progress: object) -> None:
        if progress.done >= 40:  # type: ignore[attr-defined]
            raise KeyboardInterrupt

    encoder = CountingEncoder()
    with pytest.raises(KeyboardInterrupt):
        Gallery.open(tmp_path / "gallery", encoder=encoder, rebuild=True).index(
            on_progress=interrupt
        )
    assert gallery.search(draw(4), top=1)[0].path.endswith("0004.jpg")  # the old table serves
    again = Gallery.open(tmp_path / "gallery", encoder=encoder, rebuild=True)
    assert again.index().unchanged >= 40
    assert encoder.encoded == 112
    assert gallery.info().pictures == 112


def test_a_rebuild_needs_every_root(tmp_path: Path, gallery: Gallery) -> None:
    (tmp_path / "pictures").rename(tmp_path / "unplugged")
    with pytest.raises(OfflineError, match="connect it"):
        Gallery.open(tmp_path / "gallery", rebuild=True).index()
    assert gallery.info().pictures == 12


def test_a_second_writer_is_refused_while_readers_continue(
    tmp_path: Path, gallery: Gallery
) -> None:
    code = (
        "import sys, filelock; lock = filelock.FileLock(sys.argv[1]); lock.acquire();"
        "print('held', flush=True); sys.stdin.read()"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path / "gallery" / "lock")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert holder.stdout
        assert holder.stdout.readline() == "held\n"
        for call in (
            lambda: gallery.index(tmp_path / "pictures"),
            gallery.prune,
            lambda: gallery.remove("x"),
        ):
            with pytest.raises(GalleryBusyError, match="run the command again when it is done"):
                call()
        assert gallery.prune(dry_run=True).removed == ()
        assert gallery.search(draw(4), top=1)[0].path.endswith("0004.jpg")
        assert gallery.info().pictures == 12
    finally:
        holder.kill()  # not released: the system frees the lock
        holder.communicate()
    for _ in range(600):
        try:
            assert gallery.index(tmp_path / "pictures").unchanged == 12
            break
        except GalleryBusyError:
            time.sleep(0.1)
    else:
        pytest.fail("the lock of a killed process was not freed")


def test_damage_is_reported(tmp_path: Path, gallery: Gallery) -> None:
    (tmp_path / "gallery" / "gallery.json").write_text("{")
    with pytest.raises(GalleryFormatError, match="lookalike check"):
        Gallery.open(tmp_path / "gallery").info()
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="--gallery"):
        Gallery.open(tmp_path / "file" / "g").index(tmp_path / "pictures")


def test_info(tmp_path: Path, gallery: Gallery) -> None:
    info = gallery.info()
    assert info.gallery == str(tmp_path / "gallery")
    assert (info.pictures, info.fingerprints, info.refused) == (12, 12, 0)
    assert info.encoder["name"] == "lookalike-3"
    assert info.index == {"kind": "none", "indexed_rows": 0, "unindexed_rows": 12}
    on_disk = sum(p.stat().st_size for p in (tmp_path / "gallery").rglob("*") if p.is_file())
    assert info.bytes_on_disk == on_disk > 12 * 256


def content_of(path: Path) -> bytes:
    return content_hash(path.read_bytes())


@pytest.fixture
def textured(tmp_path: Path) -> Path:
    """A folder of twelve pictures in two folders, with enough to see in them to prove copies."""
    folder = tmp_path / "textured"
    for seed in range(12):
        textured_file(folder / ("a" if seed < 6 else "b") / f"{seed:04}.jpg", seed)
    return folder


def textured_file(path: Path, seed: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    busy(seed, (240, 180)).save(path, quality=90)


def edited(seed: int) -> Image.Image:
    return ImageOps.mirror(busy(seed, (240, 180)).crop((0, 0, 200, 180)))


def prints_of(gallery: Gallery) -> dict[bytes, bytes]:
    """All fingerprints by content, as a reader sees them; each content has one."""
    prints = FingerprintIndex(gallery.folder)
    contents = [content for content, _ in prints.hashes()]
    assert len(contents) == len(set(contents))
    return prints.get(contents)


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """One entry for each fingerprint that an ingest makes."""
    made: list[int] = []
    real = chunk.stored_fingerprint
    monkeypatch.setattr(chunk, "stored_fingerprint", lambda p: made.append(1) or real(p))
    return made


def test_without_copies_no_fingerprint_is_stored_until_copies_are_turned_on(
    tmp_path: Path, textured: Path, made: list[int]
) -> None:
    encoder = CountingEncoder()
    gallery = Gallery.open(tmp_path / "g", encoder=encoder)
    assert gallery.index(textured, copies=False).added == 12
    copy = edited(3)
    best = gallery.search(copy, top=1)[0]
    assert (best.path, best.kind) == (str(textured / "a" / "0003.jpg"), "similar")
    assert gallery.search(textured / "a" / "0003.jpg", top=1)[0].kind == "exact"
    textured_file(textured / "new.jpg", 50)
    report = gallery.index(textured)  # the gallery stays as it was
    assert (report.added, report.unchanged) == (1, 12)
    assert made == []
    assert not (tmp_path / "g" / "fingerprints.lance").exists()
    assert not (tmp_path / "g" / "words.lance").exists()
    assert gallery.info().fingerprints == 0
    assert gallery.duplicates(kind="exact") == []
    with pytest.raises(ArgumentError, match="index --copies"):
        gallery.duplicates()
    encoded = encoder.encoded
    report = gallery.index(textured, copies=True)  # though no file has changed
    assert (report.added, report.updated, report.unchanged) == (0, 13, 0)
    assert encoder.encoded == encoded  # rows keep their vectors
    assert len(made) == len(prints_of(gallery)) == 13
    assert gallery.info().pictures == 13
    assert gallery.search(copy, top=1)[0].kind == "copy"
    report = Gallery.open(tmp_path / "g").index(textured)  # by now the gallery stores them
    assert (report.unchanged, len(made)) == (13, 13)
    gallery.index(textured, copies=False)
    assert gallery.search(copy, top=1)[0].kind == "similar"


def test_a_row_that_has_no_fingerprint_gets_it(
    tmp_path: Path, textured: Path, made: list[int]
) -> None:
    """After an index without copies, or an import of a feature list."""
    gallery = Gallery.open(tmp_path / "g")
    gallery.index(textured / "a")
    gallery.index(textured / "b", copies=False)
    assert len(made) == 6
    report = gallery.index(textured, copies=True)
    assert (report.updated, report.unchanged, len(made)) == (6, 6, 12)
    gallery.export(tmp_path / "list.parquet")
    other = Gallery.open(tmp_path / "other")
    other.import_(tmp_path / "list.parquet")
    assert other.search(textured / "a" / "0001.jpg", top=1)[0].kind == "exact"
    assert other.index(textured).unchanged == 12
    assert len(made) == 12
    assert prints_of(other) == prints_of(gallery)


def test_a_moved_file_keeps_its_fingerprint(
    tmp_path: Path, textured: Path, made: list[int]
) -> None:
    gallery = Gallery.open(tmp_path / "g")
    gallery.index(textured)
    before = prints_of(gallery)
    (textured / "a").rename(textured / "renamed")
    assert gallery.index(textured).moved == 6
    assert len(made) == 12
    assert prints_of(gallery) == before
    best = gallery.search(edited(3), top=1)[0]
    assert (best.path, best.kind) == (str(textured / "renamed" / "0003.jpg"), "copy")


def test_files_of_the_same_bytes_share_a_fingerprint(
    tmp_path: Path, textured: Path, made: list[int]
) -> None:
    twins = [textured / "b" / f"twin {n}.jpg" for n in range(3)]
    for twin in twins:
        shutil.copy(textured / "a" / "0003.jpg", twin)
    gallery = Gallery.open(tmp_path / "g")
    gallery.index(textured)
    assert len(made) == len(prints_of(gallery)) == 12
    shutil.copy(textured / "a" / "0003.jpg", textured / "late twin.jpg")
    gallery.index(textured)
    assert len(made) == 12
    (proved,) = gallery.search(edited(3), top=12).copies
    expected = [textured / "a" / "0003.jpg", *twins, textured / "late twin.jpg"]
    assert {place.path for place in proved.places} == set(map(str, expected))
    assert proved.kind == "copy"
    (textured / "a" / "0003.jpg").unlink()
    gallery.prune()
    gallery.index(textured)
    assert content_of(twins[0]) in prints_of(gallery)


def test_fingerprints_of_removed_files_go(tmp_path: Path, textured: Path) -> None:
    fill(tmp_path / "few", 3, start=50)
    gallery = Gallery.open(tmp_path / "g")
    gallery.index(textured, tmp_path / "few")
    assert len(prints_of(gallery)) == 15
    gallery.remove(tmp_path / "few")
    assert len(prints_of(gallery)) == 12
    gallery.remove(textured / "a")
    assert {*prints_of(gallery)} == {content_of(path) for path in (textured / "b").iterdir()}
    best = gallery.search(edited(8), top=1)[0]
    assert (best.path, best.kind) == (str(textured / "b" / "0008.jpg"), "copy")
    assert not gallery.search(edited(3), top=6).copies
    gallery.index(textured)
    assert len(prints_of(gallery)) == 12
    best = gallery.search(edited(3), top=1)[0]
    assert (best.path, best.kind) == (str(textured / "a" / "0003.jpg"), "copy")


def test_a_rebuild_keeps_the_fingerprints(tmp_path: Path, textured: Path, made: list[int]) -> None:
    gallery = Gallery.open(tmp_path / "gallery")
    gallery.index(textured)
    before = prints_of(gallery)
    made.clear()
    other = Gallery.open(tmp_path / "gallery", encoder=RandomEncoder(), rebuild=True)
    assert other.index().added == 12
    assert made == []
    assert prints_of(other) == before
    best = other.search(edited(3), top=1)[0]
    assert (best.path, best.kind) == (str(textured / "a" / "0003.jpg"), "copy")


def test_a_long_rebuild_that_is_optimized_on_the_way_keeps_them_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "p"
    fill(folder, 60)
    gallery = Gallery.open(tmp_path / "g", encoder=RandomEncoder())
    gallery.index(folder)
    before = prints_of(gallery)
    monkeypatch.setattr(chunk, "CHUNK_PICTURES", 4)
    monkeypatch.setattr(ledger, "COMMIT_ROWS", 10)
    monkeypatch.setattr(ledger, "OPTIMIZE_ROWS", 20)
    other = Gallery.open(tmp_path / "g", encoder=RandomEncoder(8), rebuild=True)
    assert other.index().added == 60
    assert prints_of(other) == before


def test_a_changed_picture_gets_a_fingerprint_of_its_own(
    tmp_path: Path, textured: Path, made: list[int]
) -> None:
    gallery = Gallery.open(tmp_path / "g")
    gallery.index(textured)
    made.clear()
    path = textured / "a" / "0000.jpg"
    textured_file(path, 99)
    assert gallery.index(textured).updated == 1
    assert len(made) == 1
    best = gallery.search(edited(99), top=1)[0]
    assert (best.path, best.kind) == (str(path), "copy")
    assert not gallery.search(edited(0), top=12).copies
    os.utime(path)
    assert gallery.index(textured).updated == 1
    assert len(made) == 1
