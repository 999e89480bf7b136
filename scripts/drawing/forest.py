"""Forest: trunks and firs in mist, shafts of light."""

from __future__ import annotations

import math

import numpy as np

from drawing.canvas import (
    GOLD,
    WHITE,
    Array,
    Canvas,
    Colour,
    colours,
    darker,
    horizontal,
    lighter,
    mix,
    vertical,
)
from drawing.scenery import grass, rays
from drawing.shapes import curve, ellipse, ground, pine, polygon, scatter, stroke

# Mist, light, far trees, near trees, leaves (three), ground, undergrowth.
FORESTS = (
    "dfe9cf fff6c8 9fbb9a 1f3326 5c8a3a 86b04a 3b6a35 4d6b35 2c4a2a",
    "f6dcb0 fff0c0 cf9a6b 3a2018 d9772b f0a83c b5482a 8a4a26 4a2616",
    "c9dbe3 f4fbff 8ba7b5 1c2c38 4d7078 6d949a 35545e 4b656c 223a44",
    "f3d3d3 fff0e6 c292a6 36203a b5658f d98fb0 8a4478 7a4a6a 3a2040",
    "bfe0c8 eafff0 6fae94 0c2b2b 2a8068 4fae7c 17594f 2c6a52 0e3a34",
    "f4e6a8 fffbd8 c8b56a 33301a a8a03a d0c050 7d7a2c 8a8438 444018",
    "9fb0d8 e8eeff 6676b0 12163a 36488a 5468b0 222e66 2c3a72 141a44",
)


def forest(canvas: Canvas) -> None:
    """Inside a wood: trunks that pale with distance, shafts of light, firs, a path or a brook."""
    mist, light, far, near, *leaves, floor, under = colours(canvas.turn(FORESTS))
    w, h, u = canvas.width, canvas.height, canvas.unit
    kind = canvas.turn(("leaves", "birches", "firs", "leaves", "firs", "birches"))
    source = (w * canvas.between(0.22, 0.78), h * canvas.between(0.16, 0.45))
    canvas.backdrop(vertical(0, h, mix(mist, far, 0.5), mist, mix(mist, floor, 0.5)))
    canvas.glow(source, u * 1.1, light, 1.0)
    canvas.glow(source, u * 0.35, WHITE, 0.55)
    middle = canvas.between(0.3, 0.7)  # where the leaves leave a gap, and where the path runs
    way = canvas.turn(("path", "none", "brook", "path", "none"))
    for layer in range(4):
        part = layer / 3
        foot = h * (0.6 + 0.27 * part**1.4)
        shade = mix(mix(far, mist, 0.62), near, part**1.2)
        bank = (foot + u * 0.05 * canvas.profile(w * 0.5, octaves=4)).astype(np.float32)
        soil = mix(mix(floor, mist, 0.7), darker(floor, 0.1), part)
        if kind == "firs":
            firs(canvas, bank, part, shade, mix(shade, mist, 0.5), middle)
        else:
            trunks(
                canvas,
                bank,
                part,
                shade,
                mix(light, mist, 0.3),
                source[0],
                middle,
                pale=kind == "birches",
            )
        ink = vertical(foot, h, mix(soil, light, 0.12), mix(soil, under, 0.6))
        canvas.fill(ground(canvas, bank), ink)
        blades = [mix(soil, under, 0.55), mix(soil, leaves[1], 0.3)]
        grass(canvas, bank, u * (0.02 + 0.05 * part), blades, int(w * 0.35))
        if kind != "firs":
            foliage(
                canvas, part, [mix(mix(leaf, mist, 0.62), leaf, part) for leaf in leaves], middle
            )
    if way != "none":
        lane = [
            (middle, 0.66),
            (middle + 0.035, 0.74),
            (middle - 0.05, 0.84),
            (middle + 0.02, 1.03),
            (middle + 0.4, 1.03),
            (middle + 0.12, 0.86),
            (middle + 0.11, 0.75),
            (middle + 0.03, 0.66),
        ]
        shape = curve([(a * w, b * h) for a, b in lane], closed=True)
        tone = mix(floor, light, 0.5) if way == "path" else mix(mist, far, 0.35)
        ink = vertical(h * 0.66, h, mix(tone, light, 0.4), mix(tone, near, 0.35))
        canvas.fill(shape, ink, blur=2.5, opacity=0.9)
        if way == "brook":
            glints = scatter(
                ellipse((0, 0), u * 0.03, u * 0.0025),
                canvas.rng.uniform(0, w, 200),
                canvas.rng.uniform(h * 0.68, h, 200),
                canvas.rng.uniform(0.3, 1.2, 200),
            )
            canvas.fill(glints, WHITE, opacity=0.45, clip=canvas.mask([shape]))
    rays(
        canvas,
        (source[0], -h * 0.2),
        light,
        heading=math.pi / 2 + (w / 2 - source[0]) / w * 1.2,
        spread=0.5,
        count=8,
        strength=0.4,
    )
    fronds(canvas, under, mix(leaves[0], under, 0.35))
    motes = scatter(
        ellipse((0, 0), 1.6, 1.6),
        canvas.rng.uniform(0, w, 40),
        canvas.rng.uniform(h * 0.35, h, 40),
        canvas.rng.uniform(0.5, 1.5, 40),
    )
    canvas.fill(motes, mix(light, GOLD, 0.3), opacity=0.75, blur=0.5)
    canvas.bloom(u * 0.04, 0.35, 0.75)


