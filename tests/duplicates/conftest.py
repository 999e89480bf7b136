"""A trash of the tests' own, and galleries of files of one picture."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from lookalike import Gallery

from ..conftest import busy

SIZE = (480, 360)


class Home:
    """A folder of pictures, its gallery, and the trash of the user whose home is above them."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.folder, self.gallery_folder = path / "p", path / "g"
        self.trash = path / "data" / "Trash"
        self.folder.mkdir(exist_ok=True)

    @property
    def gallery(self) -> Gallery:
        """The gallery, opened anew, of what is in the folder now."""
        gallery = Gallery.open(self.gallery_folder)
        gallery.index(self.folder)
        return gallery

    def picture(self, name: str, seed: int = 1, **options: object) -> Path:
        """Draw a picture."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        busy(seed, SIZE).save(path, **options)
        return path

    def twin(self, of: Path, name: str) -> Path:
        """Copy a file; the first one stays the oldest."""
        os.utime(of, (1, 1))
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(of.read_bytes())
        return path

    def in_trash(self) -> list[str]:
        """The names of the files in the trash; each has its note, and no note is without a file."""
        names = sorted(os.listdir(self.trash / "files")) if self.trash.exists() else []
        notes = sorted(os.listdir(self.trash / "info")) if self.trash.exists() else []
        assert notes == sorted(f"{name}.trashinfo" for name in names)
        return names

    def files(self) -> list[str]:
        """The names of all files in the folder."""
        return sorted(path.name for path in self.folder.rglob("*") if not path.is_dir())


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    """An empty home; send2trash locates its trash when it is imported."""
    if sys.platform != "linux":
        pytest.skip("the trash is found by XDG_DATA_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    forget_send2trash()
    yield Home(tmp_path)
    forget_send2trash()


def forget_send2trash() -> None:
    """Let the next import locate the trash anew."""
    for name in [name for name in sys.modules if name.startswith("send2trash")]:
        del sys.modules[name]
