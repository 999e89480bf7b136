"""Pairs of pictures to learn from how sure a copy is; none of them of a test half.

What `python -m training.confidence` says of each kind of pair is in its documentation.
"""

from __future__ import annotations

import functools
import io
import tempfile
import zlib
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from PIL import Image

from benchmarks.collection import BACKGROUND, known_copies, picture_name
from benchmarks.copies.drawn.content import Content
from benchmarks.copies.drawn.packages import make_packing
from benchmarks.copies.drawn.pairs import make_pair
from benchmarks.copies.shots import shot_pairs
from benchmarks.copies.templates import photographs
from benchmarks.processes import in_processes
from lookalike import encoders
from lookalike.copies import (
    Fingerprint,
    Verifier,
    fingerprint,
    pack,
    single_threaded,
    stored_fingerprint,
    unpack,
)
from lookalike.decode import decode, from_image
from lookalike.edits import EDITS
from lookalike.ingest.embed import embed
from lookalike.sources import walk

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lookalike.copies.confidence import Evidence

HALF = "development"
# Faces_easy is cropped from Faces, and half of the leopards mirror the others.
CATEGORIES_WITH_COPIES = ("Faces_easy", "Leopards", "wild_cat", BACKGROUND)
# One photograph with other paint: neither a copy nor another picture.
REPAINTED = frozenset(("Motorbikes/image_0032.jpg", "Motorbikes/image_0034.jpg"))
HARD_EDITS = (
    "blurred", "captioned", "cropped", "photographed", "posterised", "reposted", "sticker",
    "stretched", "watermarked",
)  # fmt: skip
NEAREST = 7
HOSTS = 6  # pictures that others are pasted onto
TILES = ((2, 2), (2, 2), (2, 1), (1, 2))  # columns and rows of dense pages
PNG_SHARE = 0.4  # of dense pages; the others are JPEG
SEED = 0


class Sizes(NamedTuple):
    """How many pairs are made.

    Attributes:
        edited: pictures that are edited.
        quarter: pairs of one template.
        drawn: pairs of each other drawn kind.
        dense: pages of several drawings.
        near: pictures that are compared with their nearest.
    """

    edited: int
    quarter: int
    drawn: int
    dense: int
    near: int


FULL, QUICK = Sizes(160, 900, 264, 308, 3000), Sizes(6, 24, 12, 6, 60)


class Example(NamedTuple):
    """A pair: where it is from, what it shares with others, and its evidence, if any."""

    source: str
    group: str
    evidence: Evidence | None


def make_examples(caltech101: Path, shots: Sequence[Path], sizes: Sizes) -> list[Example]:
    """Make all pairs and ask for their evidence, on all cores."""
    photos = photographs(caltech101, half=HALF)
    paths = [p for p in photos if Path(p).parent.name not in CATEGORIES_WITH_COPIES]
    order = np.random.default_rng(SEED).permutation(len(paths)).tolist()
    hosts, edited, near = (
        [paths[i] for i in order[:count]] for count in (HOSTS, sizes.edited, sizes.near)
    )
    edit = partial(edited_copies, hosts=hosts)
    examples = [e for found in in_processes(edit, edited, label="edited") for e in found]
    kinds = dict.fromkeys(("small", "same", "pasted", "packing"), sizes.drawn)
    kinds |= {"quarter": sizes.quarter, "dense": sizes.dense}
    jobs = [(kind, n) for kind, count in kinds.items() for n in range(count)]
    with tempfile.TemporaryDirectory() as folder:
        draw = partial(drawn_pairs, photos=photos, folder=folder)
        examples += [e for found in in_processes(draw, jobs, label="drawn") for e in found]
    sources = [source for place in (caltech101, *shots) for source in walk(str(place.resolve()))]
    listed = shot_pairs(sources, sizes.drawn, half=HALF, seed=SEED)
    pairs = [("shots", pair.one, pair.other) for pair in listed]
    pairs += [("near", one, other) for one, other in nearest_pairs(sorted(near))]
    return examples + list(in_processes(different_pictures, pairs, label="different"))


def nearest_pairs(paths: Sequence[str]) -> list[tuple[str, str]]:
    """Pair each picture with those nearest to it that are not known to be copies."""
    vectors = embed(paths, encoders.load()).vectors
    known, pairs = {*known_copies(), REPAINTED}, set()
    for i, vector in enumerate(vectors):
        for j in np.argsort(-(vectors @ vector))[1 : 1 + NEAREST].tolist():
            if frozenset((picture_name(paths[i]), picture_name(paths[j]))) not in known:
                pairs.add((paths[min(i, j)], paths[max(i, j)]))
    return sorted(pairs)


