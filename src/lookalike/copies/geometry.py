"""Where the frame of one picture lies in another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .fingerprint import Fingerprint

    Points = NDArray[Any]  # float [N, 2] or more
    Transform = NDArray[Any]  # float [3, 3]


MIDDLE = np.array([[1, 0, -0.5], [0, 1, -0.5], [0, 0, 1]])  # OpenCV counts from pixels' middles


def overlaps(transform: Transform, query: Fingerprint, target: Fingerprint) -> tuple[float, float]:
    """Tell what part of the query lies in the target, and of the target in the query: 0..1."""
    import cv2

    def part(to: Transform, one: Fingerprint, other: Fingerprint) -> float:
        seen = transform_points(to, frame_corners(one.width, one.height))
        shared = clip_to_picture(seen, other.width, other.height)
        area = cv2.contourArea(shared.astype(np.float32)) if len(shared) else 0.0
        return float(min(area / (other.width * other.height), 1))

    return part(np.linalg.inv(transform), target, query), part(transform, query, target)


def frame_corners(width: float, height: float) -> Points:
    """Give a picture's corners, clockwise from the upper left: [4, 2]."""
    return np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float64)


def resizing(of: tuple[int, int], to: tuple[int, int]) -> Transform:
    """Map the pixels of a picture of one width and height to those of it at another size."""
    return np.diag([to[0] / of[0], to[1] / of[1], 1.0])


def transform_points(transform: Transform, points: Points) -> Points:
    """Map points [N, 2] by a 3 x 3 transform."""
    lifted = points @ transform[:, :2].T + transform[:, 2]
    return np.asarray(lifted[:, :2] / lifted[:, 2:])


def clip_to_picture(outline: Points, width: float, height: float) -> Points:
    """Cut a convex outline [N, 2] to a picture's frame: [M, 2], M = 0 where they do not meet.

    Sutherland and Hodgman, "Reentrant Polygon Clipping" (1974).
    """
    for axis, sign, limit in ((0, 1, 0.0), (1, 1, 0.0), (0, -1, -width), (1, -1, -height)):
        inside = sign * outline[:, axis] - limit  # the depth of each corner, negative outside
        cut = []
        for k, corner in enumerate(outline):
            if (inside[k] < 0) != (inside[k - 1] < 0):
                share = inside[k - 1] / (inside[k - 1] - inside[k])
                cut.append(outline[k - 1] + share * (corner - outline[k - 1]))
            if inside[k] >= 0:
                cut.append(corner)
        outline = np.array(cut).reshape(-1, 2)
    return outline
