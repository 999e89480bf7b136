"""DeepImageSearch, as its README says: a `SearchEngine`, its `index(folder)` and `search(query)`.

Its network is ViT-B/32 by open_clip, which downloads the weights: it is told to build the network
without them.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import _cpu_torch  # noqa: F401
import open_clip
from DeepImageSearch import SearchEngine
from runner import TOP, repeated, serve

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_create = open_clip.create_model_and_transforms


def _create_without_weights(name: str, **options: Any) -> Any:
    """Stand in for open_clip's own."""
    return _create(name, **{**options, "pretrained": None})


open_clip.create_model_and_transforms = _create_without_weights


class DeepImageSearch:
    """Its engine with the default network and the default store, faiss."""

    def index(self, folder: Path, place: Path) -> None:
        """Encode all; a second time all is encoded and stored again."""
        self._engine(place).index(str(folder))

    def count(self, place: Path) -> int:
        """Count the vectors."""
        import faiss

        return faiss.read_index(str(place / "index.faiss")).ntotal

    def ask(self, place: Path, query: str) -> int:
        """Load, answer."""
        return self.open(place)(query)

    def open(self, place: Path) -> Callable[[str], int]:
        """Load the engine."""
        engine = self._engine(place)
        return lambda query: len(engine.search(query, k=TOP))

    def grow(self, place: Path, new: Path, rows: int) -> None:
        """Add rows to a copy of its store."""
        shutil.copytree(place, new, dirs_exist_ok=True)
        engine = self._engine(new)
        store = engine.vector_store
        old = store.count()
        more = repeated(store.index.reconstruct_n(0, old), rows)[old:]
        metadata = [dict(store._metadata[k % old]) for k in range(len(more))]  # noqa: SLF001
        store.add([f"made-{k}" for k in range(len(more))], more, metadata)
        engine.save()

    @staticmethod
    def _engine(place: Path) -> SearchEngine:
        return SearchEngine(model_name="clip-vit-b-32", index_dir=str(place))


if __name__ == "__main__":
    serve(lambda _variant: DeepImageSearch())
