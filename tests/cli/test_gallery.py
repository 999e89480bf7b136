"""The commands that inspect and maintain a gallery, in real processes."""

from __future__ import annotations

import json
from pathlib import Path

from lookalike import Gallery

from ..conftest import run, run_commands


def test_info_refused_prune_remove(pictures: Path, indexed: Path) -> None:
    (pictures / "bad.jpg").write_text("x")
    run("index", pictures, gallery=indexed)
    info = json.loads(run("info", "--json", gallery=indexed).stdout)
    assert (info["pictures"], info["refused"]) == (12, 1)
    assert info["roots"] == [{"path": str(pictures), "online": True, "reason": ""}]
    assert info["encoder"]["name"] == "lookalike-3"
    assert info["index"]["kind"] == "none"
    assert info["bytes_on_disk"] > 0
    lines = run("info", gallery=indexed).stdout.splitlines()
    assert lines[:2] == [f"gallery      {indexed}", "pictures     12"]
    assert f"folder       {pictures} (online)" in lines
    (refusal,) = Gallery.open(indexed).refused()
    assert refusal.path == str(pictures / "bad.jpg")
    assert refusal.reason.startswith("not a picture, ")
    refused = run("refused", gallery=indexed).stdout
    assert refused == f"{refusal.path}\t{refusal.reason}\n"
    assert json.loads(run("refused", "--json", gallery=indexed).stdout) == {
        "refused": [{"path": refusal.path, "reason": refusal.reason}]
    }
    (pictures / "a" / "0000.jpg").unlink()
    dry = run("prune", "--dry-run", gallery=indexed)
    assert dry.stdout == f"{pictures / 'a' / '0000.jpg'}\n"
    assert dry.stderr == "1 row would be removed.\n"
    assert run("prune", gallery=indexed).stderr == "1 row removed.\n"
    done = run("remove", pictures / "b", gallery=indexed)
    assert (done.returncode, done.stdout) == (0, "6 rows removed.\n")
    done = run("remove", pictures / "b", gallery=indexed)
    assert (done.returncode, done.stdout) == (1, "0 rows removed.\n")
    assert "The gallery has no pictures there; list its folders with: lookalike info" in done.stderr


def test_a_gallery_of_the_earlier_encoder_searches_and_says_that_a_newer_one_exists(
    tmp_path: Path, pictures: Path
) -> None:
    gallery = ("--gallery", tmp_path / "gallery")
    query = pictures / "a" / "0001.jpg"
    indexed, info, found, rebuilt, after = run_commands(
        ("index", pictures, "--encoder", "lookalike-2", *gallery),
        ("info", *gallery),
        ("search", query, "--paths", *gallery),
        ("index", "--rebuild", *gallery),
        ("info", *gallery),
    )
    hint = (
        "lookalike-3 is newer than this gallery's encoder, lookalike-2; to re-encode its pictures"
    )
    assert hint in indexed.stderr
    assert hint in info.stderr
    assert found.stdout.startswith(f"{query}\n")
    for done in (rebuilt, after):
        assert done.returncode == 0
        assert "is newer than" not in done.stderr
    assert "lookalike-3, 512 dimensions" in after.stdout


def test_export_and_import(tmp_path: Path, indexed: Path, pictures: Path) -> None:
    done = run("export", tmp_path / "list.parquet", gallery=indexed)
    assert done.stdout == f"12 rows written to {tmp_path / 'list.parquet'}\n"
    done = run("import", tmp_path / "list.parquet", gallery=tmp_path / "other")
    assert done.stdout == f"12 rows imported into {tmp_path / 'other'}\n"
    paths = run("search", pictures / "a" / "0001.jpg", "--paths", gallery=tmp_path / "other")
    assert paths.stdout.startswith(str(pictures / "a" / "0001.jpg"))
