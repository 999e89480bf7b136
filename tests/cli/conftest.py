"""What the tests of the commands share."""

from __future__ import annotations

from pathlib import Path

import pytest

from ..conftest import run


@pytest.fixture
def indexed(tmp_path: Path, pictures: Path) -> Path:
    """A gallery of the twelve pictures, made by the command."""
    folder = tmp_path / "g"
    done = run("index", pictures, gallery=folder)
    assert done.returncode == 0, done.stderr
    return folder
