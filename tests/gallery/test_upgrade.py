"""Galleries of earlier versions, committed as these made them: they open, search and are updated.

`format_1.tar.xz` has `make.py`, the pictures that it draws, and two galleries of them: `gallery`,
of format 1 as it was last, and `gallery-without-metadata`, from before lists had metadata. Both
were made in `/tmp/lookalike-format-1`.
"""

from __future__ import annotations

import os
import tarfile
from pathlib import Path

import lance
import pytest

from lookalike import Gallery

ARCHIVE = Path(__file__).with_name("format_1.tar.xz")
MADE_IN = "/tmp/lookalike-format-1"  # nothing is there now
TIME = 1_700_000_000  # seconds; of every file
KINDS = ["gallery", "gallery-without-metadata"]


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


@pytest.mark.parametrize("kind", KINDS)
def test_an_old_gallery_opens_and_searches(tmp_path: Path, kind: str) -> None:
    gallery = Gallery.open(old_gallery(tmp_path, kind))
    assert gallery.info().pictures == 9
    assert gallery.info().fingerprints == 8
    for name in ("photo.jpg", "plain.jpg", "plain.png", "animation.gif", "pages.tif"):
        hit = gallery.search(tmp_path / "pictures" / name)[0]
        assert (hit.path, hit.kind) == (str(tmp_path / "pictures" / name), "exact")
