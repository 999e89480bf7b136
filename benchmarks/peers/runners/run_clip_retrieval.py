"""clip-retrieval, as its README says: `inference`, then `index`; `filter` is what asks.

Its network is OpenAI's ViT-B/32 from `clip-anytorch`, which downloads the weights: `clip.load` is
replaced by one that builds the same network with random weights. Before it encodes anything it runs
two batches of 256 to warm a GPU up; that is left out, as it would be half of the time that a few
hundred photos take. A warm query takes the steps of `filter`, with network and index kept loaded.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import _cpu_torch  # noqa: F401
import all_clip.main
import clip
import numpy as np
import torch
from clip.clip import _transform
from clip.model import CLIP
from PIL import Image
from runner import TOP, repeated, serve

if TYPE_CHECKING:
    from collections.abc import Callable

EMBEDDINGS, INDEX = "embeddings", "index"
VECTORS = "img_emb/img_emb_0.npy"
# Of ViT-B/32: joint dimensions; side, layers, width, patch of pictures; length, words, width,
# heads, layers of texts.
SHAPE = (512, 224, 12, 768, 32, 77, 49408, 512, 8, 12)


def _load(*_: Any, **__: Any) -> tuple[Any, Any]:
    """Stand in for `clip.load`."""
    network = CLIP(*SHAPE).float().eval()
    return network, _transform(network.visual.input_resolution)


def _warmup(*_: Any, **__: Any) -> None:
    """Stand in for all_clip's own."""


clip.load = _load
all_clip.main.warmup = _warmup


class ClipRetrieval:
    """Its commands, called as its command line does."""

    def index(self, folder: Path, place: Path) -> None:
        """Encode all, write the vectors, build the index; what is there is made anew."""
        from clip_retrieval.clip_inference import clip_inference

        shutil.rmtree(place / EMBEDDINGS, ignore_errors=True)
        clip_inference(str(folder), str(place / EMBEDDINGS))
        self._build(place)

    def count(self, place: Path) -> int:
        """Count the vectors."""
        return len(np.load(place / EMBEDDINGS / VECTORS, mmap_mode="r"))

    def ask(self, place: Path, query: str) -> int:
        """Run `filter`, which copies what it finds into a folder."""
        from clip_retrieval.clip_filter import clip_filter

        with tempfile.TemporaryDirectory() as found:
            clip_filter(query, found, str(place / INDEX), num_results=TOP)
            return len(list(Path(found).iterdir()))

    def open(self, place: Path) -> Callable[[str], int]:
        """Load network and index."""
        import faiss

        network, prepare = clip.load("ViT-B/32")
        index = faiss.read_index(str(place / INDEX / "image.index"))

        @torch.no_grad()
        def answer(query: str) -> int:
            features = network.encode_image(prepare(Image.open(query)).unsqueeze(0))
            features /= features.norm(dim=-1, keepdim=True)
            _, found = index.search(features.numpy().astype("float32"), TOP)
            return int((found[0] >= 0).sum())

        return answer

    def grow(self, place: Path, new: Path, rows: int) -> None:
        """Repeat the vectors, build the index anew."""
        vectors = new / EMBEDDINGS / VECTORS
        vectors.parent.mkdir(parents=True)
        np.save(vectors, repeated(np.load(place / EMBEDDINGS / VECTORS), rows))
        shutil.copytree(place / EMBEDDINGS / "metadata", new / EMBEDDINGS / "metadata")
        self._build(new)

    @staticmethod
    def _build(place: Path) -> None:
        from clip_retrieval.clip_index import clip_index

        shutil.rmtree(place / INDEX, ignore_errors=True)
        clip_index(str(place / EMBEDDINGS), str(place / INDEX))


if __name__ == "__main__":
    serve(lambda _variant: ClipRetrieval())
