"""Planet: bands, rings and moons before a nebula."""

from __future__ import annotations

import math

import numpy as np

from drawing.canvas import WHITE, Array, Canvas, Grid, colours, lighter, mix, smoothstep, spread
from drawing.scenery import stars
from drawing.shapes import ellipse, place

# Space, nebula (two), then the bands of the planet.
PLANETS = (
    "070a1e 3b2a78 c05a90 f3d9b0 d9a066 a8643c f0e0c0 7a4428",
    "04121c 0f5a66 5ac0a0 bfe8f0 5a9fd0 2a5fa0 e0f6ff 1c3f78",
    "12060f 7a1f3a f08a4a f5c9a0 d0543a 8a2a2a ffe0b8 5a1820",
    "0a0618 4a2a90 6a8af0 d8c0f0 9a70c8 5a3a90 f0e4ff 3a2468",
    "08120c 2a6a4a d0c060 d8e8a8 8ab060 3a7a50 f4f8d0 245038",
    "0c0c10 40506a d0b8a0 e8e0d8 a8a098 706a68 fffaf0 4a4648",
)


def planet(canvas: Canvas) -> None:
    """Hang a banded planet before a nebula, with rings, moons, or neither."""
    space, veil, glow, *bands = colours(canvas.turn(PLANETS))
    w, h, u = canvas.width, canvas.height, canvas.unit
    canvas.backdrop(space)
    cloud = canvas.noise(u * 0.7, u * 0.6, octaves=6, gain=0.55)
    other = canvas.noise(u * 0.5, u * 0.5, octaves=6, gain=0.55)
    canvas.blend(smoothstep(0.4, 0.95, cloud), veil, opacity=0.8, mode="light")
    canvas.blend(
        smoothstep(0.5, 1.0, other) * smoothstep(0.35, 0.8, cloud), glow, opacity=0.75, mode="light"
    )
    canvas.blend(
        smoothstep(0.5, 0.85, canvas.noise(u * 0.4, u * 0.3, octaves=6)), space, opacity=0.7
    )
    stars(canvas, 420, h * 1.0, 0.85)
    for _ in range(4):
        canvas.glow(
            (canvas.between(0, w), canvas.between(0, h)), u * canvas.between(0.02, 0.05), WHITE, 0.9
        )
    radius = u * canvas.between(0.2, 0.36)
    at = (w * canvas.between(0.32, 0.68), h * canvas.between(0.38, 0.62))
    if canvas.turn((False, False, False, True)):
        radius, at = u * canvas.between(0.75, 0.95), (w * canvas.between(0.1, 0.9), h * 1.15)
    light = canvas.between(-2.9, -0.3)
    tilt = canvas.between(-0.6, 0.6)
    ring = canvas.turn((True, False, True, False, True))
    if ring:
        rings(canvas, at, radius, tilt, bands, front=False)
    globe(canvas, at, radius, light, tilt, bands, glow)
    if ring:
        rings(canvas, at, radius, tilt, bands, front=True)
    for _ in range(int(canvas.rng.integers(0, 4))):
        turn, far = canvas.between(0, 2 * math.pi), radius * canvas.between(1.25, 2.0)
        spot = (at[0] + math.cos(turn) * far, at[1] + math.sin(turn) * far * 0.7)
        pale = [lighter(bands[0], 0.4), mix(bands[0], bands[2], 0.5)]
        globe(canvas, spot, radius * canvas.between(0.06, 0.17), light, tilt, pale, glow)


def globe(
    canvas: Canvas,
    at: tuple[float, float],
    radius: float,
    light: float,
    tilt: float,
    bands: list[Array],
    glow: Array,
) -> None:
    """Paint a ball with bands and storms, lit from the direction `light` (radians)."""
    toward = (at[0] + math.cos(light) * radius * 0.25, at[1] + math.sin(light) * radius * 0.25)
    canvas.glow(toward, radius * 1.45, glow, 0.55)
    swirl = canvas.noise(radius * 0.5, radius * 0.22, octaves=5, gain=0.55)
    row = np.cumsum(canvas.rng.uniform(0.5, 1.0, 40)) * canvas.rng.choice([-1, 1], 40)
    row = (row * 0.618) % 1

    def paint(x: Grid, y: Grid) -> Array:
        u, v = (x - at[0]) / radius, (y - at[1]) / radius
        height = np.sqrt(np.clip(1 - u * u - v * v, 0, 1))
        across, up = (
            u * math.cos(tilt) + v * math.sin(tilt),
            v * math.cos(tilt) - u * math.sin(tilt),
        )
        wave = swirl[y, x] - 0.5
        latitude = np.arcsin(np.clip(up, -1, 1)) * 5.2 + 20 + wave * (0.9 + 0.4 * across)
        colour = spread(bands, np.interp(latitude, np.arange(40), row) + wave * 0.25)
        lit = u * math.cos(light) + v * math.sin(light)
        shine = np.clip(lit * 0.8 + height * 0.62, 0, 1) ** 0.9
        rim = (1 - height) ** 3 * np.clip(lit + 0.2, 0, 1)
        return np.asarray(
            colour * (0.04 + 1.02 * shine[..., None]) + glow * rim[..., None] * 0.5, np.float32
        )

    canvas.fill(ellipse(at, radius, radius), paint)


def rings(
    canvas: Canvas,
    at: tuple[float, float],
    radius: float,
    tilt: float,
    bands: list[Array],
    *,
    front: bool,
) -> None:
    """Lay rings about a ball: first the half behind it, then the half before it."""
    squash = 0.16 + 0.16 * ((canvas.number * 0.37) % 1)
    turn = np.linspace(0, math.pi, 60) + (0 if front else math.pi)
    edge = np.linspace(1.28, 2.15, 22)
    shown = 0.25 + 0.75 * np.abs(np.sin(edge * (7 + canvas.number % 3) + canvas.number))
    for k in range(len(edge) - 1):
        inner, outer = (
            np.stack([np.cos(turn) * e, np.sin(turn) * e * squash], 1) * radius
            for e in (edge[k], edge[k + 1] + 0.004)
        )
        shape = place(np.concatenate([inner, outer[::-1]]), at, angle=tilt)
        canvas.fill(shape, mix(bands[0], bands[k % 3], 0.4), opacity=0.75 * float(shown[k]))
