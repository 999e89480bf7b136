"""Limits on the work that one picture may take, and the reasons for a refusal."""

from __future__ import annotations

import contextlib
import re
import threading
from typing import TYPE_CHECKING

from ..errors import PictureError, UnsupportedFormatError

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

MAX_PIXELS = 200_000_000
MAX_ASPECT_RATIO = 100  # a ribbon of 100,000 x 1 pixels shows nothing
MAX_JPEG_SCAN_PIXELS = 4_000_000_000  # pixels x scans: a progressive JPEG can take hours
LARGE_PIXELS = 25_000_000  # larger pictures are decoded one at a time in a process
# What the plugins say of sound files of kinds that they don't read.
_UNSUPPORTED = re.compile(
    r"unknown (?:pixel mode|compression)|cannot handle \d+-(?:bit|layer)|Unsupported BMP"
    r"|unsupported (?:codec|feature|data precision)|SOF type",
    re.IGNORECASE,
)
_large_picture_lock = threading.Lock()


def check_size(width: int, height: int) -> None:
    """Check the sides of a picture.

    Raises:
        PictureError: it has no pixels, too many, or is too narrow.
    """
    if width < 1 or height < 1:
        raise PictureError(f"no pixels: {width} x {height}")
    if width * height > MAX_PIXELS:
        limit = MAX_PIXELS // 1_000_000
        raise PictureError(f"too large: {width} x {height} is over {limit} megapixels")
    if max(width, height) > MAX_ASPECT_RATIO * min(width, height):
        raise PictureError(f"too narrow: {width} x {height} is over {MAX_ASPECT_RATIO} to 1")


def one_large_at_a_time(width: int, height: int) -> AbstractContextManager[object]:
    """Wait until no other thread decodes a picture of over `LARGE_PIXELS`, if this is one."""
    return _large_picture_lock if width * height > LARGE_PIXELS else contextlib.nullcontext()


class readable:  # noqa: N801  used as a function; a generator would cost more than a header
    """Turn whatever reading a file of a format raises into a `PictureError`."""

    def __init__(self, name: str) -> None:
        """Take the name of the format."""
        self._name = name

    def __enter__(self) -> None:
        """Begin to read."""

    def __exit__(self, _: object, error: BaseException | None, trace: object) -> None:
        """Explain the error, if there is one.

        Raises:
            PictureError: for it.
        """
        known = (PictureError, MemoryError)
        if isinstance(error, Exception) and not isinstance(error, known):
            raise _explained(error, self._name) from error


def _explained(error: Exception, name: str) -> PictureError:
    text = " ".join(str(error).split())[:200]
    if _UNSUPPORTED.search(text):
        return UnsupportedFormatError(
            f"a kind of {name} that lookalike can't read yet ({text}); index a JPEG or PNG of it",
            name,
        )
    # Plugins raise anything on damaged bytes: struct.error, KeyError...
    return PictureError(reason(error, name))


def reason(error: Exception, name: str) -> str:
    """Say in one clause why a plugin could not read a file of a format."""
    text = " ".join(str(error).split()) or type(error).__name__
    if "truncated" in text.lower() or "not enough" in text.lower() or isinstance(error, EOFError):
        return f"truncated: the {name} ends before the picture does"
    return f"damaged {name}: {text[:200]}"
