"""The main job, shown: index a folder of pictures, then ask with a few.

python scripts/demo.py [FOLDER]

Without a folder it draws some. It prints the answers, and writes demo/results.jpg: each query at
the left, its best hits beside it.
"""

from __future__ import annotations

import shlex
import subprocess
import sys
import zlib
from pathlib import Path

from draw_pictures import draw, write_collection
from PIL import Image

from lookalike import Gallery
from lookalike.cli.contact_sheet import contact_sheet
from lookalike.search.query import prepare

DEMO = Path(__file__).resolve().parent.parent / "demo"
TOP = 6


def drawn() -> tuple[Path, list[Path]]:
    """Draw a collection once; give its folder, and queries: one in it, others edited or new."""
    pictures, queries = DEMO / "pictures", DEMO / "queries"
    if not queries.exists():
        print("Drawing pictures, as no folder was named ...")
        write_collection(DEMO, per_label=10, seed=7)
    return pictures, [pictures / "balloon" / "balloon-04.jpg", *sorted(queries.iterdir())]


def of_folder(gallery: Gallery) -> list[Path]:
    """Take a picture of a gallery as it is, an edited copy of another, and a new picture."""
    new, edited = DEMO / "new-picture.jpg", DEMO / "edited-copy.jpg"
    draw("mountains", 7).save(new, quality=90)
    found = [hit.path for hit in gallery.search(new, top=9)]
    image = Image.fromarray(prepare(found[-1]).picture.pixels)
    width, height = image.size
    cut = image.crop((width // 8, height // 8, width * 7 // 8, height * 7 // 8))
    cut.resize((400, 400 * height // width)).save(edited, quality=50)
    return [Path(found[0]), edited, new]


def main() -> None:
    """Index, search, print, draw the sheet."""
    DEMO.mkdir(exist_ok=True)
    place = DEMO / "gallery"
    if len(sys.argv) > 1:
        folder, queries = Path(sys.argv[1]).resolve(), list[Path]()
        place = DEMO / f"gallery-{zlib.crc32(bytes(folder)):08x}"
    else:
        folder, queries = drawn()
    command = ["index", str(folder), "--gallery", str(place)]
    print(f"\n$ lookalike {shlex.join(command)}", flush=True)
    code = subprocess.run([sys.executable, "-m", "lookalike", *command], check=False).returncode
    if code:
        raise SystemExit(code)
    gallery = Gallery.open(place)
    searches = []
    for query in queries or of_folder(gallery):
        result = gallery.search(query, top=TOP)
        print(f"\n$ lookalike search {shlex.quote(str(query))}    ({result.took_ms:.0f} ms)")
        for hit in result:
            print(f"  {hit.rank}  {hit.score:.3f}  {hit.path}")
        searches.append((query.name, prepare(query).picture, result))
    contact_sheet(searches).save(DEMO / "results.jpg", quality=90)
    print(f"\nThe queries and their hits as one picture: {DEMO / 'results.jpg'}")
    print(f"The gallery: {place} (LOOKALIKE_GALLERY or --gallery names it)")


if __name__ == "__main__":
    main()
