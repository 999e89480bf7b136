"""Out of reach is not gone, at any depth."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from lookalike import Gallery

from ..conftest import RandomEncoder, fill
from ..mounts import mounted


def opened(tmp_path: Path, *, rebuild: bool = False, dimensions: int = 8) -> Gallery:
    return Gallery.open(tmp_path / "g", encoder=RandomEncoder(dimensions), rebuild=rebuild)


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
