"""Pairs of drawings, with what is known of them: other content, a small change, the same, pasted.

A pair depends only on its kind, its half, its number, the seed and the photographs.
"""

from __future__ import annotations

import io
import itertools
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageOps

from benchmarks.copies.drawn import (
    desktops,
    development_documents,
    development_screens,
    documents,
    prints,
    screens,
    slides,
)
from benchmarks.copies.drawn.content import Content
from benchmarks.copies.drawn.difference import Box, difference
from benchmarks.copies.drawn.sheet import OTHER, SLIP, Sheet, Template
from benchmarks.copies.drawn.tables import DEVELOPMENT, TEST
from lookalike.edits import EDITS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from benchmarks.copies.drawn.difference import Difference

# Importing them fills the tables.
FILLED = (documents, prints, slides, screens, desktops, development_documents, development_screens)
HALVES = {"test": TEST, "development": DEVELOPMENT}
LEAST_QUARTER = 0.3  # of what there is to see; a margin over the quarter that is promised
MOST_SMALL = 0.08  # below the tenth that a copy may differ in
LEAST_FILLED = 0.25  # of a place's cells: below, it is several places
LEAST_PIXELS, LEAST_SIDE = 12, 6  # of a small change, at the size it is saved at
ATTEMPTS = 12


@dataclass(frozen=True, slots=True)
class Pair:
    """Two files and what is known of them.

    Attributes:
        kind: `quarter`, `small`, `same` or `pasted`; `shots` or `packing`.
        template: its name, or `photograph`.
        what: what was done, in words.
        one: path of the first file.
        other: path of the second.
        share: of what there is to see, the part that differs.
        place: of a small change: its boxes in the first file and in the second.
        is_plain: whether one is the other, only re-saved or resized.
        decoy: of `pasted`: path of a file with another photograph in the same frame, if at least
            a quarter of what there is to see differs.
    """

    kind: str
    template: str
    what: str
    one: str
    other: str
    share: float = 0.0
    place: tuple[Box, Box] | None = None
    is_plain: bool = False
    decoy: str = ""


def make_pair(
    kind: str, number: int, *, half: str, photos: Sequence[str], folder: str, seed: int
) -> Pair:
    """Draw a pair and save its files.

    Args:
        kind: one of `KINDS`.
        number: of the pair; the templates take turns.
        half: `test` or `development`.
        photos: paths of the photographs to show.
        folder: where the files are saved.
        seed: of everything.
    """
    random = Content(f"{kind} {half} {number} {seed}")
    return KINDS[kind](
        random, number, HALVES[half], photos, os.path.join(folder, f"{kind}{number:04}")
    )


def cropped(image: Image.Image, random: Content, share: float) -> Image.Image:
    """Cut a share of the area away, at random sides."""
    kept = (1 - share) ** random.uniform(0.2, 0.8)
    width, height = round(image.width * kept), round(image.height * (1 - share) / kept)
    left, top = random.randint(0, image.width - width), random.randint(0, image.height - height)
    return image.crop((left, top, left + width, top + height))


def photograph(path: str) -> Image.Image:
    """Read a photograph, upright, as RGB."""
    with Image.open(path) as file:
        return ImageOps.exif_transpose(file).convert("RGB")


def _quarter(
    random: Content, number: int, templates: dict[str, Template], photos: Sequence[str], stem: str
) -> Pair:
    """Change so many fields that at least a quarter of what there is to see differs."""
    template = _turn(templates, number)
    for _ in range(ATTEMPTS):
        seed = random.getrandbits(40)
        base = Sheet(template, seed, photos)
        names = random.sample(base.fields, len(base.fields))
        wanted = random.uniform(LEAST_QUARTER, 1.0)
        for share in np.arange(wanted, 1.3, 0.2):
            changed = names[: max(round(float(share) * len(names)), 1)]
            drawn = Sheet(template, seed, photos, dict.fromkeys(changed, OTHER))
            found = difference(base.image, drawn.image)
            if found and found.share >= LEAST_QUARTER:
                files, _ = _save_both(random, base.image, drawn.image, stem)
                what = f"{len(changed)} of {len(names)} fields"
                return Pair("quarter", template.name, what, *files, share=found.share)
    raise RuntimeError(f"The template {template.name} can't differ in a quarter; draw more fields.")


def _small(
    random: Content, number: int, templates: dict[str, Template], photos: Sequence[str], stem: str
) -> Pair:
    """Change one field, or one character of it."""
    template = _turn({k: t for k, t in templates.items() if t.has_details}, number)
    for attempt in range(8 * ATTEMPTS):
        if attempt % 8 == 0:
            seed = random.getrandbits(40)
            base = Sheet(template, seed, photos)
        field, change = random.choice(base.fields), random.choice((OTHER, SLIP))
        drawn = Sheet(template, seed, photos, {field: change})
        found = difference(base.image, drawn.image)
        if not found or found.share > MOST_SMALL or found.filled < LEAST_FILLED:
            continue
        files, scale = _save_both(random, base.image, drawn.image, stem, small=found)
        places = found.box, _scaled(found.box, scale)
        what = f"{field}: {'one character' if change == SLIP else 'other'}"
        return Pair("small", template.name, what, *files, share=found.share, place=places)
    raise RuntimeError(
        f"The template {template.name} can't differ in a detail; draw smaller fields."
    )


