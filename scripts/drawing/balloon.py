"""Balloon: hot-air balloons over hills or clouds."""

from __future__ import annotations

import math

import numpy as np

from drawing.canvas import (
    GOLD,
    Array,
    Canvas,
    Colour,
    Grid,
    Point,
    colours,
    darker,
    horizontal,
    lighter,
    mix,
)
from drawing.scenery import clouds, cumulus, mountain_range, sky, sun
from drawing.shapes import ellipse, ground, pine, place, polygon, stroke

# Sky from the top down, far hills, near hills, sun, then the colours of balloons.
BALLOONS = (
    "3a8ac8 9ccbe4 fbeed6 8ab0b8 3f6a4e fff6d8 e2483d f6c445 f4f1e6 2f6f9f",
    "5a3a78 d87a8a ffd0a0 a88098 4a3a58 ffe8b8 f08048 8a2f5f ffe2b0 3d2a66",
    "7ac0c0 c8e4d4 fff6e0 a8c8b0 4a8068 fffae0 e88a6a 3f8a8a fff0d0 d9a440",
    "24306a 7a70b0 f8b8a8 7870a8 28284e ffe0c0 f4a0a0 5a62b8 f8e8e0 2e2f66",
    "e8a860 f8d090 fff0cc c8a078 7a5a40 fff8dc b0382c f0a030 fff2d8 5a2a2a",
    "88a8d8 c8d8f0 fdf4f0 98b0cc 50709a fffaf0 d84a78 5aa0d8 ffffff f0c850",
)


def balloon(canvas: Canvas) -> None:
    """Hot-air balloons with gores, zigzags or checks, over hazy hills or above the clouds."""
    top, middle, low, far, near, glow, *cloth = colours(canvas.turn(BALLOONS))
    w, h, u = canvas.width, canvas.height, canvas.unit
    horizon = h * canvas.between(0.66, 0.82)
    sky(canvas, horizon, top, middle, low)
    light_x = w * canvas.between(0.1, 0.9)
    sun(canvas, (light_x, horizon - h * canvas.between(0.08, 0.5)), u * 0.05, glow, 0.75)
    side = 1.0 if light_x < w / 2 else -1.0
    kind = canvas.turn(("hills", "clouds", "hills", "fields"))
    clouds(
        canvas,
        lighter(low, 0.6),
        mix(middle, low, 0.35),
        top=0,
        bottom=horizon,
        cover=canvas.between(0.1, 0.6),
        cell=u * 0.22,
        flat=3.6,
        opacity=0.7,
    )
    if kind == "clouds":
        for k in range(12):
            cumulus(
                canvas,
                (canvas.between(-0.1, 1.1) * w, horizon + h * (0.02 + 0.42 * k / 11)),
                u * canvas.between(0.6, 1.1),
                lighter(low, 0.8),
                mix(middle, low, 0.3 + 0.4 * (1 - k / 11)),
                0.95,
            )
    else:
        for k in range(4):
            part = k / 3
            line = (
                horizon
                + h * (0.34 * part**1.4 - 0.05)
                + u
                * (0.1 - 0.03 * part)
                * canvas.profile(w * (0.3 + 0.3 * part), octaves=6 if k < 2 else 3)
            )
            colour = mix(mix(far, low, 0.5), near, part)
            mountain_range(
                canvas,
                line.astype(np.float32),
                mix(colour, glow, 0.25),
                darker(colour, 0.12),
                mix(low, colour, 0.4 + 0.6 * part),
                depth=u * 0.4,
                sun_side=-side,
                rough=u * (0.1 + 0.1 * part),
            )
            if kind == "fields" and k > 1:
                strips(canvas, line, [mix(colour, c, 0.35) for c in (cloth[1], near, cloth[2])])
            if k > 1:
                spots = canvas.rng.uniform(0, w, 160)
                spots = spots[canvas.rng.random(160) < np.abs(np.sin(spots / w * 6 + k)) ** 2]
                trees = [
                    pine(
                        canvas,
                        (s, line[int(s)] + u * 0.1 * canvas.between(0, 1) ** 2),
                        u * 0.045 * part * canvas.between(0.6, 1.4),
                    )
                    for s in spots
                ]
                canvas.fill(trees, darker(colour, 0.4))
    count = canvas.turn((1, 4, 2, 6, 3))
    x = w * canvas.turn((0.36, 0.6, 0.5, 0.68, 0.3)) + canvas.between(-0.05, 0.05) * w
    radius = u * (0.25 if count < 3 else 0.19) * canvas.between(0.9, 1.1)
    flown = [(x, h * canvas.between(0.36, 0.46), radius)]
    for _ in range(count - 1):
        small = u * canvas.between(0.03, 0.095)
        for _ in range(30):
            spot = (w * canvas.between(0.06, 0.94), horizon * canvas.between(0.12, 0.85), small)
            if all(math.hypot(spot[0] - a, spot[1] - b) > 1.5 * (small + r) for a, b, r in flown):
                flown.append(spot)
                break
    for k, (a, b, r) in enumerate(reversed(flown)):
        haze = 0.55 * max(0.0, 1 - r / (u * 0.14))
        fly(canvas, (a, b), r, [mix(c, middle, haze) for c in cloth], side, k)


