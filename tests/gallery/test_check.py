"""Damage to each kind of file of a gallery: it is named, repaired, and never a traceback."""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

import pytest

from lookalike import Gallery, KeepRules
from lookalike.errors import GalleryFormatError, GalleryNotFoundError
from lookalike.storage import fingerprint_index, store

from ..conftest import fill, save, soak

HARMS = ["cut", "emptied", "16 bytes changed", "64 bytes changed", "removed"]
INDEX_FILES = ("auxiliary.idx", "index.idx", "page_data.lance", "page_lookup.lance")
KINDS = [
    "gallery.json",
    "keep_rules.json",
    "not_duplicates.json",
    *(f"{table}.lance/_versions/newest" for table in ("fingerprints", "pictures", "refusals")),
    "words.lance/_versions/newest",
    "pictures.lance/_versions/older",
    *(f"{table}.lance/data/*" for table in ("fingerprints", "pictures", "refusals", "words")),
    "pictures.lance/_deletions/*",
    *(f"{t}.lance/_indices/*/{file}" for t in ("fingerprints", "pictures") for file in INDEX_FILES),
    "checksums/gallery.json",
    "checksums/not_duplicates.json",
    *(f"checksums/{table}.lance.json" for table in ("fingerprints", "pictures", "refusals")),
    "checksums/words.lance.json",
]
# Lance reads neither, so damage to them harms nothing.
UNUSED = ["pictures.lance/_transactions/*", "pictures.lance/_versions/latest_version_hint.json"]
# Without these nothing is missing: they are of an older version, or not there in older galleries.
MAY_BE_GONE = ("/older", "checksums/")
PATHS = sorted(f"{n:04}.jpg" for n in (*range(11), *range(20, 23)))


