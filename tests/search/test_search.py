from __future__ import annotations

import io
import json
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageOps

from lookalike import Filter, Gallery, Hit, Place, SearchResult
from lookalike.decode import from_image
from lookalike.errors import ArgumentError, EncoderError, GalleryNotFoundError
from lookalike.gallery.reading import QUERIES_AT_ONCE
from lookalike.search.query import Query
from lookalike.search.search import SearchOptions, _rank_key, search as search_in, search_text
from lookalike.sources.content import content_hash
from lookalike.storage import Record
from lookalike.storage.store import Store
from lookalike.types import Differences, Match, Refusal, Source

from ..conftest import RandomEncoder, busy, draw, save

SIZE = (480, 360)


def search(query: Any, store: Store, encoder: Any, **options: Any) -> SearchResult:
    return search_in(query, store, encoder, SearchOptions(**options))


def stored(tmp_path: Path, encoder: RandomEncoder) -> tuple[Store, Path]:
    """A table with the query's own row, its copy, a stranger that scores higher, and others."""
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
    def prepare_image(self, image: Image.Image) -> object:
        return self.prepare(from_image(image))


def test_the_querys_bytes_come_first_then_by_score(tmp_path: Path) -> None:
    encoder = Encoder()
    store, query = stored(tmp_path, encoder)
    result = search(query, store, encoder, top=10)
    assert [hit.path for hit in result] == [str(query), "/a/stranger", "/z/stranger", "/far"]
    assert [hit.rank for hit in result] == [1, 2, 3, 4]
    assert all(hit.score <= 1 for hit in result)
    assert result[3].score < -0.99
    # As bytes it has no path of its own; as pixels no bytes either.
    as_bytes = search(query.read_bytes(), store, encoder, top=2)
    assert [hit.path for hit in as_bytes] == ["/a/copy", "/a/stranger"]
    for own, paths in (
        (result[0], [str(query), "/a/copy"]),
        (as_bytes[0], ["/a/copy", str(query)]),
    ):
        assert [place.path for place in own.places] == paths
    assert search(draw(1), store, encoder, top=1)[0].path == "/a/stranger"


def test_min_score_and_top_limit_the_hits(tmp_path: Path) -> None:
    encoder = Encoder()
    store, query = stored(tmp_path, encoder)
    assert len(search(query, store, encoder, top=10, min_score=0.5)) == 3
    assert len(search(query, store, encoder, top=2, min_score=0.5)) == 2
    assert len(search(query, Store(tmp_path, "none.lance", 16), encoder, top=3, min_score=0)) == 0


class TextEncoder(Encoder):
    """An encoder with a text tower that gives every text the vector of the stored picture."""

    def encode_text(self, text: str) -> object:
        return self.encode([self.prepare_image(draw(1))])[0]


def test_a_text_ranks_by_score_alone(tmp_path: Path) -> None:
    store, _ = stored(tmp_path, Encoder())
    result = search_text(
        "a red bicycle", store, TextEncoder(), SearchOptions(top=5, min_score=0.998)
    )
    assert result.query == "a red bicycle"
    assert [hit.path for hit in result] == ["/a/stranger", "/z/stranger"]
    assert [hit.rank for hit in result] == [1, 2]
    with pytest.raises(EncoderError, match="random can't encode text"):
        search_text("a red bicycle", store, Encoder(), SearchOptions(top=3))


@pytest.fixture(scope="module")
def busy_gallery(tmp_path_factory: pytest.TempPathFactory) -> Gallery:
    """Thirty pictures, and an encoder to which a crop is not similar."""
    folder = tmp_path_factory.mktemp("busy")
    (folder / "p").mkdir()
    for seed in range(30):
        busy(seed, SIZE).save(folder / "p" / f"{seed:02}.png", compress_level=1)
    gallery = Gallery.open(folder / "g", encoder=RandomEncoder())
    gallery.index(folder / "p")
    return gallery


def name(hit: Hit) -> str:
    return Path(hit.path).name


def the_copy(result: SearchResult) -> Hit:
    """The only copy, which is the first hit."""
    (best,) = result.copies
    assert best == result[0]
    assert {hit.kind for hit in result[1:]} <= {"similar", "near"}
    return best


