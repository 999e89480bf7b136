"""The methods that `recall` compares: each finder returns the gallery row of an edited copy."""

from __future__ import annotations

import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from PIL import Image

from benchmarks.measure import bytes_on_disk
from lookalike.copies.fingerprint import stored_fingerprint
from lookalike.copies.packed import pack
from lookalike.search.search import SearchOptions, search
from lookalike.storage import Record
from lookalike.storage.store import Store
from lookalike.types import Source

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from lookalike.copies.fingerprint import Fingerprint
    from lookalike.encoders.encoder import Encoder
    from lookalike.storage.table import Table
    from lookalike.types import Picture, SearchResult

ROWS_PER_BLOCK = 65_536  # of the gallery, compared with a batch of queries


class Finder(Protocol):
    """A method to measure: add the gallery in row order, then search."""

    name: str

    def add(self, pictures: Sequence[Picture]) -> None:
        """Add the next pictures of the gallery."""
        ...

    def find(self, queries: Sequence[Picture]) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
        """Return each query's best row and its score, [N] each; a higher score is more certain."""
        ...

    def bytes_per_picture(self) -> float:
        """Return the size of a gallery picture in the index."""
        ...


class VectorFinder:
    """Exhaustive search by the cosine of the encoder's vectors, stored as float16."""

    def __init__(self, encoder: Encoder, *, threads: int) -> None:
        """Start with an empty gallery."""
        self.name = f"{encoder.name} ({encoder.sha256[:8]})"
        self._encoder, self._threads = encoder, threads
        self._parts: list[NDArray[np.float16]] = []

    def add(self, pictures: Sequence[Picture]) -> None:
        """Encode the next pictures."""
        self._parts.append(self._vectors(pictures).astype(np.float16))

    def find(self, queries: Sequence[Picture]) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
        """Compare the queries with all rows."""
        vectors = self._vectors(queries)
        return _best(self._joined(), lambda rows: vectors @ rows.astype(np.float32).T, len(queries))

    def bytes_per_picture(self) -> float:
        """Count two bytes per dimension."""
        return 2.0 * self._encoder.dimensions

    def _vectors(self, pictures: Sequence[Picture]) -> NDArray[np.float32]:
        inputs = [self._encoder.prepare(picture) for picture in pictures]
        return self._encoder.encode(inputs, threads=self._threads)

    def _joined(self) -> NDArray[np.float16]:
        if len(self._parts) > 1:
            self._parts = [np.concatenate(self._parts)]
        return self._parts[0]


class LookalikeFinder:
    """lookalike's own search with copy detection, over a gallery in a temporary folder."""

    def __init__(self, encoder: Encoder, *, threads: int) -> None:
        """Start with an empty gallery."""
        self.name = "lookalike, verified"
        self._encoder, self._threads = encoder, threads
        self._folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        self._store = Store(Path(self._folder.name), "pictures.lance", encoder.dimensions)
        self._count = 0

    def add(self, pictures: Sequence[Picture]) -> None:
        """Encode the next pictures and compute their fingerprints."""
        inputs = [self._encoder.prepare(picture) for picture in pictures]
        vectors = self._encoder.encode(inputs, threads=self._threads)
        with ThreadPoolExecutor(self._threads) as pool:
            prints = list(pool.map(stored_fingerprint, pictures))
        add_rows(self._store, self._count, prints, vectors)
        self._count += len(pictures)

    def find(self, queries: Sequence[Picture]) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
        """Search; a copy scores 1 plus its confidence, another hit half its cosine."""
        if self._store.fingerprints.visual_words.picture_count() < self._count:
            self._store.optimize()
        results = [self._search(query) for query in queries]
        best = [result[0] for result in results]
        scores = [
            hit.score / 2 if hit.match is None else 1 + hit.match.confidence + (hit.kind == "exact")
            for hit in best
        ]
        return np.array([int(hit.path[1:]) for hit in best]), np.array(scores)

    def bytes_per_picture(self) -> float:
        """Return the size of the tables for copy detection, without the vectors."""
        tables = (self._store.fingerprints.table, self._store.fingerprints.visual_words.table)
        return sum(map(bytes_of, tables)) / self._count

    def _search(self, query: Picture) -> SearchResult:
        return search(query.pixels, self._store, self._encoder, SearchOptions(top=5))


