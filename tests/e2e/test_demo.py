"""`make demo`: real photographs are indexed, and edited copies of them are found."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from PIL import Image

SAMPLES = Path(__file__).parents[2] / "samples"


def test_the_demo_shows_copies_and_similar_pictures(tmp_path: Path) -> None:
    shutil.copytree(SAMPLES, tmp_path / "samples")
    command = [sys.executable, str(tmp_path / "samples" / "demo.py")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    answers = done.stdout.split("$ lookalike search ")[1:]
    best = [answer.splitlines()[1].split()[1] for answer in answers]
    assert best == ["exact", *["copy"] * 4, *["similar"] * 3]
    label = {"leopards", "motorbikes", "sunflower"}
    assert all(
        any(f"/{one}/" in answer.splitlines()[1] for one in label) for answer in answers[-3:]
    )
    with Image.open(tmp_path / "demo" / "results.jpg") as sheet:
        assert sheet.width > 1_000


def test_the_samples_are_small_credited_and_sound() -> None:
    pictures = sorted((SAMPLES / "pictures").rglob("*.jpg"))
    assert len(pictures) == 120
    assert sum(path.stat().st_size for path in SAMPLES.rglob("*.jpg")) < 2_500_000
    assert "CC BY 4.0" in " ".join((SAMPLES / "README.md").read_text("utf-8").split())
    for path in pictures:
        Image.open(path).verify()
