"""The query: any kind of input, read and decoded to a picture."""

from __future__ import annotations

import contextlib
import errno
import math
import os
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Any, TypeAlias, cast

from ..decode import MIN_SIDE_PIXELS, decode, from_image, to_png
from ..errors import ArgumentError, NotAPictureError, PictureError
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
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray
    from PIL import Image

QueryInput: TypeAlias = (
    "str | os.PathLike[str] | bytes | bytearray | IO[bytes] | Image.Image | NDArray[np.uint8]"
)
Region: TypeAlias = tuple[float, float, float, float]
MAX_SIDE_PIXELS = 4_096  # the most that the shorter side is decoded to for a small region
_CHANNELS = 3
_ROUNDING = 1e-6


@dataclass(frozen=True, slots=True)
class Query:
    """A query, read and decoded.

    Attributes:
        picture: the pixels, of the region if there is one.
        name: the path, or the kind of object it was.
        path: absolute path; None if the query was not a path.
        content: the content hash; None for a region, or without bytes to hash.
        left: pixels of the whole picture left of the region.
        top: pixels of the whole picture above the region.
        whole_size: width and height of the whole picture; None without a region.
        data: the bytes that it was decoded from; None for a region, or without any.
    """

    picture: Picture
    name: str
    path: str | None = None
    content: bytes | None = None
    left: float = 0.0
    top: float = 0.0
    whole_size: tuple[int, int] | None = None
    data: bytes | None = field(default=None, repr=False)


def prepare(
    query: QueryInput | Query, region: Region | None = None, *, min_side: int = MIN_SIDE_PIXELS
) -> Query:
    """Read and decode a query.

    Args:
        query: a path, the bytes of a picture file, a binary file object, a PIL image, an RGB array
            uint8 [H, W, 3], or a prepared query.
        region: x, y, width and height of the part to search with, as shares of the upright
            picture.
        min_side: the shorter side is decoded to at least so many pixels.

    Raises:
        PictureError: it can't be read, or is not a usable picture.
        ArgumentError: it is of an unknown kind, or the region is not inside the picture.
    """
    if region is not None:
        x, y, width, height = region
        inside = 0 <= x < 1 and 0 <= y < 1 and max(x + width, y + height) <= 1 + _ROUNDING
        if not (inside and width > 0 and height > 0):
            raise ArgumentError(
                f"The region {region} is not inside the picture; enter x, y, width and height as "
                "shares of it, such as 0.25,0.25,0.5,0.5."
            )
        min_side = int(min(MIN_SIDE_PIXELS / min(width, height), MAX_SIDE_PIXELS))
    prepared = query if isinstance(query, Query) else _read_query(query, min_side)
    return _crop(prepared, region) if region else prepared


def query_refusal(query: QueryInput | Query, error: PictureError) -> Refusal:
    """Return which of many queries could not be used, and why."""
    if isinstance(query, (str, os.PathLike)):
        return Refusal(absolute(query), str(error))
    return Refusal(type(query).__name__, str(error))


def parse_region(text: str) -> Region:
    """Parse a region as users write it: `x,y,w,h`, shares of the upright picture.

    Raises:
        ArgumentError: the text is not four numbers.
    """
    try:
        x, y, width, height = map(float, text.split(","))
    except ValueError as error:
        raise ArgumentError(
            f"The region is {text!r}; enter x, y, width and height as 0.25,0.25,0.5,0.5."
        ) from error
    return x, y, width, height


def as_file_bytes(query: QueryInput) -> tuple[bytes, str]:
    """Return a query as the bytes of a picture file, which decode to what `prepare` makes of it.

    Returns:
        the bytes, and the name of the file, or the kind of object it was.

    Raises:
        PictureError: it can't be read.
        ArgumentError: it is of an unknown kind.
    """
    with _explained(query):
        if isinstance(query, (str, os.PathLike)):
            path = absolute(query)
            data, name = _read_path(path), name_of(path)
        elif isinstance(query, (bytes, bytearray, memoryview)):
            data, name = bytes(query), "bytes"
        elif hasattr(query, "read"):
            data, name = read_stream(cast("IO[bytes]", query)), "stream"
        else:
            data, name = to_png(_as_image(query)), "picture"
        if not data:
            raise NotAPictureError("empty file")
        return data, name


