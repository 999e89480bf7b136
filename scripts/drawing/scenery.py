"""What many scenes share: sky, stars, clouds, mountain ranges, water, rays, blurred lights."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from drawing.canvas import (
    BLACK,
    WHITE,
    Array,
    Canvas,
    Colour,
    Point,
    darker,
    lay,
    lighter,
    linear,
    mix,
    smoothstep,
    spread,
    texture,
    vertical,
)
from drawing.shapes import bird, ellipse, ground, polygon, scatter

if TYPE_CHECKING:
    from collections.abc import Sequence


def sky(canvas: Canvas, horizon: float, *stops: Colour) -> None:
    """Paint the whole canvas with a sky whose last colour stands at the horizon."""
    canvas.backdrop(vertical(0, horizon, *stops))


def stars(canvas: Canvas, count: int, horizon: float, strength: float = 0.9) -> None:
    """Sprinkle stars above the horizon: many faint ones, a few that shine."""
    for size, share in ((0.7, 0.7), (1.0, 0.25), (1.5, 0.05)):
        number = max(int(count * share), 1)
        x = canvas.rng.uniform(0, canvas.width, number)
        y = horizon * canvas.rng.random(number) ** 1.3
        form = scatter(ellipse((0, 0), size, size), x, y)
        canvas.fill(form, WHITE, opacity=strength * min(size / 1.2, 1), mode="light")


def sun(canvas: Canvas, at: Point, radius: float, colour: Colour, glow: float = 0.7) -> None:
    """Hang up a sun or full moon with the light around it."""
    canvas.glow(at, radius * 9, colour, glow * 0.55)
    canvas.glow(at, radius * 3.2, colour, glow * 0.6)
    canvas.fill(ellipse(at, radius, radius), lighter(colour, 0.55), blur=0.6)


def moon(canvas: Canvas, at: Point, radius: float, colour: Colour) -> None:
    """Hang up a moon with its grey seas, full or waning by chance."""
    canvas.glow(at, radius * 7, colour, 0.35)
    disc = canvas.mask([ellipse(at, radius, radius)])
    if canvas.chance(0.4):
        away = radius * canvas.between(0.45, 0.8)
        disc = disc * (
            1 - canvas.mask([ellipse((at[0] + away, at[1] - away * 0.4), radius, radius)])
        )
    canvas.blend(disc, lighter(colour, 0.6))
    seas = smoothstep(0.5, 0.75, canvas.noise(radius, radius, octaves=3))
    canvas.blend(disc * seas, darker(colour, 0.3), opacity=0.35)


def clouds(
    canvas: Canvas,
    light: Colour,
    shade: Colour,
    *,
    top: float,
    bottom: float,
    cover: float = 0.5,
    cell: float = 160.0,
    flat: float = 2.6,
    opacity: float = 0.9,
) -> None:
    """Paint clouds between two heights, lit from above; `flat` is how far they are drawn out."""
    shape = canvas.noise(cell * flat / 1.6, cell / 1.6, octaves=5, gain=0.52)
    y = np.arange(canvas.height, dtype=np.float32)[:, None]
    middle, half = (top + bottom) / 2, (bottom - top) / 2
    band = 1 - smoothstep(0.35, 1.0, np.abs(y - middle) / half)
    body = smoothstep(0.62 - cover * 0.3, 0.95 - cover * 0.3, shape * (0.45 + 0.55 * band)) * band
    step = max(int(cell * 0.09), 2)
    above = np.roll(shape, step, axis=0)
    lit = np.clip(0.5 + (shape - above) * 3.2 - (body - 0.5) * 0.35, 0, 1)
    rows = slice(max(int(top), 0), max(int(bottom) + 1, 1))
    colour = spread((shade, light), lit[rows])
    canvas.blend(body[rows], texture(colour, rows.start), opacity=opacity, at=(0, rows.start))


def cumulus(
    canvas: Canvas, at: Point, width: float, light: Colour, shade: Colour, opacity: float = 1.0
) -> None:
    """Paint one heap of a cloud with a flat foot, from many puffs, each lit from above."""
    count = 26
    x = canvas.rng.uniform(-1, 1, count)
    lift = (1 - x**2) * canvas.rng.uniform(0.0, 1.0, count) ** 0.8
    size = width * (0.07 + 0.1 * (1 - np.abs(x)) * canvas.rng.uniform(0.6, 1.2, count))
    foot = canvas.mask(
        [
            polygon(
                (at[0] - width, at[1] - width),
                (at[0] + width, at[1] - width),
                (at[0] + width, at[1]),
                (at[0] - width, at[1]),
            )
        ],
        blur=width * 0.02,
    )
    for k in np.argsort(-lift):
        centre = (at[0] + x[k] * width * 0.42, at[1] - lift[k] * width * 0.24 - size[k] * 0.25)
        paint = vertical(
            centre[1] - size[k], centre[1] + size[k] * 0.9, light, mix(light, shade, 0.35), shade
        )
        form = ellipse(centre, size[k] * 1.1, size[k])
        canvas.fill(form, paint, blur=size[k] * 0.06 + 0.7, clip=foot, opacity=opacity)


def mountain_range(
    canvas: Canvas,
    line: Array,
    light: Colour,
    dark: Colour,
    haze: Colour,
    *,
    depth: float,
    sun_side: float = 1.0,
    snow: float = 0.0,
    rough: float = 60.0,
) -> None:
    """Paint a range with lit and shaded faces that fades into haze `depth` pixels down.

    A face is lit where the ridge falls towards the sun; looking the ridge up beside the pixel,
    farther to the side the deeper it lies, makes the border of light run down the slope raggedly.
    """
    top = int(np.clip(line.min() - 2, 0, canvas.height - 1))
    wobble = canvas.noise(rough, rough * 1.4, octaves=5, gain=0.6)[top:] - np.float32(0.5)
    y = np.arange(top, canvas.height, dtype=np.float32)[:, None]
    below = np.maximum(y - line[None, :].astype(np.float32), 0)
    kernel = np.hanning(max(int(rough * 0.3), 3) + 2)
    slope = np.convolve(np.pad(np.gradient(line), 200, mode="edge"), kernel / kernel.sum(), "same")
    column = np.arange(200, canvas.width + 200, dtype=np.float32) + wobble * (below * 1.5 + 6)
    index = np.clip(column, 0, canvas.width + 399).astype(np.intp)
    facing = np.take((slope * sun_side).astype(np.float32), index)
    lit = smoothstep(-0.28, 0.34, facing + wobble * np.float32(0.45))
    colour = spread((dark, light), lit)
    if snow:
        edge = snow * (0.75 + 1.3 * wobble) - below
        white = smoothstep(-4, 7, edge + lit * np.float32(snow * 0.25)) * np.float32(0.92)
        lay(colour, spread((lighter(dark, 0.55), WHITE), lit), white)
    lay(colour, haze, smoothstep(0, depth, below) * np.float32(0.9))
    canvas.fill(ground(canvas, line), texture(colour, top))


def waves(canvas: Canvas, horizon: float, size: float = 1.0) -> Array:
    """Return the swell [height, width] in -1..1 of a water that lies flat before the eye."""
    tile = canvas.rng.random((96, 64)).astype(np.float32)
    top = math.floor(np.clip(horizon - 1, 0, canvas.height - 1))
    y = np.arange(top, canvas.height, dtype=np.float32)[:, None]
    near = np.maximum(y - horizon, 0.6) / canvas.height
    x = np.arange(canvas.width, dtype=np.float32)[None, :] - canvas.width / 2
    swell = np.zeros((canvas.height, canvas.width), np.float32)
    for fine in (1.0, 2.3):
        row = 5.5 / (near + 0.035) * fine / size
        column = x / ((near + 0.06) * 170 * size / fine) + 500
        low_row, low_column = np.floor(row), np.floor(column)
        v, u = smoothstep(0, 1, row - low_row), smoothstep(0, 1, column - low_column)
        r, c = low_row.astype(np.intp), low_column.astype(np.intp) % 64
        across = (c + 1) % 64
        upper, lower = r % 96 * 64, (r + 1) % 96 * 64
        first = np.take(tile, upper + c)
        first += (np.take(tile, upper + across) - first) * u
        second = np.take(tile, lower + c)
        second += (np.take(tile, lower + across) - second) * u
        swell[top:] += (first + (second - first) * v - np.float32(0.5)) * np.float32(2 / fine**0.5)
    return np.asarray(np.clip(swell / np.float32(1.3), -1, 1))


def water(
    canvas: Canvas,
    horizon: float,
    swell: Array,
    far: Colour,
    near: Colour,
    *,
    mirror: float = 0.0,
    contrast: float = 0.16,
) -> None:
    """Lay water from the horizon down; `mirror` is how much of the picture above it throws back."""
    top = math.ceil(horizon)
    y = np.arange(top, canvas.height, dtype=np.float32)[:, None]
    x = np.arange(canvas.width, dtype=np.float32)[None, :]
    ripple = swell[top:]
    depth = (y - np.float32(horizon)) / np.float32(max(canvas.height - horizon, 1))
    colour = np.broadcast_to(spread((far, near), np.maximum(depth, 0) ** 0.7), (*ripple.shape, 3))
    colour = colour.copy()
    if mirror:
        shake = np.float32(canvas.unit) * (0.006 + 0.05 * depth)
        rows = np.clip(2 * horizon - y - np.abs(ripple) * shake * 1.6, 0, top - 1).astype(np.intp)
        columns = np.clip(x + ripple * shake * 0.6, 0, canvas.width - 1).astype(np.intp)
        image = np.take(canvas.pixels.reshape(-1, 3), rows * canvas.width + columns, axis=0)
        lay(colour, image, np.broadcast_to(mirror * (1 - 0.45 * depth), ripple.shape))
    tone = 1 + ripple * (contrast * (0.35 + 0.65 * depth))
    for k in range(3):
        canvas.pixels[top:, :, k] = colour[..., k] * tone


def glitter(
    canvas: Canvas,
    horizon: float,
    swell: Array,
    x: float,
    colour: Colour,
    width: float,
    strength: float = 0.9,
) -> None:
    """Add the path of light that a low sun or moon at `x` lays over water."""
    top = math.ceil(horizon)
    y = np.arange(top, canvas.height, dtype=np.float32)[:, None]
    columns = np.arange(canvas.width, dtype=np.float32)[None, :]
    depth = (y - np.float32(horizon)) / np.float32(max(canvas.height - horizon, 1))
    path = np.exp(-(((columns - np.float32(x)) / (width * (0.5 + 1.6 * depth))) ** 2))
    spark = smoothstep(0.12, 0.42, swell[top:] + 0.55 * path - 0.35) * path
    soft = np.asarray(path * 0.28 * (1 - depth) ** 1.5 + spark, np.float32)
    canvas.blend(np.clip(soft, 0, 1), colour, opacity=strength, mode="light", at=(0, top))


def mirror_below(canvas: Canvas, cover: Array, line: float, swell: Array, strength: float) -> None:
    """Throw what stands above `line` back from the water below it, where `cover` says so."""
    top = int(line)
    y, x = np.mgrid[top : canvas.height, 0 : canvas.width]
    shake = canvas.unit * 0.022
    ripple = swell[top:]
    rows = np.clip(2 * line - y - ripple * shake * 0.4, 0, canvas.height - 1).astype(np.intp)
    columns = np.clip(x + ripple * shake, 0, canvas.width - 1).astype(np.intp)
    image, seen = canvas.pixels[rows, columns].copy(), cover[rows, columns]
    fade = np.asarray(1 - 0.6 * (y - line) / max(canvas.height - line, 1), np.float32)
    canvas.blend(seen * fade, texture(image, top), opacity=strength, at=(0, top))


def birds(canvas: Canvas, count: int, around: Point, colour: Colour) -> None:
    """Let a loose flock of birds fly about a place."""
    flock = [
        bird(
            (
                around[0] + canvas.rng.normal() * canvas.unit * 0.1,
                around[1] + canvas.rng.normal() * canvas.unit * 0.035,
            ),
            canvas.unit * canvas.between(0.022, 0.045),
            canvas.between(-0.25, 0.25),
        )
        for _ in range(count)
    ]
    canvas.fill(flock, colour, opacity=0.85)


def rays(
    canvas: Canvas,
    source: Point,
    colour: Colour,
    *,
    heading: float,
    spread: float,
    count: int = 9,
    strength: float = 0.2,
    reach: float = 1.3,
) -> None:
    """Add shafts of light from a source towards `heading` (radians), within `spread`."""
    length = math.hypot(canvas.width, canvas.height) * reach
    for angle in heading + canvas.rng.uniform(-spread, spread, count):
        half = canvas.between(0.008, 0.035)
        ends = [
            (source[0] + math.cos(a) * length, source[1] + math.sin(a) * length)
            for a in (angle - half, angle + half)
        ]
        middle = (source[0] + math.cos(angle) * length, source[1] + math.sin(angle) * length)
        form = polygon(source, *ends)
        ink = linear(source, middle, colour, colour * 0.45, BLACK)
        canvas.fill(form, ink, opacity=strength * canvas.between(0.4, 1.0), blur=4, mode="light")


def bokeh(canvas: Canvas, palette: Sequence[Colour], count: int, size: float) -> None:
    """Add round lights out of focus."""
    for _ in range(count):
        at = (canvas.between(0, canvas.width), canvas.between(0, canvas.height))
        radius = size * canvas.between(0.4, 1.2)
        colour = palette[int(canvas.rng.integers(len(palette)))]
        strength = canvas.between(0.08, 0.3)
        canvas.fill(ellipse(at, radius, radius), colour, opacity=strength, blur=1.2, mode="light")


def grass(
    canvas: Canvas, line: Array, height: float, palette: Sequence[Colour], count: int
) -> None:
    """Grow blades along a line of heights [width], each colour in front of the one before."""
    blade = polygon((-0.04, 0), (-0.03, -0.5), (0.02, -1), (0.05, -0.5), (0.04, 0))
    for colour in palette:
        x = canvas.rng.uniform(0, canvas.width, count)
        tall = height * canvas.rng.uniform(0.4, 1.1, count)
        tilt = canvas.rng.normal(0, 0.28, count)
        feet = line[np.clip(x, 0, canvas.width - 1).astype(np.intp)] + height * 0.2
        canvas.fill(scatter(blade, x, feet, tall, tilt), colour)
