"""Whether the finest detail of two pictures is that of one shot, or of two shots of one scene."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .local_differences import CELL_PIXELS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .resampling import Resampler

TILE_PIXELS = 128
TILES = 12  # among the flatter half, where what is seen is grain
FINE_SIGMA, EDGE_SIGMA = 1.5, 6.0  # pixels
EDGE_WINDOW = 17  # pixels: no grain is looked for so near an edge
MIN_GRAIN = 1.3  # levels of 255, root mean square: below it is rounding


def unexplained_grain(
    resampler: Resampler, other: NDArray[np.uint8], contrast: NDArray[np.uint8]
) -> tuple[float, float]:
    """Measure how much of the other picture's grain the kept one lacks.

    Compression takes grain away, and what it leaves is the kept picture's. The grain of another
    shot is no part of the kept picture; and one that is less compressed has grain of its own.

    Args:
        resampler: gives the kept picture at the other's size.
        other: uint8 [H, W, 3].
        contrast: of each cell, uint8 [h, w], levels.

    Returns:
        the share of the other's grain that is not the kept one's, 0..1; and whose grain is more,
        from -1 (all that differs is only in the kept picture) to 1 (only in the other).
    """
    import cv2

    kept_energy = other_energy = shared = 0.0
    tiles = _flat_tiles(contrast, (other.shape[1], other.shape[0]))
    for left, top, right, bottom in tiles:
        kept_luma = _luma(resampler.region((left, top, right, bottom)))
        other_luma = _luma(other[top:bottom, left:right])
        smooth = cv2.GaussianBlur(kept_luma, (0, 0), FINE_SIGMA)
        edges = cv2.absdiff(smooth, cv2.GaussianBlur(kept_luma, (0, 0), EDGE_SIGMA))
        edges = cv2.blur(edges, (EDGE_WINDOW, EDGE_WINDOW))
        is_flat = edges <= np.median(edges)
        mine = (kept_luma - smooth)[is_flat]
        theirs = (other_luma - cv2.GaussianBlur(other_luma, (0, 0), FINE_SIGMA))[is_flat]
        kept_energy += float(np.square(mine).mean())
        other_energy += float(np.square(theirs).mean())
        shared += float((mine * theirs).mean())
    if other_energy <= len(tiles) * MIN_GRAIN**2:
        return 0.0, 0.0
    difference = max(kept_energy + other_energy - 2 * shared, 1e-6)
    return 1 - shared / other_energy, (other_energy - kept_energy) / difference


def _luma(tile: NDArray[np.uint8]) -> NDArray[np.float32]:
    import cv2

    return np.asarray(cv2.cvtColor(np.ascontiguousarray(tile), cv2.COLOR_RGB2GRAY), np.float32)


def _flat_tiles(
    contrast: NDArray[np.uint8], size: tuple[int, int]
) -> list[tuple[int, int, int, int]]:
    """Choose tiles (left, top, right, bottom) among the half with least contrast."""
    cells = TILE_PIXELS // CELL_PIXELS
    tiles = []
    for row in range(0, max(contrast.shape[0] - cells, 0) + 1, cells):
        for column in range(0, max(contrast.shape[1] - cells, 0) + 1, cells):
            level = float(np.median(contrast[row : row + cells, column : column + cells]))
            if level >= 1:  # not of one colour
                tiles.append((level, column * CELL_PIXELS, row * CELL_PIXELS))
    ranks = np.unique(np.linspace(0, len(tiles) // 2, TILES).astype(int)).tolist() if tiles else []
    return [
        (left, top, min(left + TILE_PIXELS, size[0]), min(top + TILE_PIXELS, size[1]))
        for rank, (_, left, top) in enumerate(sorted(tiles))
        if rank in ranks
    ]