def _same(
    random: Content, number: int, templates: dict[str, Template], photos: Sequence[str], stem: str
) -> Pair:
    """Save a drawing, or a photograph, in another way."""
    if number % 3 == 0:
        name, image = "photograph", photograph(random.choice(photos))
    else:
        template = _turn(templates, number)
        name, image = template.name, Sheet(template, random.getrandbits(40), photos).image
    ways = ("JPEG", "WebP", "resized", "shown on a screen", "cropped")
    way, quality = ways[number % len(ways)], random.randint(60, 95)
    one = _save(
        image, stem + "a", "PNG" if image.mode == "RGBA" or random.random() < 0.5 else "JPEG", 95
    )
    copy, kind = image, "PNG" if image.mode == "RGBA" else random.choice(("JPEG", "PNG"))
    if way in {"JPEG", "WebP"}:
        kind = "WebP" if image.mode == "RGBA" else way
        what = f"{kind} of quality {quality}"
    elif way == "resized":
        factor = random.uniform(max(0.4, 160 / min(image.size)), 1.5)
        copy, what = _resized(image, factor), f"resized to {factor:.0%}"
    elif way == "cropped":
        share = random.uniform(0.02, 0.2)
        copy, what = cropped(image, random, share), f"cropped by {share:.0%}"
    else:
        strength = random.random()
        generator = np.random.default_rng(random.getrandbits(40))
        copy = EDITS["screenshot"](image.convert("RGB"), generator, strength)
        kind, what = random.choice(("JPEG", "PNG")), way
    other = _save(copy, stem + "b", kind, quality)
    return Pair("same", name, what, one, other, is_plain=way in ways[:3])


def _pasted(
    random: Content, number: int, templates: dict[str, Template], photos: Sequence[str], stem: str
) -> Pair:
    """Show a photograph in a template, whole or cropped; and another one in the same frame."""
    template = _turn({k: t for k, t in templates.items() if t.has_photo}, number)
    seed = random.getrandbits(40)
    first, second = random.sample(list(photos), 2)
    original, what, share = photograph(first), "whole", random.uniform(0.1, 0.4)
    shown = original
    if number % 2:
        shown, what = cropped(original, random, share), f"cropped by {share:.0%}"
    kind, quality = random.choice(("JPEG", "PNG")), random.randint(75, 95)
    one = Sheet(template, seed, photos, shown=shown).image
    decoy = Sheet(template, seed, photos, shown=photograph(second)).image
    found = difference(one, decoy)
    is_other = found and found.share >= LEAST_QUARTER
    return Pair(
        "pasted",
        template.name,
        what,
        _save(one, stem + "a", kind, quality),
        _save(original, stem + "b", "JPEG", 92),
        decoy=_save(decoy, stem + "c", kind, quality) if is_other else "",
    )


KINDS: dict[str, Callable[[Content, int, dict[str, Template], Sequence[str], str], Pair]] = {
    "quarter": _quarter,
    "small": _small,
    "same": _same,
    "pasted": _pasted,
}


def _turn(templates: dict[str, Template], number: int) -> Template:
    return next(
        itertools.islice(itertools.cycle(templates.values()), number % len(templates), None)
    )


def _save_both(
    random: Content,
    one: Image.Image,
    other: Image.Image,
    stem: str,
    *,
    small: Difference | None = None,
) -> tuple[tuple[str, str], float]:
    """Save two drawings, a quarter of the time at another scale or in another way.

    Returns:
        the paths, and the scale of the second.
    """
    kind, quality = random.choice(("PNG", "JPEG")), random.randint(75, 95)
    scale, other_kind, other_quality = 1.0, kind, quality
    if random.random() < 0.25:
        least = 0.5
        if small:
            least = max(LEAST_SIDE / small.least_side, (LEAST_PIXELS / small.pixels) ** 0.5, least)
        scale = random.uniform(min(least, 1.0), 1.5)
        other_kind, other_quality = random.choice(("PNG", "JPEG", "WebP")), random.randint(75, 95)
    if one.mode == "RGBA":
        kind, other_kind = "PNG", other_kind if other_kind == "WebP" else "PNG"
    paths = (
        _save(one, stem + "a", kind, quality),
        _save(_resized(other, scale), stem + "b", other_kind, other_quality),
    )
    return paths, scale


def _save(image: Image.Image, stem: str, kind: str, quality: int) -> str:
    path = stem + {"PNG": ".png", "JPEG": ".jpg", "WebP": ".webp"}[kind]
    buffer = io.BytesIO()
    options = {"compress_level": 1} if kind == "PNG" else {"quality": quality}
    image.save(buffer, kind, **options)
    with open(path, "wb") as file:
        file.write(buffer.getvalue())
    return path


def _resized(image: Image.Image, factor: float) -> Image.Image:
    if factor == 1:
        return image
    size = (max(round(image.width * factor), 1), max(round(image.height * factor), 1))
    return image.resize(size, Image.Resampling.LANCZOS)


def _scaled(box: Box, scale: float) -> Box:
    x, y, width, height = (side * scale for side in box)
    return x, y, width, height
