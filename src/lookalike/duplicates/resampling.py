"""A picture laid over the pixels of a copy of another size, the way the copy was resized."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

KERNEL_PIXELS = 5  # reach of the widest kernel, in pixels of the coarser picture
TILES = 3  # along each side, of which the most detailed are looked at
TRIED_TILES = 4
TILE_PIXELS = 128
BLOCK_PIXELS = 8
MAX_REGION_PIXELS = 4_000_000  # of the picture that is resized, held at once besides it
# Kernels of Pillow and of most other programs reach as far as the reduction asks for; OpenCV's
# reach only to the next pixels, and so alias.
_PILLOW = ("BOX", "BILINEAR", "HAMMING", "BICUBIC", "LANCZOS", "MKS2013", "MKS2021")
_OPENCV = ("INTER_LINEAR", "INTER_CUBIC")
_PILLOW_NEAREST = "nearest to the centre"
_NEAREST = ("nearest to the corner", _PILLOW_NEAREST)
STRONG = 0.85  # share of the frequencies that are too weak to tell kernels apart


class Resampler:
    """Gives any region of a picture as it would look at another size.

    The frame is the same: only the number of pixels changes.

    Args:
        pixels: uint8 [H, W, 3].
        copy: uint8 [h, w, 3]; the kernel is the one that explains it best.
    """

    def __init__(self, pixels: NDArray[np.uint8], copy: NDArray[np.uint8]) -> None:
        """Find the kernel."""
        self._pixels = pixels
        self._size = copy.shape[1], copy.shape[0]
        self._scale = pixels.shape[1] / copy.shape[1], pixels.shape[0] / copy.shape[0]
        self.is_identity = pixels.shape == copy.shape
        self.kernel = "" if self.is_identity else self._best_kernel(copy)

    @property
    def max_rows(self) -> int:
        """How many rows of the copy can be given at once within the memory allowed."""
        rows = MAX_REGION_PIXELS / (self._pixels.shape[1] * self._scale[1])
        return max(min(int(rows), MAX_REGION_PIXELS // int(self._size[0])), 1)

    def rows(self, top: int, bottom: int) -> NDArray[np.uint8]:
        """Return rows of the picture at the copy's size, uint8 [bottom - top, w, 3]."""
        return self.region((0, top, self._size[0], bottom))

    def region(self, box: tuple[int, int, int, int]) -> NDArray[np.uint8]:
        """Return a box (left, top, right, bottom) of the copy's pixels, uint8 [h, w, 3]."""
        if self.is_identity:
            return self._pixels[box[1] : box[3], box[0] : box[2]]
        return self._resize(box, self.kernel)

    def _resize(self, box: tuple[int, int, int, int], kernel: str) -> NDArray[np.uint8]:
        import cv2
        from PIL import Image

        width, height = box[2] - box[0], box[3] - box[1]
        (x, y), (right, bottom) = self._position(box[0], box[1]), self._position(box[2], box[3])
        reach = [math.ceil(KERNEL_PIXELS * max(scale, 1)) + 1 for scale in self._scale]
        left, top = max(int(x) - reach[0], 0), max(int(y) - reach[1], 0)
        part = self._pixels[top : math.ceil(bottom) + reach[1], left : math.ceil(right) + reach[0]]
        if kernel in _PILLOW:
            # Rows first, as Pillow resizes a whole picture: the values between are clipped, too.
            image, flag = Image.fromarray(part), Image.Resampling[kernel]
            edges = min(right - left, image.width), min(bottom - top, image.height)
            across = (x - left, 0, edges[0], image.height)
            image = image.resize((width, image.height), flag, box=across)
            return np.asarray(image.resize((width, height), flag, (0, y - top, width, edges[1])))
        if kernel in _NEAREST:
            rows = self._nearest(1, kernel)[box[1] : box[3]] - top
            columns = self._nearest(0, kernel)[box[0] : box[2]] - left
            return np.asarray(part[rows][:, columns], np.uint8)
        places = (
            ((np.arange(count) + 0.5) * scale + start - 0.5).astype(np.float32)
            for count, scale, start in zip(
                (width, height), self._scale, (x - left, y - top), strict=True
            )
        )
        grid, flag, edge = np.meshgrid(*places), getattr(cv2, kernel), cv2.BORDER_REPLICATE
        mapped = cv2.remap(np.ascontiguousarray(part), grid[0], grid[1], flag, borderMode=edge)
        return np.asarray(mapped, np.uint8)

    def _nearest(self, axis: int, kernel: str) -> NDArray[np.int64]:
        """Return which column (axis 0) or row (axis 1) each of the copy is, as programs round."""
        scale, count = self._scale[axis], self._size[axis]
        if kernel == _PILLOW_NEAREST:
            steps = np.full(count, scale)
            steps[0] /= 2
            places = np.cumsum(steps)
        else:
            places = np.arange(count) * scale
        last = self._pixels.shape[1 - axis] - 1
        return np.asarray(np.minimum(places.astype(np.int64), last), np.int64)

    def _position(self, x: int, y: int) -> tuple[float, float]:
        """Return where a corner of the copy's pixels is in the picture."""
        height, width = self._pixels.shape[:2]
        return min(x * self._scale[0], width), min(y * self._scale[1], height)

    def _best_kernel(self, copy: NDArray[np.uint8]) -> str:
        """Return the kernel that explains the most detailed tiles of the copy best.

        What compression took away says nothing, so only the strongest frequencies of each block of
        8 x 8 pixels are compared.
        """
        from PIL.Image import Resampling

        # Pillow 12 has no magic kernels, with which Facebook and Instagram resize.
        kernels = [name for name in _PILLOW if name in Resampling.__members__]
        errors = dict.fromkeys((*kernels, *_OPENCV, *_NEAREST), 0.0)
        for left, top, right, bottom in self._tiles(copy):
            tile = _frequencies(copy[top:bottom, left:right])
            strength = np.abs(tile)
            is_strong = strength >= max(float(np.quantile(strength, STRONG)), 4.0)
            if not is_strong.any():
                continue
            for kernel in errors:
                resized = _frequencies(self._resize((left, top, right, bottom), kernel))
                error = float(np.square(tile - resized)[is_strong].mean())
                errors[kernel] += math.log(error + 0.1)  # one tile that differs must not decide
        return min(errors, key=errors.__getitem__)

    def _tiles(self, copy: NDArray[np.uint8]) -> list[tuple[int, int, int, int]]:
        height, width = copy.shape[:2]
        side = TILE_PIXELS
        pixels_per_tile = MAX_REGION_PIXELS / 16
        side = max(min(side, int(math.sqrt(pixels_per_tile) / max(*self._scale, 1))), 16)
        boxes = []
        for top in _starts(height, side):
            for left in _starts(width, side):
                box = left, top, min(left + side, width), min(top + side, height)
                tile = copy[box[1] : box[3], box[0] : box[2], 1].astype(np.int16)
                boxes.append((float(np.abs(np.diff(tile, axis=1)).sum()), box))
        boxes.sort(reverse=True)
        return [box for _, box in boxes[:TRIED_TILES]]


