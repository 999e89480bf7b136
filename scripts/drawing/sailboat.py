"""Sailboat: boats of four rigs on a swell."""

from __future__ import annotations

import numpy as np

from drawing.canvas import (
    WHITE,
    Array,
    Canvas,
    Colour,
    Point,
    colours,
    darker,
    horizontal,
    lighter,
    linear,
    mix,
)
from drawing.scenery import (
    birds,
    clouds,
    cumulus,
    glitter,
    mirror_below,
    mountain_range,
    sky,
    sun,
    water,
    waves,
)
from drawing.shapes import box, build, curve, ellipse, place, points, stroke

# Sky from the top down, far sea, near sea, sun, hull, sail, other sail.
SAILBOATS = (
    "2f7fc0 86bfe2 e4f1ee 5aa8c8 14527e fffbe0 f4f4f0 ffffff e2483d",
    "3a2a5c c8627c ffc58f c08080 3a2a54 ffe4a0 3c2028 ffe2c0 f08050",
    "4a9a98 a6d4c0 fbf2d4 6cbcb0 176070 fffbe6 8a4a2a fff4dc 2c8a86",
    "15204a 4a5a96 b8a8c0 56649a 101a40 f4f0ff 202848 e8e6f2 8a90c8",
    "e08a4a f4bc78 fdeabf d8a070 7a4040 fff6d0 5a2a24 b23a2a f0b050",
    "6a8296 a8b8c0 dde0da 7c96a2 2a4656 fffaf0 23303c f2f0e8 d8b04a",
    "3a8ad0 9ad0f0 fdf6e6 4ac0c8 0a6a94 fffce8 1c3a6a fff8e8 f0b030",
)


def sailboat(canvas: Canvas) -> None:
    """Boats under sail: sloop, gaffer with striped sails, junk or two-master, near and far."""
    top, middle, low, far, near, glow, hull, sail, other = colours(canvas.turn(SAILBOATS))
    w, h, u = canvas.width, canvas.height, canvas.unit
    horizon = h * canvas.between(0.6, 0.72)
    sky(canvas, horizon, top, middle, low)
    x = w * canvas.turn((0.38, 0.62, 0.5, 0.3, 0.68)) + canvas.between(-0.04, 0.04) * w
    side = 1.0 if x < w / 2 else -1.0
    light_x = w / 2 + side * w * canvas.between(0.1, 0.4)
    sun(
        canvas,
        (light_x, horizon - h * canvas.between(0.03, 0.4)),
        u * canvas.between(0.035, 0.07),
        glow,
        0.7,
    )
    if canvas.turn((True, False)):
        for _ in range(int(canvas.rng.integers(3, 6))):
            cumulus(
                canvas,
                (canvas.between(0, w), horizon * canvas.between(0.35, 0.95)),
                u * canvas.between(0.35, 0.8),
                lighter(low, 0.75),
                mix(middle, low, 0.45),
                0.92,
            )
    else:
        clouds(
            canvas,
            lighter(low, 0.5),
            mix(middle, top, 0.4),
            top=0,
            bottom=horizon,
            cover=canvas.between(0.3, 0.8),
            cell=u * 0.25,
            flat=3.4,
            opacity=0.75,
        )
    if canvas.turn((True, True, False)):
        line = horizon - u * 0.13 * np.clip(
            canvas.profile(w * 0.35, octaves=6) + canvas.between(-0.1, 0.4), 0, 1
        )
        mountain_range(
            canvas,
            line,
            mix(far, low, 0.35),
            mix(far, near, 0.4),
            low,
            depth=u * 0.2,
            sun_side=side,
            rough=u * 0.06,
        )
    swell = waves(canvas, horizon, 1.2)
    water(canvas, horizon, swell, far, near, mirror=0.4, contrast=0.42)
    glitter(canvas, horizon, swell, light_x, glow, u * 0.1, 0.75)
    for _ in range(int(canvas.rng.integers(0, 4))):
        spot = (canvas.between(0.05, 0.95) * w, horizon + h * canvas.between(0.01, 0.05))
        boat(
            canvas,
            spot,
            u * canvas.between(0.06, 0.1),
            "sloop",
            mix(hull, low, 0.3),
            mix(sail, low, 0.15),
            mix(other, low, 0.3),
            swell,
            1.0,
        )
    kind = canvas.turn(("sloop", "gaff", "sloop", "junk", "schooner"))
    tall = min(u * canvas.between(0.5, 0.6), w * 0.72)
    x = float(np.clip(x, tall * 0.66, w - tall * 0.66))
    boat(
        canvas,
        (x, horizon + (h - horizon) * canvas.between(0.3, 0.5)),
        tall,
        kind,
        hull,
        sail,
        other,
        swell,
        side,
    )
    if canvas.chance(0.7):
        birds(canvas, int(canvas.rng.integers(3, 8)), (w - x, h * 0.25), darker(near, 0.2))


