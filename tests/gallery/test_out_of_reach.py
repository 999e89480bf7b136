"""Out of reach is not gone, at any depth."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from lookalike import Gallery
from lookalike.errors import OfflineError
from lookalike.storage import FingerprintIndex, Manifest

from ..conftest import RandomEncoder, fill
from ..mounts import mounted


def opened(tmp_path: Path, *, rebuild: bool = False, dimensions: int = 8) -> Gallery:
    return Gallery.open(tmp_path / "g", encoder=RandomEncoder(dimensions), rebuild=rebuild)


def rows_of(gallery: Gallery) -> dict[str, list[float]]:
    """The vectors of all rows by their paths; each path has one row."""
    path = Path(str(gallery.folder)).with_name("rows.parquet")
    assert gallery.export(path) == gallery.info().pictures
    rows = pq.read_table(path, columns=["path", "vector"]).to_pylist()
    path.unlink()
    vectors = {row["path"]: np.round(row["vector"], 2).tolist() for row in rows}
    assert len(vectors) == len(rows)
    return vectors


def prints_of(gallery: Gallery) -> set[bytes]:
    return {content for content, _ in FingerprintIndex(gallery.folder).hashes()}


@pytest.fixture
def usb(tmp_path: Path) -> Path:
    """A gallery of two pictures of a folder and of three on a disk that was mounted in it."""
    fill(tmp_path / "r" / "a", 2)
    usb = tmp_path / "r" / "usb"
    with mounted(usb):
        fill(usb / "below", 3, start=10)
        assert opened(tmp_path).index(tmp_path / "r").added == 5
        shutil.copytree(usb / "below", tmp_path / "contents")
    return usb


@contextlib.contextmanager
def unprivileged() -> Iterator[None]:
    if os.name == "nt":
        pytest.skip("POSIX modes")
    superuser = os.geteuid() == 0  # whom no folder is closed to
    if superuser:
        os.seteuid(65534)
    try:
        yield
    finally:
        if superuser:
            os.seteuid(0)


@pytest.fixture
def open_to_all() -> Iterator[Path]:
    """A folder where another user may look and write, unlike `tmp_path`."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o777)
        yield Path(name)


def test_prune_keeps_the_rows_of_a_disk_that_was_mounted_below_a_root(
    tmp_path: Path, usb: Path
) -> None:
    gallery = opened(tmp_path)
    report = gallery.prune()
    assert report.removed == ()
    assert [(root.path, root.reason) for root in report.offline] == [
        (str(usb), "its disk is not mounted")
    ]
    fill(usb, 1, start=50)  # a file beside the mount point's own
    gallery.index(tmp_path / "r")
    usb.joinpath("below").mkdir()
    assert gallery.prune().removed == ()
    shutil.rmtree(usb)  # some systems remove the folder with the disk
    assert gallery.prune().removed == ()
    with mounted(usb):
        shutil.copytree(tmp_path / "contents", usb / "below")
        (usb / "below" / "0010.jpg").unlink()
        report = gallery.prune()
        assert set(report.removed) == {str(usb / "below" / "0010.jpg"), str(usb / "0050.jpg")}
        assert report.offline == ()
        shutil.rmtree(usb / "below")  # the disk is there, and its files are certainly gone
        assert len(gallery.prune().removed) == 2
    assert gallery.info().pictures == 2


def test_a_run_that_is_killed_has_remembered_its_mount_points(tmp_path: Path) -> None:
    during: list[tuple[str, ...]] = []
    usb = tmp_path / "r" / "usb"
    with mounted(usb):
        fill(usb, 1)

        def look(_: object) -> None:
            manifest = Manifest.read(tmp_path / "g")
            assert manifest
            during.append(manifest.mounts)

        opened(tmp_path).index(tmp_path / "r", on_progress=look)
    assert during
    assert all(str(usb) in mounts for mounts in during)


def test_a_folder_of_the_same_disk_may_be_mounted_too(tmp_path: Path) -> None:
    fill(tmp_path / "elsewhere", 2)
    fill(tmp_path / "r", 1, start=20)
    with mounted(tmp_path / "r" / "a b", tmp_path / "elsewhere"):
        assert opened(tmp_path).index(tmp_path / "r").added == 3
    assert opened(tmp_path).prune().removed == ()


def test_a_link_into_a_disk_that_is_not_mounted_is_out_of_reach(tmp_path: Path) -> None:
    fill(tmp_path / "r", 1, start=20)
    (tmp_path / "r" / "link").symlink_to(tmp_path / "disk")
    with mounted(tmp_path / "disk"):
        fill(tmp_path / "disk", 2)
        assert opened(tmp_path).index(tmp_path / "r").added == 3
    report = opened(tmp_path).prune()
    assert report.removed == ()
    assert str(tmp_path / "r" / "link") in [root.path for root in report.offline]


