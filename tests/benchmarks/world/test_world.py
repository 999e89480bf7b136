"""Downloading from a git repository made here, and measuring what came."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.world import fetch, measure, recipe

from ...conftest import draw

REPOSITORY = "someone/pictures"


def git(folder: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=someone", "-c", "user.email=someone@example.org")
    command = ["git", "-C", str(folder), *identity, *arguments]
    return subprocess.run(command, capture_output=True, check=True, text=True).stdout.strip()


@pytest.fixture
def collections(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository that git finds at GitHub's address, and a recipe for it."""
    repository = tmp_path / "repository"
    for label, shades in {"day": (0, 1, 2), "night": (3, 4, 5)}.items():
        (repository / label).mkdir(parents=True)
        for k in shades:
            draw(k, (96, 64)).save(repository / label / f"{k}.png")
    (repository / "copy").mkdir()
    (repository / "copy" / "again.png").write_bytes((repository / "day" / "0.png").read_bytes())
    table = [f"{k}.png,{'even' if k % 2 == 0 else 'odd'}" for k in range(6)]
    (repository / "table.csv").write_text("\n".join(["filename,class", *table]))
    git(tmp_path, "init", "--quiet", str(repository))
    git(repository, "add", ".")
    git(repository, "commit", "--quiet", "--message", "Pictures")
    for key in ("uploadpack.allowFilter", "uploadpack.allowAnySHA1InWant"):
        git(repository, "config", key, "true")  # as GitHub does
    instead = f'[url "{repository.as_uri()}"]\n\tinsteadOf = https://github.com/{REPOSITORY}\n'
    (tmp_path / "gitconfig").write_text(instead)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    commit = git(repository, "rev-parse", "HEAD")
    lines = [
        "name\thalf\trepository\tcommit\tlicence\tstated_in\tpictures\tlabels\tabout",
        f"sky\tdevelopment\t{REPOSITORY}\t{commit}\tMIT\tLICENSE\t(?P<label>[^/]+)/.+png\t\tsky",
        f"table\ttest\t{REPOSITORY}\t{commit}\tMIT\tLICENSE\t.+/(?P<filename>.+)\ttable.csv\tsky",
    ]
    (tmp_path / "recipe.tsv").write_text("\n".join(lines))
    monkeypatch.setattr(recipe, "RECIPE", tmp_path / "recipe.tsv")
    training = [
        "name\trepository\tcommit\tlicence\tstated_in\tpictures\tmost\tabout",
        f"many\t{REPOSITORY}\t{commit}\tMIT\tLICENSE\t.+/.+png\t4\tsky",
    ]
    (tmp_path / "training.tsv").write_text("\n".join(training))
    monkeypatch.setattr(recipe, "TRAINING", tmp_path / "training.tsv")
    return tmp_path / "world"


def test_pictures_come_to_their_labels(
    collections: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["fetch", str(collections)])
    fetch.main()
    assert f"| sky | development | 2 | 5 | {REPOSITORY}@" in capsys.readouterr().out
    counts = {f.name: len(list(f.iterdir())) for f in collections.glob("*/*")}
    assert counts == {"day": 2, "night": 3, "even": 3, "odd": 3}  # one of day is in two folders
    assert {f.name for f in collections.iterdir()} == {"sky", "table"}  # no traces of the work
    before = (collections / "sky").stat().st_mtime_ns
    fetch.main()
    assert (collections / "sky").stat().st_mtime_ns == before


def test_pictures_to_train_on_come_without_labels(
    collections: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["fetch", str(collections), "--training"])
    fetch.main()
    assert f"| many | training | 0 | 4 | {REPOSITORY}@" in capsys.readouterr().out
    pictures = sorted((collections / "many").iterdir())
    assert [p.suffix for p in pictures] == [".png"] * 4
    for picture in pictures:
        assert git(collections, "hash-object", str(picture)) == picture.stem
    assert [f.name for f in collections.iterdir()] == ["many"]


def test_a_repository_that_is_gone_does_not_stop_the_others(
    collections: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = collections.parent / "recipe.tsv"
    gone = "0" * 40
    heading, sky, table = path.read_text().splitlines()
    path.write_text("\n".join([heading, sky.replace(sky.split("\t")[3], gone), table]))
    monkeypatch.setattr(sys, "argv", ["fetch", str(collections)])
    with pytest.raises(SystemExit, match=f"sky: .*{gone}"):
        fetch.main()
    assert "| table | test |" in capsys.readouterr().out
    assert [f.name for f in collections.iterdir()] == ["table"]


def test_encoders_are_measured_on_one_half(
    collections: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["measure", str(collections)])
    with pytest.raises(SystemExit, match="no collection of the half development"):
        measure.main()
    monkeypatch.setattr(sys, "argv", ["fetch", str(collections), "--half", "development"])
    fetch.main()
    encoders = ["--encoder", "lookalike-3", "--encoder", "lookalike-3"]
    monkeypatch.setattr(sys, "argv", ["measure", str(collections), *encoders])
    capsys.readouterr()
    measure.main()
    out = capsys.readouterr().out
    assert "| mAP | queries | lookalike-3 | lookalike-3 |" in out
    row = next(line for line in out.splitlines() if line.startswith("| sky | 5 |"))
    one, other = row.split(" | ")[2:]
    assert one == other.removesuffix(" |")
    assert "| mean |" in out
