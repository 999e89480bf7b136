"""The seed project's recipe: ResNet-50 in torch, full decoding, brute force in scikit-learn.

Batches of 32 pictures of 224 pixels, features in a pickle. The weights are random, which takes the
same time.
"""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import TYPE_CHECKING

import _cpu_torch  # noqa: F401 - makes torchvision importable
import numpy as np
import torch
from PIL import Image
from runner import TOP, main, repeat_with_noise
from torchvision import models, transforms

if TYPE_CHECKING:
    from collections.abc import Callable

BATCH = 32
ENDINGS = {".jpg", ".jpeg", ".png", ".bmp", ".webp"}
FEATURES = "features.pickle"


class Seed:
    """A minimal reverse image search."""

    def __init__(self) -> None:
        """Build the network without its classifier."""
        network = models.resnet50(weights=None)
        network.fc = torch.nn.Identity()
        self._network = network.eval()
        self._prepare = transforms.Compose(
            [
                transforms.Resize((224, 224)),
                transforms.ToTensor(),
                transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
            ]
        )

    def index(self, folder: Path, data: Path) -> None:
        """Encode all pictures, again on each run."""
        paths = sorted(p for p in folder.rglob("*") if p.suffix.lower() in ENDINGS)
        batches = [paths[k : k + BATCH] for k in range(0, len(paths), BATCH)]
        features = np.concatenate([self._encode(batch) for batch in batches])
        self._save(data, [str(path) for path in paths], features)

    def count(self, data: Path) -> int:
        """Count the rows."""
        return len(self._read(data)[0])

    def search(self, data: Path, query: str) -> int:
        """Load the features and search."""
        return self.open(data)(query)

    def open(self, data: Path) -> Callable[[str], int]:
        """Fit scikit-learn's nearest neighbours."""
        from sklearn.neighbors import NearestNeighbors

        _, features = self._read(data)
        neighbours = NearestNeighbors(n_neighbors=TOP, algorithm="brute", metric="cosine")
        neighbours.fit(features)

        def search(query: str) -> int:
            _, rows = neighbours.kneighbors(self._encode([Path(query)]))
            return len(rows[0])

        return search

    def grow(self, data: Path, new: Path, rows: int) -> None:
        """Repeat the rows."""
        paths, features = self._read(data)
        self._save(
            new, (paths * (rows // len(paths) + 1))[:rows], repeat_with_noise(features, rows)
        )

    @torch.inference_mode()
    def _encode(self, paths: list[Path]) -> np.ndarray:
        pictures = [self._prepare(Image.open(path).convert("RGB")) for path in paths]
        return self._network(torch.stack(pictures)).numpy()

    @staticmethod
    def _save(data: Path, paths: list[str], features: np.ndarray) -> None:
        with (data / FEATURES).open("wb") as file:
            pickle.dump((paths, features), file)

    @staticmethod
    def _read(data: Path) -> tuple[list[str], np.ndarray]:
        with (data / FEATURES).open("rb") as file:
            return pickle.load(file)


if __name__ == "__main__":
    main(lambda _variant: Seed())
