"""Work out what a Hugging Face image processor does to a picture, by running it.

Its settings mean different things in different classes (`size`, `crop_pct`, `rescale_offset`...),
so they only suggest candidates. A candidate is accepted if it produces the processor's own pixels
for two probe pictures; without one, the model is refused. Black and white pictures reveal the
normalisation, because it is affine.
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

TOLERANCE_LEVELS = 1.0  # of 255, on average; processors without Pillow round differently
_PROBES = ((300, 500), (460, 410))  # height, width: landscape and portrait
_LEVIT_RATIO = 256 / 224  # by which LevitImageProcessor enlarges its `size`
_DIGITS = 6  # significant, in values measured in float32
_BATCH_AXES = 4  # [N, 3, H, W]
# DINOv3's processor needs torchvision; ViT's does the same, up to rounding, without it.
_SUBSTITUTES = {"DINOv3ViTImageProcessor": "ViTImageProcessorPil"}


def read_image_processor(folder: Path, name: str) -> tuple[Preprocessing, Input]:
    """Work out what the image processor in a model's folder does.

    Returns:
        the way to the pixels, and their normalisation; the input is `pixel_values`, NCHW, float32.

    Raises:
        EncoderError: there is no processor, or `Preprocessing` can't express what it does.
    """
    processor = _load_processor(folder, name)
    try:
        black, white = (_process(processor, _flat_picture(level)) for level in (0, 255))
        normalisation = _solve_normalisation(black, white)
        _, height, width = black.shape
        probes = [_probe_picture(*size) for size in _PROBES]
        references = [_process(processor, probe) for probe in probes]
    except EncoderError:
        raise
    except Exception as error:  # a processor of another kind may raise anything
        raise _unsupported(name, processor, f"{type(error).__name__}: {error}") from error
    for candidate in _candidates(processor, width, height):
        if all(
            _reproduces(candidate, normalisation, probe, reference)
            for probe, reference in zip(probes, references, strict=True)
        ):
            return candidate, normalisation
    raise _unsupported(name, processor, "it neither stretches the picture nor crops its middle")


def _load_processor(folder: Path, name: str) -> Any:
    import transformers

    try:
        return transformers.AutoImageProcessor.from_pretrained(  # type: ignore[no-untyped-call]
            folder, backend="pil", local_files_only=True, trust_remote_code=False
        )
    except Exception as error:
        kind = _processor_type(folder)
        if kind in _SUBSTITUTES:
            return getattr(transformers, _SUBSTITUTES[kind]).from_pretrained(folder)
        reason = " ".join(str(error).split())[:300]
        raise EncoderError(
            f"The preprocessing of {name} can't be read ({reason}); a model needs a "
            "preprocessor_config.json that transformers supports."
        ) from error


def _processor_type(folder: Path) -> str:
    from transformers import ImageProcessingMixin

    try:
        values, _ = ImageProcessingMixin.get_image_processor_dict(folder, local_files_only=True)
        return str(values.get("image_processor_type", "")).removesuffix("Fast")
    except (OSError, ValueError):
        return ""


def _process(processor: Any, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Run the processor on pixels uint8 [h, w, 3]; return float32 [3, H, W]."""
    import numpy as np

    outputs = processor(images=[pixels], input_data_format="channels_last", return_tensors="np")
    if set(outputs) != {"pixel_values"} or outputs["pixel_values"].ndim != _BATCH_AXES:
        raise ValueError(f"it returns {', '.join(sorted(outputs))}, not pictures of one size")
    return np.asarray(outputs["pixel_values"][0], np.float32)


def _solve_normalisation(black: NDArray[np.float32], white: NDArray[np.float32]) -> Input:
    """Solve `(pixels / 255 - mean) / std` for mean and std of each channel."""
    low, high = black.mean(axis=(1, 2), dtype="f8"), white.mean(axis=(1, 2), dtype="f8")
    if (high == low).any():
        raise ValueError("it maps black and white to the same values")
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
        for shortest in dict.fromkeys((int(side), int(side / fraction), int(side * _LEVIT_RATIO))):
            if max(width, height) <= shortest <= MAX_SIDE_PIXELS:
                yield Preprocessing(width, height, resize_name, "crop", shortest)
                yield Preprocessing(width, height, resize_name, "stretch-crop", shortest)


def _reproduces(
    candidate: Preprocessing,
    normalisation: Input,
    probe: NDArray[np.uint8],
    reference: NDArray[np.float32],
) -> bool:
    import numpy as np

    picture = Picture(probe, probe.shape[1], probe.shape[0])
    tensor = normalisation.normalise(candidate.apply(picture)[None])[0]
    level = 1 / (255 * np.abs(normalisation.std)).reshape(3, 1, 1)  # one of 255, normalised
    return bool(np.abs(tensor - reference).mean() <= TOLERANCE_LEVELS * level.mean())


def _probe_picture(height: int, width: int) -> NDArray[np.uint8]:
    """Draw noise at several scales, different in each channel: any two ways of resizing differ."""
    import numpy as np
    from PIL import Image

    random = np.random.default_rng(0)
    sizes = [(width, height), (width // 4, height // 4), (width // 16, height // 16)]
    layers = [
        np.asarray(
            Image.fromarray(random.integers(0, 256, (h, w, 3), np.uint8)).resize((width, height)),
            np.float32,
        )
        for w, h in sizes
    ]
    probe: NDArray[np.uint8] = np.mean(layers, axis=0).astype(np.uint8)
    return probe


def _flat_picture(level: int) -> NDArray[np.uint8]:
    import numpy as np

    return np.full((*_PROBES[0], 3), level, np.uint8)


def _rounded(value: float) -> float:
    return float(f"{value:.{_DIGITS}g}")


def _unsupported(name: str, processor: Any, reason: str) -> EncoderError:
    reason = " ".join(reason.split())[:300]
    return EncoderError(
        f"lookalike can't prepare pictures for {name} as its {type(processor).__name__} does "
        f"({reason}); choose another model, such as hf:facebook/dinov2-small."
    )
