"""What a user may ask with, turned into a picture."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any, TypeAlias, cast

from .decode import decode, from_image
from .errors import ArgumentError, PictureError
from .sources import content_hash, read_stream

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL import Image

    from .types import Picture

    Query: TypeAlias = (
        str | os.PathLike[str] | bytes | bytearray | IO[bytes] | Image.Image | NDArray[np.uint8]
    )

_CHANNELS = 3


@dataclass(frozen=True, slots=True)
class Asked:
    """A query, read and decoded.

    Attributes:
        picture: the pixels.
        name: its path, or what kind of object it was.
        path: absolute path; None where the query was no path.
        content: its content hash; None where there were no bytes to hash.
    """

    picture: Picture
    name: str
    path: str | None = None
    content: bytes | None = None


def look(query: Query) -> Asked:
    """Read and decode what a user asks with.

    Args:
        query: a path, the bytes of a picture file, a binary file object, a PIL image, or an RGB
            array uint8 [H, W, 3].

    Raises:
        PictureError: it can't be read, or is no usable picture; the message says what to do.
        ArgumentError: it is none of the kinds above.
    """
    try:
        if isinstance(query, (str, os.PathLike)):
            return _look_at_path(os.path.abspath(query))
        if isinstance(query, (bytes, bytearray, memoryview)):
            return _look_at_bytes(bytes(query), "bytes")
        if hasattr(query, "read"):
            stream = cast("IO[bytes]", query)
            name = getattr(stream, "name", None)
            return _look_at_bytes(read_stream(stream), name if isinstance(name, str) else "stream")
        if hasattr(query, "getexif"):
            return Asked(from_image(cast("Image.Image", query)), "PIL image")
        return Asked(from_image(_from_array(query)), "array")
    except PictureError as error:
        name = os.path.abspath(query) if isinstance(query, (str, os.PathLike)) else "The query"
        raise PictureError(f"{name} can't be used: {error}; ask with another picture.") from error
    except MemoryError as error:
        raise PictureError(
            "There is not enough memory for the query; ask with a smaller one."
        ) from error
    except OSError as error:
        raise PictureError(
            f"{query!s} can't be read ({error.strerror}); check the path."
        ) from error


def _look_at_path(path: str) -> Asked:
    if "\0" in path:
        raise PictureError("no file has such a name")
    with open(path, "rb") as file:
        return _look_at_bytes(read_stream(file), path, path)


def _look_at_bytes(data: bytes, name: str, path: str | None = None) -> Asked:
    return Asked(decode(data), name, path, content_hash(data))


def _from_array(query: Any) -> Image.Image:
    import numpy as np
    from PIL import Image

    array = np.asarray(query)
    if array.dtype != np.uint8 or array.ndim != _CHANNELS or array.shape[2] != _CHANNELS:
        raise ArgumentError(
            "A query is a path, bytes, a binary file object, a PIL image or an RGB array uint8 "
            f"[H, W, 3]; this is {type(query).__name__} {array.dtype} {list(array.shape)}."
        )
    return Image.fromarray(array)
