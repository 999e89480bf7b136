from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from PIL import Image

from lookalike import encoders
from lookalike.encoders.card import MAX_CARD_BYTES, Card, Input, Output, Preprocessing
from lookalike.errors import EncoderError
from lookalike.types import Picture

LEAST: dict[str, Any] = {
    "name": "x",
    "dimensions": 8,
    "preprocessing": {"width": 4, "height": 6, "resize": "bilinear", "fit": "stretch"},
}


def picture(width: int, height: int) -> Picture:
    """Make a picture whose red grows from left to right, and green from top to bottom."""
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[..., 0] = np.linspace(0, 255, width)
    pixels[..., 1] = np.linspace(0, 255, height)[:, None]
    return Picture(pixels, width, height)


def test_a_written_card_reads_back() -> None:
    cards = [
        Card("x", 8, Preprocessing(4, 6)),
        Card(
            name="y",
            dimensions=16,
            preprocessing=Preprocessing(4, 4, "bicubic", "crop", 5),
            input=Input("i", "NCHW", "float32", (0.1, 0.2, 0.3), (1, 2, 3), scale=1.0),
            output=Output("o", unit=False),
            license="MIT",
            source="here",
            training={"epochs": 3, "loss": [0.5, 0.4]},
        ),
    ]
    for card in cards:
        assert Card.from_json(card.to_json(), where="here") == card
        assert Card.from_json(card.to_json().encode(), where="here") == card
        assert Card.from_json(json.loads(card.to_json()), where="here") == card


def test_the_packaged_card_matches_the_manifests_of_old_galleries() -> None:
    assert encoders.load().preprocessing == {
        "width": 224,
        "height": 224,
        "resize": "bilinear",
        "fit": "stretch",
    }


def test_everything_that_changes_a_vector_is_in_the_manifest_entry() -> None:
    plain = Card("x", 8, Preprocessing(4, 4))
    normalised = Input("pixels", "NHWC", "float32", (0.5,) * 3, (0.5,) * 3)
    others = [
        Card("x", 8, Preprocessing(4, 4, "bicubic")),
        Card("x", 8, Preprocessing(4, 4, "bilinear", "crop", 5)),
        Card("x", 8, Preprocessing(4, 4, "bilinear", "stretch-crop", 5)),
        Card("x", 8, Preprocessing(4, 4), normalised),
        Card("x", 8, Preprocessing(4, 4), Input(layout="NCHW")),
        Card("x", 8, Preprocessing(4, 4), output=Output(unit=False)),
    ]
    seen = [json.dumps(card.manifest_entry(), sort_keys=True) for card in (plain, *others)]
    assert len(set(seen)) == len(seen)
    again = json.loads(json.dumps(others[3].manifest_entry()))  # as in a manifest
    assert again == others[3].manifest_entry()
    assert (
        Card("x", 8, Preprocessing(4, 4), license="MIT").manifest_entry() == plain.manifest_entry()
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name": ""}, "name must be"),
        ({"name": "a\nb"}, "name must be"),
        ({"dimensions": 0}, "dimensions must be"),
        ({"dimensions": 10**9}, "dimensions must be"),
        ({"dimensions": True}, "dimensions must be"),
        ({"preprocessing": None}, "preprocessing must be"),
        ({"preprocessing": {"width": 4}}, "height"),
        ({"preprocessing": {"width": 4, "height": 10**6}}, "height must be"),
        ({"preprocessing": {"width": 4, "height": 4, "resize": "magic"}}, "resize must be"),
        ({"preprocessing": {"width": 4, "height": 4, "fit": "pad"}}, "fit must be"),
        ({"preprocessing": {"width": 4, "height": 4, "fit": "crop"}}, "shortest must be 4 to"),
        ({"preprocessing": {"width": 4, "height": 4, "shortest": 5}}, "with 'stretch'"),
        ({"preprocessing": {"width": 4, "height": 4, "sise": 5}}, "unknown: preprocessing.sise"),
        ({"input": {"layout": "HWC"}}, "input.layout must be"),
        ({"input": {"dtype": "int8"}}, "input.dtype must be"),
        ({"input": {"mean": [0.5, 0.5, 0.5]}}, "need dtype 'float32'"),
        ({"input": {"dtype": "float32", "mean": [0.5]}}, "three numbers"),
        ({"input": {"dtype": "float32", "mean": [0.5, 0.5, float("nan")]}}, "three numbers"),
        ({"input": {"dtype": "float32", "std": [0, 1, 1]}}, "std must not be 0"),
        ({"input": {"dtype": "float32", "scale": 0}}, "scale must be"),
        ({"output": {"unit": 1}}, "output.unit must be"),
        ({"output": []}, "output must be an object"),
        ({"training": "much"}, "training must be"),
        ({"licence": "MIT"}, "unknown: licence"),
    ],
)
def test_invalid_values_are_refused(change: dict[str, Any], message: str) -> None:
    assert Card.from_json(LEAST, where="own.json").dimensions == 8
    with pytest.raises(EncoderError, match=r"own\.json.*It must state at least") as error:
        Card.from_json(json.dumps(LEAST | change), where="own.json")
    assert message in str(error.value)


