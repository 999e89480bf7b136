"""A fingerprint's thumbnail as WebP, decoded only where features agree."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..errors import GalleryFormatError

if TYPE_CHECKING:
    from numpy.typing import NDArray

QUALITY = 30
DAMAGED = (
    "A fingerprint in the gallery is damaged, or a newer lookalike made it; update lookalike, or "
    "see what can be made again with: lookalike check"
)


def encode(pixels: NDArray[np.uint8]) -> bytes:
    """Compress a picture, uint8 [h, w, 3], RGB."""
    import cv2

    options = [cv2.IMWRITE_WEBP_QUALITY, QUALITY]
    return cv2.imencode(".webp", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), options)[1].tobytes()


def decode(data: bytes) -> NDArray[np.uint8]:
    """Decompress what `encode` compressed, with losses: uint8 [h, w, 3].

    Raises:
        GalleryFormatError: the bytes are not a picture.
    """
    import cv2

    try:
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR_RGB)
    except cv2.error as error:
        raise GalleryFormatError(DAMAGED) from error
    if pixels is None:
        raise GalleryFormatError(DAMAGED)
    return np.asarray(pixels, np.uint8)