def add_rows(
    store: Store, start: int, fingerprints: Sequence[Fingerprint], vectors: NDArray[np.floating]
) -> None:
    """Add pictures by their fingerprints and vectors [N, D]; the path is the row's number."""
    rows = [
        Record(
            Source(f"/{start + k}", 0, 0),
            (start + k).to_bytes(16, "big"),
            fingerprint.width,
            fingerprint.height,
            vector.astype(np.float16),
            pack(fingerprint),
        )
        for k, (fingerprint, vector) in enumerate(zip(fingerprints, vectors, strict=True))
    ]
    store.add(rows, replace=False)


def bytes_of(table: Table) -> int:
    """Return the size of a table on disk."""
    return bytes_on_disk(table.uri)


class HashFinder:
    """A perceptual hash, compared by the Hamming distance of the nearest form of the query."""

    def __init__(self, name: str, forms: Callable[[Picture], NDArray[np.uint8]]) -> None:
        """Take a function that returns a picture's hashes, 0 or 1, [F, bits], plain one first."""
        self.name, self._forms = name, forms
        self._parts: list[NDArray[np.uint64]] = []

    def add(self, pictures: Sequence[Picture]) -> None:
        """Hash the next pictures."""
        self._parts.append(np.stack([_words(self._forms(picture))[0] for picture in pictures]))

    def find(self, queries: Sequence[Picture]) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
        """Count the bits that differ from each row."""
        self._parts = [np.concatenate(self._parts)]
        hashes = np.stack([_words(self._forms(query)) for query in queries])  # [N, F, words]

        def scores(rows: NDArray[np.uint64]) -> NDArray[np.float64]:
            nearest = np.full((len(hashes), len(rows)), np.inf)
            for form in np.moveaxis(hashes, 1, 0):
                distance = np.zeros(nearest.shape)
                for word in range(rows.shape[1]):
                    distance += np.bitwise_count(form[:, word, None] ^ rows[None, :, word])
                np.minimum(nearest, distance, out=nearest)
            return -nearest

        return _best(self._parts[0], scores, len(queries))

    def bytes_per_picture(self) -> float:
        """Count eight bytes per word."""
        return 8.0 * self._parts[0].shape[1]


def _words(bits: NDArray[np.uint8]) -> NDArray[np.uint64]:
    return np.packbits(bits, axis=1).view(np.uint64)


def _best(
    gallery: NDArray[Any], scores: Callable[[NDArray[Any]], NDArray[Any]], queries: int
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Return each query's best row and its score; of equal rows the first."""
    best, rows = np.full(queries, -np.inf), np.zeros(queries, np.intp)
    for start in range(0, len(gallery), ROWS_PER_BLOCK):
        block = scores(gallery[start : start + ROWS_PER_BLOCK])
        columns = block.argmax(axis=1)
        score = block[np.arange(queries), columns]
        better = score > best
        best[better], rows[better] = score[better], columns[better] + start
    return rows, best


def hash_finders() -> list[Finder]:
    """Return pHash, dHash, PDQ, and PDQ with the eight forms of the query.

    Raises:
        SystemExit: If their libraries are not installed.
    """
    try:
        import imagehash
        import pdqhash
    except ImportError as error:
        message = f"{error}. Run: pip install -r benchmarks/requirements.txt"
        raise SystemExit(message) from error

    def single(function: Callable[[Image.Image], Any]) -> Callable[[Picture], NDArray[np.uint8]]:
        return lambda p: function(Image.fromarray(p.pixels)).hash.reshape(1, -1).astype(np.uint8)

    def pdq(picture: Picture) -> NDArray[np.uint8]:
        return np.asarray(pdqhash.compute(np.ascontiguousarray(picture.pixels))[0])[None]

    def dihedral(picture: Picture) -> NDArray[np.uint8]:
        return np.stack(pdqhash.compute_dihedral(np.ascontiguousarray(picture.pixels))[0])

    return [
        HashFinder("pHash", single(imagehash.phash)),
        HashFinder("dHash", single(imagehash.dhash)),
        HashFinder("PDQ", pdq),
        HashFinder("PDQ x 8", dihedral),
    ]