def edited_copies(path: str, *, hosts: Sequence[str]) -> list[Example]:
    """Edit a picture in all ways, and compare each copy with it."""
    image, *host_images = (
        Image.fromarray(decode(Path(p).read_bytes()).pixels) for p in (path, *hosts)
    )
    random = np.random.default_rng(zlib.crc32(picture_name(path).encode()))
    examples = []
    with single_threaded():
        for name, edit in EDITS.items():
            for strength in (0.5, 1.0, random.uniform()):
                copy = fingerprint(from_image(edit(image, random, strength, host_images)))
                source = "hard" if name in HARD_EDITS else "edited"
                source = "sketched" if name == "sketched" else source
                examples.append(Example(source, path, _evidence(copy, _stored(path))))
    return examples


def drawn_pairs(job: tuple[str, int], *, photos: Sequence[str], folder: str) -> list[Example]:
    """Draw a pair, and compare its files as a query and a picture of a gallery."""
    kind, number = job
    if kind == "dense":
        return dense_pages(number, photos=photos, folder=folder)
    make = make_packing if kind == "packing" else partial(make_pair, kind)
    pair = make(number, half=HALF, photos=photos, folder=folder, seed=SEED)
    paths = {kind: pair.other, "decoy": pair.decoy}
    with single_threaded():
        query = fingerprint(decode(Path(pair.one).read_bytes()))
        examples = [
            Example(source, pair.template, _evidence(query, _stored(path)))
            for source, path in paths.items()
            if path
        ]
    for path in (pair.one, *filter(None, paths.values())):
        Path(path).unlink()
    return examples


def dense_pages(number: int, *, photos: Sequence[str], folder: str) -> list[Example]:
    """Put several drawings on a page, so that their text is small.

    Compared with a page of drawings in which a quarter or little differs, and re-saved.
    """
    kind, source = ("small", "dense copy") if number % 7 in {0, 1} else ("quarter", "dense")
    random = Content(f"dense {number}")
    tiles: list[tuple[Image.Image, ...]] = []
    for seed in range(4):
        pair = make_pair(kind, number, half=HALF, photos=photos, folder=folder, seed=100 + seed)
        tiles.append(tuple(Image.open(p).convert("RGB") for p in (pair.one, pair.other)))
        for path in (pair.one, pair.other):
            Path(path).unlink()
    shape, scale = random.choice(TILES), random.uniform(0.4, 1.3)
    page, other = (_page([tile[side] for tile in tiles], shape) for side in (0, 1))
    query = fingerprint(decode(_saved(page, random)))
    resized = page.resize([max(round(side * scale), 1) for side in page.size])
    with single_threaded():
        return [
            Example(name, pair.template, _evidence(query, _in_gallery(_saved(image, random))))
            for name, image in ((source, other), ("dense copy", resized))
        ]


def _page(tiles: Sequence[Image.Image], shape: tuple[int, int]) -> Image.Image:
    width, height = tiles[0].size
    columns, rows = shape
    page = Image.new("RGB", (width * columns, height * rows))
    for n in range(columns * rows):
        place = n % columns * width, n // columns * height
        page.paste(tiles[n].resize((width, height)), place)
    return page


def _saved(image: Image.Image, random: Content) -> bytes:
    file = io.BytesIO()
    if random.random() < PNG_SHARE:
        image.save(file, "PNG", compress_level=1)
    else:
        image.save(file, "JPEG", quality=random.randint(70, 95))
    return file.getvalue()


def different_pictures(job: tuple[str, str, str]) -> Example:
    """Compare two pictures of a gallery."""
    source, one, other = job
    with single_threaded():
        return Example(source, one, _evidence(_stored(one), _stored(other)))


@functools.lru_cache(maxsize=1000)
def _stored(path: str) -> Fingerprint:
    return _in_gallery(Path(path).read_bytes())


def _in_gallery(data: bytes) -> Fingerprint:
    return unpack(pack(stored_fingerprint(decode(data))))


def _evidence(query: Fingerprint, target: Fingerprint) -> Evidence | None:
    """Return the evidence as `verify` weighs it; None if geometry finds nothing."""
    verifier = Verifier(query)
    match, evidence = verifier.match_with_evidence(target, verifier.views)
    if match is None:
        _, evidence = verifier.match_with_evidence(target, verifier.negatives)
    return evidence