def test_a_root_on_a_disk_that_left_a_folder_behind_is_out_of_reach(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    with mounted(disk):
        fill(disk / "photos", 2)
        assert opened(tmp_path).index(disk / "photos").added == 2
    fill(disk / "photos", 1, start=50)
    assert opened(tmp_path).prune().removed == ()


def test_remove_gives_up_a_disk_and_forgets_its_mount_point(tmp_path: Path, usb: Path) -> None:
    gallery = opened(tmp_path)
    assert gallery.remove(usb) == 3
    assert gallery.prune().offline == ()
    fill(usb, 2, start=60)  # from now on it is a folder like any other
    gallery.index(tmp_path / "r")
    shutil.rmtree(usb)
    assert len(gallery.prune().removed) == 2


def test_prune_drops_the_rows_of_a_folder_that_was_deleted(tmp_path: Path) -> None:
    fill(tmp_path / "r" / "a" / "b", 2)
    fill(tmp_path / "r", 1, start=20)
    opened(tmp_path).index(tmp_path / "r")
    shutil.rmtree(tmp_path / "r" / "a")
    assert len(opened(tmp_path).prune().removed) == 2


def test_prune_keeps_rows_below_a_folder_that_can_not_be_listed(open_to_all: Path) -> None:
    fill(open_to_all / "r" / "closed", 2)
    fill(open_to_all / "r", 1, start=20)
    with unprivileged():
        opened(open_to_all).index(open_to_all / "r")
    (open_to_all / "r" / "closed" / "0000.jpg").unlink()
    for mode in (0, 0o111):  # nobody may look up names, or list them
        (open_to_all / "r" / "closed").chmod(mode)
        with unprivileged():
            assert opened(open_to_all).prune().removed == ()
    (open_to_all / "r" / "closed").chmod(0o755)
    with unprivileged():
        assert len(opened(open_to_all).prune().removed) == 1


def rebuilt(tmp_path: Path) -> dict[str, int]:
    before = prints_of(opened(tmp_path))
    kept = dict(opened(tmp_path, rebuild=True).index().kept)
    assert prints_of(opened(tmp_path)) == before
    return kept


def test_a_rebuild_keeps_the_rows_of_an_unmounted_folder(tmp_path: Path, usb: Path) -> None:
    gallery = opened(tmp_path)
    before = rows_of(gallery)
    assert rebuilt(tmp_path) == {"its disk is not mounted": 3}
    assert rows_of(gallery) == before
    query = tmp_path / "contents" / "0011.jpg"
    assert gallery.search(query, top=1)[0].path == str(usb / "below" / "0011.jpg")
    with mounted(usb):
        shutil.copytree(tmp_path / "contents", usb / "below")
        assert rebuilt(tmp_path) == {}


def test_a_rebuild_keeps_the_rows_of_what_can_not_be_read(open_to_all: Path) -> None:
    fill(open_to_all / "r" / "closed", 2)
    fill(open_to_all / "r", 3, start=20)
    with unprivileged():
        opened(open_to_all).index(open_to_all / "r")
    before = rows_of(opened(open_to_all))
    (open_to_all / "r" / "closed").chmod(0)
    (open_to_all / "r" / "0020.jpg").chmod(0)
    (open_to_all / "r" / "0021.jpg").unlink()  # certainly gone
    with unprivileged():
        kept = rebuilt(open_to_all)
    assert kept == {"can't be read: Permission denied": 3}
    assert before.keys() - rows_of(opened(open_to_all)).keys() == {
        str(open_to_all / "r" / "0021.jpg")
    }


def test_a_rebuild_keeps_the_rows_of_an_imported_list_whose_files_are_not_here(
    tmp_path: Path,
) -> None:
    fill(tmp_path / "r", 3)
    other = Gallery.open(tmp_path / "other", encoder=RandomEncoder(8))
    other.index(tmp_path / "r")
    other.export(tmp_path / "list.parquet")
    shutil.rmtree(tmp_path / "r")
    opened(tmp_path).import_(tmp_path / "list.parquet")
    before = rows_of(opened(tmp_path))
    assert rebuilt(tmp_path) == {"can't be read: No such file or directory": 3}
    assert rows_of(opened(tmp_path)) == before


def test_a_rebuild_by_another_encoder_is_refused_while_files_are_out_of_reach(
    tmp_path: Path, usb: Path
) -> None:
    before, prints = rows_of(opened(tmp_path)), prints_of(opened(tmp_path))
    other = opened(tmp_path, rebuild=True, dimensions=16)
    with pytest.raises(OfflineError, match=r"3 rows can't be read \(3: its disk is not mounted\)"):
        other.index()
    assert rows_of(opened(tmp_path)) == before
    assert prints_of(opened(tmp_path)) == prints
    with mounted(usb):
        shutil.copytree(tmp_path / "contents", usb / "below")
        report = opened(tmp_path, rebuild=True, dimensions=16).index()
        assert (report.added, report.unchanged, report.kept) == (3, 2, {})
