"""Draw the pictures of the demo and the tests: nothing is downloaded, a seed decides all.

python scripts/draw_pictures.py OUT [--per-label 10] [--seed 7]

OUT/pictures/LABEL/  scenes, drawn by `drawing`: one folder for each label
OUT/pictures/edited/ copies of some of them, named after what was done
OUT/queries/         pictures to ask with: new ones of a label, and other edits of pictures above
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from drawing import LABELS, draw

from lookalike.edits.edits import EDITS

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["EDITS", "LABELS", "draw", "write_collection"]

SIZES = ((640, 480), (480, 640), (600, 600), (720, 480), (640, 480), (640, 427), (512, 640))
SEEDS_PER_COLLECTION = 1000  # those of two collections never meet
FIRST_NEW_SEED = 900  # from here on the seeds of pictures that are asked with
PATIENCE_S = 1.0  # a shorter run needs no progress
STRENGTH = 0.5  # of the edits: medium

# Label, number of the picture, what is done to it, how it is saved.
EDITED = (
    ("mountains", 3, "cropped", "jpg"),
    ("sea-sunset", 2, "mirrored", "jpg"),
    ("balloon", 1, "captioned", "jpg"),
    ("forest", 1, "grey", "jpg"),
    ("city-night", 4, "low-quality", "jpg"),
    ("butterfly", 5, "small", "png"),
    ("butterfly", 3, "rotated", "jpg"),
    ("flower", 4, "bordered", "webp"),
    ("sailboat", 2, "sticker", "jpg"),
    ("sailboat", 5, "pasted", "jpg"),
    ("desert", 6, "warm", "jpg"),
    ("planet", 2, "blurred", "jpg"),
)
# Label, number, and the edits done one after the other.
ASKED = (
    ("flower", 7, ("captioned",)),
    ("desert", 8, ("mirrored", "cropped")),
    ("balloon", 6, ("screenshot",)),
)
NEW = ("butterfly", "mountains", "sailboat")
HOSTS = ("city-night", "forest")  # what others are pasted onto


def save(image: Image.Image, path: Path) -> None:
    """Write a picture in the format its suffix names, and make the folder for it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path, quality=90)  # PNG has none and does not mind


def write_collection(folder: Path, *, per_label: int, seed: int) -> None:
    """Draw a whole collection into `folder`: `per_label` (1 to 900) pictures of each label.

    Raises:
        ValueError: `per_label` is out of its range, or `seed` is negative.

    """
    if not 1 <= per_label <= FIRST_NEW_SEED or seed < 0:
        message = f"per_label must be 1 to {FIRST_NEW_SEED} and seed 0 or more"
        raise ValueError(message)
    start = time.perf_counter()
    base = seed * SEEDS_PER_COLLECTION
    pictures, queries = folder / "pictures", folder / "queries"
    wanted = {(label, (number - 1) % per_label + 1) for label, number, *_ in (*EDITED, *ASKED)}
    kept: dict[tuple[str, int], Image.Image] = {}
    for index, label in enumerate(LABELS):
        for number in range(1, per_label + 1):
            # The label shifts the turns, or every label would start with the same shape.
            image = draw(label, base + number, SIZES[(number + index) % len(SIZES)])
            turn = index * 7 + number
            suffix = "png" if turn % 29 == 11 else "webp" if turn % 23 == 5 else "jpg"
            save(image, pictures / label / f"{label}-{number:02}.{suffix}")
            if (label, number) in wanted:
                kept[label, number] = image
        if time.perf_counter() - start > PATIENCE_S:
            print(f"drawn: {label} ({index + 1} of {len(LABELS)})", file=sys.stderr)
    random = np.random.default_rng(seed)
    others = [draw(label, base + FIRST_NEW_SEED, (720, 540)) for label in HOSTS]
    for label, number, edit, suffix in EDITED:
        number = (number - 1) % per_label + 1  # noqa: PLW2901 - a small collection has fewer
        image = EDITS[edit](kept[label, number], random, STRENGTH, others)
        save(image, pictures / "edited" / f"{label}-{number:02}-{edit}.{suffix}")
    for label, number, edits in ASKED:
        number = (number - 1) % per_label + 1  # noqa: PLW2901
        image = kept[label, number]
        for edit in edits:
            image = EDITS[edit](image, random, STRENGTH, others)
        save(image, queries / f"edited-{label}-{number:02}.jpg")
    for step, label in enumerate(NEW):
        save(draw(label, base + FIRST_NEW_SEED + 1 + step), queries / f"new-{label}.jpg")


def main() -> None:
    """Read the command line, draw, and say what was drawn."""
    parser = argparse.ArgumentParser(description="Draw the pictures of the demo and the tests.")
    parser.add_argument("out", type=Path, help="folder to draw into")
    parser.add_argument("--per-label", type=int, default=10, help="pictures of each label")
    parser.add_argument("--seed", type=int, default=7, help="another seed, other pictures")
    options = parser.parse_args()
    start = time.perf_counter()
    try:
        write_collection(options.out, per_label=options.per_label, seed=options.seed)
    except ValueError as error:
        parser.error(str(error))
    seconds = time.perf_counter() - start
    drawn = len(LABELS) * options.per_label + len(EDITED)
    asked = len(ASKED) + len(NEW)
    print(f"{drawn} pictures and {asked} queries in {options.out} ({seconds:.0f} s)")


if __name__ == "__main__":
    main()
