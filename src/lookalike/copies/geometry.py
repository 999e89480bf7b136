"""Frames and transforms: where one picture appears in another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Points: TypeAlias = NDArray[Any]  # float [N, 2] or more
    Transform: TypeAlias = NDArray[Any]  # float [3, 3]

# From a pixel's corner, which lookalike counts from, to its centre, which OpenCV counts from.
TO_PIXEL_CENTRES = np.array([[1, 0, -0.5], [0, 1, -0.5], [0, 0, 1]])


def overlaps(
    transform: Transform, query: tuple[int, int], target: tuple[int, int]
) -> tuple[float, float]:
    """Return the share of the query that the target shows, and the reverse: 0..1.

    Args:
        transform: from the query's pixels to the target's.
        query: its width and height.
        target: its width and height.
    """

    def visible_share(
        transform: Transform, source: tuple[int, int], destination: tuple[int, int]
    ) -> float:
        shared = clip_to_picture(transform_points(transform, frame_corners(*source)), *destination)
        return min(polygon_area(shared) / (destination[0] * destination[1]), 1.0)

    inverse = np.linalg.inv(transform)
    return visible_share(inverse, target, query), visible_share(transform, query, target)


def polygon_area(corners: Points) -> float:
    """Return the area of a polygon [N, 2]; 0 without corners."""
    import cv2

    return float(cv2.contourArea(corners.astype(np.float32))) if len(corners) else 0.0


def frame_corners(width: float, height: float) -> Points:
    """Return a picture's corners, clockwise from the upper left: [4, 2]."""
    return np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float64)


def scale_transform(size: tuple[int, int], new_size: tuple[int, int]) -> Transform:
    """Return the transform from pixels at one width and height to pixels at another."""
    return np.diag([new_size[0] / size[0], new_size[1] / size[1], 1.0])


def enlargement(transform: Transform) -> float:
    """Return about how much a transform enlarges a length."""
    return float(np.sqrt(abs(np.linalg.det(transform[:2, :2] / transform[2, 2]))))


def transform_points(transform: Transform, points: Points) -> Points:
    """Map points [N, 2] by a 3 x 3 transform."""
    lifted = points @ transform[:, :2].T + transform[:, 2]
    return np.asarray(lifted[:, :2] / lifted[:, 2:])


def clip_to_picture(outline: Points, width: float, height: float) -> Points:
    """Clip a convex outline [N, 2] to a picture's frame: [M, 2]; M = 0 if they do not overlap.

    Sutherland and Hodgman, "Reentrant Polygon Clipping" (1974).
    """
    for axis, sign, limit in ((0, 1, 0.0), (1, 1, 0.0), (0, -1, -width), (1, -1, -height)):
        depths = sign * outline[:, axis] - limit  # of each corner, negative outside
        clipped = []
        for k, corner in enumerate(outline):
            if (depths[k] < 0) != (depths[k - 1] < 0):
                share = depths[k - 1] / (depths[k - 1] - depths[k])
                clipped.append(outline[k - 1] + share * (corner - outline[k - 1]))
            if depths[k] >= 0:
                clipped.append(corner)
        outline = np.array(clipped).reshape(-1, 2)
    return outline
