"""imagededup's `encode_images(folder)`, with its CNN or with its perceptual hash.

It finds duplicates within a folder and has no search, so a query combines its parts:
`encode_image`, then the comparison of `find_duplicates` with a single row. It keeps encodings in
memory; here they are written to a pickle. Its CNN, torchvision's MobileNetV3-small, downloads
weights: here it is built without them.
"""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING, Any

import _cpu_torch  # noqa: F401 - makes torchvision importable
import numpy as np
from imagededup.handlers.search.retrieval import HashEval
from imagededup.methods import CNN, PHash
from runner import TOP, main, repeat_with_noise
from torchvision import models

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ENCODINGS = "encodings.pickle"
HASH_DIGITS = 16
MAX_DISTANCE = 64  # bits: no hash is further away, so the nearest are always among the results

_mobilenet = models.mobilenet_v3_small


def _without_weights(**_: Any) -> Any:
    """Replace torchvision's function."""
    return _mobilenet(weights=None)


models.mobilenet_v3_small = _without_weights


class _PickledEncodings:
    """The base of both methods: encodings in a pickle."""

    def index(self, folder: Path, data: Path) -> None:
        """Encode all pictures, again on each run."""
        self._save(data, self._method().encode_images(str(folder), recursive=True))

    def count(self, data: Path) -> int:
        """Count the encodings."""
        return len(self._read(data))

    def search(self, data: Path, query: str) -> int:
        """Load the encodings and search."""
        return self.open(data)(query)

    @staticmethod
    def _save(data: Path, encodings: dict[str, Any]) -> None:
        with (data / ENCODINGS).open("wb") as file:
            pickle.dump(encodings, file)

    @staticmethod
    def _read(data: Path) -> dict[str, Any]:
        with (data / ENCODINGS).open("rb") as file:
            return pickle.load(file)


class Cnn(_PickledEncodings):
    """Search by its network."""

    _method = CNN

    def open(self, data: Path) -> Callable[[str], int]:
        """Load the encodings into a matrix; compare by cosine as `find_duplicates` does."""
        from sklearn.metrics.pairwise import cosine_similarity

        encoder = CNN(verbose=False)
        rows = np.array([*self._read(data).values()])

        def search(query: str) -> int:
            scores = cosine_similarity(encoder.encode_image(image_file=query), rows)[0]
            return len(np.argsort(-scores)[:TOP])

        return search

    def grow(self, data: Path, new: Path, rows: int) -> None:
        """Repeat the encodings."""
        names, vectors = zip(*self._read(data).items(), strict=True)
        more = repeat_with_noise(np.stack(vectors), rows)
        self._save(new, {f"{names[k % len(names)]}.{k}": more[k] for k in range(rows)})


class Hash(_PickledEncodings):
    """Search by its perceptual hash, the first example in its README."""

    _method = PHash

    def open(self, data: Path) -> Callable[[str], int]:
        """Load the hashes; compare with all of them as `find_duplicates` does."""
        encoder, hashes = PHash(verbose=False), self._read(data)

        def search(query: str) -> int:
            evaluation = HashEval(
                test=hashes,
                queries={query: encoder.encode_image(image_file=query)},
                distance_function=PHash.hamming_distance,
                verbose=False,
                threshold=MAX_DISTANCE,
                num_dist_workers=0,
            )
            return len(evaluation.retrieve_results()[query][:TOP])

        return search

    def grow(self, data: Path, new: Path, rows: int) -> None:
        """Add random hashes, as every comparison costs the same."""
        hashes, random = self._read(data), np.random.default_rng(0)
        more = {
            f"synthetic-{k}": random.bytes(HASH_DIGITS // 2).hex() for k in range(len(hashes), rows)
        }
        self._save(new, hashes | more)


if __name__ == "__main__":
    main(lambda variant: {"cnn": Cnn, "hash": Hash}[variant]())
