from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from lookalike.errors import GalleryFormatError, StorageError
from lookalike.storage.manifest import MANIFEST_NAME, EncoderCard, Manifest

from ..conftest import RandomEncoder

CARD = EncoderCard.from_encoder(RandomEncoder())


def test_a_manifest_is_read_as_written(tmp_path: Path) -> None:
    manifest = Manifest(CARD, roots=("/a", "/caf\udce9"), rebuild=(CARD, "pictures-2.lance"))
    manifest.write(tmp_path / "new" / "gallery")
    assert Manifest.read(tmp_path / "new" / "gallery") == manifest
    replace(manifest, rebuild=None).write(tmp_path / "new" / "gallery")
    found = Manifest.read(tmp_path / "new" / "gallery")
    assert found
    assert found.rebuild is None
    files = sorted(p for p in (tmp_path / "new" / "gallery").rglob("*") if p.is_file())
    assert [file.name for file in files] == [MANIFEST_NAME] * 2
    assert files[0].read_bytes() == files[1].read_bytes()


def test_the_choice_of_copies_is_stored_and_on_in_older_galleries(
    tmp_path: Path,
) -> None:
    Manifest(CARD, copies=False).write(tmp_path)
    found = Manifest.read(tmp_path)
    assert found
    assert not found.copies
    values = json.loads((tmp_path / MANIFEST_NAME).read_text("utf-8"))
    del values["copies"], values["checksum"]
    (tmp_path / MANIFEST_NAME).write_text(json.dumps(values), "utf-8")
    assert Manifest.read(tmp_path) == Manifest(CARD)


def test_a_missing_manifest_is_none(tmp_path: Path) -> None:
    assert Manifest.read(tmp_path) is None
    (tmp_path / "file").write_text("")
    assert Manifest.read(tmp_path / "file") is None


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "{}", '{"format_version": "x"}', '{"format_version": 1, "encoder": {"a": 1}}'],
)
def test_a_damaged_manifest_is_reported(tmp_path: Path, text: str) -> None:
    (tmp_path / MANIFEST_NAME).write_text(text)
    with pytest.raises(GalleryFormatError, match="is damaged; see"):
        Manifest.read(tmp_path)


def changed(folder: Path, **values: object) -> None:
    Manifest(CARD).write(folder)
    path = folder / MANIFEST_NAME
    known = json.loads(path.read_text())
    del known["checksum"]
    path.write_text(json.dumps(known | values))


def test_a_changed_value_is_noticed(tmp_path: Path) -> None:
    Manifest(CARD, roots=("/photos",)).write(tmp_path)
    path = tmp_path / MANIFEST_NAME
    path.write_text(path.read_text().replace("/photos", "/photoz"))
    with pytest.raises(GalleryFormatError, match="is not what was written"):
        Manifest.read(tmp_path)


def test_a_manifest_that_is_gone_is_not_a_new_gallery(tmp_path: Path) -> None:
    """An `index` would fill its tables with the vectors of whatever encoder."""
    (tmp_path / "pictures.lance").mkdir()
    with pytest.raises(GalleryFormatError, match=r"gallery\.json is gone"):
        Manifest.read(tmp_path)


def test_a_newer_format_is_reported(tmp_path: Path) -> None:
    changed(tmp_path, format_version=99)
    with pytest.raises(GalleryFormatError, match="newer lookalike; update"):
        Manifest.read(tmp_path)


@pytest.mark.parametrize("table", ["../other.lance", "/etc/x.lance", "passwd", ""])
def test_a_table_outside_the_gallery_is_refused(tmp_path: Path, table: str) -> None:
    changed(tmp_path, table=table)
    with pytest.raises(GalleryFormatError):
        Manifest.read(tmp_path)


def test_a_place_that_cannot_be_written_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="--gallery"):
        Manifest(CARD).write(tmp_path / "file")


def test_cards_match_wherever_the_weights_are() -> None:
    assert CARD.matches(replace(CARD, name="alias", source=os.sep + "elsewhere"))
    assert not CARD.matches(replace(CARD, sha256="1" * 64))
    assert not CARD.matches(replace(CARD, preprocessing={"width": 9}))
