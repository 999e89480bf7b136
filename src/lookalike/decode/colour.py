"""Any colours to sRGB, and a backdrop for what is transparent."""

from __future__ import annotations

import functools
import io
import itertools
from typing import TYPE_CHECKING, Any

from .levels import grey_levels

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL import Image

MAX_ICC_BYTES = 4 * 2**20
_CUBE = list(itertools.product((0, 128, 255), repeat=3))
_SAME_COLOUR = 2  # levels of 255
_OPAQUE = (255, 255)
_SAMPLED_SIDE = 256  # pixels at which a backdrop is chosen, and blankness is judged
_FAINT = 24  # levels of 255 that are hardly seen
_VANISHED_SHARE = 0.25  # of what is there, on white: less than this is seen
_BLANK_SHARE = 0.002  # of the pixels: dust


def to_rgb(image: Image.Image, icc: bytes | None) -> Image.Image:
    """Convert to sRGB; over white where it is transparent, or whatever shows it."""
    from PIL import Image

    rgb, alpha = split(image, icc)
    if alpha is None:
        return rgb
    backdrop = Image.new("RGB", rgb.size, _backdrop(rgb, alpha))
    return Image.composite(rgb, backdrop, alpha)


def split(image: Image.Image, icc: bytes | None) -> tuple[Image.Image, Image.Image | None]:
    """Convert to sRGB and alpha; None if all is opaque."""
    if image.mode.startswith("I") or image.mode == "F":
        image = _wide_to_grey(image)
    elif image.mode == "P" or image.mode not in ("L", "RGB", "RGBA", "CMYK", "LA", "LAB"):
        image = image.convert("RGBA" if image.has_transparency_data else "RGB")
    elif "transparency" in image.info:  # one colour or grey value is transparent
        image = image.convert("RGBA")
    if image.mode not in ("RGBA", "LA"):
        return _to_srgb(image, icc), None
    alpha = image.getchannel("A")
    rgb = _to_srgb(image.convert("RGB"), icc)
    return rgb, None if alpha.getextrema() == _OPAQUE else alpha


def has_alpha(image: Image.Image) -> bool:
    """Check whether any pixel is transparent."""
    if not image.has_transparency_data:
        return False
    if image.mode not in ("RGBA", "LA"):
        image = image.convert("RGBA")
    return image.getchannel("A").getextrema() != _OPAQUE


def is_blank(pixels: NDArray[np.uint8]) -> bool:
    """Check whether a picture shows nothing: nearly all of it has nearly one colour.

    Args:
        pixels: uint8 [H, W, 3].
    """
    import numpy as np

    step = max(min(pixels.shape[:2]) // _SAMPLED_SIDE, 1)
    sampled = pixels[::step, ::step].reshape(-1, 3).astype(np.int16)
    far = np.abs(sampled - np.median(sampled, axis=0)).max(1) > _FAINT
    return bool(far.mean() < _BLANK_SHARE)


def _backdrop(rgb: Image.Image, alpha: Image.Image) -> str:
    """Choose white, or if what is there would vanish on it, black or grey: what shows more."""
    import numpy as np

    step = max(min(rgb.size) // _SAMPLED_SIDE, 1)
    opacity = np.asarray(alpha)[::step, ::step].astype(np.float32) / 255
    there = opacity > _FAINT / 255
    if not there.any():
        return "white"
    colours = np.asarray(rgb)[::step, ::step][there]
    opacity = opacity[there]

    def seen(level: int) -> float:
        """Return the share of what is there that differs from a grey level."""
        contrast = np.abs(colours.astype(np.float32) - level).max(1) * opacity
        return float((contrast > _FAINT).mean())

    if seen(255) >= _VANISHED_SHARE:
        return "white"
    on_black, on_grey = seen(0), seen(128)
    return "black" if on_black >= on_grey else "grey"


def _wide_to_grey(image: Image.Image) -> Image.Image:
    import numpy as np
    from PIL import Image

    return Image.fromarray((grey_levels(image) >> 8).astype(np.uint8))


def _to_srgb(image: Image.Image, icc: bytes | None) -> Image.Image:
    transform = transform_to_srgb(icc, image.mode)
    if transform is not None:
        from PIL import ImageCms

        return ImageCms.applyTransform(image, transform) or image
    return image.convert("RGB")


def transform_to_srgb(icc: bytes | None, mode: str) -> Any | None:
    """Return the colour transform from a profile to sRGB; None if it is needless or damaged."""
    return _transform(icc, mode) if icc and len(icc) <= MAX_ICC_BYTES else None


@functools.lru_cache(maxsize=32)
def _transform(icc: bytes, mode: str) -> Any | None:
    from PIL import Image, ImageChops, ImageCms

    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(icc))
        srgb = ImageCms.createProfile("sRGB")
        transform = ImageCms.buildTransform(profile, srgb, mode, "RGB")
        if mode == "RGB":  # most profiles are sRGB by another name: they leave a colour cube as is
            cube = Image.frombytes("RGB", (9, 3), bytes(itertools.chain(*_CUBE)))
            ImageCms.applyTransform(changed := cube.copy(), transform, inPlace=True)
            histogram = ImageChops.difference(cube, changed).convert("L").histogram()
            if not any(histogram[_SAME_COLOUR + 1 :]):
                return None
    except Exception:  # noqa: BLE001  a damaged profile must not lose the picture
        return None
    return transform