@pytest.mark.parametrize("text", ["", "[]", "{}", "\0", "[" * 100_000, b"\xff\xfe\xff"])
def test_texts_that_are_not_cards_are_refused(text: str | bytes) -> None:
    with pytest.raises(EncoderError, match="can't be used"):
        Card.from_json(text, where="own.json")


def test_a_huge_card_is_not_even_parsed() -> None:
    with pytest.raises(EncoderError, match=f"over {MAX_CARD_BYTES} bytes"):
        Card.from_json(json.dumps(LEAST | {"source": "x" * MAX_CARD_BYTES}), where="own.json")


def test_stretch_uses_the_whole_picture_and_crop_the_middle() -> None:
    wide = picture(400, 100)
    stretched = Preprocessing(40, 50).apply(wide)
    assert stretched.shape == (50, 40, 3)
    assert stretched[..., 0].min() < 6
    assert stretched[..., 0].max() > 249
    cropped = Preprocessing(40, 40, "bicubic", "crop", 50).apply(wide)  # of 200 x 50
    assert cropped.shape == (40, 40, 3)
    assert cropped[:, 0, 0].mean() == pytest.approx(255 * 80.5 / 200, abs=3)
    assert cropped[:, -1, 0].mean() == pytest.approx(255 * 119.5 / 200, abs=3)
    assert cropped[0, :, 1].mean() == pytest.approx(255 * 5.5 / 50, abs=3)
    both = Preprocessing(40, 40, "bicubic", "stretch-crop", 50).apply(wide)
    assert both[:, 0, 0].mean() == pytest.approx(255 * 5.5 / 50, abs=3)
    small = Preprocessing(40, 40, "lanczos", "crop", 40).apply(picture(7, 5))
    assert small.shape == (40, 40, 3)


def test_only_the_crop_of_a_long_strip_is_resized(monkeypatch: pytest.MonkeyPatch) -> None:
    strip, crop = picture(2000, 20), Preprocessing(200, 200, "bilinear", "crop", 256)
    whole = crop.apply(strip)
    monkeypatch.setattr("lookalike.encoders.card.MAX_RESIZED_PIXELS", 256 * 256)
    sizes: list[tuple[int, int]] = []
    resize = Image.Image.resize
    monkeypatch.setattr(
        Image.Image,
        "resize",
        lambda self, size, *rest: sizes.append(size) or resize(self, size, *rest),
    )
    assert np.abs(crop.apply(strip).astype(int) - whole).max() <= 6
    assert sizes == [(200, 200)]


def test_pixels_become_the_stated_tensor() -> None:
    pixels = np.arange(2 * 2 * 3 * 3, dtype=np.uint8).reshape(2, 2, 3, 3)
    assert Input().normalise(pixels) is pixels
    turned = Input(layout="NCHW").normalise(pixels)
    assert turned.dtype == np.uint8
    assert (turned == pixels.transpose(0, 3, 1, 2)).all()
    mean, std = (0.1, 0.2, 0.3), (0.5, 1.0, 2.0)
    tensor = Input("i", "NHWC", "float32", mean, std).normalise(pixels)
    assert tensor.dtype == np.float32
    assert tensor == pytest.approx((pixels / 255 - mean) / std, abs=1e-6)
    raw = Input("i", "NCHW", "float32", scale=1.0).normalise(pixels)
    assert (raw == pixels.transpose(0, 3, 1, 2)).all()
    assert raw.flags.c_contiguous
