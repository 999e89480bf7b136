"""Outlines of things: pure geometry, each a closed polygon [N, 2] in pixels."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from drawing.canvas import Array, Canvas, Outline, Point


def polygon(*corners: Point) -> Outline:
    """Join corners as they come."""
    return np.array(corners, np.float64)


def points(text: str) -> Outline:
    """Read points from words such as "0,-1 0.5,2"."""
    return np.array([word.split(",") for word in text.split()], np.float64)


def box(left: float, top: float, right: float, bottom: float) -> Outline:
    """Return an upright rectangle."""
    return polygon((left, top), (right, top), (right, bottom), (left, bottom))


def ellipse(centre: Point, across: float, down: float, angle: float = 0.0) -> Outline:
    """Return an ellipse by its two radii, turned by `angle` radians."""
    steps = int(np.clip(7 + 5 * math.sqrt(max(across, down)), 10, 90))
    t = np.linspace(0, 2 * math.pi, steps, endpoint=False)
    return place(np.stack([np.cos(t) * across, np.sin(t) * down], axis=1), centre, angle=angle)


def place(
    shape: Outline, at: Point, *, scale: float = 1.0, angle: float = 0.0, flip: bool = False
) -> Outline:
    """Mirror a shape left to right, then scale, turn (radians) and move it."""
    x, y = shape[:, 0] * (-scale if flip else scale), shape[:, 1] * scale
    cos, sin = math.cos(angle), math.sin(angle)
    return np.stack([x * cos - y * sin + at[0], x * sin + y * cos + at[1]], axis=1)


def scatter(
    shape: Outline,
    x: NDArray[np.floating],
    y: NDArray[np.floating],
    scale: NDArray[np.floating] | float = 1.0,
    angle: NDArray[np.floating] | float = 0.0,
) -> list[Outline]:
    """Return many copies of one shape at once, each with its own place, size and turn."""
    cos, sin = np.cos(angle) * scale, np.sin(angle) * scale
    cos, sin = np.broadcast_to(cos, x.shape)[:, None], np.broadcast_to(sin, x.shape)[:, None]
    across = shape[None, :, 0] * cos - shape[None, :, 1] * sin + x[:, None]
    down = shape[None, :, 0] * sin + shape[None, :, 1] * cos + y[:, None]
    return list(np.stack([across, down], axis=2))


def curve(points: Sequence[Point] | Outline, *, closed: bool = False, steps: int = 8) -> Outline:
    """Return a smooth line through some points (Catmull-Rom), `steps` pieces between two."""
    knots = np.asarray(points, np.float64)
    if closed:
        knots = np.concatenate([knots[-1:], knots, knots[:2]])
    else:
        knots = np.concatenate([knots[:1], knots, knots[-1:]])
    a, b, c, d = (knots[k : len(knots) - 3 + k, None] for k in range(4))
    t = np.linspace(0, 1, steps, endpoint=False)[None, :, None]
    line = b + 0.5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)))
    flat = line.reshape(-1, 2)
    return flat if closed else np.concatenate([flat, knots[-1:]])


def build(canvas: Canvas, amount: float = 0.06) -> Callable[[Outline], Outline]:
    """Return a small random bend of the plane, which gives each of a kind a build of its own.

    Without it two cats would be one drawing moved about, and a copy search would rightly match
    them. It is meant for shapes about one unit large.
    """
    straight = canvas.rng.uniform(-1.6, 1.6, (2, 2)) * amount * np.array([[1, 0.3], [0.3, 1]])
    bent = canvas.rng.uniform(-1.6, 1.6, (3, 2)) * amount * 0.6

    def bend(shape: Outline) -> Outline:
        x, y = shape[:, 0], shape[:, 1]
        bow = np.stack([x * y, x * np.abs(x), y * np.abs(y)], axis=1) @ bent
        return np.asarray(shape + shape @ straight + bow)

    return bend


def stroke(line: Sequence[Point] | Outline, *widths: float) -> Outline:
    """Return a line given a body; `widths` in pixels are spread evenly along it."""
    path = np.asarray(line, np.float64)
    along = np.gradient(path, axis=0)
    along /= np.maximum(np.hypot(along[:, :1], along[:, 1:]), 1e-9)
    half = np.interp(np.linspace(0, 1, len(path)), np.linspace(0, 1, len(widths)), widths) / 2
    side = np.stack([-along[:, 1], along[:, 0]], axis=1) * half[:, None]
    return np.concatenate([path + side, (path - side)[::-1]])


def ground(canvas: Canvas, line: Array, bottom: float | None = None) -> Outline:
    """Return all that lies below a line of heights [width]."""
    low = canvas.height + 2 if bottom is None else bottom
    x = np.arange(canvas.width, dtype=np.float64)
    x[0], x[-1] = -2, canvas.width + 2
    edge = np.stack([x, line], axis=1)
    return np.concatenate([edge, [[canvas.width + 2, low], [-2, low]]])


def pine(canvas: Canvas, foot: Point, height: float, width: float | None = None) -> Outline:
    """Return a conifer with ragged branches, standing on `foot`."""
    spread = width or height * canvas.between(0.17, 0.24)
    tiers = int(np.clip(height / 7, 6, 15))
    fall = np.linspace(0.04, 0.94, tiers)
    right: list[Point] = []
    left: list[Point] = []
    for side, edge in ((1, right), (-1, left)):
        reach = spread * fall**0.85 * canvas.rng.uniform(0.72, 1.1, tiers)
        for at, out in zip(fall, reach, strict=True):
            y = foot[1] - height * (1 - at)
            edge.append((foot[0] + side * out, y + height * 0.025))
            edge.append((foot[0] + side * out * 0.45, y + height * 0.008))
    trunk = height * 0.022
    low = [(foot[0] + trunk, foot[1] - height * 0.05), (foot[0] + trunk, foot[1] + 2)]
    low += [(2 * foot[0] - x, y) for x, y in reversed(low)]
    return polygon((foot[0], foot[1] - height), *right, *low, *reversed(left))


def petal(length: float, width: float, *, tip: float = 0.3, waist: float = 0.6) -> Outline:
    """Return a petal or leaf growing up from (0, 0); `tip` 0 is pointed, 1 blunt."""
    half = width / 2
    right: list[Point] = [
        (0.0, 0.0),
        (half * 0.55, -length * waist * 0.45),
        (half, -length * waist),
        (half * (0.35 + 0.5 * tip), -length * (0.87 + 0.06 * tip)),
        (0.0, -length),
    ]
    left = [(-x, y) for x, y in reversed(right[1:-1])]
    return curve([*right, *left], closed=True, steps=5)


def bird(at: Point, span: float, angle: float) -> Outline:
    """Return a far bird: two bent wings."""
    wing = [(-1.0, -0.1), (-0.55, -0.38), (-0.08, 0.04), (0.08, 0.04), (0.55, -0.38), (1.0, -0.1)]
    line = place(np.array(wing), at, scale=span / 2, angle=angle)
    return stroke(curve(line, steps=4), 0.4, span * 0.06, span * 0.1, span * 0.06, 0.4)


def palm(canvas: Canvas, foot: Point, height: float, lean: float) -> list[Outline]:
    """Return trunk and fronds of a palm that leans by `lean` pixels."""
    top = (foot[0] + lean, foot[1] - height)
    middle = (foot[0] + lean * 0.25, foot[1] - height * 0.55)
    shapes = [stroke(curve([foot, middle, top], steps=10), height * 0.045, height * 0.022)]
    leaf = polygon((0, 0), (0.07, -0.4), (0, -1), (-0.07, -0.4))
    for angle in np.linspace(-0.5, math.pi + 0.5, 9) + canvas.rng.uniform(-0.15, 0.15, 9):
        reach = height * canvas.between(0.3, 0.42)
        dx, dy = math.cos(angle) * reach, -math.sin(angle) * reach
        sag = reach * (0.3 + 0.25 * abs(math.cos(angle)))
        knots = [
            top,
            (top[0] + dx * 0.55, top[1] + dy * 0.6 - reach * 0.06),
            (top[0] + dx, top[1] + dy * 0.55 + sag),
        ]
        rib = curve(knots, steps=13)
        shapes.append(stroke(rib, 2.4, 1.0))
        way = np.gradient(rib, axis=0)[2:]
        heading = np.arctan2(way[:, 1], way[:, 0]) + math.pi / 2
        size = reach * 0.3 * np.sin(math.pi * np.linspace(0.14, 0.93, len(way)))
        for side in (-0.6, 0.6):
            shapes += scatter(leaf, rib[2:, 0], rib[2:, 1], size, heading + side)
    shapes += [
        ellipse(
            (top[0] + a * height * 0.02, top[1] + height * 0.025), height * 0.014, height * 0.016
        )
        for a in (-1, 0.2, 1)
    ]
    return shapes