def boat(  # noqa: PLR0915 - one thing, drawn from back to front
    canvas: Canvas,
    at: Point,
    tall: float,
    kind: str,
    hull: Colour,
    sail: Colour,
    other: Colour,
    swell: Array,
    side: float,
) -> None:
    """Sail one boat, `tall` pixels to the top of its mast, with its image in the water."""
    lean = side * canvas.between(0.02, 0.09)
    flip = side < 0
    masts = [(-0.12, 1.0)] if kind != "schooner" else [(-0.2, 0.86), (0.18, 1.0)]
    sails: list[tuple[Array, Colour, str]] = []
    for k, (m, high) in enumerate(masts):
        if kind == "junk":
            shape = points("-0.1,-0.97 0.2,-0.92 0.42,-0.5 0.46,-0.17 -0.16,-0.14 -0.2,-0.5")
            sails.append((place(shape, (m, 0)), sail, "battens"))
        elif kind == "gaff":
            leech = curve([(m - 0.3, -high * 0.97), (m - 0.43, -0.55), (m - 0.5, -0.15)])
            foot = curve([(m - 0.5, -0.15), (m - 0.25, -0.115), (m - 0.015, -0.135)])
            sails.append(
                (np.concatenate([leech, foot, [(m - 0.015, -high * 0.66)]]), sail, "stripes")
            )
        else:
            back = 0.42 if kind == "sloop" else 0.33
            sails.append(
                (
                    np.concatenate(
                        [
                            curve(
                                [
                                    (m - 0.015, -high * 0.98),
                                    (m - back * 0.62, -high * 0.52),
                                    (m - back, -0.13),
                                ]
                            ),
                            [(m - 0.015, -0.12)],
                        ]
                    ),
                    sail if k == 0 else other,
                    "seams",
                )
            )
    if kind != "junk":
        m, high = masts[-1]
        bow = 0.5 if kind == "sloop" else 0.58
        jib = np.concatenate(
            [
                curve([(m + 0.03, -high * 0.9), (m + 0.16, -high * 0.45), (m + 0.07, -0.13)]),
                curve([(bow, -0.07), (m + bow * 0.42, -high * 0.45), (m + 0.03, -high * 0.9)]),
            ]
        )
        sails.append((jib, other, "seams"))
    body = curve(points("-0.52,-0.075 -0.3,-0.06 0.1,-0.055 0.62,-0.115"))
    body = np.concatenate(
        [body, curve(points("0.62,-0.115 0.5,0 0.36,0.045 -0.4,0.045 -0.5,0.01 -0.52,-0.075"))]
    )

    bend = build(canvas, 0.09)

    def put(shape: Array) -> Array:
        heel = lean * (1 if shape is not body else 0.6)
        return place(bend(shape), at, scale=tall, angle=heel, flip=flip)

    spars = [put(stroke([(m, 0.0), (m, -high)], 0.018, 0.01)) for m, high in masts]
    if kind == "gaff":
        spars.append(put(stroke([(-0.12, -0.64), (-0.43, -0.985)], 0.014, 0.01)))
    if kind != "junk":
        spars.append(
            put(stroke([(masts[0][0], -0.115), (masts[0][0] - 0.44, -0.125)], 0.014, 0.01))
        )
    lines = [
        put(stroke([(masts[-1][0], -masts[-1][1]), (0.6, -0.1)], 0.004, 0.004)),
        put(stroke([(masts[0][0], -masts[0][1]), (-0.5, -0.07)], 0.004, 0.004)),
    ]
    canvas.fill([*spars, *lines], darker(hull, 0.55))
    shapes = [put(body), *spars]
    for raw, colour, style in sails:
        shape = put(raw)
        shapes.append(shape)
        left, right = shape[:, 0].min(), shape[:, 0].max()
        shades = (darker(colour, 0.26), colour, lighter(colour, 0.4), darker(colour, 0.08))
        canvas.fill(shape, horizontal(left, right, *(shades if side > 0 else shades[::-1])))
        clip = canvas.mask([shape])
        heights = np.linspace(-1.0, -0.1, int(canvas.rng.integers(6, 12)))
        if style == "stripes":
            bars = [put(box(-0.7, a, 0.5, a + 0.055)) for a in heights[::2]]
            canvas.fill(bars, other, opacity=0.9, clip=clip)
        thick = 0.012 if style == "battens" else 0.004
        seams = [
            put(stroke(curve([(-0.7, a + 0.05), (-0.1, a), (0.7, a - 0.05)]), thick, thick))
            for a in heights
        ]
        canvas.fill(
            seams,
            darker(hull, 0.3) if style == "battens" else darker(colour, 0.5),
            opacity=0.75 if style == "battens" else 0.3,
            clip=clip,
        )
    base = put(body)
    ink = linear(
        (0, base[:, 1].min()), (0, base[:, 1].max()), lighter(hull, 0.35), hull, darker(hull, 0.5)
    )
    canvas.fill(base, ink)
    band = put(
        np.concatenate(
            [
                curve(points("-0.6,-0.045 0.1,-0.025 0.7,-0.075")),
                curve(points("0.7,-0.06 0.1,-0.01 -0.6,-0.03")),
            ]
        )
    )
    canvas.fill(band, other, clip=canvas.mask([base]), opacity=0.9)
    mirror_below(canvas, canvas.mask(shapes), at[1] + tall * 0.03, swell, 0.6)
    foam = [
        ellipse(
            (
                at[0] + side * tall * canvas.between(-0.75, 0.55),
                at[1] + tall * 0.04 + canvas.rng.normal() * tall * 0.008,
            ),
            tall * canvas.between(0.02, 0.12),
            tall * 0.007,
        )
        for _ in range(22)
    ]
    canvas.fill(foam, WHITE, opacity=0.6, blur=0.8)
