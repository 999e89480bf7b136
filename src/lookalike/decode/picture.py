"""Bytes to the picture that stands for them, within limits; the content tells the format."""

from __future__ import annotations

import io
import math
from typing import TYPE_CHECKING, Any

from ..errors import NotAPictureError, PictureError
from ..types import Picture
from .colour import split
from .convert import ORIENTATION, orientation, to_picture
from .depth import bit_depth, prepare_levels
from .formats import HEAD_BYTES, check_supported, open_plugin, sniff
from .jpeg import check_scans, complete, ensure_end
from .levels import grey_levels
from .limits import check_size, one_large_at_a_time, readable, reason
from .properties import file_properties
from .raw import check_not_raw
from .samples import choose
from .sequence import Sequence, open_sequence

if TYPE_CHECKING:
    from PIL import Image
    from PIL.ImageFile import ImageFile

MIN_SIDE_PIXELS = 448  # reduced decoding keeps the shorter side at least this long


def decode(data: bytes, *, min_side: int = MIN_SIDE_PIXELS) -> Picture:
    """Decode the picture that stands for a file, upright, in sRGB.

    Formats: JPEG, PNG, APNG, WebP, GIF, BMP, TIFF, AVIF, HEIF, JPEG 2000, ICO. JPEG, JPEG 2000 and
    HEIF are decoded at reduced size if possible; then a picture above twice `min_side` is averaged
    down by a whole factor. Of several pages or frames the first one counts, or if it is blank, one
    that shows something. What is transparent lies over white, or over black or grey if it would
    vanish on white.

    Args:
        data: the whole file.
        min_side: the least pixels of the shorter side, if the picture has that many.

    Returns:
        pixels uint8 [H, W, 3], and the size of the whole picture; what else the file holds; and
        up to `MAX_SAMPLES` other pages or frames, at most 128 pixels a side.

    Raises:
        NotAPictureError: the bytes have no known picture format.
        UnsupportedFormatError: they are a camera's raw file, or a picture of another kind that can
            only be named.
        PictureError: the picture is damaged, or exceeds the limits of this package.
        MemoryError: there is not enough memory now for a picture of this size.

    Example:
        >>> from pathlib import Path
        >>> picture = decode(Path("query.jpg").read_bytes())
        >>> picture.pixels.shape == (picture.height, picture.width, 3)
        True
        >>> picture.properties.pages, picture.samples
        (1, ())
    """
    return decode_opened(*open_file(data), data, min_side=min_side)


def decode_opened(
    sequence: Sequence, name: str, data: bytes, *, min_side: int = MIN_SIDE_PIXELS
) -> Picture:
    """Decode what `open_file` opened, as `decode`."""
    image = sequence.image
    with readable(name), one_large_at_a_time(*image.size):
        picture = _load(image, data, name, min_side)
        depth = bit_depth(image, data, name)
        samples = picture.samples
        if len(sequence.numbers) > 1:
            picture, samples = choose(sequence, picture, data, name, min_side)
        count = len(sequence.numbers)
        properties = file_properties(
            image,
            data,
            name,
            pages=1 if sequence.is_animation else count,
            frames=count if sequence.is_animation else 1,
            has_alpha=picture.properties.has_alpha,
            bit_depth=depth,
        )
        return Picture(picture.pixels, picture.width, picture.height, properties, samples)


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
        return to_picture(image, image.size, min_side)
    except Exception as error:
        raise PictureError(reason(error, image.format or "PIL")) from error


def to_png(image: Image.Image) -> bytes:
    """Write a PIL image as a PNG that decodes to what `from_image` makes of the image.

    Transparency, the orientation of EXIF and 16 bits of grey are kept.

    Raises:
        PictureError: as `from_image`.

    Example:
        >>> from PIL import Image
        >>> decode(to_png(Image.new("CMYK", (640, 480)))).pixels.shape
        (480, 640, 3)
    """
    from PIL import Image

    check_size(*image.size)
    try:
        icc, exif = image.info.get("icc_profile"), Image.Exif()
        exif[ORIENTATION] = orientation(image)
        if image.mode.startswith("I") or image.mode == "F":
            image = Image.fromarray(grey_levels(image))
        elif image.mode not in ("1", "L", "LA", "P", "RGB", "RGBA"):
            (image, alpha), icc = split(image, icc), None
            if alpha is not None:
                image.putalpha(alpha)
        file = io.BytesIO()
        image.save(file, "PNG", exif=exif, icc_profile=icc)
        return file.getvalue()
    except Exception as error:
        raise PictureError(reason(error, image.format or "PIL")) from error


def open_file(data: bytes) -> tuple[Sequence, str]:
    """Open a file at its first page or frame, whose size is within the limits.

    Args:
        data: the whole file.

    Returns:
        its pages or frames, not decoded yet, and the name of its format.

    Raises:
        PictureError: as `decode`.
    """
    name = sniff(data[:HEAD_BYTES])
    if name is None:
        check_supported(data[:HEAD_BYTES])
        raise NotAPictureError("empty file" if not data else "not a picture that lookalike knows")
    with readable(name):
        if name == "TIFF":
            check_not_raw(data)
        image = open_plugin(name, data)
        check_size(*image.size)
        if name == "JPEG":
            check_scans(data, *image.size)
            whole = ensure_end(data)
            image = image if whole is data else open_plugin(name, whole)
        sequence = open_sequence(image, data, name)
        check_size(*image.size)
        return sequence, name


def _load(image: ImageFile, data: bytes, name: str, min_side: int) -> Picture:
    whole = image.size
    scale = min_side / min(whole)
    if scale < 1:
        if name == "JPEG2000":
            return _load_jpeg2000(image, data, min_side)
        image.draft(None, (math.ceil(whole[0] * scale), math.ceil(whole[1] * scale)))
    reduced = image.size != whole
    try:
        image.load()
    except OSError:
        if name != "JPEG" or (whole_data := complete(data)) is None:
            raise
        return _load(open_plugin(name, whole_data), whole_data, name, min_side)
    if not reduced:
        prepare_levels(image, data, name)
    # Loading turns a TIFF upright, and may correct the size of HEIF and ICO: trust the new size.
    return to_picture(image, whole if reduced else image.size, min_side)


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
        image = open_plugin("JPEG2000", data)
        image.load()
    return to_picture(image, whole, min_side)
