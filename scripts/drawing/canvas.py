"""The canvas: float pixels on which antialiased shapes, light, noise and reflections are laid.

Places are (x, y) in pixels of the finished picture, colours are red, green, blue in 0..1. A shape
is painted through a mask drawn larger and averaged down, so that edges are smooth; a paint is one
colour or a function of the place, so that a gradient costs no more code than a flat fill.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

Array: TypeAlias = NDArray[np.floating[Any]]
Colour: TypeAlias = Array  # [3]
Grid: TypeAlias = NDArray[np.intp]  # x as one row [1, w] or y as one column [h, 1]
Paint: TypeAlias = Colour | Callable[[Grid, Grid], Array]
Point: TypeAlias = Sequence[float] | Array
Outline: TypeAlias = Array  # [N, 2], closed: the last point joins the first
Mode: TypeAlias = Literal["over", "light", "shade"]
T = TypeVar("T")

WHITE: Colour = np.ones(3, np.float32)
BLACK: Colour = np.zeros(3, np.float32)
GOLD: Colour = np.array([1.0, 0.86, 0.58], np.float32)

SUPERSAMPLE = 3  # a mask is drawn this many times larger than it is used
RAMP_STEPS = 512  # colours kept of one gradient: finer than what 8 bits can hold
GRAIN = 0.011  # standard deviation of the film grain, which also hides the steps of 8-bit colour


def colours(text: str) -> list[Colour]:
    """Read colours from six-digit hexadecimal words, such as "ffcc00 102030"."""
    return [np.array(list(bytes.fromhex(word)), np.float32) / 255 for word in text.split()]


def mix(first: Colour, second: Colour, share: float) -> Colour:
    """Blend two colours; `share` is the part of the second, 0..1."""
    return np.asarray(first + (second - first) * np.float32(share), np.float32)


def darker(colour: Colour, share: float) -> Colour:
    """Blend a colour with black."""
    return mix(colour, BLACK, share)


def lighter(colour: Colour, share: float) -> Colour:
    """Blend a colour with white."""
    return mix(colour, WHITE, share)


def smoothstep(low: float, high: float, value: NDArray[np.floating]) -> Array:
    """Rise smoothly from 0 at `low` to 1 at `high`."""
    t = np.clip((np.asarray(value, np.float32) - low) * np.float32(1 / (high - low)), 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float32)


def spread(stops: Sequence[Colour], at: NDArray[np.floating]) -> Array:
    """Colours [..., 3] of evenly spaced `stops` at the places `at`, 0..1."""
    steps, table = np.linspace(0, 1, len(stops)), np.linspace(0, 1, RAMP_STEPS)
    ramp = np.stack([np.interp(table, steps, [s[k] for s in stops]) for k in range(3)], axis=1)
    index = (np.clip(at, 0, 1) * np.float32(RAMP_STEPS - 1)).astype(np.intp)
    return np.asarray(np.take(ramp.astype(np.float32), index, axis=0))


def lay(below: Array, colour: Array, share: Array, mode: Mode = "over") -> None:
    """Blend colour into pixels [h, w, 3] in place, by a share [h, w] of 0..1.

    Channel by channel: numpy is several times slower when its innermost loop has length three.
    """
    for k in range(3):
        channel, tint = below[..., k], colour[..., k]
        if mode == "light":
            channel += (1 - channel) * (tint * share)
        elif mode == "shade":
            channel *= 1 - share * (1 - tint)
        else:
            channel += (tint - channel) * share


def linear(start: Point, end: Point, *stops: Colour) -> Paint:
    """Paint with a gradient of evenly spaced colours from one point to another."""
    dx, dy = end[0] - start[0], end[1] - start[1]
    length = max(dx * dx + dy * dy, 1e-6)

    def paint(x: Grid, y: Grid) -> Array:
        # A gradient straight down or across stays one column or row: numpy repeats it.
        across = (x - start[0]) * (dx / length) if dx else np.zeros((1, 1))
        down = (y - start[1]) * (dy / length) if dy else np.zeros((1, 1))
        return spread(stops, across + down)

    return paint


def vertical(top: float, bottom: float, *stops: Colour) -> Paint:
    """Paint with a gradient from one height to another."""
    return linear((0, top), (0, bottom), *stops)


def horizontal(left: float, right: float, *stops: Colour) -> Paint:
    """Paint with a gradient from one side to the other."""
    return linear((left, 0), (right, 0), *stops)


def radial(centre: Point, radius: float, *stops: Colour) -> Paint:
    """Paint with a gradient of evenly spaced colours from a centre outwards."""
    return lambda x, y: spread(stops, np.hypot(x - centre[0], y - centre[1]) / radius)


def texture(pixels: Array, top: int = 0) -> Paint:
    """Paint with pixels [h, w, 3] as wide as the canvas, whose first row lies at height `top`."""

    def paint(x: Grid, y: Grid) -> Array:
        return pixels[y[0, 0] - top : y[-1, 0] - top + 1, x[0, 0] : x[0, -1] + 1]

    return paint


class Canvas:
    """A picture in the making, with the random numbers that vary it."""

    def __init__(self, size: tuple[int, int], seed: Sequence[int]) -> None:
        """Start black; `seed` ends with the number of the picture, which `turn` goes by."""
        self.width, self.height = size
        self.unit = min(size)  # the measure for things that must not stretch with the picture
        self.number = seed[-1]
        self.rng = np.random.default_rng(list(seed))
        self.pixels: Array = np.zeros((self.height, self.width, 3), np.float32)

    # Choices

    def between(self, low: float, high: float) -> float:
        """Return a random number in low..high."""
        return float(self.rng.uniform(low, high))

    def chance(self, probability: float) -> bool:
        """Return True with the given probability."""
        return bool(self.rng.random() < probability)

    def turn(self, options: Sequence[T], step: int = 1) -> T:
        """Return the option whose turn it is, so that pictures in a row differ for certain."""
        return options[(self.number // step) % len(options)]

    # Noise

    def noise(self, across: float, down: float, *, octaves: int = 4, gain: float = 0.5) -> Array:
        """Cloudy noise [height, width] in 0..1; `across` and `down` measure its largest spots."""
        size, coarse = (self.width, self.height), None
        total = np.zeros((self.height, self.width), np.float32)
        for octave in range(octaves):
            cell_x, cell_y = max(across / 2**octave, 1.0), max(down / 2**octave, 1.0)
            # Broad spots are laid at half the size: they look the same and cost a quarter.
            part = 2 if min(cell_x, cell_y) >= 8 else 1
            half = (math.ceil(self.width / part), math.ceil(self.height / part))
            columns, rows = math.ceil(self.width / cell_x) + 2, math.ceil(self.height / cell_y) + 2
            grid = Image.fromarray(self.rng.random((rows, columns), np.float32))
            box = (0.0, 0.0, self.width / cell_x, self.height / cell_y)
            layer = np.asarray(grid.resize(half, Image.Resampling.BICUBIC, box=box))
            layer = layer * np.float32(gain**octave)
            if part == 2:
                coarse = layer if coarse is None else coarse + layer
            else:
                total += layer
        if coarse is not None:
            total += np.asarray(Image.fromarray(coarse).resize(size, Image.Resampling.BILINEAR))
        low, high = float(total.min()), float(total.max())
        return (total - low) / max(high - low, 1e-6)

    def profile(self, cell: float, *, octaves: int = 5, gain: float = 0.5) -> Array:
        """Return a ragged line [width] about 0, in -1..1; `cell` is the width of its bumps."""
        x = np.arange(self.width) + self.between(0, cell)
        total = np.zeros(self.width)
        for octave in range(octaves):
            step = max(cell / 2**octave, 1.5)
            knots = self.rng.uniform(-1, 1, int(x[-1] / step) + 2)
            total += np.interp(x / step, np.arange(len(knots)), knots) * gain**octave
        return np.asarray(total / max(np.abs(total).max(), 1e-6), np.float32)

    # Masks and fills

    def backdrop(self, paint: Paint) -> None:
        """Paint everything."""
        x, y = np.arange(self.width)[None, :], np.arange(self.height)[:, None]
        self.pixels[:] = paint(x, y) if callable(paint) else paint

    def mask(self, outlines: Iterable[Outline], *, blur: float = 0.0) -> Array:
        """Coverage [height, width] in 0..1 of the union of some shapes."""
        whole = np.zeros((self.height, self.width), np.float32)
        part = self._coverage(list(outlines), blur)
        if part is not None:
            left, top, cover = part
            whole[top : top + cover.shape[0], left : left + cover.shape[1]] = cover
        return whole

    def fill(
        self,
        outlines: Outline | Iterable[Outline],
        paint: Paint,
        *,
        opacity: float = 1.0,
        blur: float = 0.0,
        mode: Mode = "over",
        clip: Array | None = None,
    ) -> None:
        """Paint the union of some shapes, softened by `blur` pixels and kept inside `clip`."""
        shapes = [outlines] if isinstance(outlines, np.ndarray) else list(outlines)
        part = self._coverage(shapes, blur)
        if part is not None:
            left, top, cover = part
            if clip is not None:
                cover = cover * clip[top : top + cover.shape[0], left : left + cover.shape[1]]
            self.blend(cover, paint, opacity=opacity, mode=mode, at=(left, top))

    def blend(
        self,
        cover: Array,
        paint: Paint,
        *,
        opacity: float = 1.0,
        mode: Mode = "over",
        at: tuple[int, int] = (0, 0),
    ) -> None:
        """Lay paint through a mask [h, w]: over what is there, as added light, or as shade."""
        left, top = at
        height, width = cover.shape
        below = self.pixels[top : top + height, left : left + width]
        colour: Array = paint  # type: ignore[assignment]
        if callable(paint):
            x = np.arange(left, left + width)[None, :]
            colour = paint(x, np.arange(top, top + height)[:, None])
        lay(below, colour, np.asarray(cover, np.float32) * np.float32(opacity), mode)

    def _coverage(self, shapes: list[Outline], blur: float) -> tuple[int, int, Array] | None:
        """Left, top and mask of some shapes, no larger than they are; None when out of sight."""
        if not shapes:
            return None
        margin = math.ceil(blur * 3) + 1
        corners = np.concatenate(shapes)
        lows, highs = corners.min(axis=0) - margin, corners.max(axis=0) + margin
        # Blurred shapes keep what lies just outside the picture, or its edge would turn pale.
        left, top = max(math.floor(lows[0]), -margin), max(math.floor(lows[1]), -margin)
        right = min(math.ceil(highs[0]), self.width + margin)
        bottom = min(math.ceil(highs[1]), self.height + margin)
        if right <= max(left, 0) or bottom <= max(top, 0) or left >= self.width:
            return None
        if top >= self.height:
            return None
        # A blur hides jagged edges, so there a larger mask is not worth its time.
        scale = 0.5 if blur > 3 else 1 if blur > 1.5 else SUPERSAMPLE
        size = (right - left, bottom - top)
        image = Image.new("L", (math.ceil(size[0] * scale), math.ceil(size[1] * scale)))
        pen = ImageDraw.Draw(image)
        flat, start = ((corners - (left, top)) * scale).ravel().tolist(), 0
        for shape in shapes:
            end = start + 2 * len(shape)
            pen.polygon(flat[start:end], fill=255)
            start = end
        if scale == SUPERSAMPLE:
            image = image.reduce(SUPERSAMPLE)
        if blur:
            image = image.filter(ImageFilter.GaussianBlur(float(blur * min(scale, 1))))
        if scale < 1:
            image = image.resize(size, Image.Resampling.BILINEAR)
        cover = np.asarray(image, np.float32)[max(-top, 0) :, max(-left, 0) :] / 255
        left, top = max(left, 0), max(top, 0)
        return left, top, cover[: self.height - top, : self.width - left]

    # Light and finish

    def glow(self, centre: Point, radius: float, colour: Colour, strength: float = 1.0) -> None:
        """Add soft round light that fades to nothing at `radius`."""
        left, right = max(int(centre[0] - radius), 0), min(int(centre[0] + radius), self.width)
        top, bottom = max(int(centre[1] - radius), 0), min(int(centre[1] + radius), self.height)
        if left < right and top < bottom:
            x = (np.arange(left, right, dtype=np.float32)[None, :] - centre[0]) / radius
            y = (np.arange(top, bottom, dtype=np.float32)[:, None] - centre[1]) / radius
            fade = np.maximum(1 - np.sqrt(x * x + y * y), 0)
            fade *= fade
            self.blend(fade, colour, opacity=strength, mode="light", at=(left, top))

    def soften(self, radius: float) -> None:
        """Blur all that was drawn so far, as a lens does with what lies far behind."""
        # Blurred small and enlarged again: the same look in a tenth of the time.
        shrink = max(int(radius / 2), 1)
        small = (max(self.width // shrink, 8), max(self.height // shrink, 8))
        image = self._eight_bits().resize(small, Image.Resampling.BOX)
        image = image.filter(ImageFilter.GaussianBlur(radius / shrink))
        image = image.resize((self.width, self.height), Image.Resampling.BICUBIC)
        self.pixels = np.asarray(image, np.float32) / 255

    def bloom(self, radius: float, strength: float = 0.6, threshold: float = 0.6) -> None:
        """Let bright places shine over their surroundings, as lamps do at night."""
        small = (max(self.width // 4, 8), max(self.height // 4, 8))
        bright = np.clip((self.pixels - threshold) / (1 - threshold), 0, 1) * 255
        image = Image.fromarray(bright.astype(np.uint8)).resize(small, Image.Resampling.BOX)
        image = image.filter(ImageFilter.GaussianBlur(radius / 4))
        image = image.resize((self.width, self.height), Image.Resampling.BILINEAR)
        light = np.asarray(image, np.float32) / 255 * np.float32(strength)
        self.pixels += (1 - np.minimum(self.pixels, 1)) * light

    def finish(self, vignette: float = 0.22) -> Image.Image:
        """Darken the corners a little, add film grain and return the picture (RGB)."""
        x = np.linspace(-1, 1, self.width, dtype=np.float32)[None, :]
        y = np.linspace(-1, 1, self.height, dtype=np.float32)[:, None]
        shade = 1 - np.float32(vignette) * smoothstep(0.5, 1.5, np.sqrt(x * x + y * y))
        grain = self.rng.standard_normal((self.height, self.width), np.float32) * np.float32(GRAIN)
        for k in range(3):
            self.pixels[..., k] = self.pixels[..., k] * shade + grain
        return self._eight_bits()

    def _eight_bits(self) -> Image.Image:
        scaled = np.clip(self.pixels, 0, 1)
        scaled *= 255
        scaled += np.float32(0.5)
        return Image.fromarray(scaled.astype(np.uint8))
