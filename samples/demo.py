"""Index the sample pictures, or a folder of yours, and search with a few.

python samples/demo.py [FOLDER]

Prints the answers and draws them: demo/results.jpg has each query on the left and its best hits
beside it.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
from PIL import Image

from lookalike import Gallery
from lookalike.cli.contact_sheet import contact_sheet
from lookalike.edits import EDITS
from lookalike.search import prepare

SAMPLES = Path(__file__).resolve().parent
DEMO = SAMPLES.parent / "demo"
TOP = 6
SEED = 7
STRENGTH = 0.5  # of the edits: medium
# A sample, the edits done to it one after the other, and the sample that some of them paste it on.
EDITED = (
    ("dalmatian", 4, ("mirrored", "cropped")),
    ("ferry", 2, ("screenshot",)),
    ("butterfly", 1, ("captioned",)),
    ("motorbikes", 5, ("pasted",)),
)


def sample(label: str, number: int) -> Path:
    """Name a sample picture."""
    return sorted((SAMPLES / "pictures" / label).iterdir())[number]


def edited(path: Path, edits: tuple[str, ...], name: str) -> Path:
    """Save an edited copy of a picture in the demo's folder."""
    image = Image.open(path).convert("RGB")
    host = Image.open(sample("flamingo", 2)).convert("RGB")
    for edit in edits:
        image = EDITS[edit](image, np.random.default_rng(SEED), STRENGTH, [host])
    out = DEMO / "queries" / f"{name}.jpg"
    out.parent.mkdir(parents=True, exist_ok=True)
    image.save(out, quality=80)
    return out


def sample_queries() -> list[Path]:
    """List a picture that is in the gallery, edited copies of others, and new pictures."""
    copies = [
        edited(sample(label, number), edits, f"{'-'.join(edits)}-{label}")
        for label, number, edits in EDITED
    ]
    return [sample("airplanes", 3), *copies, *sorted((SAMPLES / "queries").iterdir())]


def queries_from(gallery: Gallery) -> list[Path]:
    """List a picture of a gallery, an edited copy of another, and a new picture."""
    new = SAMPLES / "queries" / "sunflower.jpg"
    found = [Path(hit.path) for hit in gallery.search(new, top=9)]
    return [found[0], edited(found[-1], ("mirrored", "cropped"), "edited-copy"), new]


def main() -> None:
    """Index, search, print the hits and draw them."""
    folder = Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else SAMPLES / "pictures"
    place = DEMO / f"gallery-{zlib.crc32(os.fsencode(folder)):08x}"
    command = ["index", str(folder), "--gallery", str(place)]
    print(f"\n$ lookalike {shlex.join(command)}", flush=True)
    code = subprocess.run([sys.executable, "-m", "lookalike", *command], check=False).returncode
    if code:
        raise SystemExit(code)
    gallery = Gallery.open(place)
    searches = []
    for query in sample_queries() if len(sys.argv) == 1 else queries_from(gallery):
        result = gallery.search(query, top=TOP)
        print(f"\n$ lookalike search {shlex.quote(str(query))}    ({result.took_ms:.0f} ms)")
        for hit in result:
            print(f"  {hit.rank}  {hit.kind:7}  {hit.score:.3f}  {hit.path}")
        searches.append((query.name, prepare(query).picture, result))
    contact_sheet(searches).save(DEMO / "results.jpg", quality=90)
    print(f"\nThe queries and their hits as one picture: {DEMO / 'results.jpg'}")
    print(f"The gallery: {place} (name it with LOOKALIKE_GALLERY or --gallery)")


if __name__ == "__main__":
    main()
