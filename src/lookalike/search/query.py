"""What a user may ask with, turned into a picture."""

from __future__ import annotations

import errno
import io
import math
import os
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any, TypeAlias, cast

from ..decode import MIN_SIDE_PIXELS, decode, from_image
from ..errors import ArgumentError, PictureError
from ..sources import (
    absolute,
    check_address,
    content_hash,
    is_local,
    name_of,
    read,
    read_stream,
    stat_source,
)
from ..types import Picture, Refusal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL import Image

QueryInput: TypeAlias = (
    "str | os.PathLike[str] | bytes | bytearray | IO[bytes] | Image.Image | NDArray[np.uint8]"
)
Region: TypeAlias = tuple[float, float, float, float]
MAX_SIDE_PIXELS = 4_096  # that the shorter side is decoded to, for a small part of it
_CHANNELS = 3
_ROUNDING = 1e-6


@dataclass(frozen=True, slots=True)
class Query:
    """A query, read and decoded.

    Attributes:
        picture: the pixels.
        name: its path, or what kind of object it was.
        path: absolute path; None where the query was no path.
        content: its content hash; None where there were no bytes to hash, and for a part.
        left: pixels of the whole picture that lie left of a part asked with.
        top: likewise above it.
        whole: width and height of the whole picture, of which this is a part.
    """

    picture: Picture
    name: str
    path: str | None = None
    content: bytes | None = None
    left: float = 0.0
    top: float = 0.0
    whole: tuple[int, int] | None = None


def prepare(query: QueryInput | Query, region: Region | None = None) -> Query:
    """Read and decode what a user asks with.

    Args:
        query: a path, the bytes of a picture file, a binary file object, a PIL image, or an RGB
            array uint8 [H, W, 3]; or what was looked at already.
        region: x, y, width and height of the part to ask with, as shares of the upright picture.

    Raises:
        PictureError: it can't be read, or is no usable picture; the message says what to do.
        ArgumentError: it is none of the kinds above, or the region lies outside.
    """
    min_side = MIN_SIDE_PIXELS
    if region is not None:
        x, y, width, height = region
        inside = 0 <= x < 1 and 0 <= y < 1 and max(x + width, y + height) <= 1 + _ROUNDING
        if not (inside and width > 0 and height > 0):
            raise ArgumentError(
                f"The region {region} does not lie in the picture; give x, y, width and height "
                "as shares of it, such as 0.25,0.25,0.5,0.5."
            )
        min_side = int(min(MIN_SIDE_PIXELS / min(width, height), MAX_SIDE_PIXELS))
    asked = query if isinstance(query, Query) else _look(query, min_side)
    return _part(asked, region) if region else asked


def query_refusal(query: QueryInput | Query, error: PictureError) -> Refusal:
    """Say which of many queries could not be used, and why."""
    if isinstance(query, (str, os.PathLike)):
        return Refusal(absolute(query), str(error))
    return Refusal(type(query).__name__, str(error))


def parse_region(text: str) -> Region:
    """Read a region as users write it: `x,y,w,h`, shares of the upright picture.

    Raises:
        ArgumentError: it is none.
    """
    try:
        x, y, width, height = map(float, text.split(","))
    except ValueError as error:
        raise ArgumentError(
            f"The region is {text!r}; write x, y, width and height as 0.25,0.25,0.5,0.5."
        ) from error
    return x, y, width, height


def as_file_bytes(query: QueryInput) -> tuple[bytes, str]:
    """Give what a user may ask with as the bytes of a picture file, and its name.

    Raises:
        PictureError: it can't be read.
        ArgumentError: it is of no known kind.
    """
    if isinstance(query, (str, os.PathLike)):
        try:
            path = absolute(query)
            return _read(path), name_of(path)
        except (OSError, ValueError) as error:
            said = getattr(error, "strerror", None) or str(error)
            raise PictureError(f"{query!s} can't be read ({said}); check the path.") from error
    if isinstance(query, (bytes, bytearray, memoryview)):
        return bytes(query), "bytes"
    if hasattr(query, "read"):
        return read_stream(cast("IO[bytes]", query)), "stream"
    image = cast("Image.Image", query) if hasattr(query, "getexif") else from_array(query)
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue(), "picture"


def _part(asked: Query, region: Region) -> Query:
    import numpy as np

    x, y, width, height = region
    picture = asked.picture
    rows, columns = picture.pixels.shape[:2]
    left, top = int(x * columns), int(y * rows)
    right = min(max(math.ceil((x + width) * columns), left + 1), columns)
    bottom = min(max(math.ceil((y + height) * rows), top + 1), rows)
    across, down = picture.width / columns, picture.height / rows
    part = Picture(
        np.ascontiguousarray(picture.pixels[top:bottom, left:right]),
        max(round((right - left) * across), 1),
        max(round((bottom - top) * down), 1),
    )
    whole = (picture.width, picture.height)
    return Query(part, asked.name, None, None, left * across, top * down, whole)


def _look(query: QueryInput, min_side: int) -> Query:
    try:
        if isinstance(query, (str, os.PathLike)):
            path = absolute(query)
            return _look_at_bytes(_read(path), path, min_side, path)
        if isinstance(query, (bytes, bytearray, memoryview)):
            return _look_at_bytes(bytes(query), "bytes", min_side)
        if hasattr(query, "read"):
            stream = cast("IO[bytes]", query)
            name = getattr(stream, "name", None)
            name = name if isinstance(name, str) else "stream"
            return _look_at_bytes(read_stream(stream), name, min_side)
        if hasattr(query, "getexif"):
            return Query(from_image(cast("Image.Image", query), min_side=min_side), "PIL image")
        return Query(from_image(from_array(query), min_side=min_side), "array")
    except PictureError as error:
        name = absolute(query) if isinstance(query, (str, os.PathLike)) else "The query"
        said = f"{name} can't be used: {error}; ask with another picture."
        raise type(error)(said) from error
    except MemoryError as error:
        raise PictureError(
            "There is not enough memory for the query; ask with a smaller one."
        ) from error
    except OSError as error:
        raise PictureError(
            f"{query!s} can't be read ({error.strerror}); check the path."
        ) from error


def _read(path: str) -> bytes:
    """Read what stands at a path or URL."""
    if "\0" in path:
        raise PictureError("no file has such a name")
    if is_local(path):
        with open(path, "rb") as file:
            return read_stream(file)
    check_address(path)
    source = stat_source(path, private=True)
    if source is None:
        raise FileNotFoundError(errno.ENOENT, "not there, or it can't be reached")
    return read(source)


def _look_at_bytes(data: bytes, name: str, min_side: int, path: str | None = None) -> Query:
    return Query(decode(data, min_side=min_side), name, path, content_hash(data))


def from_array(query: Any) -> Image.Image:
    """Take an RGB array uint8 [H, W, 3] as a picture.

    Raises:
        ArgumentError: it is none.
    """
    import numpy as np
    from PIL import Image

    array = np.asarray(query)
    if array.dtype != np.uint8 or array.ndim != _CHANNELS or array.shape[2] != _CHANNELS:
        raise ArgumentError(
            "A query is a path, bytes, a binary file object, a PIL image or an RGB array uint8 "
            f"[H, W, 3]; this is {type(query).__name__} {array.dtype} {list(array.shape)}."
        )
    return Image.fromarray(array)