def _starts(length: int, side: int) -> list[int]:
    """Spread tiles over a side, each beginning where a block of a JPEG does."""
    places = np.linspace(0, max(length - side, 0), TILES).astype(int) // BLOCK_PIXELS
    return sorted({int(place) * BLOCK_PIXELS for place in places})


def _frequencies(tile: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the cosine transform of each block's brightness, without its mean.

    Colour is no guide: most files hold it at half the resolution.
    """
    import cv2

    luma = np.asarray(cv2.cvtColor(np.ascontiguousarray(tile), cv2.COLOR_RGB2GRAY), np.float32)
    rows, columns = luma.shape[0] // BLOCK_PIXELS, luma.shape[1] // BLOCK_PIXELS
    blocks = luma[: rows * BLOCK_PIXELS, : columns * BLOCK_PIXELS]
    blocks = blocks.reshape(rows, BLOCK_PIXELS, columns, BLOCK_PIXELS).transpose(0, 2, 1, 3)
    order = np.arange(BLOCK_PIXELS, dtype=np.float32)
    cosines = np.cos(np.pi * (order + 0.5) * order[:, None] / BLOCK_PIXELS) / 2
    cosines[0] /= math.sqrt(2)
    transformed = cosines @ blocks @ cosines.T
    transformed[..., 0, 0] = 0
    return np.asarray(transformed, np.float32)
