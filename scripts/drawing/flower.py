"""Flower: great blooms before a meadow out of focus."""

from __future__ import annotations

import math

import numpy as np

from drawing.canvas import (
    BLACK,
    GOLD,
    WHITE,
    Canvas,
    Colour,
    Point,
    colours,
    darker,
    horizontal,
    lighter,
    linear,
    mix,
    radial,
    vertical,
)
from drawing.scenery import bokeh
from drawing.shapes import curve, ellipse, petal, place, stroke

# Background (two), foliage, petal at the heart, petal at the tip, heart (two).
FLOWERS = (
    "1f4a3a a8cf9a 3f7a3a f6e9f0 ffffff f2b632 a8641c",
    "2a2448 d88aa8 3a6a58 8a1f4a f27aa0 ffe08a b86a2a",
    "f4e6c8 e8b87a 5a7a3a e88a1a ffd23f 4a2a14 1f120a",
    "123a50 7ac0c8 2f6a5a 3a3a9a 9aa8f4 fff0a0 d8a03a",
    "3a1420 e8785a 4a6a3a a01020 f4503a 241014 0c0608",
    "e6eef4 a8b8d8 4f7f60 c87ad0 f4d8f8 f8d060 a07030",
    "24301a d8d080 4a7a30 e05a20 ffb070 8a2a14 401008",
)


VEIN_TURNS = (-0.33, -0.165, 0.0, 0.165, 0.33)


def flower(canvas: Canvas) -> None:
    """One great bloom (or three) before a meadow out of focus: daisy, dahlia, poppy, sunflower."""
    deep, bright, green, base, tip, heart, rim = colours(canvas.turn(FLOWERS))
    w, h, u = canvas.width, canvas.height, canvas.unit
    light = (w * canvas.between(0.1, 0.9), h * canvas.between(-0.1, 0.3))
    canvas.backdrop(radial(light, math.hypot(w, h), bright, mix(bright, deep, 0.5), deep))
    for _ in range(14):
        at = (canvas.between(0, w), canvas.between(0.3, 1.1) * h)
        leaf = place(
            petal(u * canvas.between(0.3, 0.7), u * 0.12, tip=0),
            at,
            angle=canvas.rng.normal(0, 0.8),
        )
        canvas.fill(leaf, mix(green, deep, canvas.between(0, 0.6)), opacity=0.5, blur=u * 0.012)
    for _ in range(8):
        at, r = (canvas.between(0, w), canvas.between(0, h)), u * canvas.between(0.03, 0.09)
        canvas.fill(ellipse(at, r, r), mix(tip, bright, 0.35), opacity=0.5, blur=r * 0.35)
    canvas.soften(u * 0.014)
    bokeh(canvas, [bright, tip, WHITE], 26, u * 0.05)
    kind = canvas.turn(("daisy", "dahlia", "sunflower", "cosmos", "poppy"))
    spots: list[tuple[float, float, float]] = [
        (
            w * canvas.between(0.4, 0.6),
            h * canvas.between(0.36, 0.48),
            u * canvas.between(0.29, 0.36),
        )
    ]
    if canvas.turn((False, True, False)):
        spots = [
            (w * 0.74, h * canvas.between(0.26, 0.4), u * 0.15),
            (w * 0.2, h * canvas.between(0.3, 0.5), u * 0.18),
            (w * 0.47, h * canvas.between(0.5, 0.6), u * 0.25),
        ]
    for x, y, r in spots:
        stem(canvas, (x, y), r, green, light[0] - x)
    for x, y, r in spots:
        bloom(canvas, (x, y), r, kind, base, tip, heart, rim)
    for _ in range(int(canvas.rng.integers(0, 22))):
        at = (
            spots[-1][0] + canvas.rng.normal() * spots[-1][2] * 0.55,
            spots[-1][1] + canvas.rng.normal() * spots[-1][2] * 0.55,
        )
        r = u * canvas.between(0.005, 0.011)
        canvas.fill(ellipse((at[0], at[1] + r * 0.4), r, r), BLACK, opacity=0.22, blur=1)
        ink = vertical(at[1] - r, at[1] + r, darker(tip, 0.12), lighter(tip, 0.7))
        canvas.fill(ellipse(at, r, r * 0.92), ink, opacity=0.7)
        canvas.fill(ellipse((at[0] - r * 0.35, at[1] - r * 0.4), r * 0.22, r * 0.2), WHITE)


def stem(canvas: Canvas, top: Point, radius: float, green: Colour, light: float) -> None:
    """Grow the stem with two or three leaves."""
    x, y = top
    bend = canvas.rng.normal() * radius * 0.4
    line = curve(
        [top, (x + bend * 0.3, y + radius * 1.5), (x + bend, canvas.height + 20)], steps=14
    )
    thick = radius * 0.075
    for k in range(3):
        at = line[int(canvas.rng.integers(9, 24))]
        turn = (0.9 if k % 2 else -0.9) + canvas.rng.normal() * 0.2
        size = radius * canvas.between(0.8, 1.25)
        leaf = place(petal(size, size * 0.34, tip=0), at, angle=turn)
        tone = (darker(green, 0.4), green, mix(green, GOLD, 0.3))
        tip_at = (at[0] + math.sin(turn) * size, at[1] - math.cos(turn) * size)
        canvas.fill(place(leaf, (3, 6)), BLACK, opacity=0.2, blur=5)
        canvas.fill(leaf, linear(at, tip_at, *tone))
        half = place(petal(size, size * 0.34, tip=0) * (1, 1), at, angle=turn)
        clip = canvas.mask([half])
        middle = stroke([at, tip_at], thick * 0.3, 0.6)
        canvas.fill(middle, mix(green, GOLD, 0.45), opacity=0.7)
        for part in np.linspace(0.15, 0.8, 7):
            spot = (at[0] + (tip_at[0] - at[0]) * part, at[1] + (tip_at[1] - at[1]) * part)
            veins = [
                stroke(
                    [
                        spot,
                        (
                            spot[0] + math.sin(turn + s) * size * 0.25,
                            spot[1] - math.cos(turn + s) * size * 0.25,
                        ),
                    ],
                    0.9,
                    0.5,
                )
                for s in (-0.7, 0.7)
            ]
            canvas.fill(veins, mix(green, GOLD, 0.45), opacity=0.45, clip=clip)
    shades = (darker(green, 0.45), green, mix(green, GOLD, 0.35))
    ink = horizontal(x - thick, x + thick, *(shades if light > 0 else shades[::-1]))
    canvas.fill(stroke(line, thick, thick * 1.15), ink)


