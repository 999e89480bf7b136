"""Stand-in until `decode.inspect` is merged."""

from __future__ import annotations

import io
from types import SimpleNamespace
from typing import Any

from PIL import Image

from ..decode import decode


def inspect(data: bytes) -> Any:
    """Find what a file holds besides its pixels."""
    properties = decode(data).properties
    image = Image.open(io.BytesIO(data))
    written = {f"exif {k}": str(v) for k, v in image.getexif().items()}
    written |= {k: v for k, v in image.info.items() if isinstance(v, str)}
    quality = None
    if image.format == "JPEG":
        quality = 100 - sum(image.quantization[0]) // 64
    return SimpleNamespace(
        format=image.format,
        is_lossless=image.format in ("PNG", "TIFF", "GIF", "BMP"),
        quality=quality,
        properties=properties,
        metadata=written,
    )
