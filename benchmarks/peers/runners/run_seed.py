"""The seed's recipe: ResNet-50 in torch, pictures decoded in full, scikit-learn's brute force.

Batches of 32 at 224 pixels, features in a pickle. The weights are random; they cost the same time.
"""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import TYPE_CHECKING

import _cpu_torch  # noqa: F401
import numpy as np
import torch
from PIL import Image
from runner import TOP, repeated, serve
from torchvision import models, transforms

if TYPE_CHECKING:
    from collections.abc import Callable

BATCH = 32
ENDINGS = {".jpg", ".jpeg", ".png", ".bmp", ".webp"}
FEATURES = "features.pickle"


class Seed:
    """What one writes in an afternoon."""

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

    def index(self, folder: Path, place: Path) -> None:
        """Encode every picture, whether it was encoded before or not."""
        paths = sorted(p for p in folder.rglob("*") if p.suffix.lower() in ENDINGS)
        batches = [paths[k : k + BATCH] for k in range(0, len(paths), BATCH)]
        features = np.concatenate([self._encode(batch) for batch in batches])
        self._save(place, [str(path) for path in paths], features)

    def count(self, place: Path) -> int:
        """Count the rows."""
        return len(self._read(place)[0])

    def ask(self, place: Path, query: str) -> int:
        """Load, fit, answer."""
        return self.open(place)(query)

    def open(self, place: Path) -> Callable[[str], int]:
        """Fit scikit-learn's search."""
        from sklearn.neighbors import NearestNeighbors

        _, features = self._read(place)
        neighbours = NearestNeighbors(n_neighbors=TOP, algorithm="brute", metric="cosine")
        neighbours.fit(features)

        def answer(query: str) -> int:
            _, found = neighbours.kneighbors(self._encode([Path(query)]))
            return len(found[0])

        return answer

    def grow(self, place: Path, new: Path, rows: int) -> None:
        """Repeat the rows."""
        paths, features = self._read(place)
        self._save(new, (paths * (rows // len(paths) + 1))[:rows], repeated(features, rows))

    @torch.inference_mode()
    def _encode(self, paths: list[Path]) -> np.ndarray:
        pictures = [self._prepare(Image.open(path).convert("RGB")) for path in paths]
        return self._network(torch.stack(pictures)).numpy()

    @staticmethod
    def _save(place: Path, paths: list[str], features: np.ndarray) -> None:
        with (place / FEATURES).open("wb") as file:
            pickle.dump((paths, features), file)

    @staticmethod
    def _read(place: Path) -> tuple[list[str], np.ndarray]:
        with (place / FEATURES).open("rb") as file:
            return pickle.load(file)


if __name__ == "__main__":
    serve(lambda _variant: Seed())
