"""Tiny Hugging Face models of each family, saved as a user would have them."""

from __future__ import annotations

import importlib
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

COMMIT = "0123456789abcdef0123456789abcdef01234567"


class _LazyTransformers:
    """The library, imported when a test needs a model, because the import takes seconds."""

    def __getattr__(self, name: str) -> Any:
        return getattr(importlib.import_module("transformers"), name)


t = _LazyTransformers()
SIDE = 32  # pixels of their input, where it can be chosen
TRANSFORMER = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 48,
    "image_size": SIDE,
    "patch_size": 8,
}
TEXT = {
    "hidden_size": 32,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "intermediate_size": 48,
    "vocab_size": 300,
    "max_position_embeddings": 12,
}
SQUARE = {"height": SIDE, "width": SIDE}
WORDS = ["a", "red", "green", "blue", "bicycle", "cat", "dog", "photo", "of", "the", "two"]


def _sentence_piece(folder: Path) -> Path:
    """Train a tiny SentencePiece model, which SigLIP's tokenizer needs."""
    import sentencepiece

    (folder / "text.txt").write_text("\n".join([" ".join(WORDS)] * 20))
    sentencepiece.SentencePieceTrainer.train(
        input=str(folder / "text.txt"),
        model_prefix=str(folder / "spiece"),
        vocab_size=40,
        hard_vocab_limit=False,
        model_type="unigram",
        pad_id=2,
        unk_id=0,
        bos_id=-1,
        eos_id=1,
        minloglevel=2,
    )
    return folder / "spiece.model"


def _convolutional(family: str) -> list[Any]:
    sizes = {"hidden_sizes": [8, 16], "depths": [1, 1]}
    processor = t.ConvNextImageProcessorPil(size={"shortest_edge": SIDE})
    if family == "resnet":
        return [t.ResNetModel(t.ResNetConfig(embedding_size=8, **sizes)), processor]
    return [t.ConvNextModel(t.ConvNextConfig(num_stages=2, **sizes)), processor]


def _mobilenet() -> list[Any]:
    # The usual random weights are so small that the signal would vanish.
    config = t.MobileNetV2Config(image_size=SIDE, depth_multiplier=0.25, initializer_range=0.3)
    processor = t.MobileNetV2ImageProcessorPil(size={"shortest_edge": 36}, crop_size=SQUARE)
    return [t.MobileNetV2Model(config), processor]


def _vit() -> list[Any]:
    return [t.ViTModel(t.ViTConfig(**TRANSFORMER)), t.ViTImageProcessorPil(size=SQUARE)]


def _deit() -> list[Any]:
    processor = t.DeiTImageProcessorPil(size={"height": 40, "width": 40}, crop_size=SQUARE)
    return [t.DeiTModel(t.DeiTConfig(**TRANSFORMER)), processor]


def _dinov2() -> list[Any]:
    processor = t.BitImageProcessorPil(size={"shortest_edge": 40}, crop_size=SQUARE)
    return [t.Dinov2Model(t.Dinov2Config(**TRANSFORMER)), processor]


def _swin() -> list[Any]:
    config = t.SwinConfig(
        image_size=SIDE, patch_size=4, embed_dim=8, depths=[1, 1], num_heads=[1, 2], window_size=4
    )
    return [t.SwinModel(config), t.ViTImageProcessorPil(size=SQUARE, resample=3)]


def _clip() -> list[Any]:
    letters = sorted({letter for word in WORDS for letter in word})
    names = ["<|startoftext|>", "<|endoftext|>", *letters, *(one + "</w>" for one in letters)]
    text = TEXT | {"bos_token_id": 0, "eos_token_id": 1}
    config = t.CLIPConfig(vision_config=TRANSFORMER, text_config=text, projection_dim=24)
    return [
        t.CLIPModel(config),
        t.CLIPImageProcessorPil(size={"shortest_edge": SIDE}, crop_size=SQUARE),
        t.CLIPTokenizer(vocab={name: i for i, name in enumerate(names)}, merges=[]),
    ]


def _siglip(folder: Path) -> list[Any]:
    text = TEXT | {"bos_token_id": 1, "eos_token_id": 1}
    config = t.SiglipConfig(vision_config=TRANSFORMER, text_config=text)
    tokenizer = t.SiglipTokenizer(vocab_file=str(_sentence_piece(folder)))
    return [t.SiglipModel(config), t.SiglipImageProcessorPil(size=SQUARE), tokenizer]


def cache_model(home: Path, repository: str, folder: Path) -> Path:
    """Copy a model into a hub cache, as downloading it would."""
    base = home / "hub" / ("models--" + repository.replace("/", "--"))
    (base / "refs").mkdir(parents=True)
    (base / "refs" / "main").write_text(COMMIT)
    shutil.copytree(folder, base / "snapshots" / COMMIT)
    return base / "snapshots" / COMMIT


@pytest.fixture(scope="session")
def hub_model(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Return the folder of a tiny model of a family, with random weights that are always the same."""
    torch = pytest.importorskip("torch")
    pytest.importorskip("transformers")
    torch.set_num_threads(1)  # these models are tiny, and other tests use the other cores
    folders: dict[str, Path] = {}
    parts: dict[str, Callable[[], list[Any]]] = {
        "resnet": lambda: _convolutional("resnet"),
        "convnext": lambda: _convolutional("convnext"),
        "mobilenet": _mobilenet,
        "vit": _vit,
        "deit": _deit,
        "dinov2": _dinov2,
        "swin": _swin,
        "clip": _clip,
        "siglip": lambda: _siglip(tmp_path_factory.mktemp("parts")),
    }

    def make(family: str) -> Path:
        if family not in folders:
            folders[family] = folder = tmp_path_factory.mktemp("models") / f"tiny-{family}"
            folder.mkdir()
            torch.manual_seed(0)
            for part in parts[family]():
                part.save_pretrained(folder)
        return folders[family]

    return make
