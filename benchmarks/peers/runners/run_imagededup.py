"""imagededup's encoders, `encode_images(folder)`, with its CNN or with its perceptual hash.

It looks for duplicates within a folder and has no command that answers a query, so one is asked as
its parts allow: `encode_image`, then the comparison that `find_duplicates` makes, with one row in
place of all. What it encodes it keeps in memory; here that is written to a pickle. Its CNN,
MobileNetV3-small by torchvision, downloads weights: torchvision is told to build it without.
"""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING, Any

import _cpu_torch  # noqa: F401
import numpy as np
from imagededup.handlers.search.retrieval import HashEval
from imagededup.methods import CNN, PHash
from runner import TOP, repeated, serve
from torchvision import models

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ENCODINGS = "encodings.pickle"
HASH_DIGITS = 16
FAR = 64  # bits: every hash is within, so that the nearest can be taken

_mobilenet = models.mobilenet_v3_small


def _without_weights(**_: Any) -> Any:
    """Stand in for torchvision's own."""
    return _mobilenet(weights=None)


models.mobilenet_v3_small = _without_weights


class _Kept:
    """What both methods share: encodings in a pickle."""

    def index(self, folder: Path, place: Path) -> None:
        """Encode all, whether it was encoded before or not."""
        self._save(place, self._method().encode_images(str(folder), recursive=True))

    def count(self, place: Path) -> int:
        """Count the encodings."""
        return len(self._read(place))

    def ask(self, place: Path, query: str) -> int:
        """Load, answer."""
        return self.open(place)(query)

    @staticmethod
    def _save(place: Path, encodings: dict[str, Any]) -> None:
        with (place / ENCODINGS).open("wb") as file:
            pickle.dump(encodings, file)

    @staticmethod
    def _read(place: Path) -> dict[str, Any]:
        with (place / ENCODINGS).open("rb") as file:
            return pickle.load(file)


class Cnn(_Kept):
    """By its network."""

    _method = CNN

    def open(self, place: Path) -> Callable[[str], int]:
        """Put the encodings into a matrix, compared by cosine as in `find_duplicates`."""
        from sklearn.metrics.pairwise import cosine_similarity

        encoder = CNN(verbose=False)
        rows = np.array([*self._read(place).values()])

        def answer(query: str) -> int:
            scores = cosine_similarity(encoder.encode_image(image_file=query), rows)[0]
            return len(np.argsort(-scores)[:TOP])

        return answer

    def grow(self, place: Path, new: Path, rows: int) -> None:
        """Repeat the encodings."""
        names, vectors = zip(*self._read(place).items(), strict=True)
        more = repeated(np.stack(vectors), rows)
        self._save(new, {f"{names[k % len(names)]}.{k}": more[k] for k in range(rows)})


class Hash(_Kept):
    """By its perceptual hash, which its README begins with."""

    _method = PHash

    def open(self, place: Path) -> Callable[[str], int]:
        """Compare with all hashes, as in `find_duplicates`."""
        encoder, hashes = PHash(verbose=False), self._read(place)

        def answer(query: str) -> int:
            found = HashEval(
                test=hashes,
                queries={query: encoder.encode_image(image_file=query)},
                distance_function=PHash.hamming_distance,
                verbose=False,
                threshold=FAR,
                num_dist_workers=0,
            )
            return len(found.retrieve_results()[query][:TOP])

        return answer

    def grow(self, place: Path, new: Path, rows: int) -> None:
        """Add hashes at random: every comparison costs the same."""
        hashes, random = self._read(place), np.random.default_rng(0)
        more = {f"made-{k}": random.bytes(HASH_DIGITS // 2).hex() for k in range(len(hashes), rows)}
        self._save(new, hashes | more)


if __name__ == "__main__":
    serve(lambda variant: {"cnn": Cnn, "hash": Hash}[variant]())