def firs(
    canvas: Canvas, bank: Array, part: float, dark: Colour, foot: Colour, middle: float
) -> None:
    """Plant one row of conifers that fades into the mist at its foot."""
    w, h = canvas.width, canvas.height
    spots = canvas.rng.uniform(-0.05, 1.05, int(26 - 18 * part) + w // 90)
    if part > 0.4:
        spots = spots[np.abs(spots - middle) > 0.1 + 0.14 * part]
    tall = h * (0.3 + 0.5 * part) * canvas.rng.uniform(0.6, 1.2, len(spots))
    trees = [
        pine(canvas, (s * w, bank[int(np.clip(s * w, 0, w - 1))] + 5), t)
        for s, t in zip(spots, tall, strict=True)
    ]
    top = float(bank.mean())
    ink = vertical(top - h * (0.3 + 0.4 * part), top, dark, dark, mix(dark, foot, 0.9 - 0.5 * part))
    canvas.fill(trees, ink)


def trunks(
    canvas: Canvas,
    bank: Array,
    part: float,
    dark: Colour,
    light: Colour,
    sun_x: float,
    middle: float,
    *,
    pale: bool,
) -> None:
    """Plant one row of trunks with branches, lit on the side of the sun; pale ones are birches."""
    w, h, u = canvas.width, canvas.height, canvas.unit
    bark = lighter(dark, 0.74 - 0.1 * part) if pale else dark
    count = int(15 - 10 * part)
    spots = (np.arange(count) + 0.5) / count + canvas.rng.normal(0, 0.035, count)
    if part > 0.4:
        spots = spots[np.abs(spots - middle) > 0.09 + 0.05 * part]
    for s in spots * w:
        thick = u * (0.013 + 0.05 * part**1.4) * canvas.between(0.65, 1.4) * (0.75 if pale else 1)
        foot, lean = (
            float(bank[int(np.clip(s, 0, w - 1))]) + u * 0.03,
            canvas.rng.normal(0, 0.05) * h,
        )
        spine = curve(
            [
                (s, foot),
                (s + lean * 0.1, foot - h * 0.06),
                (s + lean * 0.5, h * 0.3),
                (s + lean, -h * 0.06),
            ],
            steps=8,
        )
        limbs = []
        for _ in range(5):
            start = spine[int(canvas.rng.integers(14, 22))]
            turn = canvas.between(0.4, 1.1) * (1 if canvas.chance(0.5) else -1)
            reach = u * canvas.between(0.12, 0.3) * (0.5 + 0.5 * part)
            bend = (
                start[0] + math.sin(turn) * reach * 0.5,
                start[1] - math.cos(turn) * reach * 0.35,
            )
            tip = (start[0] + math.sin(turn) * reach, start[1] - math.cos(turn) * reach)
            limbs.append(stroke(curve([start, bend, tip], steps=5), thick * 0.24, thick * 0.08))
        canvas.fill(limbs, mix(bark, dark, 0.5))
        sides = (mix(bark, light, 0.6), bark, darker(bark, 0.3))
        trunk = stroke(spine, thick * 1.9, thick * 1.05, thick * 0.9, thick * 0.65)
        ink = horizontal(s - thick * 0.6, s + thick * 0.6, *(sides if s > sun_x else sides[::-1]))
        canvas.fill(trunk, ink)
        number = 22
        along = spine[canvas.rng.integers(0, len(spine), number)]
        shift = canvas.rng.normal(0, 0.3, number) * thick
        mark = ellipse((0, 0), 1.0, 0.16) if pale else ellipse((0, 0), 0.12, 1.6)
        marks = scatter(
            mark,
            along[:, 0] + shift,
            along[:, 1] + canvas.rng.normal(0, u * 0.02, number),
            thick * canvas.rng.uniform(0.12, 0.4, number),
        )
        canvas.fill(
            marks, darker(dark, 0.3), clip=canvas.mask([trunk]), opacity=0.6 if pale else 0.35
        )


def foliage(canvas: Canvas, part: float, shades: list[Colour], middle: float) -> None:
    """Hang leaves in clumps from above, thicker to both sides of a gap, the lit ones last."""
    w, h, u = canvas.width, canvas.height, canvas.unit
    clumps = int(16 + 6 * part)
    x = canvas.rng.uniform(-0.05, 1.05, clumps)
    low = 0.1 + 0.55 * np.abs(x - middle) + 0.05 * (1 - part)
    y = low * canvas.rng.uniform(0.0, 0.9, clumps)
    size = u * (0.05 + 0.05 * part) * canvas.rng.uniform(0.7, 1.3, clumps)
    leaf = polygon((0, 0), (0.32, -0.4), (0.26, -0.75), (0, -1.15), (-0.26, -0.75), (-0.32, -0.4))
    for k, shade in enumerate((darker(shades[2], 0.25), shades[2], shades[0], shades[1])):
        each = 30
        spread_out = size.repeat(each) * (1.1 - 0.15 * k)
        at_x = x.repeat(each) * w + canvas.rng.normal(0, 1, clumps * each) * spread_out
        at_y = y.repeat(each) * h + canvas.rng.normal(-0.22 * k, 0.6, clumps * each) * spread_out
        leaves = scatter(
            leaf,
            at_x,
            at_y,
            u * (0.01 + 0.012 * part) * canvas.rng.uniform(0.6, 1.4, len(at_x)),
            canvas.rng.uniform(1.2, 5.1, len(at_x)),
        )
        canvas.fill(leaves, shade, opacity=0.92)


def fronds(canvas: Canvas, dark: Colour, lit: Colour) -> None:
    """Grow ferns along the lower edge."""
    u = canvas.unit
    leaf = polygon((0, 0), (0.14, -0.4), (0, -1), (-0.14, -0.4))
    for colour in (dark, mix(dark, lit, 0.5), lit):
        shapes = []
        for _ in range(int(canvas.width / u * 5)):
            foot = (canvas.between(0, canvas.width), canvas.height + u * 0.03)
            for turn in np.linspace(-1.0, 1.0, 5) + canvas.rng.normal(0, 0.12, 5):
                reach = u * canvas.between(0.08, 0.17)
                out, up = math.sin(turn) * reach, reach * 0.95
                rib = curve(
                    [
                        foot,
                        (foot[0] + out * 0.6, foot[1] - up * 0.9),
                        (foot[0] + out * 1.25, foot[1] - up * math.cos(turn)),
                    ],
                    steps=7,
                )
                step = np.diff(rib, axis=0)
                heading = np.arctan2(step[:, 1], step[:, 0]) + math.pi / 2
                size = reach * np.linspace(0.34, 0.08, len(step))
                for side in (-1.05, 1.05):
                    shapes += scatter(leaf, rib[1:, 0], rib[1:, 1], size, heading + side)
        canvas.fill(shapes, colour, opacity=0.95)
