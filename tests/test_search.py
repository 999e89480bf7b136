from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lookalike.errors import EncoderError
from lookalike.search import search, search_text
from lookalike.sources import content_hash
from lookalike.store import Store
from lookalike.types import Record, Source

from .conftest import RandomEncoder, draw, save


def stored(tmp_path: Path, encoder: RandomEncoder) -> tuple[Store, Path]:
    """A table with the query's own row, its copy, a better scored stranger, and others."""
    query = save(tmp_path / "query.png", 1)
    own = encoder.encode([encoder.prepare_image(draw(1))])[0]
    near = own + 0.03 * np.random.default_rng(0).normal(size=own.shape)
    near /= np.linalg.norm(near)
    content = content_hash(query.read_bytes())
    rows = [
        ("/a/stranger", b"s" * 16, own),
        ("/a/copy", content, near),
        (str(query), content, near),
        ("/z/stranger", b"t" * 16, own),
        ("/far", b"u" * 16, -own),
    ]
    store = Store(tmp_path, "pictures.lance", encoder.dimensions)
    store.add(
        [Record(Source(p, 1, 1), c, 4, 3, v.astype(np.float16)) for p, c, v in rows],
        replace=False,
    )
    return store, query


class Encoder(RandomEncoder):
    def prepare_image(self, image: object) -> object:
        from lookalike.decode import from_image

        return self.prepare(from_image(image))  # type: ignore[arg-type]


def test_the_querys_own_file_then_its_bytes_then_by_score(tmp_path: Path) -> None:
    encoder = Encoder()
    store, query = stored(tmp_path, encoder)
    result = search(query, store, encoder, top=10, min_score=None)
    paths = [str(query), "/a/copy", "/a/stranger", "/z/stranger", "/far"]
    assert [hit.path for hit in result] == paths
    assert [hit.rank for hit in result] == [1, 2, 3, 4, 5]
    assert all(hit.score <= 1 for hit in result)
    assert result[4].score < -0.99
    # As bytes it has no path of its own; as pixels no bytes either.
    as_bytes = search(query.read_bytes(), store, encoder, top=2, min_score=None)
    assert [hit.path for hit in as_bytes] == ["/a/copy", str(query)]
    assert search(draw(1), store, encoder, top=1, min_score=None)[0].path == "/a/stranger"


def test_min_score_and_top_hold(tmp_path: Path) -> None:
    encoder = Encoder()
    store, query = stored(tmp_path, encoder)
    assert len(search(query, store, encoder, top=10, min_score=0.5)) == 4
    assert len(search(query, store, encoder, top=3, min_score=0.5)) == 3
    assert len(search(query, Store(tmp_path, "none.lance", 16), encoder, top=3, min_score=0)) == 0


class Worded(RandomEncoder):
    """An encoder with a text tower, to which every text is the picture that is stored."""

    def encode_text(self, text: str) -> object:
        return self.encode([self.prepare_image(draw(1))])[0]

    def prepare_image(self, image: object) -> object:
        from lookalike.decode import from_image

        return self.prepare(from_image(image))  # type: ignore[arg-type]


def test_a_text_finds_by_score_alone(tmp_path: Path) -> None:
    store, _ = stored(tmp_path, Encoder())
    result = search_text("a red bicycle", store, Worded(), top=5, min_score=0.998)
    assert result.query == "a red bicycle"
    assert [hit.path for hit in result] == ["/a/stranger", "/z/stranger"]
    assert [hit.rank for hit in result] == [1, 2]
    with pytest.raises(EncoderError, match="random knows pictures only"):
        search_text("a red bicycle", store, Encoder(), top=3, min_score=None)
