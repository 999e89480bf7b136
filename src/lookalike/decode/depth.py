"""Bits beyond the eighth: how many a file declares, whether they carry something, their values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .colour import transform_to_srgb
from .levels import SIGNIFICANT_BITS, grey_levels, levels_of, said_bits
from .limits import LARGE_PIXELS
from .sequence import png_chunks

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL import Image

    from .tiff_file import TiffFile

_EIGHT, _SIXTEEN, _THIRTY_TWO = 8, 16, 32
_BITS_PER_SAMPLE = 258
_HEAD_BYTES = 65_536  # in which the boxes of AVIF and JPEG 2000 state the depth
_LOSSY = {"HEIF", "AVIF", "JPEG2000"}
_AS_STORED = {"PNG", "TIFF"}  # whose values are not spread by the libraries that read them
_DARK = 15  # the greatest high byte where 12 of 16 bits are used
_MAX_PIXELS = 2 * LARGE_PIXELS  # beyond, bits are counted as declared


def declared_depth(image: Any, data: bytes, name: str) -> int:
    """Return the bits of a channel that a file declares, 8..32."""
    depth = _EIGHT
    if name == "PNG":
        depth = data[24]
    elif name == "TIFF":
        bits = image.tag_v2.get(_BITS_PER_SAMPLE, (1,))
        depth = max((int(one) for one in bits if isinstance(one, int)), default=_EIGHT)
    elif name == "HEIF":
        depth = int(image.info.get("bit_depth", _EIGHT))
    elif name == "AVIF":
        at = data.find(b"av1C", 0, _HEAD_BYTES)
        flags = data[at + 6] if 0 <= at < len(data) - 6 else 0
        depth = _EIGHT if not flags & 0x40 else 12 if flags & 0x20 else 10
    elif name == "JPEG2000":
        at = data.find(b"\xff\x51", 0, _HEAD_BYTES)  # the image's size
        depth = (data[at + 40] & 0x7F) + 1 if 0 <= at < len(data) - 40 else _EIGHT
    return min(max(depth, _EIGHT), _THIRTY_TWO)


def bit_depth(image: Image.Image, data: bytes, name: str) -> int:
    """Return how many bits of a channel carry something in the first page, 8..32.

    Args:
        image: the page, decoded at full size.
        data: the whole file.
        name: its format.
    """
    depth = declared_depth(image, data, name)
    if depth == _EIGHT or name in _LOSSY:  # whose low bits are never empty
        return depth
    if image.mode in ("I", "F"):
        return _depth_of_numbers(image, depth)
    if depth > _SIXTEEN:  # colours
        return depth
    if image.width * image.height > _MAX_PIXELS:
        return min(depth, _SIXTEEN)
    values = _values(image, data, name, 0)
    return min(depth, _SIXTEEN) if values is None else _depth_of(values)


def prepare_levels(image: Image.Image, data: bytes, name: str) -> None:
    """Note which of 16 bits a page uses, and paste its colours if Pillow kept unused bits only.

    Args:
        image: the page or frame, decoded at full size; of frames only the first can be read again.
        data: the whole file.
        name: its format.
    """
    import numpy as np
    from PIL import Image

    if name not in _AS_STORED or declared_depth(image, data, name) != _SIXTEEN:
        return
    if name == "PNG" and image.tell():
        return
    if name == "PNG":
        image.info[SIGNIFICANT_BITS] = _png_bits(data)
    if image.mode not in ("RGB", "RGBA"):
        return
    if max(high for _, high in image.getextrema()[:3]) > _DARK:  # type: ignore[misc, index]
        return
    values = _read_by_opencv(image, data, name)
    if values is None or values.shape[:2] != image.size[::-1]:
        return
    bands = np.moveaxis((levels_of(values, said_bits(image)) >> 8).astype(np.uint8), 2, 0)
    alpha = [image.getchannel("A")] if image.mode == "RGBA" else []
    image.paste(Image.merge(image.mode, [*map(Image.fromarray, bands), *alpha]))


def wide_pixels(
    image: Image.Image, rgb: NDArray[np.uint8], data: bytes, name: str, index: int
) -> NDArray[np.uint16] | None:
    """Return the pixels of a file of more than 8 bits that carry something.

    Args:
        image: the page or frame, decoded at full size, as it is stored.
        rgb: the same in sRGB, uint8 [H, W, 3].
        data: the whole file.
        name: its format.
        index: of the page or frame.

    Returns:
        uint16 [H, W, 3], not yet upright; None if 8 bits hold everything.
    """
    import numpy as np

    depth = declared_depth(image, data, name)
    if depth == _EIGHT:
        return None
    if image.mode in ("I", "F"):
        if _depth_of_numbers(image, depth) == _EIGHT:
            return None
        return np.repeat(grey_levels(image)[..., None], 3, axis=2)
    values = _values(image, data, name, index)
    if values is None or _depth_of(values) == _EIGHT:
        return None
    if transform_to_srgb(image.info.get("icc_profile"), "RGB") is None:
        return values
    # Colour management works on 8 bits; what the lower ones add is added again.
    rest = values.astype(np.int32) - (values >> 8).astype(np.int32) * 257
    return (rgb.astype(np.int32) * 257 + rest).clip(0, 0xFFFF).astype(np.uint16)


def _values(image: Image.Image, data: bytes, name: str, index: int) -> NDArray[np.uint16] | None:
    """Return all bits, as uint16 [H, W, 3] over the whole range; None if they can't be had."""
    import numpy as np

    if image.mode.startswith("I;16"):
        return np.repeat(grey_levels(image)[..., None], 3, axis=2)
    values = _read_heif(data, index) if name == "HEIF" else _read_by_opencv(image, data, name)
    if values is None:
        return None
    if name in _AS_STORED:
        values = levels_of(values, said_bits(image))
    # Both libraries must have read the same picture.
    eight = np.asarray(image.convert("RGB")).astype(np.int16)
    if values.shape != eight.shape:
        return None
    strides = (slice(None, None, max(len(eight) // 256, 1)),) * 2
    off = np.abs((values[strides] >> 8).astype(np.int16) - eight[strides])
    return values if float(off.mean()) < 1.5 else None  # noqa: PLR2004  levels: rounding


def _read_heif(data: bytes, index: int) -> NDArray[np.uint16] | None:
    import numpy as np
    import pillow_heif

    try:
        image = pillow_heif.open_heif(data, convert_hdr_to_8bit=False)[index]
        values = np.asarray(image)
    except Exception:  # noqa: BLE001  libheif raises anything; 8 bits are there
        return None
    if values.dtype != np.uint16:
        return None
    return values[..., :3] if values.ndim > 2 else np.repeat(values[..., None], 3, axis=2)  # noqa: PLR2004


def _read_by_opencv(image: Any, data: bytes, name: str) -> NDArray[np.uint16] | None:
    """Return all bits of RGB or grey, [H, W, 3]; of PNG and TIFF as they are stored."""
    import cv2
    import numpy as np

    if name == "TIFF":
        return _read_tiff(image)
    values = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if values is None or values.dtype != np.uint16:
        return None
    if values.ndim == 2:  # noqa: PLR2004
        return np.repeat(values[..., None], 3, axis=2)
    if name == "AVIF":
        bits = max(int(values.max()).bit_length(), 10)
        values = (values.astype(np.uint32) * 0xFFFF // (2**bits - 1)).astype(np.uint16)
    return np.ascontiguousarray(values[..., 2::-1])


def _read_tiff(image: TiffFile) -> NDArray[Any] | None:
    import numpy as np

    try:
        values = image.upright_numbers()
    except OSError:
        return None
    return values if values.ndim > 2 and values.dtype != np.uint8 else None  # noqa: PLR2004


def _png_bits(data: bytes) -> int:
    """Return the bits that a PNG says its samples have; 0 if it does not say."""
    for kind, start, length in png_chunks(data):
        if kind == b"sBIT":
            return max(data[start : start + length], default=0)
        if kind == b"IDAT":
            break
    return 0


def _depth_of(values: NDArray[np.uint16]) -> int:
    import numpy as np

    low = values & 0xFF
    if not low.any() or np.array_equal(low, values >> 8):
        return _EIGHT
    used = int(np.bitwise_or.reduce(values, axis=None))
    return _SIXTEEN - ((used & -used).bit_length() - 1)


def _depth_of_numbers(image: Image.Image, depth: int) -> int:
    """Return the bits that grey of 32 bits or floats needs: fewer if it holds small integers."""
    import numpy as np

    values = np.asarray(image)
    finite = values[np.isfinite(values)]
    if not finite.size or finite.min() < 0 or (finite != np.floor(finite)).any():
        return depth
    most = float(finite.max())
    if most <= 0xFF:  # noqa: PLR2004
        return _EIGHT
    if most > 0xFFFF:  # noqa: PLR2004
        return depth
    return _depth_of(values.astype(np.uint16))
