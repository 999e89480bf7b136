"""Decoding bytes to upright sRGB pixels, within limits; the content shows the format."""

from __future__ import annotations

import functools
import io
import itertools
import math
from typing import TYPE_CHECKING, Any

from ..errors import NotAPictureError, PictureError
from ..types import Picture
from .formats import HEAD_BYTES, check_supported, plugin, sniff
from .limits import LARGE_PIXELS, check_scans, check_size, large_picture_lock, reason

if TYPE_CHECKING:
    from PIL import Image
    from PIL.ImageFile import ImageFile

MAX_ICC_BYTES = 4 * 2**20
MIN_SIDE_PIXELS = 448  # reduced decoding keeps the shorter side at least this long

_ORIENTATION = 0x0112
_MAX_16_BIT = 0xFFFF
_TRANSPOSE = {2: 0, 3: 3, 4: 1, 5: 5, 6: 4, 7: 6, 8: 2}  # EXIF orientation -> Image.Transpose
_FIRST_SWAPPED = 5  # orientations from here on swap width and height
_CUBE = list(itertools.product((0, 128, 255), repeat=3))
_SAME_COLOUR = 2  # levels of 255


def decode(data: bytes, *, min_side: int = MIN_SIDE_PIXELS) -> Picture:
    """Decode the first picture in `data`, upright, in sRGB, over white where it is transparent.

    Formats: JPEG, PNG, APNG, WebP, GIF, BMP, TIFF, AVIF, HEIF, JPEG 2000, ICO. JPEG, JPEG 2000 and
    HEIF are decoded at reduced size if possible; then a picture above twice `min_side` is averaged
    down by a whole factor.

    Args:
        data: the whole file.
        min_side: the least pixels of the shorter side, if the picture has that many.

    Returns:
        pixels uint8 [H, W, 3], and the size of the whole picture.

    Raises:
        NotAPictureError: the bytes have no known picture format.
        UnsupportedFormatError: they are a camera's raw file, or a picture of another kind that can
            only be named.
        PictureError: the picture is damaged, or exceeds the limits in this module's constants.
        MemoryError: there is not enough memory now for a picture of this size.

    Example:
        >>> from pathlib import Path
        >>> picture = decode(Path("query.jpg").read_bytes())
        >>> picture.pixels.shape == (picture.height, picture.width, 3)
        True
    """
    name = sniff(data[:HEAD_BYTES])
    if name is None:
        check_supported(data[:HEAD_BYTES])
        raise NotAPictureError("empty file" if not data else "not a picture that lookalike knows")
    try:
        image = plugin(name)(io.BytesIO(data))
        check_size(*image.size)
        if name == "JPEG":
            check_scans(data, *image.size)
        if math.prod(image.size) <= LARGE_PIXELS:
            return _load(image, data, min_side)
        with large_picture_lock:
            return _load(image, data, min_side)
    except (PictureError, MemoryError):
        raise
    except Exception as error:  # plugins raise anything on damaged bytes: struct.error, KeyError...
        raise PictureError(reason(error, name)) from error


def from_image(image: Image.Image, *, min_side: int = MIN_SIDE_PIXELS) -> Picture:
    """Convert a PIL image, which the caller has opened, as `decode` would.

    Raises:
        PictureError: it exceeds the limits, or its data can't be read.

    Example:
        >>> from PIL import Image
        >>> from_image(Image.new("L", (640, 480))).pixels.shape
        (480, 640, 3)
    """
    check_size(*image.size)
    try:
        return _finish(image, image.size, min_side)
    except Exception as error:
        raise PictureError(reason(error, image.format or "PIL")) from error


def _load(image: ImageFile, data: bytes, min_side: int) -> Picture:
    whole = image.size
    scale = min_side / min(whole)
    if scale < 1:
        if isinstance(getattr(type(image), "reduce", None), property):  # JPEG 2000
            return _load_jpeg2000(image, data, min_side)
        image.draft(None, (math.ceil(whole[0] * scale), math.ceil(whole[1] * scale)))
    reduced = image.size != whole
    image.load()
    # Loading turns a TIFF upright, and may correct the size of HEIF and ICO: trust the new size.
    return _finish(image, whole if reduced else image.size, min_side)


