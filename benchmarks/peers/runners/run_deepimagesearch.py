"""DeepImageSearch, used as its README says: `index(folder)` and `search(query)` of `SearchEngine`.

Its network is open_clip's ViT-B/32, which downloads the weights: here it is built without them.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import _cpu_torch  # noqa: F401 - makes torchvision importable
import open_clip
from DeepImageSearch import SearchEngine
from runner import TOP, main, repeat_with_noise

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_create = open_clip.create_model_and_transforms


def _create_without_weights(name: str, **options: Any) -> Any:
    """Replace open_clip's function."""
    return _create(name, **{**options, "pretrained": None})


open_clip.create_model_and_transforms = _create_without_weights


class DeepImageSearch:
    """Its engine with the default network and the default store (faiss)."""

    def index(self, folder: Path, data: Path) -> None:
        """Encode and store all pictures, again on each run."""
        self._engine(data).index(str(folder))

    def count(self, data: Path) -> int:
        """Count the vectors."""
        import faiss

        return faiss.read_index(str(data / "index.faiss")).ntotal

    def search(self, data: Path, query: str) -> int:
        """Load the engine and search."""
        return self.open(data)(query)

    def open(self, data: Path) -> Callable[[str], int]:
        """Load the engine."""
        engine = self._engine(data)
        return lambda query: len(engine.search(query, k=TOP))

    def grow(self, data: Path, new: Path, rows: int) -> None:
        """Add rows to a copy of its store."""
        shutil.copytree(data, new, dirs_exist_ok=True)
        engine = self._engine(new)
        store = engine.vector_store
        old = store.count()
        more = repeat_with_noise(store.index.reconstruct_n(0, old), rows)[old:]
        metadata = [dict(store._metadata[k % old]) for k in range(len(more))]  # noqa: SLF001 - no public way
        store.add([f"synthetic-{k}" for k in range(len(more))], more, metadata)
        engine.save()

    @staticmethod
    def _engine(data: Path) -> SearchEngine:
        return SearchEngine(model_name="clip-vit-b-32", index_dir=str(data))


if __name__ == "__main__":
    main(lambda _variant: DeepImageSearch())
