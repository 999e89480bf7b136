"""Whether the finest detail of two pictures is that of one shot, or of two shots of one scene."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .local_differences import CELL_PIXELS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .resampling import Resampler

TILE_PIXELS = 128
TILES = 12  # the flattest, where what is seen is grain
FINE_SIGMA, EDGE_SIGMA = 1.5, 6.0  # pixels
MIN_GRAIN = 1.3  # levels of 255, root mean square: below it is rounding


def unexplained_grain(
    resampler: Resampler, other: NDArray[np.uint8], contrast: NDArray[np.float32]
) -> tuple[float, float]:
    """Measure how much of the other picture's grain the kept one lacks.

    Compression takes grain away, and what it leaves is the kept picture's. The grain of another
    shot is no part of the kept picture; and one that is less compressed has grain of its own.

    Args:
        resampler: gives the kept picture at the other's size.
        other: uint8 [H, W, 3].
        contrast: of each cell, float32 [h, w], levels.

    Returns:
        the share of the other's grain that is not the kept one's, 0..1; and whose grain is more,
        from -1 (all that differs is only in the kept picture) to 1 (only in the other).
    """
    import cv2

    kept_energy = other_energy = shared = 0.0
    for left, top, right, bottom in _flattest(contrast, (other.shape[1], other.shape[0])):
        tiles = (resampler.region((left, top, right, bottom)), other[top:bottom, left:right])
        grains, edges = [], None
        for tile in tiles:
            luma = cv2.cvtColor(np.ascontiguousarray(tile), cv2.COLOR_RGB2GRAY).astype(np.float32)
            smooth = cv2.GaussianBlur(luma, (0, 0), FINE_SIGMA)
            grains.append(luma - smooth)
            if edges is None:
                edges = np.abs(smooth - cv2.GaussianBlur(luma, (0, 0), EDGE_SIGMA))
        edges = cv2.blur(edges, (17, 17))
        is_flat = edges <= np.median(edges)
        mine, theirs = (grain[is_flat] for grain in grains)
        weight = 1 / is_flat.sum()
        kept_energy += float(mine @ mine) * weight
        other_energy += float(theirs @ theirs) * weight
        shared += float(mine @ theirs) * weight
    if other_energy < TILES * MIN_GRAIN**2:
        return 0.0, 0.0
    difference = max(kept_energy + other_energy - 2 * shared, 1e-6)
    return 1 - shared / other_energy, (other_energy - kept_energy) / difference


def _flattest(
    contrast: NDArray[np.float32], size: tuple[int, int]
) -> list[tuple[int, int, int, int]]:
    """Return the tiles (left, top, right, bottom) with least contrast that are not of one colour."""
    cells = TILE_PIXELS // CELL_PIXELS
    rows, columns = (max(side // cells, 1) for side in contrast.shape)
    cut = contrast[: rows * cells, : columns * cells]
    heights = min(cells, contrast.shape[0])
    widths = min(cells, contrast.shape[1])
    blocks = cut.reshape(rows, heights, columns, widths)
    blocks = blocks.transpose(0, 2, 1, 3).reshape(rows * columns, -1)
    levels = np.median(blocks, axis=1)
    levels[levels < 1] = np.inf
    boxes = []
    for block in np.argsort(levels)[:TILES].tolist():
        top, left = block // columns * TILE_PIXELS, block % columns * TILE_PIXELS
        right, bottom = min(left + TILE_PIXELS, size[0]), min(top + TILE_PIXELS, size[1])
        boxes.append((left, top, right, bottom))
    return boxes
