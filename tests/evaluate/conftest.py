"""Labelled pictures that differ by colour, so that a simple encoder can separate them."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from lookalike.evaluate import Evaluation, evaluate

from ..conftest import RandomEncoder, draw

COLOURS = {"red": "#c33", "green": "#3c3", "blue": "#33c", "<b>grey</b>": "#888"}


@pytest.fixture(scope="session")
def labelled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four labels of six pictures; one label and one file try to inject HTML."""
    folder = tmp_path_factory.mktemp("evaluate") / "labelled"
    for number, (label, colour) in enumerate(COLOURS.items()):
        for n in range(6):
            name = '"><script>alert(1)</script>.jpg' if (number, n) == (0, 0) else f"{n}.jpg"
            path = (
                folder
                / label.replace("/", "\N{DIVISION SLASH}")
                / name.replace("/", "\N{DIVISION SLASH}")
            )
            path.parent.mkdir(parents=True, exist_ok=True)
            drawn = draw(10 * number + n)
            Image.blend(drawn, Image.new("RGB", drawn.size, colour), 0.45).save(path)
    return folder


@pytest.fixture(scope="session")
def evaluation(labelled: Path) -> Evaluation:
    """Their evaluation, with an encoder that sees colours and makes mistakes."""
    return evaluate(labelled, encoder=RandomEncoder())
