"""Draw the pictures of docs/guides/copies.md: pairs, with what `compare` says of them.

    python -m benchmarks.copies.figures samples/pictures [--output docs/images]

Places that differ are framed in both pictures, as `Match.differences` has them.
"""

from __future__ import annotations

import argparse
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw, ImageFont, ImageOps

from benchmarks.copies.drawn.pairs import HALVES
from benchmarks.copies.drawn.sheet import OTHER, Sheet
from lookalike.edits import EDITS
from lookalike.search.compare import compare

if TYPE_CHECKING:
    from collections.abc import Sequence

PANEL_SIDE, GAP, LINE = 340, 16, 20  # pixels
LINE_CHARACTERS = 92
PAPER, INK, FRAME = "#fbfaf7", "#23201c", "#d6249f"
FONT = "DejaVuSans.ttf"
QUALITY = 78
SEED, MEDIUM = 1, 0.5  # of the edit


def main() -> None:
    """Draw all pairs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("samples", type=Path, help="the sample pictures")
    parser.add_argument("--output", type=Path, default=Path("docs/images"))
    options = parser.parse_args()
    for name, pair in pairs(options.samples).items():
        path = options.output / f"copies-{name}.jpg"
        figure(*pair).save(path, quality=QUALITY, optimize=True)
        print(f"{path}: {path.stat().st_size:,} bytes")


def pairs(samples: Path) -> dict[str, tuple[Image.Image, ...]]:
    """Make the pairs: your picture, and this one."""
    photos = [str(path) for path in sorted(samples.rglob("*.jpg"))]
    dog = Image.open(samples / "dalmatian" / "image_0010.jpg").convert("RGB")
    ferry = Image.open(samples / "ferry" / "image_0002.jpg").convert("RGB")
    app, invoice = (HALVES["test"][name] for name in ("photo_app", "invoice"))
    other_post = dict.fromkeys(("who", "where", "photo", "likes", "comment 1", "comment 2"), OTHER)
    return {
        "caption": (captioned(dog, "Who, me?"), dog),
        "template": tuple(Sheet(app, 1, photos, changes).image for changes in (other_post, {})),
        "total": tuple(
            Sheet(invoice, 3, photos, changes).image for changes in ({"total due": OTHER}, {})
        ),
        "shown": (EDITS["screenshot"](ferry, np.random.default_rng(SEED), MEDIUM, []), ferry),
    }


def captioned(image: Image.Image, text: str) -> Image.Image:
    """Write on a picture."""
    copy = image.copy()
    place = image.width / 2, image.height - 24
    font = ImageFont.truetype(FONT, 18)
    options = {"anchor": "mm", "stroke_width": 2, "stroke_fill": "black"}
    ImageDraw.Draw(copy).text(place, text, "white", font, **options)
    return copy


def figure(yours: Image.Image, this: Image.Image) -> Image.Image:
    """Draw two pictures side by side, what differs framed, and what is said below."""
    comparison = compare(yours, this)
    boxes = comparison.match.differences.boxes if comparison.match else ()
    panels = [
        panel(image, [getattr(box, side) for box in boxes])
        for image, side in ((yours, "query"), (this, "target"))
    ]
    lines = textwrap.wrap(f"{comparison.kind}: {comparison.sentences[0]}", LINE_CHARACTERS)
    height = max(side.height for side in panels)
    sheet = Image.new(
        "RGB", (2 * PANEL_SIDE + 3 * GAP, height + 3 * GAP + LINE * len(lines)), PAPER
    )
    draw, font = ImageDraw.Draw(sheet), ImageFont.truetype(FONT, 14)
    for k, side in enumerate(panels):
        left = GAP + k * (PANEL_SIDE + GAP) + (PANEL_SIDE - side.width) // 2
        sheet.paste(side, (left, GAP + (height - side.height) // 2))
    for k, line in enumerate(lines):
        draw.text((GAP, height + 2 * GAP + k * LINE), line, INK, font)
    return sheet


def panel(image: Image.Image, boxes: Sequence[tuple[float, ...]]) -> Image.Image:
    """Fit a picture into a panel, with boxes of its pixels framed."""
    fitted = ImageOps.contain(image.convert("RGB"), (PANEL_SIDE, PANEL_SIDE))
    scale = fitted.width / image.width
    draw = ImageDraw.Draw(fitted)
    for x, y, width, height in boxes:
        edges = x * scale - 3, y * scale - 3, (x + width) * scale + 3, (y + height) * scale + 3
        draw.rectangle(edges, outline=FRAME, width=2)
    return fitted


if __name__ == "__main__":
    main()