def test_a_small_mirrored_crop_on_a_page_is_found_first(busy_gallery: Gallery) -> None:
    page = busy(77, (600, 500))
    crop = ImageOps.mirror(busy(9, SIZE).crop((0, 0, 360, 360)))
    page.paste(crop.resize((270, 270)), (0, 150))  # at the edge where it was cropped
    best = the_copy(busy_gallery.search(page, top=5))
    assert (name(best), best.kind) == ("09.png", "copy")
    assert best.match
    assert best.match.flipped
    assert best.match.query_overlap == pytest.approx(270**2 / (600 * 500), abs=0.02)
    assert best.match.target_overlap == pytest.approx(0.75, abs=0.03)
    assert best.match.confidence > 0.9
    assert best.match.inliers == len(best.match.points)


def test_the_same_bytes_or_pixels_are_exact(busy_gallery: Gallery) -> None:
    path = busy_gallery.folder.parent / "p" / "04.png"
    best = the_copy(busy_gallery.search(path, top=3))
    assert (best.path, best.kind) == (str(path), "exact")
    resaved = io.BytesIO()
    busy(4, SIZE).save(resaved, "PNG", compress_level=9)
    assert resaved.getvalue() != path.read_bytes()
    for same in (resaved.getvalue(), busy(4, SIZE), path.read_bytes()):
        best = the_copy(busy_gallery.search(same, top=3))
        assert (best.path, best.kind) == (str(path), "exact")
        assert best.match
        assert np.allclose(best.match.transform, np.eye(3), atol=0.02)
    saved = io.BytesIO()
    busy(4, SIZE).save(saved, "JPEG", quality=60)
    best = the_copy(busy_gallery.search(saved.getvalue(), top=3))
    assert (best.path, best.kind) == (str(path), "copy")


def test_other_pictures_are_only_similar(busy_gallery: Gallery) -> None:
    for seed in range(100, 106):
        result = busy_gallery.search(busy(seed, SIZE), top=10)
        assert result.copies == ()
        assert len(result.similar) == len(result) == 10
        for hit in result:
            assert (hit.kind, hit.match) == ("similar", None)


@pytest.mark.parametrize("mirror", [False, True])
def test_a_negative_is_found(tmp_path: Path, mirror: bool) -> None:
    """By the packaged encoder: a negative has other words."""
    for seed in range(6):
        busy(seed, SIZE).save(tmp_path / f"{seed}.png", compress_level=1)
    gallery = Gallery.open(tmp_path / "g")
    gallery.index(tmp_path)
    query = ImageOps.invert(busy(2, SIZE))
    best = the_copy(gallery.search(ImageOps.mirror(query) if mirror else query, top=6))
    assert (name(best), best.kind) == ("2.png", "copy")
    assert best.match
    assert best.match.flipped == mirror


def test_min_score_does_not_remove_copies(busy_gallery: Gallery) -> None:
    crop = busy(5, SIZE).crop((200, 140, 480, 360))
    result = busy_gallery.search(crop, top=10, min_score=1.0)
    assert [(name(hit), hit.kind) for hit in result] == [("05.png", "copy")]
    assert result[0].score < 0.99
    assert not busy_gallery.search(crop, top=10, min_score=1.0, copies=False)


def test_copies_come_first_by_how_much_they_show(tmp_path: Path) -> None:
    for seed in range(5):
        busy(seed, SIZE).save(tmp_path / f"{seed}.png", compress_level=1)
    busy(1, SIZE).crop((0, 0, 240, 360)).save(tmp_path / "half.png")
    busy(1, SIZE).save(tmp_path / "worse.jpg", quality=30)
    page = busy(9, (960, 720))
    page.paste(busy(1, SIZE), (240, 180))
    page.save(tmp_path / "page.png")
    gallery = Gallery.open(tmp_path / "g", encoder=RandomEncoder())
    gallery.index(tmp_path)
    result = gallery.search(tmp_path / "1.png", top=8)
    assert [name(hit) for hit in result.copies] == ["1.png", "worse.jpg", "page.png", "half.png"]
    assert result[:4] == result.copies
    assert result[4:] == result.similar
    scores = [hit.score for hit in result.similar]
    assert scores == sorted(scores, reverse=True)
    assert [hit.rank for hit in result] == [*range(1, 9)]
    assert [name(hit) for hit in gallery.search(tmp_path / "1.png", top=1)] == ["1.png"]
    # A crop's whole comes before the page, which shows as much of it.
    result = gallery.search(busy(1, SIZE).crop((120, 0, 480, 360)), top=8)
    assert [name(hit) for hit in result.copies][:1] == ["1.png"]
    assert [name(hit) for hit in result.copies][-2:] == ["page.png", "half.png"]


