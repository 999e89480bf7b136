"""Mountains: layered ranges in haze."""

from __future__ import annotations

import numpy as np

from drawing.canvas import Array, Canvas, Colour, colours, darker, lighter, mix, vertical
from drawing.scenery import birds, clouds, moon, mountain_range, sky, stars, sun, water, waves
from drawing.shapes import ellipse, ground, pine

# Sky from the top down to the horizon, then lit slope, shaded slope, foreground, sun.
MOUNTAINS = (
    "24365e 7a6a93 e8a598 fbdcb4 d99a8c 5d4a72 1b1c33 ffd9a0",
    "3f86c0 84bbdd c6e2ea eef3ea 9db7a5 48708a 17342f fff3cf",
    "0b1030 1c2757 3d4c86 7d83b0 6b76ab 252f62 080c20 dfe8ff",
    "6d1f3b c94b3f f28a45 fdd27f e0764a 6a2340 210c1e ffe9a8",
    "4b7f8c 8fb9ae d5dcc0 f7efd8 a7b896 4a7177 1d3a38 fff0c0",
    "2d2a5c 6b4a8f c27bab f8c3bd b67aa8 453372 17122f ffe1d2",
    "8fa7bb b4c5d0 d6dfe2 eef0ec 9fb0bd 5d7386 24333f fbf6e6",
    "12455a 2d7f86 8cc4a4 f2e6a8 79ab8b 1f5a68 0a2630 fff2b0",
)


def mountains(canvas: Canvas) -> None:
    """Layered ranges in haze, with pines before them or a lake that throws them back."""
    top, high, low, haze, light, dark, front, glow = colours(canvas.turn(MOUNTAINS))
    night = canvas.turn(MOUNTAINS) == MOUNTAINS[2]
    w, h, u = canvas.width, canvas.height, canvas.unit
    horizon = h * canvas.between(0.56, 0.68)
    sky(canvas, horizon, top, high, low, haze)
    place_of_sun = (w * canvas.between(0.15, 0.85), horizon - h * canvas.between(0.2, 0.42))
    if night:
        stars(canvas, 260, horizon)
        moon(canvas, place_of_sun, u * 0.05, glow)
    else:
        sun(canvas, place_of_sun, u * canvas.between(0.035, 0.07), glow)
        clouds(
            canvas,
            lighter(haze, 0.5),
            mix(high, low, 0.7),
            top=-h * 0.1,
            bottom=horizon * 0.8,
            cover=canvas.between(0.2, 0.6),
            cell=u * 0.24,
            flat=3.5,
            opacity=0.7,
        )
    side = -1.0 if place_of_sun[0] > w / 2 else 1.0
    peak = w * canvas.between(0.2, 0.8)
    x = np.arange(w)
    layers = int(canvas.rng.integers(3, 6))
    snow = canvas.turn((0.0, 0.16, 0.0, 0.1, 0.2))
    for layer in range(layers):
        near = layer / layers
        base = horizon - h * 0.02 + (layer - layers + 1) * h * canvas.between(0.0, 0.03)
        tall = h * (0.36 - 0.22 * near) * canvas.between(0.75, 1.1)
        heap = np.exp(-(np.abs((x - peak) / (w * canvas.between(0.16, 0.3))) ** 1.3))
        line = base - tall * (
            0.3 + 0.34 * canvas.profile(w * 0.24, octaves=7, gain=0.52) + 0.55 * heap
        )
        peak = w * canvas.between(-0.1, 1.1)
        veil = 0.68 * (1 - near) ** 1.2
        mountain_range(
            canvas,
            line.astype(np.float32),
            mix(light, haze, veil),
            mix(dark, haze, veil),
            mix(haze, low, 0.4),
            depth=tall * 1.5,
            sun_side=side,
            rough=u * 0.13,
            snow=u * snow * (1 - near) if near < 0.6 else 0,
        )
    shores: list[Array]
    if canvas.turn((True, False, False)):
        swell = waves(canvas, horizon)
        water(
            canvas,
            horizon,
            swell,
            mix(haze, dark, 0.35),
            mix(dark, front, 0.4),
            mirror=0.82,
            contrast=0.1,
        )
        canvas.fill(ellipse((w / 2, horizon), w, 2.2), haze, opacity=0.5, blur=2)
        shores = [
            h * 0.99 - h * 0.1 * canvas.between(0.2, 1) * np.linspace(a, 1 - a, w) ** 2
            for a in (float(canvas.chance(0.5)),)
        ]
    else:
        shores = [
            horizon + (h - horizon) * (0.1 + 0.42 * k + 0.22 * canvas.profile(w * 0.6, octaves=3))
            for k in (0, 1)
        ]
    for k, shore in enumerate(shores):
        near = 1.0 if len(shores) == 1 else 0.5 + 0.5 * k
        colour = mix(mix(dark, haze, 0.25), front, near)
        ink = vertical(shore.min(), h, mix(colour, light, 0.18), darker(colour, 0.3))
        canvas.fill(ground(canvas, shore.astype(np.float32)), ink)
        woods(
            canvas,
            shore,
            u * (0.05 + 0.13 * near**2),
            mix(colour, light, 0.25 * (1.2 - near)),
            darker(colour, 0.4),
            rows=1 if len(shores) == 1 else 3,
        )
        if k < len(shores) - 1:
            form = ellipse((w / 2, shore.mean() + u * 0.13), w * 0.8, u * 0.04)
            canvas.fill(form, haze, opacity=0.45, blur=u * 0.05)
    if not night and canvas.chance(0.6):
        birds(canvas, int(canvas.rng.integers(3, 9)), (w - place_of_sun[0], horizon * 0.4), front)


def woods(
    canvas: Canvas, line: Array, tall: float, far: Colour, near: Colour, *, rows: int
) -> None:
    """Plant rows of conifers down a slope from `line`, in groves, the nearer the darker."""
    w = canvas.width
    wave = canvas.between(0, 6)
    for row in range(rows):
        part = (row + 1) / rows
        spots = canvas.rng.uniform(-20, w + 20, int(w / tall * 3))
        spots = spots[
            canvas.rng.random(len(spots)) < np.abs(np.sin(spots / w * 6 + wave + row)) ** 1.5
        ]
        trees = [
            pine(
                canvas,
                (s, line[int(np.clip(s, 0, w - 1))] + tall * (0.05 + 0.75 * row)),
                tall * canvas.between(0.5, 1.25),
            )
            for s in spots
        ]
        top = float(np.min(line)) + tall * 0.75 * row
        tone = mix(far, near, part)
        canvas.fill(trees, vertical(top - tall, top + tall, mix(tone, far, 0.35), tone))
