"""The plugin for TIFF: Pillow's, and kinds of pixels that it lacks."""

from __future__ import annotations

import io
import struct
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from PIL import Image, ImageFile, TiffImagePlugin, WebPImagePlugin

from .levels import levels_of, said_bits
from .tiff import Tiff

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

_WIDTH, _HEIGHT, _BITS, _COMPRESSION, _PHOTOMETRIC, _ORIENTATION = 256, 257, 258, 259, 262, 274
_STRIP_OFFSETS, _SAMPLES, _ROWS_PER_STRIP, _STRIP_BYTES, _PLANES = 273, 277, 278, 279, 284
_TILE_WIDTH, _TILE_HEIGHT, _TILE_OFFSETS, _TILE_BYTES, _FORMAT = 322, 323, 324, 325, 339
_ICC = 34675
_RGB, _LAB = 2, 8
_CHANNELS = {0: 1, 1: 1, _RGB: 3}  # of grey and RGB
_COLOURS = 3  # dimensions of an array of colours
_UNSIGNED, _SIGNED, _FLOAT = 1, 2, 3
_NUMBERS = {  # that OpenCV reads
    *((_UNSIGNED, bits) for bits in (10, 12, 14, 16, 32)),
    *((_SIGNED, bits) for bits in (16, 32)),
    *((_FLOAT, bits) for bits in (32, 64)),
}
_UNCOMPRESSED, _WEBP = 1, 50001
_NAMES = {
    33003: "JPEG 2000",
    33005: "JPEG 2000",
    34712: "JPEG 2000",
    34887: "LERC",
    50002: "JPEG XL",
}
_SEPARATE = 2  # planes
_EIGHT, _SIXTEEN = 8, 16  # bits
_UNSIGNED_LEVELS = [level ^ 128 for level in range(256)]  # of what is stored with a sign
_SWAPPED = {5, 6, 7, 8}  # orientations that swap the sides
_ROWS_REVERSED, _COLUMNS_REVERSED = {3, 4, 7, 8}, {2, 3, 6, 7}