def strips(canvas: Canvas, line: Array, shades: list[Colour]) -> None:
    """Lay ploughed fields over a hill."""
    w, h, u = canvas.width, canvas.height, canvas.unit
    clip = canvas.mask([ground(canvas, line + u * 0.01)])
    for k in range(16):
        a = w * (k / 15 * 1.6 - 0.3)
        spread_out = (a - w / 2) * 1.2
        shape = polygon(
            (a, line.min() - 9),
            (a + w * 0.09, line.min() - 9),
            (a + w * 0.16 + spread_out, h + 5),
            (a + spread_out, h + 5),
        )
        canvas.fill(shape, shades[k % 3], opacity=0.45, clip=clip, blur=0.7)


def fly(
    canvas: Canvas, at: Point, radius: float, cloth: list[Colour], side: float, number: int
) -> None:
    """Paint one balloon whose round part has its centre at `at`."""
    x0, y0 = at
    levels = np.linspace(0, 1, 40)
    bulge = np.where(
        levels < 0.47,
        np.sqrt(np.clip(1 - ((0.47 - levels) / 0.47) ** 2, 0, 1)),
        0.17 + 0.83 * np.cos(np.clip((levels - 0.47) / 0.53, 0, 1) * math.pi / 2) ** 0.85,
    )
    tall = radius * 2.3
    top = y0 - radius * 1.08
    edge = np.stack([bulge * radius, top + levels * tall], axis=1)
    shape = place(np.concatenate([edge, (edge * (-1, 1))[::-1]]), (x0, 0))
    pattern = (canvas.number + number) % 5
    gores = int(canvas.rng.integers(8, 13))
    shift = canvas.between(0, 1)

    def paint(x: Grid, y: Grid) -> Array:
        level = np.clip((y - top) / tall, 0, 1)
        across = (x - x0) / (np.interp(level, levels, bulge) * radius + 1e-3)
        turn = np.arcsin(np.clip(across, -1, 1))
        gore = turn / math.pi * gores + shift * 2 + 40
        zig = np.abs(gore % 1 - 0.5)
        if pattern == 0:
            index = gore.astype(int) % 2 + 0 * (level > 0)
        elif pattern == 1:
            index = ((level * 7 + zig * 1.1).astype(int)) % 4
        elif pattern == 2:
            index = np.where(
                (level > 0.36) & (level < 0.58),
                2 + (gore.astype(int) % 2),
                (gore.astype(int) // 2) % 2,
            )
        elif pattern == 3:
            index = (gore.astype(int) + (level * 8).astype(int)) % 3
        else:
            index = gore.astype(int) % 4 + 0 * (level > 0)
        colour = np.stack(cloth)[index]
        seam = 1 - 0.22 * np.clip(1 - (0.5 - zig) * 9, 0, 1) if gores else 1
        puff = 0.94 + 0.12 * np.cos((gore % 1 - 0.5) * math.pi)
        lit = np.clip(0.76 - side * 0.4 * np.sin(turn) - 0.38 * (level - 0.32), 0.3, 1.15)
        shine = np.exp(-(((turn + side * 0.6) / 0.42) ** 2) - ((level - 0.26) / 0.16) ** 2)
        return np.asarray(
            colour * (lit * seam * puff)[..., None] + 0.22 * shine[..., None], np.float32
        )

    low, basket = top + tall, radius * 0.13
    floor = low + radius * 0.42
    ropes = [
        stroke(
            [(x0 + a * radius * 0.16, low - 1), (x0 + a * basket, floor)],
            max(radius * 0.012, 0.6),
            max(radius * 0.012, 0.6),
        )
        for a in (-1, -0.35, 0.35, 1)
    ]
    wood = np.array([0.42, 0.26, 0.15], np.float32)
    canvas.fill(ropes, darker(wood, 0.4), opacity=0.9)
    canvas.fill(shape, paint)
    canvas.fill(ellipse((x0, low), radius * 0.17, radius * 0.035), darker(cloth[3], 0.55))
    if number % 2 == 0:
        canvas.glow((x0, low + radius * 0.1), radius * 0.3, GOLD, 0.9)
    crate = polygon(
        (x0 - basket, floor),
        (x0 + basket, floor),
        (x0 + basket * 0.85, floor + basket * 1.5),
        (x0 - basket * 0.85, floor + basket * 1.5),
    )
    ink = horizontal(
        x0 - side * basket, x0 + side * basket, mix(wood, GOLD, 0.4), wood, darker(wood, 0.45)
    )
    canvas.fill(crate, ink)
    weave = [
        stroke([(x0 - basket, floor + basket * a), (x0 + basket, floor + basket * a)], 0.7, 0.7)
        for a in (0.3, 0.6, 0.9, 1.2)
    ]
    canvas.fill(weave, darker(wood, 0.5), opacity=0.7, clip=canvas.mask([crate]))
    form = stroke(
        [(x0 - basket * 1.06, floor), (x0 + basket * 1.06, floor)],
        max(basket * 0.18, 1),
        max(basket * 0.18, 1),
    )
    canvas.fill(form, darker(wood, 0.3))
