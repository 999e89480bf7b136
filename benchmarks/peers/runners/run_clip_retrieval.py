"""clip-retrieval, used as its README says: `inference`, then `index`, then `filter` to search.

Its network is OpenAI's ViT-B/32 from `clip-anytorch`, which downloads the weights: here `clip.load`
is replaced and builds the same network with random weights. Before encoding it runs two batches of
256 to warm up a GPU; this is left out, as it would take half the time of a few hundred photos. A
warm query follows the steps of `filter`, with the network and the index loaded.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import _cpu_torch  # noqa: F401 - makes torchvision importable
import all_clip.main
import clip
import numpy as np
import torch
from clip.clip import _transform
from clip.model import CLIP
from PIL import Image
from runner import TOP, main, repeat_with_noise

if TYPE_CHECKING:
    from collections.abc import Callable

EMBEDDINGS, INDEX = "embeddings", "index"
VECTORS = "img_emb/img_emb_0.npy"
# Of ViT-B/32: dimensions; side, layers, width and patch of pictures; length, vocabulary, width,
# heads and layers of texts.
SHAPE = (512, 224, 12, 768, 32, 77, 49408, 512, 8, 12)


def _load(*_: Any, **__: Any) -> tuple[Any, Any]:
    """Replace `clip.load`."""
    network = CLIP(*SHAPE).float().eval()
    return network, _transform(network.visual.input_resolution)


def _warmup(*_: Any, **__: Any) -> None:
    """Replace all_clip's warm-up."""


clip.load = _load
all_clip.main.warmup = _warmup


class ClipRetrieval:
    """Its commands, called as from its command line."""

    def index(self, folder: Path, data: Path) -> None:
        """Encode all pictures, write the vectors, build the index from scratch."""
        from clip_retrieval.clip_inference import clip_inference

        shutil.rmtree(data / EMBEDDINGS, ignore_errors=True)
        clip_inference(str(folder), str(data / EMBEDDINGS))
        self._build(data)

    def count(self, data: Path) -> int:
        """Count the vectors."""
        return len(np.load(data / EMBEDDINGS / VECTORS, mmap_mode="r"))

    def search(self, data: Path, query: str) -> int:
        """Run `filter`, which copies the hits into a folder."""
        from clip_retrieval.clip_filter import clip_filter

        with tempfile.TemporaryDirectory() as hits:
            clip_filter(query, hits, str(data / INDEX), num_results=TOP)
            return len(list(Path(hits).iterdir()))

    def open(self, data: Path) -> Callable[[str], int]:
        """Load the network and the index."""
        import faiss

        network, prepare = clip.load("ViT-B/32")
        index = faiss.read_index(str(data / INDEX / "image.index"))

        @torch.no_grad()
        def search(query: str) -> int:
            features = network.encode_image(prepare(Image.open(query)).unsqueeze(0))
            features /= features.norm(dim=-1, keepdim=True)
            _, rows = index.search(features.numpy().astype("float32"), TOP)
            return int((rows[0] >= 0).sum())

        return search

    def grow(self, data: Path, new: Path, rows: int) -> None:
        """Repeat the vectors, build a new index."""
        vectors = new / EMBEDDINGS / VECTORS
        vectors.parent.mkdir(parents=True)
        np.save(vectors, repeat_with_noise(np.load(data / EMBEDDINGS / VECTORS), rows))
        shutil.copytree(data / EMBEDDINGS / "metadata", new / EMBEDDINGS / "metadata")
        self._build(new)

    @staticmethod
    def _build(data: Path) -> None:
        from clip_retrieval.clip_index import clip_index

        shutil.rmtree(data / INDEX, ignore_errors=True)
        clip_index(str(data / EMBEDDINGS), str(data / INDEX))


if __name__ == "__main__":
    main(lambda _variant: ClipRetrieval())