class TiffFile(TiffImagePlugin.TiffImageFile):
    """A TIFF; also read are colours of floats and 32 bits, Lab of 16 bits, and WebP.

    Attributes:
        number_range: of colours of floats or 32 bits, once they are loaded: the least and the
            greatest number; else None.
    """

    def __init__(self, file: io.BytesIO) -> None:
        """Open the first page."""
        self._data = file.getvalue()
        self._tiff = Tiff(self._data)
        self._read: Callable[[], Image.Image] | None = None
        self.number_range: tuple[float, float] | None = None
        super().__init__(file)

    def load(self) -> Any:
        """Decode the page."""
        if self._read is not None and self.tile:
            read, self._read = self._read, None
            image = read()
            self.im, self._mode, self._size = image.im, image.mode, image.size
            self.tile, self.readonly = [], 0
            self.load_end()
        return super().load()

    def upright_numbers(self) -> NDArray[Any]:
        """Return a page's numbers as they are stored, [H, W] or in RGB [H, W, 3], upright.

        Raises:
            OSError: they can't be read.
        """
        values = self._numbers()
        directory = self._tiff.directory(self._frame_pos[self.tell()])
        turn = self._tiff.number(directory, _ORIENTATION, 1) if directory else 1
        if turn in _SWAPPED:
            values = values.swapaxes(0, 1)
        rows, columns = (-1 if turn in ones else 1 for ones in (_ROWS_REVERSED, _COLUMNS_REVERSED))
        return np.ascontiguousarray(values[::rows, ::columns])

    def _numbers(self) -> NDArray[Any]:
        data = np.frombuffer(self._page(), np.uint8)
        is_planar = self.tag_v2.get(_PLANES) == _SEPARATE  # which OpenCV mixes
        values = None if is_planar else cv2.imdecode(data, cv2.IMREAD_UNCHANGED)
        if values is None:
            raise OSError("its pixels can't be decoded")
        if self._bits()[0] < _SIXTEEN and values.dtype == np.uint16:
            values = np.right_shift(values, _SIXTEEN - self._bits()[0])  # OpenCV spreads them
        return values[..., 2::-1] if values.ndim == _COLOURS else values

    def _page(self) -> bytes:
        """Return the file with this page as its only one, as it is stored, for OpenCV.

        OpenCV counts the thumbnails in the chain of pages, and turns them by their orientation.
        """
        is_big = self._data[2:4] in (b"+\0", b"\0+")
        order = "<" if self._data[:2] == b"II" else ">"
        data, start = bytearray(self._data), self._frame_pos[self.tell()]
        struct.pack_into(order + ("Q" if is_big else "I"), data, 8 if is_big else 4, start)
        directory = self._tiff.directory(start)
        if directory and _ORIENTATION in directory.entries:
            struct.pack_into(order + "H", data, directory.entries[_ORIENTATION].start, 1)
        return bytes(data)

    def _bits(self) -> tuple[int, ...]:
        bits = self.tag_v2.get(_BITS, (1,))
        return bits if isinstance(bits, tuple) else (bits,)

    def _setup(self) -> None:
        self._read = self.number_range = None
        compression = self.tag_v2.get(_COMPRESSION, _UNCOMPRESSED)
        if compression not in TiffImagePlugin.COMPRESSION_INFO:
            raise SyntaxError(f"unknown compression: {_NAMES.get(compression, compression)}")
        if compression == _WEBP:
            self._plan(self._read_webp)
        elif self.tag_v2.get(_PHOTOMETRIC) == _LAB and set(self._bits()) == {_SIXTEEN}:
            self.tag_v2[_PHOTOMETRIC] = _RGB  # of which Pillow keeps the high bytes
            super()._setup()
            self.tag_v2[_PHOTOMETRIC] = _LAB
            self._read = self._read_lab
        else:
            self._setup_numbers()

    def _setup_numbers(self) -> None:
        tags, bits = self.tag_v2, self._bits()
        channels, is_planar = tags.get(_SAMPLES, 1), tags.get(_PLANES) == _SEPARATE
        kind = tags.get(_FORMAT, (_UNSIGNED,))[0], bits[0]
        is_known = kind in _NUMBERS and len(set(bits)) == 1 and not is_planar
        is_known &= channels == _CHANNELS.get(tags.get(_PHOTOMETRIC, -1))
        try:
            super()._setup()
        except SyntaxError as error:
            if not is_known:
                raise SyntaxError(f"{error}: {channels} channels of {bits[0]} bits") from error
            self._plan(self._read_numbers)
        if is_known and self.mode == "I" and kind == (_UNSIGNED, 32):  # taken as signed
            self._plan(self._read_numbers)
        elif is_planar and bits[0] > _EIGHT and tags.get(_COMPRESSION, 1) == _UNCOMPRESSED:
            # Pillow's own decoder would take each plane for one of 8 bits.
            args = f"{self.mode};16N", False, tags.offset
            self.tile = [ImageFile._Tile("libtiff", (0, 0, *self._tile_size), 0, args)]  # noqa: SLF001
            self.use_load_libtiff = True

    def _plan(self, read: Callable[[], Image.Image]) -> None:
        """Let a page be read when it is loaded, in place of what Pillow would do."""
        width, height = self.tag_v2[_WIDTH], self.tag_v2[_HEIGHT]
        is_turned = self.tag_v2.get(_ORIENTATION) in _SWAPPED
        self._size = (height, width) if is_turned else (width, height)
        self._tile_size = width, height
        self._mode, self._read = "RGB", read
        self.tile = [ImageFile._Tile("raw", (0, 0, width, height), 0, "RGB")]  # noqa: SLF001
        self.use_load_libtiff = False
        if _ICC in self.tag_v2:
            self.info["icc_profile"] = self.tag_v2[_ICC]

    def _read_numbers(self) -> Image.Image:
        values = self._numbers()
        if values.ndim < _COLOURS:
            return Image.fromarray(
                values if values.dtype == np.uint16 else values.astype(np.float32)
            )
        if values.dtype.itemsize * 8 > _SIXTEEN:
            self.number_range = float(np.nanmin(values)), float(np.nanmax(values))
        return Image.fromarray((levels_of(values, said_bits(self)) >> 8).astype(np.uint8))

    def _read_lab(self) -> Image.Image:
        super().load()
        light, *colours = self.split()
        return Image.merge("LAB", [light, *(band.point(_UNSIGNED_LEVELS) for band in colours)])

    def _read_webp(self) -> Image.Image:
        """Join the strips or tiles, each of which is a WebP of its own."""
        tags, (width, height) = self.tag_v2, self._tile_size
        if _TILE_OFFSETS in tags:
            size = tags[_TILE_WIDTH], tags[_TILE_HEIGHT]
            starts, counts = tags[_TILE_OFFSETS], tags[_TILE_BYTES]
        else:
            size = width, min(tags.get(_ROWS_PER_STRIP, height), height)
            starts, counts = tags[_STRIP_OFFSETS], tags[_STRIP_BYTES]
        across = -(-width // size[0])
        joined = Image.new("RGB", (width, height))
        for number, (start, count) in enumerate(zip(starts, counts, strict=True)):
            part = WebPImagePlugin.WebPImageFile(io.BytesIO(self._data[start : start + count]))
            if part.width > size[0] or part.height > size[1]:
                raise OSError("a tile is larger than it says")
            joined.paste(part, (number % across * size[0], number // across * size[1]))
        return joined
