from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lookalike.errors import ArgumentError, PictureError
from lookalike.search.query import prepare
from lookalike.sources.content import content_hash

from ..conftest import draw, save


def test_every_kind_of_query(tmp_path: Path) -> None:
    path = save(tmp_path / "x.png", 1)
    data = path.read_bytes()
    expected = np.asarray(draw(1))
    queries = [
        prepare(str(path)),
        prepare(path),
        prepare(data),
        prepare(bytearray(data)),
        prepare(io.BytesIO(data)),
    ]
    with path.open("rb") as file:
        queries.append(prepare(file))
    queries += [prepare(Image.open(path)), prepare(draw(1)), prepare(expected)]
    for query in queries:
        assert (query.picture.pixels == expected).all()
    assert [query.path for query in queries] == [str(path)] * 2 + [None] * 7
    assert {query.content for query in queries[:6]} == {content_hash(data)}
    assert [query.name for query in queries] == [
        *[str(path)] * 2,
        *["bytes"] * 2,
        "stream",
        str(path),
        *["PIL image"] * 2,
        "array",
    ]


@pytest.mark.parametrize("query", [3, None, np.zeros((4, 4)), np.zeros((4, 4, 4), np.uint8)])
def test_other_kinds_are_refused(query: object) -> None:
    with pytest.raises(ArgumentError, match="A query is a path"):
        prepare(query)  # type: ignore[arg-type]


def test_text_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match="binary mode"):
        prepare(io.StringIO("x"))  # type: ignore[arg-type]


def test_bad_pictures_are_refused(tmp_path: Path) -> None:
    with pytest.raises(PictureError, match=r"can't be read .*check the path"):
        prepare(tmp_path / "none.jpg")
    with pytest.raises(PictureError, match=r"can't be used: not a picture .*; try another"):
        prepare(b"hello")
    with pytest.raises(PictureError, match="too narrow"):
        prepare(Image.new("RGB", (500, 1)))
    with pytest.raises(PictureError):
        prepare("a\0b")
