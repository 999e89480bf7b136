"""Download the collections, each to FOLDER/NAME/LABEL/PICTURE.

    python -m benchmarks.world.fetch FOLDER [--half development|test]
    python -m benchmarks.world.fetch FOLDER --training

The second command downloads the pictures that encoders are trained on, to FOLDER/NAME/PICTURE.

Git gets each repository's list of files and then only the pictures that are used. A collection
whose folder exists is left alone, so that the command can be repeated. To use mirrors, configure
git with `url.MIRROR.insteadOf https://github.com/...`.
"""

from __future__ import annotations

import argparse
import io
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.report import markdown_table
from benchmarks.world.recipe import (
    HALVES,
    choose,
    read_labels,
    read_recipe,
    read_training,
    sample,
)

if TYPE_CHECKING:
    from benchmarks.world.recipe import Collection

HEADINGS = ("collection", "half", "labels", "pictures", "repository", "licence")


def main() -> None:
    """Download what is missing; print what is there."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="created if missing")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--half", choices=HALVES, help="only these collections")
    which.add_argument("--training", action="store_true", help="what encoders are trained on")
    options = parser.parse_args()
    rows, failures = [], []
    for collection in read_training() if options.training else read_recipe(options.half):
        folder = options.folder / collection.name
        if not folder.exists():
            print(f"Downloading {collection.name} from {collection.url}", file=sys.stderr)
            try:
                fetch(collection, folder)
            except subprocess.CalledProcessError as error:
                failures.append(f"{collection.name}: {error.stderr.decode(errors='replace')}")
                continue
        labels = sum(path.is_dir() for path in folder.iterdir())
        pictures = sum(path.is_file() for path in folder.rglob("*"))
        rows.append(
            [
                collection.name,
                collection.half,
                labels,
                f"{pictures:,}",
                f"{collection.repository}@{collection.commit[:7]}",
                f"{collection.licence} ({collection.stated_in})",
            ]
        )
    print(markdown_table(HEADINGS, rows))
    if failures:
        raise SystemExit("\n".join(failures))


def fetch(collection: Collection, folder: Path) -> None:
    """Download a collection's pictures; the folder appears when all are there.

    Raises:
        subprocess.CalledProcessError: git failed; `stderr` says why.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as work:
        repository, pictures = Path(work) / "git", Path(work) / "pictures"
        _git("init", "--bare", str(repository))
        get = ("-C", str(repository), "fetch", "--filter=blob:none")
        _git(*get, "--depth=1", collection.url, collection.commit)
        listing = _git("-C", str(repository), "ls-tree", "-r", "-z", collection.commit)
        entries = [entry.split("\t", 1) for entry in listing.decode().split("\0") if entry]
        files = {path: fields.split()[2] for fields, path in entries}
        names_and_paths = [(name, path) for path, name in files.items()]
        labels = None
        if collection.labels:
            _git(*get, "--no-tags", collection.url, files[collection.labels])
            table = _git("-C", str(repository), "cat-file", "blob", files[collection.labels])
            labels = read_labels(table.decode())
        if collection.most:
            chosen = {"": sample(collection.pictures, names_and_paths, collection.most)}
        else:
            chosen = choose(collection.pictures, names_and_paths, labels)
        names = "".join(f"{name}\n" for paths in chosen.values() for name in paths).encode()
        _git(*get, "--no-tags", "--stdin", collection.url, stdin=names)
        contents = io.BytesIO(_git("-C", str(repository), "cat-file", "--batch", stdin=names))
        for label, paths in chosen.items():
            (pictures / label).mkdir(parents=True)
            for name, path in paths.items():
                size = int(contents.readline().split()[2])  # after the name and "blob"
                (pictures / label / f"{name}{Path(path).suffix}").write_bytes(contents.read(size))
                contents.readline()
        pictures.rename(folder)


def _git(*arguments: str, stdin: bytes = b"") -> bytes:
    command = ["git", *arguments]
    return subprocess.run(command, input=stdin, capture_output=True, check=True).stdout


if __name__ == "__main__":
    main()
