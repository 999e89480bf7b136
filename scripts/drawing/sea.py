"""Sea-sunset: a low sun, lit clouds, a path of light."""

from __future__ import annotations

import math

import numpy as np

from drawing.canvas import Canvas, colours, lighter, mix, smoothstep, vertical
from drawing.scenery import birds, clouds, glitter, grass, sky, sun, water, waves
from drawing.shapes import ellipse, ground, palm

# Sky from the top down to the horizon, sun, far water, near water, what stands against the light.
SUNSETS = (
    "2b2350 7b3f73 e2685d ffb25e ffe2a0 b5555c 2a1c40 140d20",
    "1f4e79 6aa0b8 f3c98b ff9d5c fff0b8 c98a66 153a55 0c1d2b",
    "5a1a3d b3324a f0693f ffb649 ffeaa6 c2503e 35102c 1a0714",
    "3b3a6e 8a6bb0 e79ac0 ffd0c0 fff1df b889b4 2f2d5c 171534",
    "0d3b4f 2a7f86 9ec9a0 ffd98a fff3c4 7fae92 0a2f3d 061a22",
    "7d8fb3 b9b6cf f0cdbf ffdf9e fffbe0 c4b3b4 4f6285 232f47",
    "1a1133 452063 a83279 ff6f61 ffd29b 8f3a73 170f30 090615",
)


def sea_sunset(canvas: Canvas) -> None:
    """Set a sun low over the sea, with palms, rocks or a cliff against its light."""
    *air, glow, far, near, front = colours(canvas.turn(SUNSETS))
    w, h, u = canvas.width, canvas.height, canvas.unit
    horizon = h * canvas.between(0.5, 0.68)
    sky(canvas, horizon, *air)
    x = w * canvas.between(0.22, 0.78)
    radius = u * canvas.between(0.05, 0.12)
    sun(canvas, (x, horizon - radius * canvas.between(-0.3, 1.9)), radius, glow, 0.9)
    for level in (0.35, 0.8):
        clouds(
            canvas,
            mix(air[2], glow, level),
            mix(air[0], air[2], 0.35 + 0.3 * level),
            top=horizon * (level - 0.4),
            bottom=horizon * (level + 0.22),
            cover=canvas.between(0.25, 0.75),
            cell=u * (0.3 - 0.16 * level),
            flat=4 + 4 * level,
            opacity=0.75,
        )
    if canvas.chance(0.6):
        line = horizon - u * 0.1 * np.clip(
            canvas.profile(w * 0.4) + canvas.between(-0.3, 0.3), 0, 1
        )
        canvas.fill(ground(canvas, line), mix(far, air[0], 0.45))
    swell = waves(canvas, horizon, canvas.between(0.8, 1.5))
    water(canvas, horizon, swell, far, near, mirror=0.45, contrast=0.3)
    glitter(canvas, horizon, swell, x, glow, u * canvas.between(0.07, 0.14))
    kind = canvas.turn(("palms", "rocks", "open", "cliff", "palms", "beach"))
    side = 1 if x < w / 2 else -1
    edge = w / 2 + side * w / 2
    if kind == "palms":
        bank = h * 0.99 - h * 0.15 * smoothstep(0.55, 1.05, np.linspace(0, 1, w)[::side])
        canvas.fill(ground(canvas, bank), front)
        for k in range(int(canvas.rng.integers(2, 5))):
            foot = (edge - side * w * (0.05 + 0.09 * k), h * 0.95)
            tall = h * canvas.between(0.42, 0.75)
            canvas.fill(palm(canvas, foot, tall, -side * canvas.between(-0.05, 0.28) * tall), front)
        grass(canvas, bank, u * 0.06, [front], int(w * 0.4))
    elif kind == "rocks":
        for _ in range(6):
            at, size = (
                (canvas.between(0, w), h * canvas.between(0.72, 0.97)),
                u * canvas.between(0.04, 0.13),
            )
            jag = canvas.rng.uniform(0.75, 1.15, 12)
            turn = np.linspace(math.pi, 2 * math.pi, 12)
            rock = np.stack(
                [at[0] + np.cos(turn) * size * 1.5 * jag, at[1] + np.sin(turn) * size * jag], 1
            )
            form = ellipse((at[0], at[1] + 2), size * 1.9, size * 0.12)
            canvas.fill(form, mix(glow, far, 0.4), opacity=0.5, blur=1.5)
            canvas.fill(rock, vertical(at[1] - size, at[1], mix(front, air[2], 0.25), front))
    elif kind == "cliff":
        along = np.linspace(0, 1, w)[::side]
        line = (
            horizon
            + u * 0.05
            - h * 0.34 * smoothstep(0.5, 0.95, along) * (0.85 + 0.25 * canvas.profile(w * 0.15))
        )
        line = np.where(along < 0.52, h + 9, line + smoothstep(0.62, 0.52, along) * u * 0.05)
        low = horizon + (h - horizon) * 0.22
        shape = np.concatenate(
            [np.stack([np.arange(w), np.minimum(line, low)], 1), [[w, low], [0, low]]]
        )
        canvas.fill(shape, vertical(h * 0.25, low, mix(front, air[1], 0.25), front))
    elif kind == "beach":
        bank = h * 0.9 + h * 0.05 * canvas.profile(w * 1.2, octaves=2)
        sand = mix(far, air[3], 0.35)
        canvas.fill(ground(canvas, bank - 3), lighter(glow, 0.3), opacity=0.7, blur=1)
        canvas.fill(ground(canvas, bank), vertical(h * 0.85, h, sand, mix(sand, front, 0.6)))
    if canvas.chance(0.7):
        birds(canvas, int(canvas.rng.integers(3, 10)), (w - x, horizon * 0.45), front)