def _crop(query: Query, region: Region) -> Query:
    import numpy as np

    x, y, width, height = region
    picture = query.picture
    rows, columns = picture.pixels.shape[:2]
    left, top = int(x * columns), int(y * rows)
    right = min(max(math.ceil((x + width) * columns), left + 1), columns)
    bottom = min(max(math.ceil((y + height) * rows), top + 1), rows)
    scale_x, scale_y = picture.width / columns, picture.height / rows
    part = Picture(
        np.ascontiguousarray(picture.pixels[top:bottom, left:right]),
        max(round((right - left) * scale_x), 1),
        max(round((bottom - top) * scale_y), 1),
    )
    whole_size = (picture.width, picture.height)
    return Query(part, query.name, None, None, left * scale_x, top * scale_y, whole_size)


def _read_query(query: QueryInput, min_side: int) -> Query:
    with _explained(query):
        if isinstance(query, (str, os.PathLike)):
            path = absolute(query)
            return _decode_bytes(_read_path(path), path, min_side, path)
        if isinstance(query, (bytes, bytearray, memoryview)):
            return _decode_bytes(bytes(query), "bytes", min_side)
        if hasattr(query, "read"):
            stream = cast("IO[bytes]", query)
            name = getattr(stream, "name", None)
            name = name if isinstance(name, str) else "stream"
            return _decode_bytes(read_stream(stream), name, min_side)
        name = "PIL image" if hasattr(query, "getexif") else "array"
        return Query(from_image(_as_image(query), min_side=min_side), name)


@contextlib.contextmanager
def _explained(query: QueryInput) -> Iterator[None]:
    """Say of a query that can't be read or used which one it is, and what to do."""
    try:
        yield
    except PictureError as error:
        name = absolute(query) if isinstance(query, (str, os.PathLike)) else "The query"
        raise type(error)(f"{name} can't be used: {error}; try another picture.") from error
    except MemoryError as error:
        raise PictureError(
            "There is not enough memory for the query; try a smaller picture."
        ) from error
    except OSError as error:
        raise PictureError(
            f"{query!s} can't be read ({error.strerror}); check the path."
        ) from error


def _read_path(path: str) -> bytes:
    """Read the file at a path or URL."""
    if "\0" in path:
        raise PictureError("a file name can't contain a null character")
    if is_local(path):
        with open(path, "rb") as file:
            return read_stream(file)
    check_address(path)
    source = stat_source(path, private=True)
    if source is None:
        raise FileNotFoundError(errno.ENOENT, "it does not exist, or is unreachable")
    return read(source)


def _decode_bytes(data: bytes, name: str, min_side: int, path: str | None = None) -> Query:
    return Query(decode(data, min_side=min_side), name, path, content_hash(data), data=data)


def _as_image(query: Any) -> Image.Image:
    """Return a PIL image, or make one of an RGB array uint8 [H, W, 3].

    Raises:
        ArgumentError: it is neither.
    """
    import numpy as np
    from PIL import Image

    if hasattr(query, "getexif"):
        return cast("Image.Image", query)
    try:
        array = np.asarray(query)
    except ValueError:  # a list of lists of several lengths
        array = np.empty(0, object)
    if array.dtype != np.uint8 or array.ndim != _CHANNELS or array.shape[2] != _CHANNELS:
        raise ArgumentError(
            "A query is a path, bytes, a binary file object, a PIL image or an RGB array uint8 "
            f"[H, W, 3]; this is {type(query).__name__} {array.dtype} {list(array.shape)}."
        )
    return Image.fromarray(array)
