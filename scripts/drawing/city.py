"""City-night: a skyline with lit windows over water."""

from __future__ import annotations

import math

import numpy as np

from drawing.canvas import (
    Array,
    Canvas,
    Colour,
    Grid,
    Outline,
    Paint,
    colours,
    darker,
    lighter,
    mix,
    spread,
)
from drawing.scenery import clouds, moon, sky, stars, water, waves
from drawing.shapes import box, ellipse, place, polygon, stroke

# Sky from the top down, far houses, near houses, water, window light (two).
CITIES = (
    "0a1030 1f2a5c 5a4a86 c0718a 4a4678 12142e 0e1838 ffd98a ffb35c",
    "060b1c 0f2340 1e4a66 4a8a94 24506a 08141f 082030 ffe6a8 a8e8ff",
    "180a2e 43145c 9a2a7a f0708a 5a2468 16081f 1a0c30 ffcf7a ff7ac0",
    "0c0e18 24283c 4c4a5a 8a7a72 3a3a48 0c0d14 10131c ffdf9a fff2d0",
    "10142e 2c3a78 6a80c0 f0c0a0 5a689c 161c38 16204a ffdca0 ffc06a",
    "1c0f14 5a2028 b04a30 f5a04a 6a3434 1a0c10 24101a fff0b0 ffc060",
)


