"""The command `index`, in real processes."""

from __future__ import annotations

from pathlib import Path

from ..conftest import fill, run, save


def test_index_says_what_it_did(tmp_path: Path, pictures: Path) -> None:
    (pictures / "bad.jpg").write_text("x")
    (pictures / "notes.txt").write_text("x")
    (pictures / "paper.pdf").write_text("%PDF-1.7")
    done = run("index", pictures, "--gallery", tmp_path / "g")
    assert done.returncode == 0
    assert "Of these, lookalike can't read yet: 1 PDF.\n" in done.stdout
    assert "unreadable   1 PDF\n" in run("info", gallery=tmp_path / "g").stdout
    assert done.stdout.startswith(
        "12 added, 1 refused (see: lookalike refused), 2 other files skipped; "
    )
    assert f"12 pictures in {tmp_path / 'g'}" in done.stdout
    done = run("index", pictures, "--gallery", tmp_path / "g")
    assert done.returncode == 0
    assert done.stdout.startswith("0 added, 15 unchanged; ")


def test_index_options(tmp_path: Path, pictures: Path) -> None:
    save(pictures / ".hidden" / "x.jpg", 50)
    options = ("--exclude", "b", "--exclude", "0000*", "--include-hidden")
    done = run("index", pictures, *options, gallery=tmp_path / "g")
    assert done.stdout.startswith("6 added")
    done = run("index", "--rebuild", gallery=tmp_path / "g")
    assert (done.returncode, done.stdout[:7]) == (0, "6 added")


def test_index_without_copies_and_with_them_later(tmp_path: Path, pictures: Path) -> None:
    run("index", pictures, "--no-copies", gallery=tmp_path / "g")
    assert not (tmp_path / "g" / "fingerprints.lance").exists()
    done = run("index", pictures, gallery=tmp_path / "g")  # the gallery remembers it
    assert "12 unchanged" in done.stdout
    done = run("index", pictures, "--copies", gallery=tmp_path / "g")
    assert "12 updated" in done.stdout
    assert (tmp_path / "g" / "fingerprints.lance").exists()


def test_offline_roots_are_reported(tmp_path: Path, pictures: Path, indexed: Path) -> None:
    pictures.rename(tmp_path / "away")
    done = run("index", pictures, gallery=indexed)
    assert done.returncode == 1
    assert f"{pictures} can't be reached, so its pictures stay; check the path" in done.stderr
    assert "12 pictures in" in done.stdout
    assert "offline: No such file or directory" in run("info", gallery=indexed).stdout
    assert "so its rows stay; connect it" in run("prune", gallery=indexed).stderr


def test_a_rebuild_tells_which_rows_keep_their_old_vectors(
    tmp_path: Path, pictures: Path, indexed: Path
) -> None:
    run("export", tmp_path / "list.parquet", gallery=indexed)
    pictures.rename(tmp_path / "away")
    run("import", tmp_path / "list.parquet", gallery=tmp_path / "other")
    done = run("index", "--rebuild", gallery=tmp_path / "other")
    assert done.returncode == 1  # nothing could be made anew
    assert (
        "12 pictures could not be made anew, so the old vectors stay (12: can't be" in done.stderr
    )
    assert "12 pictures in" in done.stdout
    assert "No usable pictures" not in done.stderr


def test_a_mistyped_path_is_an_error_before_anything_is_made(
    tmp_path: Path, pictures: Path, indexed: Path
) -> None:
    done = run("index", pictures, tmp_path / "Picturs", gallery=tmp_path / "new")
    assert done.returncode == 2
    assert f"{tmp_path / 'Picturs'} does not exist; check the path" in done.stderr
    assert not (tmp_path / "new").exists()
    done = run("index", pictures, tmp_path / "Picturs", gallery=indexed)
    assert done.returncode == 2
    assert "does not exist" in done.stderr


def test_a_path_below_a_known_place_is_offline_and_the_others_are_indexed(
    tmp_path: Path, pictures: Path, indexed: Path
) -> None:
    fill(tmp_path / "other", 1, start=70)
    done = run("index", pictures / "usb" / "2024", tmp_path / "other", gallery=indexed)
    assert done.returncode == 0
    assert f"{pictures / 'usb' / '2024'} can't be reached, so its pictures stay" in done.stderr
    assert "1 added" in done.stdout
