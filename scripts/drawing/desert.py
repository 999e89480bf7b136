"""Desert: dunes, table mountains, cactuses, caravans."""

from __future__ import annotations

import numpy as np

from drawing.canvas import (
    BLACK,
    GOLD,
    Array,
    Canvas,
    colours,
    darker,
    horizontal,
    lighter,
    mix,
    smoothstep,
    spread,
    texture,
    vertical,
)
from drawing.scenery import clouds, moon, sky, stars, sun
from drawing.shapes import build, curve, ellipse, ground, place, points, polygon, stroke

# Sky from the top down to the horizon, lit sand, shaded sand, far rocks, sun.
DESERTS = (
    "3f8fc4 93c6dc f0e2c0 f2b866 b5652f c98f68 fff4cf",
    "4a2545 b5505a f5a05c f08a4b 7a2f3c a0525a ffe0a0",
    "12183f 35407a 8a86b0 7f86b8 252a58 4a4f86 eef2ff",
    "d98f5c f0b983 fbe3b8 e8975a a14e38 c47a5c fff2d0",
    "6a9fa8 b9cfc0 f6e3c0 ecc898 a8795c b59a80 fffbe8",
    "5b3a78 c0709a ffb9a0 eda088 7a4470 9a6088 fff0d8",
)


def desert(canvas: Canvas) -> None:  # noqa: PLR0915 - one thing, drawn from back to front
    """Dunes with sharp crests and rippled sand; mesas, cactuses or a caravan."""
    top, high, low, lit, shade, rock, glow = colours(canvas.turn(DESERTS))
    night = canvas.turn(DESERTS) == DESERTS[2]
    w, h, u = canvas.width, canvas.height, canvas.unit
    horizon = h * canvas.between(0.4, 0.58)
    sky(canvas, horizon, top, high, low)
    at = (w * canvas.between(0.12, 0.88), horizon * canvas.between(0.25, 0.8))
    if night:
        stars(canvas, 300, horizon)
        moon(canvas, at, u * 0.05, glow)
    else:
        sun(canvas, at, u * canvas.between(0.05, 0.11), glow, 0.8)
        clouds(
            canvas,
            lighter(low, 0.4),
            mix(high, low, 0.5),
            top=0,
            bottom=horizon * 0.9,
            cover=canvas.between(0.0, 0.45),
            cell=u * 0.15,
            flat=7,
            opacity=0.6,
        )
    kind = canvas.turn(("mesa", "caravan", "cactus", "dunes", "cactus", "mesa", "caravan"))
    if kind in {"mesa", "cactus"}:
        mesas(canvas, horizon, rock, low)
    side = -1.0 if at[0] > w / 2 else 1.0
    count = 3 if kind == "cactus" else 5
    ripples = canvas.noise(u * 0.35, u * 0.1, octaves=4)
    x = np.arange(w)
    skyline = np.full(w, float(h))  # of the nearer dunes: nothing hides who walks there
    for k in range(count):
        part = k / (count - 1)
        base = horizon + (h - horizon) * (0.62 * part**1.2)
        tall = h * (0.05 + 0.1 * part) * canvas.between(0.7, 1.2)
        centre = w * ((k * 0.618 + canvas.between(-0.1, 0.1) + self_offset(canvas)) % 1)
        crest = base - tall * (
            np.exp(-np.abs(x - centre) / (w * 0.3)) * 1.3
            + 0.25 * np.sin(x / w * canvas.between(3, 7) + canvas.between(0, 6))
        )
        air = 0.5 * (1 - part)
        bright, dim = mix(lit, low, air), mix(shade, low, air)
        sand = ripples - 0.5
        y = np.arange(h)[:, None]
        lines = np.sin((y - crest[None, :] * 0.6 + sand * u * 0.16) / (u * (0.006 + 0.012 * part)))
        tone = 0.1 + 0.42 * (y - crest[None, :]) / (h * 0.5) - 0.05 * lines * part + sand * 0.22
        ink = texture(spread((lighter(bright, 0.18), bright, dim), tone))
        canvas.fill(ground(canvas, crest.astype(np.float32)), ink)
        # The far side of the crest lies in shade, along an S that runs down to the viewer.
        run = u * (0.25 + 0.5 * part) * side
        foot = crest[int(np.clip(centre, 0, w - 1))]
        reach = tall * canvas.between(1.4, 2.4)
        spine = curve(
            [
                (centre, foot),
                (centre + run * 0.22, foot + reach * 0.3),
                (centre + run * 0.1, foot + reach * 0.62),
                (centre + run * 0.55, foot + reach),
            ]
        )
        far = centre + side * w * 0.75
        edge = x if side > 0 else x[::-1]
        rim = np.stack([edge, crest[edge]], 1)
        rim = rim[(rim[:, 0] - centre) * side > 0]
        rim = rim[np.abs(rim[:, 0] - centre) < w * 0.75]
        if len(rim) > 2:
            slope = np.concatenate([spine[::-1], rim, [[far, foot + reach * 1.1]]])
            fade = smoothstep(far, centre + side * w * 0.3, x + 0.0)[None, :] * np.ones(
                (h, 1), np.float32
            )
            ink = vertical(foot, foot + reach, dim, mix(dim, bright, 0.75))
            canvas.fill(slope, ink, opacity=0.85, blur=0.7, clip=fade)
        if part > 0.4:
            skyline = np.minimum(skyline, crest)
    if kind == "caravan":
        caravan(canvas, skyline, darker(shade, 0.55), side)
    if kind == "cactus":
        green = darker(mix(shade, np.array([0.2, 0.36, 0.24], np.float32), 0.75), 0.25)
        number = int(canvas.rng.integers(2, 5))
        order = canvas.rng.permutation(number)
        for k in range(number):
            near = (k + 0.6) / number
            tall = u * (0.12 + 0.44 * near**1.3) * canvas.between(0.85, 1.1)
            foot = (
                w * ((order[k] + 0.5) / number + canvas.between(-0.07, 0.07)),
                horizon + (h - horizon) * (0.12 + 0.72 * near),
            )
            cactus(
                canvas, foot, tall, mix(green, low, 0.25 * (1 - near)), mix(lit, GOLD, 0.5), side
            )