@pytest.fixture(autouse=True)
def small_indexes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "INDEX_FROM_ROWS", 4)
    monkeypatch.setattr(fingerprint_index, "INDEX_FROM_ROWS", 4)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a gallery that has every kind of file, and its pictures."""
    folder = tmp_path_factory.mktemp("damage")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store, "INDEX_FROM_ROWS", 4)
        patch.setattr(fingerprint_index, "INDEX_FROM_ROWS", 4)
        pictures = folder / "p"
        paths = fill(pictures, 12)
        (pictures / "broken.jpg").write_bytes(b"\xff\xd8\xff and no more")
        gallery = Gallery.open(folder / "g")
        gallery.index(pictures)
        fill(pictures, 3, start=20)
        gallery.index(pictures)
        gallery.mark_not_duplicates(paths[0], paths[1])
        gallery.set_keep_rules(KeepRules(prefer=(str(pictures),)))
        paths[11].unlink()
        delete(gallery, paths[11])
    return folder


def delete(gallery: Gallery, path: Path) -> None:
    """Delete a row as a command does that is killed before it writes the rest anew."""
    gallery._open_store(gallery._manifest()).pictures.delete([str(path)])


@pytest.fixture
def damaged(whole: Path, tmp_path: Path) -> Iterator[Path]:
    """Another copy of the gallery, of the same pictures."""
    shutil.copytree(whole / "g", tmp_path / "g")
    return tmp_path / "g"


def find(gallery: Path, kind: str) -> Path:
    """Return the file of a kind."""
    if kind.endswith(("/newest", "/older")):
        files = sorted((gallery / kind).parent.glob("*.manifest"))  # the newest comes first
        return files[0] if kind.endswith("newest") else files[1]
    return min(gallery.glob(kind))


def harm(path: Path, how: str, *, start: int | None = None) -> None:
    data = bytearray(path.read_bytes())
    if how == "removed":
        path.unlink()
        return
    if how == "cut":
        del data[len(data) // 2 :]
    elif how == "emptied":
        data.clear()
    else:
        count, rng = int(how[:2]), random.Random(how)
        start = max(0, (len(data) - count) // 2) if start is None else start
        for place in range(start, min(start + count, len(data))):
            data[place] ^= rng.randrange(1, 256)
    path.write_bytes(data)


def verbs(pictures: Path, out: Path) -> dict[str, Callable[[Gallery], object]]:
    return {
        "info": lambda gallery: gallery.info(),
        "search": lambda gallery: gallery.search(pictures / "0001.jpg", top=2),
        "browse": lambda gallery: gallery.browse(top=3),
        "refused": lambda gallery: list(gallery.refused()),
        "duplicates": lambda gallery: gallery.duplicates(),
        "prune": lambda gallery: gallery.prune(dry_run=True),
        "export": lambda gallery: gallery.export(out),
        "index": lambda gallery: gallery.index(pictures),
    }


def failing(folder: Path, pictures: Path) -> set[str]:
    """Call every verb on a gallery of its own; return those that say that it is damaged."""
    failed = set()
    for name, verb in verbs(pictures, folder.with_name("features.parquet")).items():
        copy = folder.with_name("copy")
        shutil.copytree(folder, copy, copy_function=os.link)
        try:
            verb(Gallery.open(copy))
        except GalleryFormatError as error:
            failed.add(name)
            if "lookalike check" not in str(error):
                raise
        finally:
            shutil.rmtree(copy)
    return failed


def is_unharmed(gallery: Gallery, pictures: Path) -> bool:
    assert sorted(Path(e.paths[0]).name for e in gallery.browse().entries) == PATHS
    info = gallery.info()
    assert (info.pictures, info.refused) == (14, 1)
    assert info.fingerprints in {14, 15}  # the one of the removed file need not be kept
    assert info.index["indexed_rows"] == 14
    for number in (1, 21):
        (hit,) = gallery.search(pictures / f"{number:04}.jpg", top=1)
        assert hit.kind == "exact"
    assert len(gallery.not_duplicates()) == 1
    assert gallery.keep_rules() == KeepRules(prefer=(str(pictures),))
    report = gallery.check()
    assert (report.damaged, report.unrecorded, report.lost_rows) == ((), 0, 0)
    return True


@pytest.mark.parametrize("kind", KINDS)
def test_damage_is_named_and_repaired(kind: str, damaged: Path, whole: Path) -> None:
    pictures = whole / "p"
    file = find(damaged, kind)
    good = file.read_bytes()
    for how in HARMS:
        harm(file, how)
        is_found = not (how == "removed" and any(part in kind for part in MAY_BE_GONE))
        found = Gallery.open(damaged).check().damaged
        assert [damage.path for damage in found] == [str(file)] * is_found, how
        assert not any(damage.repaired for damage in found)
        if how == "cut" or soak(0, 1):
            failed = failing(damaged, pictures)
            if is_found and how in {"cut", "emptied", "removed"}:
                is_needed = "older" not in kind and not kind.startswith("checksums/")
                assert failed or not is_needed, how
        file.write_bytes(good)
        if how == "64 bytes changed" or soak(0, 1):
            harm(file, how)
            report = Gallery.open(damaged).check(repair=True)
            assert all(damage.repaired for damage in report.damaged)
            assert report.lost_rows == 0
            assert is_unharmed(Gallery.open(damaged), pictures)
            shutil.rmtree(damaged)
            shutil.copytree(whole / "g", damaged)


@pytest.mark.parametrize("kind", UNUSED)
def test_damage_to_what_nothing_reads_harms_nothing(kind: str, damaged: Path, whole: Path) -> None:
    file = find(damaged, kind)
    good = file.read_bytes()
    for how in HARMS:
        harm(file, how)
        assert Gallery.open(damaged).check().damaged == ()
        if how == "emptied" or soak(0, 1):
            assert failing(damaged, whole / "p") == set()
        file.write_bytes(good)


def remove_checksums(gallery: Path) -> None:
    """Leave the gallery as an earlier version makes it."""
    shutil.rmtree(gallery / "checksums")


def test_a_gallery_without_checksums_is_read_and_gets_them(damaged: Path, whole: Path) -> None:
    remove_checksums(damaged)
    report = Gallery.open(damaged).check()
    assert report.damaged == ()
    assert report.unrecorded > 4
    assert is_unharmed(Gallery.open(damaged), whole / "p")


@pytest.mark.parametrize(
    ("kind", "how"),
    [
        ("pictures.lance/data/*", "cut"),
        ("fingerprints.lance/data/*", "removed"),
        ("words.lance/data/*", "emptied"),
        ("pictures.lance/_deletions/*", "64 bytes changed"),
        ("pictures.lance/_indices/*/auxiliary.idx", "cut"),
        ("refusals.lance/_versions/newest", "64 bytes changed"),
    ],
)
def test_damage_without_checksums_is_found_by_reading(
    kind: str, how: str, damaged: Path, whole: Path
) -> None:
    remove_checksums(damaged)
    file = find(damaged, kind)
    harm(file, how)
    failing(damaged, whole / "p")
    found = {damage.path for damage in Gallery.open(damaged).check().damaged}
    assert found & {str(file), str(file.parent)}
    report = Gallery.open(damaged).check(repair=True)
    assert all(damage.repaired for damage in report.damaged)
    assert is_unharmed(Gallery.open(damaged), whole / "p")


def test_no_change_of_a_manifest_ends_in_a_panic(damaged: Path, whole: Path) -> None:
    """Lance trusts the lengths that stand in it, and panics."""
    remove_checksums(damaged)
    file = find(damaged, "pictures.lance/_versions/newest")
    good = file.read_bytes()
    panics = 0
    for start in range(0, len(good) - 64, len(good) // soak(5, 60)):
        harm(file, "64 bytes changed", start=start)
        panics += "search" in failing(damaged, whole / "p")
        Gallery.open(damaged).check()
        shutil.rmtree(damaged / "checksums", ignore_errors=True)
        file.write_bytes(good)
    assert panics


def test_a_crash_before_the_checksums_is_no_damage(damaged: Path, whole: Path) -> None:
    pictures = whole / "p"
    kept = damaged.with_name("kept")
    shutil.copytree(damaged / "checksums", kept)
    save(pictures / "late.jpg", 30)
    try:
        Gallery.open(damaged).index(pictures)
        shutil.rmtree(damaged / "checksums")
        kept.rename(damaged / "checksums")
        gallery = Gallery.open(damaged)
        assert gallery.check(quick=True).damaged == ()
        assert gallery.search(pictures / "late.jpg", top=1)[0].kind == "exact"
        report = gallery.check()
        assert report.damaged == ()
        assert report.unrecorded
        assert gallery.check().unrecorded == 0
    finally:
        (pictures / "late.jpg").unlink()


def test_a_version_that_was_not_recorded_and_can_not_be_read_is_given_up(
    damaged: Path, whole: Path
) -> None:
    """The version before it, which has checksums, is whole."""
    pictures = whole / "p"
    kept = damaged.with_name("kept")
    shutil.copytree(damaged / "checksums", kept)
    delete(Gallery.open(damaged), pictures / "0001.jpg")
    shutil.rmtree(damaged / "checksums")
    kept.rename(damaged / "checksums")
    newest = find(damaged, "pictures.lance/_versions/newest")
    harm(newest, "emptied")
    assert {damage.path for damage in Gallery.open(damaged).check().damaged} == {str(newest)}
    assert Gallery.open(damaged).check(repair=True).lost_rows == 0
    assert is_unharmed(Gallery.open(damaged), pictures)


def test_a_file_is_read_once_for_its_checksum(damaged: Path, whole: Path) -> None:
    """So a commit costs what it writes, and does not take damage of before for what was written."""
    file = find(damaged, "words.lance/data/*")
    harm(file, "16 bytes changed")
    save(whole / "p" / "late.jpg", 31)
    try:
        Gallery.open(damaged).index(whole / "p")
    finally:
        (whole / "p" / "late.jpg").unlink()
    (damage,) = Gallery.open(damaged).check().damaged
    assert (damage.path, damage.problem) == (str(file), "has other bytes than were written")


def test_what_has_no_copy_is_reported(damaged: Path) -> None:
    """Without `gallery.json` nobody knows which tables are in use."""
    harm(damaged / "gallery.json", "cut")
    harm(damaged / "checksums" / "gallery.json", "removed")
    (damage,) = Gallery.open(damaged).check(repair=True).damaged
    assert (damage.path, damage.repaired) == (str(damaged / "gallery.json"), False)


def test_rows_that_do_not_come_back_are_counted(tmp_path: Path, damaged: Path) -> None:
    """The files of an imported list need not be here."""
    Gallery.open(damaged).export(tmp_path / "features.parquet")
    other = Gallery.open(tmp_path / "other")
    other.import_(tmp_path / "features.parquet")
    harm(find(tmp_path / "other", "pictures.lance/data/*"), "64 bytes changed")
    report = other.check(repair=True)
    assert report.lost_rows == 14
    assert [damage.repaired for damage in report.damaged] == [True]
    assert other.check().damaged == ()
    assert other.import_(tmp_path / "features.parquet") == 14


def test_a_repair_that_was_stopped_is_finished_by_the_next(
    damaged: Path, whole: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    harm(find(damaged, "pictures.lance/data/*"), "cut")
    gallery = Gallery.open(damaged)
    with monkeypatch.context() as patch:
        patch.setattr(Gallery, "index", stop)  # all that is damaged has been dropped
        with pytest.raises(KeyboardInterrupt):
            gallery.check(repair=True)
    gallery = Gallery.open(damaged)
    assert gallery.info().pictures < 14
    for quick in (True, False):
        (damage,) = gallery.check(quick=quick).damaged
        assert (damage.path, damage.repaired) == (str(damaged / "gallery.json"), False)
        assert damage.problem == "tells of a repair that was stopped"
    report = gallery.check(repair=True)
    assert [damage.repaired for damage in report.damaged] == [True]
    assert report.lost_rows == 0
    assert is_unharmed(gallery, whole / "p")


def test_a_quick_check_looks_at_sizes(damaged: Path) -> None:
    file = find(damaged, "pictures.lance/data/*")
    harm(file, "64 bytes changed")
    gallery = Gallery.open(damaged)
    assert gallery.check(quick=True).damaged == ()
    harm(file, "cut")
    (damage,) = gallery.check(quick=True).damaged
    assert asdict(damage) | {"problem": ""} == {"path": str(file), "problem": "", "repaired": False}
    assert "bytes instead of" in damage.problem


def test_there_must_be_a_gallery(tmp_path: Path) -> None:
    for quick in (False, True):
        with pytest.raises(GalleryNotFoundError):
            Gallery.open(tmp_path / "none").check(quick=quick)
    assert not (tmp_path / "none").exists()