def bloom(
    canvas: Canvas,
    at: Point,
    radius: float,
    kind: str,
    base: Colour,
    tip: Colour,
    heart: Colour,
    rim: Colour,
) -> None:
    """Open one flower: rings of petals from the outside in, then the heart with its seeds."""
    rings, count, width, blunt, core = {
        "daisy": (2, 21, 0.2, 0.85, 0.27),
        "dahlia": (6, 20, 0.26, 0.25, 0.1),
        "sunflower": (3, 20, 0.23, 0.0, 0.42),
        "cosmos": (1, 8, 0.72, 1.0, 0.17),
        "poppy": (2, 5, 1.25, 1.0, 0.2),
    }[kind]
    squash, lean = canvas.between(0.8, 1.0), canvas.between(-0.4, 0.4)
    # The veins of a petal one pixel long: lines that fan out from where it grows.
    fan = np.concatenate(
        [
            stroke(
                [
                    (0, 0),
                    (math.sin(t * width) * 0.62, -0.62),
                    (math.sin(t * width * 0.8) * 0.92, -0.92),
                ],
                1.6 / radius,
                1.1 / radius,
                0.4 / radius,
            )
            for t in VEIN_TURNS
        ]
    )
    for ring in range(rings):
        part = ring / max(rings, 1)
        reach = radius * (1 - part * (0.84 if kind == "dahlia" else 0.28))
        turns = (
            np.arange(count) * 2 * math.pi / count + ring * math.pi / count + canvas.between(0, 0.3)
        )
        for k in canvas.rng.permutation(count):
            size = reach * canvas.between(0.92, 1.04)
            shape = petal(size, size * width * canvas.between(0.9, 1.1), tip=blunt, waist=0.66)
            if kind in {"poppy", "cosmos"}:
                wave = 1 + 0.03 * np.sin(np.linspace(0, 40, len(shape)) + k) * (
                    shape[:, 1:2].T[0] < -size * 0.6
                )
                shape = shape * wave[:, None]
            angle = turns[k] + canvas.rng.normal() * 0.05
            spun = place(shape, (0, 0), angle=angle) * (1, squash)
            out = place(spun, at, angle=lean)
            heading = angle + lean
            end = (at[0] + math.sin(heading) * size, at[1] - math.cos(heading) * size * squash)
            tone = canvas.between(-0.12, 0.12)
            inner, outer = (
                darker(base, 0.12 + max(tone, 0)),
                lighter(tip, max(-tone, 0) + 0.3 * part),
            )
            form = place(out, (radius * 0.012, radius * 0.03))
            canvas.fill(form, BLACK, opacity=0.3, blur=radius * 0.022)
            ink = linear(
                at,
                end,
                darker(inner, 0.35),
                inner,
                mix(inner, outer, 0.6),
                outer,
                lighter(outer, 0.18),
            )
            canvas.fill(out, ink)
            lines = place(place(fan * size, (0, 0), angle=angle) * (1, squash), at, angle=lean)
            canvas.fill(np.split(lines, len(VEIN_TURNS)), darker(base, 0.25), opacity=0.22)
    size = radius * core
    form = ellipse(at, size * 1.12, size * 1.12 * squash)
    canvas.fill(form, BLACK, opacity=0.35, blur=size * 0.12)
    ink = radial(
        (at[0] - size * 0.3, at[1] - size * 0.4),
        size * 1.5,
        lighter(heart, 0.2),
        heart,
        rim,
        darker(rim, 0.4),
    )
    canvas.fill(ellipse(at, size, size * squash), ink)
    seeds = int(np.clip(size * 5, 40, 420))
    index = np.arange(seeds)
    turn, far = index * 2.39996, np.sqrt((index + 0.5) / seeds) * size * 0.96
    for shade, shift in ((darker(rim, 0.45), 0.8), (mix(heart, GOLD, 0.4), 0.0)):
        dot = size / math.sqrt(seeds) * (0.62 - 0.12 * (shift == 0))
        dots = [
            ellipse(
                (at[0] + math.cos(a) * r, at[1] + math.sin(a) * r * squash + shift), dot, dot * 0.9
            )
            for a, r in zip(turn, far, strict=True)
        ]
        canvas.fill(dots, shade, opacity=0.75)
    if kind == "poppy":
        for angle in np.linspace(0, 2 * math.pi, 40):
            reach = size * canvas.between(1.3, 1.75)
            end = (at[0] + math.cos(angle) * reach, at[1] + math.sin(angle) * reach * squash)
            canvas.fill([stroke([at, end], 0.9, 0.7), ellipse(end, size * 0.08, size * 0.06)], rim)
