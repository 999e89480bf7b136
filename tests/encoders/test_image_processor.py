"""Preprocessing, compared with the image processors of transformers themselves."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lookalike.decode import from_image
from lookalike.encoders.image_processor import read_image_processor
from lookalike.errors import EncoderError

from ..conftest import draw

transformers = pytest.importorskip("transformers")
SQUARE = {"height": 32, "width": 32}


@pytest.mark.parametrize(
    ("kind", "options", "fit"),
    [
        ("ViT", {"size": {"height": 32, "width": 48}}, "stretch"),
        ("ViT", {"size": SQUARE, "resample": 1}, "stretch"),
        ("ViT", {"size": SQUARE, "do_normalize": False, "do_rescale": False}, "stretch"),
        ("CLIP", {"size": {"shortest_edge": 32}, "crop_size": SQUARE}, "crop"),
        ("Bit", {"size": {"shortest_edge": 41}, "crop_size": SQUARE}, "crop"),
        ("DeiT", {"size": {"height": 40, "width": 40}, "crop_size": SQUARE}, "stretch-crop"),
        ("ConvNext", {"size": {"shortest_edge": 32}, "crop_pct": 0.9}, "crop"),
        ("ConvNext", {"size": {"shortest_edge": 384}}, "stretch"),
        ("Levit", {"size": {"shortest_edge": 32}, "crop_size": SQUARE}, "crop"),
        ("PoolFormer", {"size": {"shortest_edge": 32}, "crop_size": SQUARE}, "crop"),
        (
            "EfficientNet",
            {"size": SQUARE, "resample": 0, "rescale_factor": 1 / 127.5, "rescale_offset": True},
            "stretch",
        ),
        ("Siglip", {"size": SQUARE}, "stretch"),
        ("MobileNetV2", {"size": {"shortest_edge": 36}, "crop_size": SQUARE}, "crop"),
    ],
)
def test_preprocessing_equals_the_models_own_processor(
    tmp_path: Path, kind: str, options: dict[str, Any], fit: str
) -> None:
    processor = getattr(transformers, f"{kind}ImageProcessorPil")(**options)
    processor.save_pretrained(tmp_path)
    preprocessing, normalisation = read_image_processor(tmp_path, "tiny")
    assert preprocessing.fit == fit
    for seed, size in enumerate(((160, 120), (90, 301), (32, 32), (700, 640))):
        picture = draw(seed, size)
        expected = processor(images=picture, return_tensors="np")["pixel_values"]
        tensor = normalisation.normalise(preprocessing.apply(from_image(picture))[None])
        assert tensor.shape == expected.shape
        assert np.abs(tensor - expected).max() < 2e-5 * max(1, np.abs(expected).max())


OLD_MEAN = {"image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225]}
HALF = {"image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5]}
FLAGS = {"do_normalize": True, "do_resize": True}


@pytest.mark.parametrize(
    ("model_type", "settings", "expected"),
    [
        (
            "resnet",
            OLD_MEAN
            | FLAGS
            | {"feature_extractor_type": "ConvNextFeatureExtractor", "crop_pct": 0.875}
            | {"resample": 3, "size": 224},
            {"resize": "bicubic", "fit": "crop", "shortest": 256},
        ),
        ("vit", HALF | FLAGS | {"size": 224}, {"resize": "bilinear", "fit": "stretch"}),
        (
            "swin",
            OLD_MEAN
            | FLAGS
            | {"feature_extractor_type": "ViTFeatureExtractor", "resample": 3, "size": 224},
            {"resize": "bicubic", "fit": "stretch"},
        ),
        (
            "clip",
            FLAGS
            | {"feature_extractor_type": "CLIPFeatureExtractor", "resample": 3, "size": 224}
            | {"crop_size": 224, "do_center_crop": True},
            {"resize": "bicubic", "fit": "crop", "shortest": 224},
        ),
    ],
)
def test_settings_of_the_hubs_first_models(
    tmp_path: Path, model_type: str, settings: dict[str, Any], expected: dict[str, Any]
) -> None:
    (tmp_path / "preprocessor_config.json").write_text(json.dumps(settings))
    (tmp_path / "config.json").write_text(json.dumps({"model_type": model_type}))
    preprocessing, normalisation = read_image_processor(tmp_path, "tiny")
    assert preprocessing.to_dict() == {"width": 224, "height": 224} | expected
    if "image_mean" in settings:
        assert list(normalisation.mean) == settings["image_mean"]
        assert list(normalisation.std) == settings["image_std"]


def test_dinov3_needs_no_torchvision(tmp_path: Path) -> None:
    settings = {
        "image_processor_type": "DINOv3ViTImageProcessorFast",
        "size": SQUARE,
        "resample": 2,
        "rescale_factor": 1 / 255,
        "image_mean": [0.485, 0.456, 0.406],
        "image_std": [0.229, 0.224, 0.225],
    }
    (tmp_path / "preprocessor_config.json").write_text(json.dumps(settings))
    preprocessing, normalisation = read_image_processor(tmp_path, "tiny")
    assert preprocessing.to_dict() == SQUARE | {"resize": "bilinear", "fit": "stretch"}
    assert normalisation.mean == (0.485, 0.456, 0.406)
    assert normalisation.std == (0.229, 0.224, 0.225)


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("Perceiver", "neither stretches the picture nor crops"),  # crops before it resizes
        (
            "Siglip2",
            "pixel_attention_mask",
        ),  # a number of patches that depends on the picture's shape
        ("Detr", "DetrImageProcessorPil does"),
    ],
)
def test_unsupported_processors_are_refused(tmp_path: Path, kind: str, message: str) -> None:
    getattr(transformers, f"{kind}ImageProcessorPil")().save_pretrained(tmp_path)
    with pytest.raises(EncoderError, match=r"can't prepare pictures for tiny") as error:
        read_image_processor(tmp_path, "tiny")
    assert message in str(error.value)


def test_a_missing_processor_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match=r"needs a preprocessor_config\.json"):
        read_image_processor(tmp_path, "tiny")
    (tmp_path / "preprocessor_config.json").write_text('{"image_processor_type": "Nonsense"}')
    with pytest.raises(EncoderError, match=r"needs a preprocessor_config\.json"):
        read_image_processor(tmp_path, "tiny")
