"""The pages of a document and the frames of an animation: counted, and shown one at a time."""

from __future__ import annotations

import contextlib
import itertools
import struct
from typing import TYPE_CHECKING, Any, NamedTuple

from .tiff import Directory, Tiff

if TYPE_CHECKING:
    from collections.abc import Iterator

    from PIL import Image

MAX_COUNT = 10_000  # further pages and frames are not counted
_ANIMATIONS = {"GIF", "PNG", "WEBP", "AVIF"}
_MAX_CHUNKS = 1_000_000  # of a PNG
_NEW_SUBFILE_TYPE, _REDUCED_OR_MASK = 254, 0b101
_GIF_HEADER_BYTES, _GIF_FRAME_BYTES, _GIF_TABLE = 13, 10, 0x80


class Sequence(NamedTuple):
    """The pages or frames of an opened file.

    Attributes:
        image: the file, as a plugin of Pillow opened it.
        numbers: the plugin's number of each page or frame, the one that counts first.
        is_animation: whether each frame follows from the one before.
    """

    image: Any
    numbers: range | list[int]
    is_animation: bool

    def show(self, index: int) -> Image.Image:
        """Go to a page or frame, without decoding it where the plugin allows that."""
        number = self.numbers[index]
        if hasattr(self.image, "ico"):
            frame: Image.Image = self.image if number == 0 else self.image.ico.frame(number)
            return frame
        if len(self.numbers) > 1 or number:
            self.image.seek(number)
        opened: Image.Image = self.image
        return opened


def open_sequence(image: Any, data: bytes, name: str) -> Sequence:
    """Count the pages or frames of a file, whatever its header claims.

    Args:
        image: the file as opened by the plugin of its format.
        data: the whole file.
        name: the format.
    """
    if name == "TIFF":
        return _tiff_pages(image, data)
    count = int(getattr(image, "n_frames", 1)) if name != "GIF" else count_gif_frames(data)
    if name == "PNG" and count > 1:
        found = sum(kind == b"fcTL" for kind, _, _ in png_chunks(data))
        count = min(count, found + bool(getattr(image, "default_image", False)))
    if name == "ICO":
        count = len(image.ico.entry)
    count = max(min(count, MAX_COUNT), 1)
    if name == "HEIF":
        first = image.tell()
        return Sequence(
            image, [first, *(n for n in range(count) if n != first)], is_animation=False
        )
    return Sequence(image, range(count), name in _ANIMATIONS)


def _tiff_pages(image: Any, data: bytes) -> Sequence:
    """List the pages of a TIFF; smaller copies of a page (thumbnails, pyramids) are none."""
    tiff = Tiff(data)
    chain = list(tiff.chain(most=MAX_COUNT))
    pages = [page for page in chain if _is_page(tiff, page)]
    if not pages:
        below = [tiff.directory(at) for page in chain[:1] for at in tiff.below(page)[:64]]
        pages = [page for page in below if page and _is_page(tiff, page)] or chain[:1]
    starts = [page.start for page in pages] or [tiff.first]
    # The plugin finds pages by following the chain. These are the places that it would find.
    image._frame_pos = starts  # noqa: SLF001
    image._tag_data_limits = [len(data)] * len(starts)  # noqa: SLF001
    image._n_frames = len(starts)  # noqa: SLF001
    if starts[0] != tiff.first:
        image._seek(0)  # noqa: SLF001
    return Sequence(image, range(len(starts)), is_animation=False)


def _is_page(tiff: Tiff, directory: Directory) -> bool:
    return not tiff.number(directory, _NEW_SUBFILE_TYPE) & _REDUCED_OR_MASK


def count_gif_frames(data: bytes) -> int:
    """Count the frames of a GIF that are there to their end, and at least 1."""
    frames = (None for kind, _, _ in gif_blocks(data) if kind is None)
    return max(sum(1 for _ in itertools.islice(frames, MAX_COUNT)), 1)


def gif_blocks(data: bytes) -> Iterator[tuple[int | None, int, int]]:
    """List the blocks of a GIF: an extension's label or None for a frame, start and end."""
    at = _GIF_HEADER_BYTES
    with contextlib.suppress(IndexError):
        at += _table_bytes(data[10])
        while True:
            if data[at] == 0x2C:  # noqa: PLR2004  a frame: its place, its colours, its code size
                start, kind = at + _GIF_FRAME_BYTES + _table_bytes(data[at + 9]) + 1, None
            elif data[at] == 0x21:  # noqa: PLR2004  an extension
                start, kind = at + 2, data[at + 1]
            else:
                return
            at = _skip_blocks(data, start)
            yield kind, start, at


def _table_bytes(flags: int) -> int:
    return 6 << (flags & 7) if flags & _GIF_TABLE else 0


def _skip_blocks(data: bytes, at: int) -> int:
    while size := data[at]:
        at += size + 1
    return at + 1


def png_chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """List the chunks of a PNG: kind, start and length of what they hold."""
    at = 8
    for _ in range(_MAX_CHUNKS):
        if at + 8 > len(data):
            return
        length, kind = struct.unpack_from(">I4s", data, at)
        yield kind, at + 8, length
        at += length + 12