def self_offset(canvas: Canvas) -> float:
    """Return the place of the first dune, the same for all dunes of a picture."""
    return (canvas.number * 0.37) % 1


def mesas(canvas: Canvas, horizon: float, rock: Array, haze: Array) -> None:
    """Set table mountains with banded walls on the horizon."""
    w, u = canvas.width, canvas.unit
    for part in (0.35, 0.7):
        line = np.full(w, horizon + 9.0)
        for _ in range(3):
            middle, half = canvas.between(0, w), u * canvas.between(0.06, 0.22)
            tall = u * canvas.between(0.12, 0.3) * (1.25 - part * 0.4)
            away = np.abs(np.arange(w) - middle) + canvas.profile(u * 0.06) * u * 0.012
            wall = np.where(
                away < half, tall, tall * 0.5 * np.clip(1 - (away - half) / (half * 0.9), 0, 1)
            )
            line = np.minimum(line, horizon - wall + canvas.profile(u * 0.1) * 2)
        bands = canvas.noise(w * 2, u * 0.035, octaves=3) * 1.25 + 0.3 * canvas.noise(
            u * 0.04, u * 0.5, octaves=3
        )
        colour = mix(haze, rock, part)
        ink = texture(spread((darker(colour, 0.22), colour, lighter(colour, 0.2)), bands * 0.62))
        canvas.fill(ground(canvas, line.astype(np.float32)), ink)


def caravan(canvas: Canvas, crest: Array, colour: Array, side: float) -> None:
    """Lead camels along a crest."""
    body = points(
        "-1,-1 -0.85,-1.35 -0.5,-1.45 -0.2,-1.95 0.1,-1.45 0.45,-1.4 0.75,-1.2 "
        "0.95,-1.5 1.05,-1.95 1.3,-2.08 1.62,-1.88 1.58,-1.76 1.3,-1.74 1.2,-1.3 "
        "0.95,-0.95 0.5,-0.82 -0.5,-0.85"
    )
    size = canvas.unit * canvas.between(0.028, 0.042)
    start = canvas.between(0.25, 0.45) * canvas.width
    x = start
    for _ in range(int(canvas.rng.integers(4, 7))):
        x += size * canvas.between(3.4, 5.2)
        if x > canvas.width - 10:
            break
        at = (x, float(crest[int(x)]) + 2)
        bend, stride = build(canvas, 0.06), canvas.between(0.4, 1.6)
        legs = [
            stroke([(a, -1.1), (a + b * stride, -0.5), (a + b * stride, 0.05)], 0.24, 0.13, 0.13)
            for a, b in ((-0.8, -0.1), (-0.6, 0.15), (0.5, -0.12), (0.7, 0.14))
        ]
        flip = side < 0
        form = [
            place(bend(s), at, scale=size, flip=flip)
            for s in (curve(body, closed=True, steps=4), *legs)
        ]
        canvas.fill(form, colour)
        shadow = polygon((-0.9, 0), (0.8, 0), (2.9, 0.85), (0.8, 0.9))
        canvas.fill(place(shadow, at, scale=size, flip=flip), colour, opacity=0.35, blur=1)


def cactus(
    canvas: Canvas, foot: tuple[float, float], tall: float, green: Array, rim: Array, side: float
) -> None:
    """Raise a saguaro with ribs, lit from one side, and its long shadow."""
    thick = tall * 0.15
    x, y = foot
    form = polygon(
        (x - thick / 2, y),
        (x + thick / 2, y),
        (x + side * tall * 0.9, y + tall * 0.2),
        (x + side * tall * 0.8, y + tall * 0.2),
    )
    canvas.fill(form, BLACK, opacity=0.22, blur=3)
    limbs = [curve([(x, y), (x, y - tall * 0.5), (x, y - tall)], steps=12)]
    for way in (-1, 1):
        low, out = tall * canvas.between(0.32, 0.55), thick * canvas.between(1.25, 1.7) * way
        high = low + tall * canvas.between(0.2, 0.36)
        limbs.append(
            curve(
                [
                    (x, y - low),
                    (x + out * 0.8, y - low - thick * 0.1),
                    (x + out, y - low - thick * 0.7),
                    (x + out, y - high),
                ],
                steps=8,
            )
        )
    for k, limb in enumerate(limbs[::-1]):
        body = thick * (1.0 if k == len(limbs) - 1 else 0.66)
        end = limb[-1]
        shape = [stroke(limb, body, body, body * 0.92), ellipse(end, body * 0.46, body * 0.5)]
        centre = end[0]
        ink = horizontal(
            centre + side * body * 0.55,
            centre - side * body * 0.55,
            darker(green, 0.35),
            green,
            mix(green, rim, 0.55),
        )
        canvas.fill(shape, ink)
        ribs = [
            stroke(place(limb, (shift * body, 0)), 1.0, 1.0) for shift in (-0.3, -0.1, 0.1, 0.3)
        ]
        canvas.fill(ribs, darker(green, 0.5), opacity=0.5)
