"""One file that two mounts show, and what the trash does to it."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest

from lookalike import Gallery
from lookalike.duplicates import KeepRules
from lookalike.duplicates.trash import TrashReport

from ..mounts import mounted, overlaid
from .conftest import Home


@pytest.mark.parametrize("preferred", ["p", "again"])
def test_a_file_that_a_bind_mount_shows_twice_stays(home: Home, preferred: str) -> None:
    original, again = home.picture("a.png"), home.path / "again"
    data = original.read_bytes()
    with mounted(again, home.folder):
        done = trash(home, home.path / preferred)
        assert done.moved == ()
        assert (original.read_bytes(), (again / "a.png").read_bytes()) == (data, data)
        assert home.in_trash() == []


@pytest.mark.parametrize("preferred", ["p", "again"])
@pytest.mark.parametrize("disk", ["the same", "another"])
def test_a_file_that_an_overlay_shows_twice_stays(home: Home, preferred: str, disk: str) -> None:
    """Its device number is another there; so is the file's, if the changes go to another disk."""
    again = home.path / "again"
    with mounted(home.folder) if disk == "another" else contextlib.nullcontext():
        original = home.picture("a.png")
        data = original.read_bytes()
        with overlaid(again, home.folder, home.path / "changes"):
            (left,) = trash(home, home.path / preferred).left
            assert left.reason == "it is the same file as the kept one"
            assert (original.read_bytes(), (again / "a.png").read_bytes()) == (data, data)
            assert home.in_trash() == []


def trash(home: Home, preferred: Path) -> TrashReport:
    """Send the duplicates of both folders to the trash, except those in one of them."""
    gallery = Gallery.open(home.gallery_folder)
    gallery.index(home.folder, home.path / "again")
    groups = gallery.duplicates(keep=KeepRules(prefer=(str(preferred),)))
    return gallery.trash(gallery.check_duplicates(groups))