def test_the_original_comes_before_other_content_in_the_same_frame() -> None:
    """Of those that show as much, however sure each is; the same bytes come before all."""

    def row(path: str, kind: str, **values: Any) -> dict[str, Any]:
        found = Match(np.eye(3), 20, 0.1, 1.0, 0.99, 1.0, 1.0, False, np.zeros((20, 4), np.float32))
        parts = {name: value for name, value in values.items() if name != "share"}
        found = replace(found, differences=Differences(values.get("share", 0.0)), **parts)
        return {"path": path, "kind": kind, "score": 0.9, "content_hash": b"o", "match": found}

    rows = [
        {"path": "own", "kind": "exact", "score": 0.2, "content_hash": b"q", "match": None},
        row("pixels", "exact"),
        row("original", "copy", confidence=0.95, query_overlap=0.97),
        row("template", "copy", share=0.08),
        row("page", "copy", target_overlap=0.2),
        row("part", "copy", query_overlap=0.3),
        row("another shot", "near", share=0.3),
        row("another scene", "near", share=0.5, confidence=0.999),
        {"path": "like it", "kind": "similar", "score": 1.0, "content_hash": b"s", "match": None},
    ]
    query = Query(from_image(draw(1)), "bytes", None, b"q")
    mixed = [rows[k] for k in np.random.default_rng(0).permutation(len(rows))]
    assert sorted(mixed, key=partial(_rank_key, query)) == rows


def test_files_of_the_same_bytes_are_one_hit(tmp_path: Path) -> None:
    """Of one content there may be more files than hits are wanted."""
    for seed in range(20):
        busy(seed, SIZE).save(tmp_path / f"{seed:02}.png", compress_level=1)
    (tmp_path / "twins").mkdir()
    for number in range(30):
        busy(1, SIZE).save(tmp_path / "twins" / f"{number:02}.png", compress_level=1)
    gallery = Gallery.open(tmp_path / "g", encoder=RandomEncoder())
    gallery.index(tmp_path)
    files = [tmp_path / "01.png", *(tmp_path / "twins" / f"{n:02}.png" for n in range(30))]
    crop = busy(1, SIZE).crop((200, 140, 480, 360))
    for copies in (False, True):
        result = gallery.search(crop, top=12, copies=copies)
        assert len({hit.id for hit in result}) == 12
        (hit,) = (hit for hit in result if len(hit.places) > 1)
        stats = [file.stat() for file in files]
        assert hit.places == tuple(
            Place(str(file), stat.st_size, stat.st_mtime_ns)
            for file, stat in zip(files, stats, strict=True)
        )
        assert (hit.path, hit.size, hit.mtime_ns) == (
            str(files[0]), stats[0].st_size, stats[0].st_mtime_ns
        )  # fmt: skip
    assert len(gallery.search(crop, top=100)) == 20
    (alone,) = gallery.search_many([crop], top=12)
    assert isinstance(alone, SearchResult)
    assert [(hit.path, hit.places) for hit in alone] == [(h.path, h.places) for h in result]
    info, page = gallery.info(), gallery.browse(top=1)
    assert (info.pictures, info.files, page.total, info.fingerprints) == (20, 50, 20, 20)
    # The path is one that the filter allows, or the query's own; the others are told, too.
    (hit,) = gallery.search(crop, where=Filter(label="twins"))
    assert [place.path for place in hit.places] == [*map(str, files[1:]), str(files[0])]
    assert hit.path == str(files[1])
    assert gallery.search(files[7], top=1)[0].path == str(files[7])
    # So many files of one content leave room for other candidates.
    both = Image.new("RGB", (960, 360))
    both.paste(busy(1, SIZE), (0, 0))
    both.paste(busy(2, SIZE).resize(SIZE), (480, 0))
    assert {hit.id for hit in gallery.search(both, top=40).copies} == {
        gallery.search(busy(n, SIZE), top=1)[0].id for n in (1, 2)
    }


