from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from lookalike.gallery.rebuild import finish_rebuild, start_rebuild
from lookalike.storage.manifest import EncoderCard, Manifest

from ..conftest import RandomEncoder

OLD, NEW = EncoderCard.from_encoder(RandomEncoder(8)), EncoderCard.from_encoder(RandomEncoder(16))


def test_a_rebuild_fills_a_new_table_and_then_takes_its_place(tmp_path: Path) -> None:
    for name in ("pictures.lance", "pictures-7.lance", "refusals.lance"):
        (tmp_path / name).mkdir()
    manifest = start_rebuild(tmp_path, Manifest(OLD, roots=("/a",)), NEW)
    assert manifest.encoder == OLD
    assert manifest.rebuild == (NEW, "pictures-8.lance")
    assert start_rebuild(tmp_path, manifest, NEW) == manifest  # it continues with that table
    other = replace(NEW, sha256="1" * 64)
    (tmp_path / "pictures-8.lance").mkdir()
    assert start_rebuild(tmp_path, manifest, other).rebuild == (other, "pictures-9.lance")
    finish_rebuild(tmp_path, manifest)
    assert Manifest.read(tmp_path) == Manifest(NEW, "pictures-8.lance", ("/a",))
    assert {p.name for p in tmp_path.glob("*.lance")} == {"pictures-8.lance", "refusals.lance"}


def test_there_is_nothing_to_finish_without_a_start(tmp_path: Path) -> None:
    (tmp_path / "pictures.lance").mkdir()
    finish_rebuild(tmp_path, Manifest(OLD))
    assert [p.name for p in tmp_path.iterdir()] == ["pictures.lance"]