def _load_jpeg2000(image: Any, data: bytes, min_side: int) -> Picture:
    """Skip resolution levels; only decoding shows that a file has fewer of them."""
    whole = image.size
    levels = int(math.log2(min(whole) / min_side))
    try:
        image.reduce = levels
        image.load()
    except OSError:
        if levels == 0:
            raise
        image = plugin("JPEG2000")(io.BytesIO(data))
        image.load()
    return _finish(image, whole, min_side)


def _finish(image: Image.Image, whole: tuple[int, int], min_side: int) -> Picture:
    import numpy as np
    from PIL import Image

    orientation = _orientation(image)
    icc = image.info.get("icc_profile")
    factor = min(image.size) // min_side
    if factor > 1 and image.mode in ("L", "RGB", "RGBA", "CMYK", "LA"):
        image = image.reduce(factor)
    rgb = _to_rgb(image, icc)
    factor = min(rgb.size) // min_side
    if factor > 1:
        rgb = rgb.reduce(factor)
    if orientation in _TRANSPOSE:
        rgb = rgb.transpose(Image.Transpose(_TRANSPOSE[orientation]))
        if orientation >= _FIRST_SWAPPED:
            whole = (whole[1], whole[0])
    return Picture(np.asarray(rgb), *whole)


def _to_rgb(image: Image.Image, icc: bytes | None) -> Image.Image:
    from PIL import Image

    if image.mode.startswith("I") or image.mode == "F":
        image = _wide_to_grey(image)
    elif image.mode == "P" or image.mode not in ("L", "RGB", "RGBA", "CMYK", "LA", "LAB"):
        image = image.convert("RGBA" if image.has_transparency_data else "RGB")
    elif "transparency" in image.info:  # one colour or grey value is transparent
        image = image.convert("RGBA")
    if image.mode not in ("RGBA", "LA"):
        return _to_srgb(image, icc)
    alpha = image.getchannel("A")
    if alpha.getextrema() == (255, 255):
        return _to_srgb(image.convert("RGB"), icc)
    white = Image.new("RGB", image.size, "white")
    return Image.composite(_to_srgb(image.convert("RGB"), icc), white, alpha)


def _wide_to_grey(image: Image.Image) -> Image.Image:
    """Reduce grey of 16 bits to its high byte; stretch 32 bits or floats from least to greatest."""
    import numpy as np
    from PIL import Image

    values = np.asarray(image)
    if image.mode.startswith("I;16"):
        return Image.fromarray((values >> 8).astype(np.uint8))
    finite = values[np.isfinite(values)]
    low, high = (finite.min(), finite.max()) if finite.size else (0, 1)
    if image.mode == "I" and low >= 0 and high <= _MAX_16_BIT:  # Pillow opens some 16-bit PNGs so
        low, high = 0, _MAX_16_BIT
    span = max(float(high) - float(low), 1e-12)
    grey = np.nan_to_num((values.astype(np.float32) - low) * (255 / span))
    return Image.fromarray(grey.clip(0, 255).astype(np.uint8))


def _to_srgb(image: Image.Image, icc: bytes | None) -> Image.Image:
    if icc and len(icc) <= MAX_ICC_BYTES:
        transform = _transform(icc, image.mode)
        if transform is not None:
            from PIL import ImageCms

            return ImageCms.applyTransform(image, transform) or image
    return image.convert("RGB")


@functools.lru_cache(maxsize=32)
def _transform(icc: bytes, mode: str) -> Any | None:
    """Return the colour transform to sRGB; None if it is needless, or the profile is damaged."""
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


def _orientation(image: Image.Image) -> int:
    """Read the EXIF orientation; a damaged block or an invalid value counts as upright."""
    try:
        return int(image.getexif().get(_ORIENTATION, 1))
    except Exception:  # noqa: BLE001  EXIF parsers raise anything; the pixels are good
        return 1
