"""Bytes to pixels, within limits; and what else a file holds.

`decode` gives the picture that stands for a file, `decode_frames` every page and frame at full
size, `inspect` what people and cameras wrote into it. `sniff` names the format by the first bytes.
"""

from .details import Details, inspect, read_sidecar
from .formats import HEAD_BYTES, SUPPORTED_FORMATS, check_supported, sniff
from .frames import decode_frames
from .limits import LARGE_PIXELS, MAX_ASPECT_RATIO, MAX_JPEG_SCAN_PIXELS, MAX_PIXELS
from .picture import MIN_SIDE_PIXELS, decode, from_image, to_png
from .samples import MAX_SAMPLES

__all__ = [
    "HEAD_BYTES",
    "LARGE_PIXELS",
    "MAX_ASPECT_RATIO",
    "MAX_JPEG_SCAN_PIXELS",
    "MAX_PIXELS",
    "MAX_SAMPLES",
    "MIN_SIDE_PIXELS",
    "SUPPORTED_FORMATS",
    "Details",
    "check_supported",
    "decode",
    "decode_frames",
    "from_image",
    "inspect",
    "read_sidecar",
    "sniff",
    "to_png",
]
