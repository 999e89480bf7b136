"""What a Hugging Face image processor does to a picture, found out by asking it.

Its settings mean other things in other classes (`size`, `crop_pct`, `rescale_offset`...), so they
only propose; what is taken gives the same pixels as the processor itself on two probes, or the
model is refused. Black and white tell the normalisation, as it is affine.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import EncoderError
from ..types import Picture
from .card import MAX_SIDE_PIXELS, Input, Preprocessing

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

TOLERANCE_LEVELS = 1.0  # of 255, on average; processors without Pillow round elsewhere
_PROBES = ((300, 500), (460, 410))  # height, width: lying and standing
_LEVIT = 256 / 224  # what LevitImageProcessor makes of its `size`
_DIGITS = 6  # of what was measured in float32
# There without torchvision? No; but what it does is what ViT's does, up to rounding.
_STAND_INS = {"DINOv3ViTImageProcessor": "ViTImageProcessorPil"}


def read_processor(folder: Path, name: str) -> tuple[Preprocessing, Input]:
    """Find out what the image processor of a model's folder does.

    Returns:
        the way to the pixels, and their normalisation; the input is `pixel_values`, NCHW, float32.

    Raises:
        EncoderError: there is no processor, or it does something that `Preprocessing` can't say.
    """
    processor = _load(folder, name)
    try:
        black, white = (_run(processor, _flat(level)) for level in (0, 255))
        normalisation = _normalisation(black, white)
        _, height, width = black.shape
        probes = [_probe(*size) for size in _PROBES]
        wanted = [_run(processor, probe) for probe in probes]
    except EncoderError:
        raise
    except Exception as error:  # a processor of another kind raises anything
        raise _refused(name, processor, f"{type(error).__name__}: {error}") from error
    for candidate in _candidates(processor, width, height):
        if all(
            _agree(candidate, normalisation, probe, pixels)
            for probe, pixels in zip(probes, wanted, strict=True)
        ):
            return candidate, normalisation
    raise _refused(name, processor, "it neither stretches the picture nor crops its middle")


def _load(folder: Path, name: str) -> Any:
    import transformers

    try:
        return transformers.AutoImageProcessor.from_pretrained(  # type: ignore[no-untyped-call]
            folder, backend="pil", local_files_only=True, trust_remote_code=False
        )
    except Exception as error:
        kind = _kind(folder)
        if kind in _STAND_INS:
            return getattr(transformers, _STAND_INS[kind]).from_pretrained(folder)
        why = " ".join(str(error).split())[:300]
        raise EncoderError(
            f"The preprocessing of {name} can't be read ({why}); a model needs a "
            "preprocessor_config.json that transformers knows."
        ) from error


def _kind(folder: Path) -> str:
    from transformers import ImageProcessingMixin

    try:
        values, _ = ImageProcessingMixin.get_image_processor_dict(folder, local_files_only=True)
        return str(values.get("image_processor_type", "")).removesuffix("Fast")
    except (OSError, ValueError):
        return ""


def _run(processor: Any, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Give what the network would see: float32 [3, H, W]."""
    import numpy as np

    outputs = processor(images=[pixels], input_data_format="channels_last", return_tensors="np")
    if set(outputs) != {"pixel_values"} or outputs["pixel_values"].ndim != 4:  # noqa: PLR2004
        raise ValueError(f"it gives {', '.join(sorted(outputs))}, not pictures of one size")
    return np.asarray(outputs["pixel_values"][0], np.float32)


def _normalisation(black: NDArray[np.float32], white: NDArray[np.float32]) -> Input:
    """Solve `(pixels / 255 - mean) / std` for mean and std of each channel."""
    low, high = black.mean(axis=(1, 2), dtype="f8"), white.mean(axis=(1, 2), dtype="f8")
    if (high == low).any():
        raise ValueError("black and white are the same to it")
    std = [_rounded(value) for value in 1 / (high - low)]
    mean = [_rounded(-value * s) for value, s in zip(low, std, strict=True)]
    return Input("pixel_values", "NCHW", "float32", tuple(mean), tuple(std))


def _candidates(processor: Any, width: int, height: int) -> Iterator[Preprocessing]:
    from PIL import Image

    resample = getattr(processor, "resample", None)
    resize = Image.Resampling(Image.Resampling.BILINEAR if resample is None else int(resample))
    resize_name = resize.name.lower()
    yield Preprocessing(width, height, resize_name)
    size = getattr(processor, "size", None) or {}
    sides = [getattr(size, side, None) for side in ("shortest_edge", "height")]
    fraction = getattr(processor, "crop_pct", None) or 1
    for side in filter(None, sides):
        for shortest in dict.fromkeys((int(side), int(side / fraction), int(side * _LEVIT))):
            if max(width, height) <= shortest <= MAX_SIDE_PIXELS:
                yield Preprocessing(width, height, resize_name, "crop", shortest)
                yield Preprocessing(width, height, resize_name, "stretch-crop", shortest)


def _agree(
    candidate: Preprocessing,
    normalisation: Input,
    probe: NDArray[np.uint8],
    wanted: NDArray[np.float32],
) -> bool:
    import numpy as np

    picture = Picture(probe, probe.shape[1], probe.shape[0])
    made = normalisation.normalise(candidate.apply(picture)[None])[0]
    level = 1 / (255 * np.abs(normalisation.std)).reshape(3, 1, 1)  # of 255, as normalised
    return bool(np.abs(made - wanted).mean() <= TOLERANCE_LEVELS * level.mean())


def _probe(height: int, width: int) -> NDArray[np.uint8]:
    """Draw what no two ways of resizing leave alike: blots of many sizes, other in each channel."""
    import numpy as np
    from PIL import Image

    chance = np.random.default_rng(0)
    sizes = [(width, height), (width // 4, height // 4), (width // 16, height // 16)]
    layers = [
        np.asarray(
            Image.fromarray(chance.integers(0, 256, (h, w, 3), np.uint8)).resize((width, height)),
            np.float32,
        )
        for w, h in sizes
    ]
    mixed: NDArray[np.uint8] = np.mean(layers, axis=0).astype(np.uint8)
    return mixed


def _flat(level: int) -> NDArray[np.uint8]:
    import numpy as np

    return np.full((*_PROBES[0], 3), level, np.uint8)


def _rounded(value: float) -> float:
    return float(f"{value:.{_DIGITS}g}")


def _refused(name: str, processor: Any, why: str) -> EncoderError:
    why = " ".join(why.split())[:300]
    return EncoderError(
        f"lookalike can't prepare pictures for {name} as its {type(processor).__name__} does "
        f"({why}); choose another model, such as hf:facebook/dinov2-small."
    )
