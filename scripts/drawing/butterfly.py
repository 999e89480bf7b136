"""Butterfly: veined and spotted wings over blossoms."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np

from drawing.canvas import (
    BLACK,
    GOLD,
    WHITE,
    Array,
    Canvas,
    Colour,
    Grid,
    Outline,
    Paint,
    Point,
    colours,
    darker,
    lighter,
    linear,
    mix,
    radial,
)
from drawing.scenery import bokeh
from drawing.shapes import build, curve, ellipse, petal, place, points, stroke

# Background (two), leaf, wing at the root, wing, wing at the margin, border, spots.
BUTTERFLIES = (
    "e8f0d8 8ab88a 3f7a4a 7a2a0c e8741a ffb43a 160c08 fff4e0",
    "1a2f3a 5a9a9a 2a6a5a 0a2a7a 2a7af0 8ad8ff 060c1e e8f8ff",
    "f8e8e0 e8b8a8 6a8a4a c8a020 f8e070 fffac8 2a2418 e86a3a",
    "2a1a3a a86aa0 4a6a5a 4a1468 b04ad0 f0a8f0 140820 fff0b8",
    "f0e6c8 c0a878 7a8a3a 0f4a3a 2aa878 a8f0b8 06140f f8e060",
    "dce8f4 8aa8cc 5a8a6a 8a1020 e8343a ff9a6a 1a0a0c f8f0e0",
    "203018 a8b84a 4a8a30 e0d8c8 fbf7ea ffffff 3a3a34 e8903a",
)
UPPER = {
    "round": points("0,-0.05 0.3,-0.5 0.72,-0.74 0.95,-0.66 0.94,-0.36 0.72,-0.06 0.25,0.06"),
    "tailed": points("0,-0.05 0.26,-0.52 0.66,-0.86 1,-0.86 0.88,-0.46 0.66,-0.04 0.2,0.06"),
    "long": points("0,-0.05 0.4,-0.4 0.9,-0.56 1.12,-0.44 1.02,-0.22 0.7,-0.04 0.22,0.04"),
}
LOWER = {
    "round": points("0,0 0.36,-0.04 0.7,0.08 0.78,0.36 0.58,0.62 0.3,0.58 0.08,0.28"),
    "tailed": points("0,0 0.4,-0.03 0.66,0.1 0.64,0.42 0.52,0.98 0.4,0.6 0.1,0.36"),
    "long": points("0,0 0.4,-0.02 0.72,0.1 0.74,0.34 0.5,0.5 0.26,0.48 0.06,0.24"),
}
Put: TypeAlias = Callable[[Outline], Outline]  # from spans of the wing to pixels


def butterfly(canvas: Canvas) -> None:
    """Draw a butterfly with veined, bordered and spotted wings over blossoms."""
    near, far, leaf, root, wing, margin, border, spot = colours(canvas.turn(BUTTERFLIES))
    w, h, u = canvas.width, canvas.height, canvas.unit
    light = (canvas.between(0.1, 0.9) * w, canvas.between(0, 0.4) * h)
    canvas.backdrop(radial(light, math.hypot(w, h) * 0.9, lighter(near, 0.3), near, far))
    for _ in range(16):
        at = (canvas.between(-0.1, 1.1) * w, canvas.between(0.2, 1.2) * h)
        shape = place(
            petal(u * canvas.between(0.3, 0.8), u * canvas.between(0.08, 0.2), tip=0),
            at,
            angle=canvas.rng.normal(0, 1.0),
        )
        canvas.fill(shape, mix(leaf, far, canvas.between(0, 0.8)), opacity=0.6, blur=u * 0.01)
    canvas.soften(u * 0.013)
    bokeh(canvas, [near, margin, WHITE], 22, u * 0.055)
    size = u * canvas.between(0.34, 0.41)
    at = (w * canvas.between(0.42, 0.58), h * canvas.between(0.44, 0.56))
    tilt = canvas.turn((0.0, 0.5, -0.45, 0.22, -0.8)) + canvas.between(-0.12, 0.12)
    blossoms(canvas, at, size, leaf, mix(margin, spot, 0.5), wing)
    fold = canvas.turn((1.0, 0.8, 1.0, 0.62)), canvas.turn((1.0, 1.0, 0.7, 1.0))
    shape_kind = canvas.turn(("round", "tailed", "long"))
    wings(canvas, at, size, tilt, fold, shape_kind, (root, wing, margin, border, spot))
    body(canvas, at, size, tilt, border, wing)


def blossoms(
    canvas: Canvas, at: Point, size: float, leaf: Colour, pale: Colour, deep: Colour
) -> None:
    """Set a spray of small flowers beneath, partly hidden by the wings."""
    u = canvas.unit
    foot = (at[0] + canvas.rng.normal() * u * 0.2, canvas.height + 10.0)
    for _ in range(int(canvas.rng.integers(5, 10))):
        end = (at[0] + canvas.rng.normal() * size * 0.8, at[1] + size * canvas.between(0.15, 0.85))
        form = stroke(
            curve([foot, ((foot[0] + end[0]) / 2, (foot[1] + end[1]) / 2 + u * 0.05), end]),
            u * 0.012,
            u * 0.007,
        )
        canvas.fill(form, darker(leaf, 0.25))
        side = place(
            petal(u * 0.14, u * 0.045, tip=0),
            ((foot[0] + end[0]) / 2, (foot[1] + end[1]) / 2 + u * 0.05),
            angle=canvas.rng.normal() * 1.1,
        )
        ink = linear(side.min(0), side.max(0), mix(leaf, GOLD, 0.3), leaf, darker(leaf, 0.35))
        canvas.fill(side, ink)
        r = u * canvas.between(0.05, 0.085)
        for ring in (1.0, 0.65):
            for angle in np.linspace(0, 2 * math.pi, 9)[:-1] + canvas.between(0, 1):
                shape = place(petal(r * ring, r * 0.5 * ring, tip=0.8), end, angle=angle)
                ink = radial(end, r, darker(deep, 0.25), mix(deep, pale, 0.6), pale)
                canvas.fill(shape, ink, opacity=0.97)
        canvas.fill(ellipse(end, r * 0.2, r * 0.2), mix(GOLD, deep, 0.3))


def wings(
    canvas: Canvas,
    at: Point,
    size: float,
    tilt: float,
    fold: tuple[float, float],
    kind: str,
    tones: Sequence[Colour],
) -> None:
    """Spread four wings; `fold` narrows the left and the right pair as if they were raised."""
    bend = build(canvas, 0.09)
    jitter = canvas.rng.normal(0, 0.02, (7, 2))
    rings = np.sort(canvas.rng.uniform(0.012, 0.09, 5))[::-1]
    eye_part = canvas.between(0.95, 1.25)
    grain = canvas.noise(size * 0.1, size * 0.1, octaves=4)
    eyes = canvas.chance(0.55)
    cells = int(canvas.rng.integers(6, 9))
    for flip, narrow in ((True, fold[0]), (False, fold[1])):
        for knots, reach in ((LOWER[kind] + jitter, 0.82), (UPPER[kind] + jitter, 1.0)):
            wing = curve(knots, closed=True, steps=12)
            # A gentle scallop along the outer margin, none where the wing meets the body.
            wave = np.sin(np.linspace(0, 2 * math.pi * 9, len(wing))) * (np.hypot(*wing.T) > 0.5)
            wing = wing * (1 + 0.014 * wave)[:, None] * (narrow, 1)

            def put(shape: Outline, flip: bool = flip) -> Outline:  # noqa: FBT001
                return place(bend(shape), at, scale=size, angle=tilt, flip=flip)

            one_wing(canvas, wing, put, radial(at, size * reach, *fade(tones)), grain, tones)
            veins(canvas, wing, put, cells, size, tones)
            if eyes:
                eye = put(wing.mean(axis=0)[None] * eye_part)[0]
                for r, k in zip(rings, (3, 4, 0, 2, 3), strict=True):
                    form = ellipse(eye, size * r * narrow, size * r, tilt)
                    canvas.fill(form, tones[k], opacity=0.95)
                canvas.fill(ellipse(eye - size * 0.022, size * 0.012, size * 0.012), WHITE)
            gleam = linear((at[0] - size, at[1] - size), at, WHITE, BLACK)
            canvas.fill(put(wing), gleam, opacity=0.2, mode="light")


def fade(tones: Sequence[Colour]) -> tuple[Colour, ...]:
    """Return the colours of a wing from its root to its margin."""
    root, wing, margin = tones[:3]
    return root, mix(root, wing, 0.75), wing, mix(wing, margin, 0.6), margin


def one_wing(
    canvas: Canvas, wing: Outline, put: Put, paint: Paint, grain: Array, tones: Sequence[Colour]
) -> None:
    """Lay one wing with its shadow and its border."""
    outline, centre = put(wing), wing.mean(axis=0) * 0.9
    height = float(np.ptp(outline[:, 1]))
    shadow = place(outline, (height * 0.04, height * 0.13))
    canvas.fill(shadow, BLACK, opacity=0.24, blur=height * 0.06)
    canvas.fill(outline, tones[3])

    def dusted(x: Grid, y: Grid) -> Array:
        colour = paint(x, y) if callable(paint) else paint
        return np.asarray(colour * (0.84 + 0.32 * grain[y, x])[..., None])

    canvas.fill(put((wing - centre) * 0.84 + centre), dusted)


def veins(
    canvas: Canvas, wing: Outline, put: Put, cells: int, size: float, tones: Sequence[Colour]
) -> None:
    """Draw the veins of a wing, and spots between them along its border."""
    ends = wing[np.linspace(len(wing) * 0.2, len(wing) * 0.78, cells).astype(int)]
    hub = wing[0] * 0.3 + (wing.mean(axis=0) - wing[0]) * canvas.between(0.32, 0.52)
    paths = [curve([(0.03, 0.0), hub * 0.6 + end * 0.12, end * 0.97]) for end in ends]
    lines = [put(stroke(path, 0.016, 0.011, 0.009)) for path in paths]
    cell = curve(
        np.stack(
            [(0.05, -0.02), hub + np.array((0.06, -0.1)), hub * 1.25, hub + np.array((0, 0.08))]
        ),
        closed=True,
    )
    lines.append(put(stroke(np.concatenate([cell, cell[:1]]), 0.012, 0.012)))
    clip = canvas.mask([put(wing)])
    canvas.fill(lines, tones[3], opacity=0.85, clip=clip)
    between = (ends[:-1] + ends[1:]) / 2
    dots = []
    for share, radius in ((0.925, 0.019), (0.865, 0.012)):
        radii = size * radius * canvas.rng.uniform(0.6, 1.3, len(between))
        spots = put(between * (share + canvas.rng.normal(0, 0.012, (len(between), 1))))
        dots += [ellipse(spot, r, r) for spot, r in zip(spots, radii, strict=True)]
    canvas.fill(dots, tones[4], clip=clip)


def body(canvas: Canvas, at: Point, size: float, tilt: float, dark: Colour, wing: Colour) -> None:
    """Add abdomen, furry thorax, head and feelers."""
    bend = build(canvas, 0.2)

    def put(shape: Outline) -> Outline:
        return place(bend(shape), at, scale=size, angle=tilt)

    feelers = []
    for s in (-1, 1):
        line = curve(points("0,-0.2 0.08,-0.42 0.22,-0.62") * (s, 1))
        feelers += [
            put(stroke(line, 0.012, 0.008)),
            put(ellipse((s * 0.222, -0.625), 0.016, 0.024, s * 0.5)),
        ]
    canvas.fill(feelers, dark)
    abdomen = put(
        curve(points("0,-0.02 0.042,0.1 0.036,0.3 0,0.46 -0.036,0.3 -0.042,0.1"), closed=True)
    )
    side = (size * 0.05 * math.cos(tilt), size * 0.05 * math.sin(tilt))
    shade = linear(
        (at[0] - side[0], at[1] - side[1]),
        (at[0] + side[0], at[1] + side[1]),
        lighter(dark, 0.45),
        mix(dark, wing, 0.25),
        dark,
    )
    canvas.fill(abdomen, shade)
    form = [put(stroke([(-0.05, y), (0.05, y)], 0.008, 0.008)) for y in np.arange(0.06, 0.42, 0.05)]
    canvas.fill(form, BLACK, opacity=0.5, clip=canvas.mask([abdomen]))
    form = [put(ellipse((0, -0.06), 0.055, 0.11)), put(ellipse((0, -0.19), 0.042, 0.042))]
    canvas.fill(form, shade)
    hair = [
        put(
            stroke(
                [
                    (canvas.rng.normal() * 0.025, canvas.between(-0.15, 0.04)),
                    (canvas.rng.normal() * 0.06, canvas.between(-0.16, 0.07)),
                ],
                0.005,
                0.002,
            )
        )
        for _ in range(60)
    ]
    canvas.fill(hair, lighter(wing, 0.25), opacity=0.5)
