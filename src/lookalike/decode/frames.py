"""Every page and frame of a file at full size, to compare all that two files hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import PictureError
from .colour import split
from .convert import orientation, turn_upright
from .depth import prepare_levels, wide_pixels
from .formats import open_plugin
from .jpeg import complete
from .limits import check_size, one_large_at_a_time, readable
from .picture import open_file
from .sequence import MAX_COUNT, Sequence

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray
    from PIL import Image


def decode_frames(data: bytes) -> Iterator[NDArray[np.uint8] | NDArray[np.uint16]]:
    """Decode every page and frame of a file at full size, upright, in sRGB.

    Animations are composited: each frame is what a viewer shows. The first one is what the plugin
    of the format shows first, blank or not.

    Args:
        data: the whole file.

    Yields:
        [H, W, 3], or [H, W, 4] where alpha is not opaque; uint8, or uint16 over its whole range
        where the file has more than 8 bits that carry something.

    Raises:
        PictureError, MemoryError: as `decode`; also if a later page or frame is damaged or beyond
            the limits, or there are too many to count.

    Example:
        >>> from pathlib import Path
        >>> [frame.shape for frame in decode_frames(Path("query.jpg").read_bytes())]
        [(..., ..., 3)]
    """
    sequence, name = open_file(data)
    if len(sequence.numbers) >= MAX_COUNT:
        raise PictureError(f"too much work: {MAX_COUNT:,} pages or frames, or more")
    for index in range(len(sequence.numbers)):
        with readable(name):
            image = sequence.show(index)
            check_size(*image.size)
            with one_large_at_a_time(*image.size):
                image = _load(image, data, name)
                prepare_levels(image, data, name)
                frame = _frame(image, data, name, index, sequence)
        yield frame


def _load(image: Image.Image, data: bytes, name: str) -> Image.Image:
    try:
        image.load()
    except OSError:
        if name != "JPEG" or (whole_data := complete(data)) is None:
            raise
        image = open_plugin(name, whole_data)
        image.load()
    return image


def _frame(
    image: Image.Image, data: bytes, name: str, index: int, sequence: Sequence
) -> NDArray[np.uint8] | NDArray[np.uint16]:
    import numpy as np
    from PIL import Image

    rgb, alpha = split(image, image.info.get("icc_profile"))
    pixels: NDArray[np.uint8] | NDArray[np.uint16] = np.asarray(rgb)
    if not (sequence.is_animation and len(sequence.numbers) > 1):
        wide = wide_pixels(image, np.asarray(rgb), data, name, sequence.numbers[index])
        pixels = pixels if wide is None else wide
    if alpha is not None:
        scale = np.asarray(257 if pixels.dtype == np.uint16 else 1, pixels.dtype)
        opacity = np.asarray(alpha) * scale
        pixels = np.concatenate([pixels, opacity[..., None]], axis=2)
    turn = orientation(image)
    if turn == 1:
        return pixels
    channels = [
        turn_upright(Image.fromarray(channel), turn) for channel in np.moveaxis(pixels, 2, 0)
    ]
    return np.stack([np.asarray(channel) for channel in channels], axis=2)
