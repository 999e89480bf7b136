"""The main job on real pictures; skipped where they are not at hand."""

from __future__ import annotations

import shutil
from pathlib import Path

from PIL import Image

from lookalike import Gallery


def test_real_pictures_find_themselves_and_their_kind(tmp_path: Path, caltech101: Path) -> None:
    labels = ("Motorbikes", "Faces", "airplanes", "watch", "sunflower", "starfish", "ketch")
    for label in labels:
        (tmp_path / "p" / label).mkdir(parents=True)
        for path in sorted((caltech101 / label).iterdir())[:40]:
            shutil.copy(path, tmp_path / "p" / label)
    gallery = Gallery.open(tmp_path / "g")
    assert gallery.index(tmp_path / "p").added == 280
    same_kind = 0
    for path in sorted((tmp_path / "p").glob("*/*.jpg"))[::7]:
        hits = gallery.search(path, top=6)
        assert hits[0].path == str(path)
        assert hits[0].score > 0.999
        same_kind += sum(Path(hit.path).parent == path.parent for hit in hits[1:])
        with Image.open(path) as image:
            smaller = image.convert("RGB").resize((image.width // 2, image.height // 2))
        assert str(path) in {hit.path for hit in gallery.search(smaller, top=3)}
    assert same_kind / (5 * 40) > 0.9