def facade(
    canvas: Canvas,
    left: float,
    top: float,
    tall: float,
    wall: tuple[Colour, Colour],
    lamps: tuple[Colour, Colour],
    cell: tuple[int, int],
    lit: float,
) -> Paint:
    """Paint for a house front: a wall that pales towards the street, and windows, some lit."""
    state = canvas.rng.random((400, 60))
    dark_floors = canvas.rng.random((400, 1)) < 0.12
    warm = np.where(canvas.rng.random((400, 60)) < 0.75, 0, 1)

    def paint(x: Grid, y: Grid) -> Array:
        column, across = np.divmod(x - int(left), cell[0])
        row, down = np.divmod(y - int(top) - 3, cell[1])
        glass = (across >= cell[0] // 3) & (down >= cell[1] // 3) & (row >= 0)
        r, c = np.broadcast_arrays(row % 400, column % 60)
        on = glass & (state[r, c] < lit) & ~dark_floors[r, 0]
        base = spread(wall, np.clip((y - top) / tall, 0, 1) + x * 0.0)
        base = np.where((glass & ~on)[..., None], base * np.float32(0.82), base)
        light = np.stack(lamps)[warm[r, c]] * (0.55 + 0.45 * state[r, c] / lit)[..., None]
        return np.asarray(np.where(on[..., None], light, base), np.float32)

    return paint


def tower(canvas: Canvas, left: float, width: float, top: float, foot: float) -> list[Outline]:
    """Outlines of a high-rise with one of several crowns."""
    right, middle = left + width, left + width / 2
    shapes = [box(left, top, right, foot)]
    crown = int(canvas.rng.integers(0, 8))
    if crown == 0:
        shapes.append(box(left + width * 0.2, top - width * 0.35, right - width * 0.2, top))
        shapes.append(box(middle - 1, top - width * 1.3, middle + 1, top))
    elif crown == 1:
        shapes.append(polygon((left, top), (right, top - width * 0.5), (right, top)))
    elif crown == 2:
        for k, step in enumerate((0.14, 0.27, 0.38)):
            rise = width * 0.28 * (k + 1)
            shapes.append(box(left + width * step, top - rise, right - width * step, top))
        shapes.append(
            polygon(
                (middle - 2, top - width * 0.8),
                (middle, top - width * 2),
                (middle + 2, top - width * 0.8),
            )
        )
    elif crown == 3:
        shapes.append(ellipse((middle, top), width / 2, width * 0.4))
    elif crown == 4:
        shapes.append(polygon((left, top), (middle, top - width * 0.7), (right, top)))
    elif crown == 5:
        shapes.append(box(left + width * 0.6, top - width * 0.22, left + width * 0.85, top))
        shapes.append(box(left + width * 0.2, top - width * 0.6, left + width * 0.2 + 1.5, top))
    return shapes


def city_night(canvas: Canvas) -> None:
    """Draw a skyline after dusk whose windows shine on water, at times with a bridge."""
    *air, far, near, sea, lamp, other = colours(canvas.turn(CITIES))
    w, h, u = canvas.width, canvas.height, canvas.unit
    line = h * canvas.between(0.64, 0.78)
    sky(canvas, line, *air)
    stars(canvas, 130, line * 0.7, 0.7)
    if canvas.turn((True, False, True)):
        moon(
            canvas,
            (w * canvas.between(0.1, 0.9), h * canvas.between(0.1, 0.3)),
            u * canvas.between(0.035, 0.08),
            lighter(lamp, 0.5),
        )
    clouds(
        canvas,
        mix(air[3], air[2], 0.4),
        air[1],
        top=h * 0.05,
        bottom=line,
        cover=canvas.between(0.1, 0.7),
        cell=u * 0.16,
        flat=5,
        opacity=0.55,
    )
    canvas.glow((w * canvas.between(0.3, 0.7), line), u * 0.9, air[3], 0.55)
    peak, second = canvas.between(0.15, 0.85), canvas.between(0.1, 0.9)
    for layer in range(3):
        part = layer / 2
        wall = mix(mix(far, air[3], 0.4), near, part)
        x = -u * canvas.between(0, 0.05)
        while x < w:
            width = u * canvas.between(0.05, 0.11) * (0.75 + 0.5 * part)
            heap = math.exp(-(((x / w - peak) / 0.16) ** 2)) + 0.7 * math.exp(
                -(((x / w - second) / 0.1) ** 2)
            )
            tall = (
                line
                * (0.13 + (0.36 - 0.12 * part) * heap + canvas.between(0, 0.2))
                * (1.1 - 0.25 * part)
            )
            top = line - tall
            skin = mix(wall, air[2], canvas.between(0, 0.2))
            cell = (
                int(5 + 2 * part + canvas.rng.integers(0, 2)),
                int(7 + 2 * part + canvas.rng.integers(0, 3)),
            )
            dim = 0.75 * (1 - part) + 0.1
            lamps = (mix(lamp, skin, dim * 0.75), mix(other, skin, dim * 0.75))
            ink = facade(
                canvas,
                x,
                top,
                tall * 1.1,
                (skin, mix(skin, air[3], 0.34 - 0.2 * part)),
                lamps,
                cell,
                canvas.between(0.15, 0.6),
            )
            canvas.fill(tower(canvas, x, width, top, line + 2), ink)
            x += width * canvas.between(0.9, 1.25) + (
                canvas.between(0, u * 0.06) if layer == 2 else 0
            )
        canvas.glow((w / 2, line), w * 0.7, air[3], 0.16 * (1 - part))
    if canvas.turn((False, True, False, False)):
        bridge(canvas, line, near, lamp)
    lights = [
        ellipse((x, line - 1 - canvas.between(0, 3)), 1.3, 1.3) for x in np.arange(4, w, u * 0.028)
    ]
    canvas.fill(lights, lighter(lamp, 0.4))
    canvas.bloom(u * 0.03, 0.9)
    swell = waves(canvas, line, 0.8)
    water(canvas, line, swell, mix(sea, air[2], 0.25), sea, mirror=0.85, contrast=0.25)
    if canvas.turn((True, True, False)):
        boat_at = (w * canvas.between(0.2, 0.8), line + (h - line) * 0.45)
        size = u * 0.05
        hull = polygon((-1.2, -0.3), (1.3, -0.35), (1.0, 0.1), (-1.0, 0.1))
        cabin = polygon((-0.7, -0.3), (-0.6, -0.7), (0.5, -0.7), (0.7, -0.3))
        canvas.fill([place(s, boat_at, scale=size) for s in (hull, cabin)], darker(near, 0.4))
        form = [
            place(box(a, -0.6, a + 0.2, -0.42), boat_at, scale=size) for a in (-0.45, -0.1, 0.25)
        ]
        canvas.fill(form, lamp)
        canvas.glow((boat_at[0], boat_at[1] - size * 0.5), size * 1.6, lamp, 0.5)


def bridge(canvas: Canvas, line: float, dark: Colour, lamp: Colour) -> None:
    """Hang a bridge across the whole width."""
    w, u = canvas.width, canvas.unit
    deck = line - u * 0.045
    towers = [w * canvas.between(0.12, 0.25), w * canvas.between(0.72, 0.88)]
    high = deck - u * 0.26
    iron = darker(dark, 0.3)
    canvas.fill(box(-2, deck, w + 2, deck + u * 0.014), iron)
    spans = [
        (towers[0] - (towers[1] - towers[0]), towers[0]),
        (towers[0], towers[1]),
        (towers[1], 2 * towers[1] - towers[0]),
    ]
    bulbs = []
    for a, b in spans:
        t = np.linspace(0, 1, 41)
        cable = np.stack(
            [a + (b - a) * t, high + (deck - u * 0.02 - high) * (1 - (2 * t - 1) ** 2)], axis=1
        )
        canvas.fill(stroke(cable, 2.2, 2.2), iron)
        form = [stroke([p, (p[0], deck)], 0.8, 0.8) for p in cable[1:-1]]
        canvas.fill(form, iron, opacity=0.8)
        bulbs += [ellipse(p, 1.2, 1.2) for p in cable[::3]]
    for x in towers:
        legs = [
            box(x - u * 0.022, high - u * 0.02, x - u * 0.012, line + 4),
            box(x + u * 0.012, high - u * 0.02, x + u * 0.022, line + 4),
        ]
        legs += [
            box(x - u * 0.02, y, x + u * 0.02, y + u * 0.012)
            for y in (high - u * 0.015, high + u * 0.08, deck)
        ]
        canvas.fill(legs, iron)
    canvas.fill(bulbs, lighter(lamp, 0.3))