def test_hits_are_json(busy_gallery: Gallery) -> None:
    result = busy_gallery.search(busy(5, SIZE).crop((200, 140, 480, 360)), top=2)
    copy, other = (json.loads(json.dumps(hit.as_json())) for hit in result)
    assert set(other) == {
        "rank",
        "path",
        "score",
        "width",
        "height",
        "kind",
        "id",
        "size",
        "mtime_ns",
        "places",
    }
    (place,) = copy["places"]
    assert place == {name: copy[name] for name in ("path", "size", "mtime_ns")}
    assert set(copy) == {*other, "match"}
    assert copy["kind"] == "copy"
    assert "points" not in copy["match"]
    assert np.array(copy["match"]["transform"]).shape == (3, 3)
    assert copy["match"]["transform"][0][2] == pytest.approx(200, abs=3)
    assert copy["match"]["flipped"] is False


def test_without_copies_nothing_is_verified(busy_gallery: Gallery) -> None:
    query = ImageOps.mirror(busy(9, SIZE))
    assert name(busy_gallery.search(query, top=1)[0]) == "09.png"
    result = busy_gallery.search(query, top=30, copies=False)
    assert all((hit.kind, hit.match) == ("similar", None) for hit in result)
    assert [hit.score for hit in result] == sorted((hit.score for hit in result), reverse=True)
    path = busy_gallery.folder.parent / "p" / "09.png"  # equal bytes need no verification
    best = busy_gallery.search(path, top=1, copies=False)[0]
    assert (best.path, best.kind, best.match) == (str(path), "exact", None)


def test_a_blank_query_has_hits_but_no_copies(busy_gallery: Gallery) -> None:
    result = busy_gallery.search(Image.new("RGB", SIZE, "white"), top=4)
    assert len(result) == 4
    assert result.copies == ()


def test_many_queries_have_the_hits_of_each(
    busy_gallery: Gallery, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lookalike.gallery.reading.QUERIES_AT_ONCE", 5)
    files = sorted((busy_gallery.folder.parent / "p").iterdir())[:3]
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"\xff\xd8\xff\xe0 no picture")
    crop = busy(2, (480, 360)).crop((60, 45, 400, 330))
    queries = [files[0], broken, crop, files[1].read_bytes(), draw(99), tmp_path / "no", files[2]]
    for options in ({"top": 4}, {"top": 3, "copies": False}, {"where": Filter(min_width=400)}):
        found = list(busy_gallery.search_many(iter(queries), **options))
        assert len(found) == len(queries)
        for query, one in zip(queries, found, strict=True):
            if query in (broken, tmp_path / "no"):
                assert isinstance(one, Refusal)
                assert one.path == str(query)
                continue
            alone = busy_gallery.search(query, **options)
            assert [(h.path, h.kind, h.id) for h in one] == [(h.path, h.kind, h.id) for h in alone]
            assert [h.score for h in one] == pytest.approx([h.score for h in alone], abs=5e-3)
            assert (one.query, one.version) == (alone.query, alone.version)
    assert list(busy_gallery.search_many([])) == []


def test_many_queries_are_read_in_batches(busy_gallery: Gallery) -> None:
    taken = []

    def queries() -> Iterator[Image.Image]:
        for seed in range(200):
            taken.append(seed)
            yield draw(seed)

    next(busy_gallery.search_many(queries(), copies=False))
    assert len(taken) == QUERIES_AT_ONCE
    with pytest.raises(ArgumentError):
        next(busy_gallery.search_many([draw(1)], top=0))
    with pytest.raises(ArgumentError):
        next(busy_gallery.search_many([5]))  # type: ignore[list-item]
    with pytest.raises(GalleryNotFoundError):
        next(Gallery.open(busy_gallery.folder / "none").search_many([draw(1)]))
