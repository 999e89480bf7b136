"""rclip, as its README says: `cd FOLDER && rclip ./QUERY`, and `--no-indexing` to only ask.

It takes its network from its data folder and downloads what is missing there. Here the network, of
the same architecture with random weights, is put there beforehand; nothing of rclip is changed. The
text tower and its words, which a query by picture never reads, are empty files.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from runner import TOP, repeated, serve

if TYPE_CHECKING:
    from collections.abc import Callable

NETWORK = "ViT-B-32-256-datacomp_s34b_b86k"
WORDS = "tokenizer/bpe_simple_vocab_16e6.txt.gz"
DATABASE = "db.sqlite3"
FOLDER = "folder.txt"  # in the place: which folder was indexed


class Rclip:
    """Its command line, and for warm queries the class behind it."""

    def index(self, folder: Path, place: Path) -> None:
        """Ask with one of the pictures: rclip indexes the working directory before it answers."""
        (place / FOLDER).write_text(str(folder), "utf-8")
        self._furnish(place)
        self._command(place, str(next(folder.rglob("*.jpg"))))

    def count(self, place: Path) -> int:
        """Count the rows of its database."""
        with closing(sqlite3.connect(place / DATABASE)) as database:
            return database.execute("SELECT count(*) FROM images").fetchone()[0]

    def ask(self, place: Path, query: str) -> int:
        """Run its command."""
        self._command(place, "--no-indexing", query)
        return TOP

    def open(self, place: Path) -> Callable[[str], int]:
        """Keep its network loaded; it reads all vectors for each query."""
        os.environ["RCLIP_DATADIR"] = str(place)
        from rclip.main import init_rclip

        folder = (place / FOLDER).read_text("utf-8")
        rclip, _, _ = init_rclip(folder, 8, no_indexing=True)
        return lambda query: len(rclip.search(query, folder, TOP))

    def grow(self, place: Path, new: Path, rows: int) -> None:
        """Add rows to a copy of the database."""
        shutil.copytree(place, new, symlinks=True, dirs_exist_ok=True)
        with closing(sqlite3.connect(new / DATABASE)) as database:
            old = database.execute("SELECT filepath, modified_at, size, vector FROM images")
            old = old.fetchall()
            vectors = np.stack([np.frombuffer(row[3], np.float32) for row in old])
            vectors = repeated(vectors, rows)
            database.executemany(
                "INSERT INTO images(filepath, modified_at, size, vector) VALUES (?, ?, ?, ?)",
                [
                    (f"{path}.{k}.jpg", changed, size, vectors[k].tobytes())
                    for k in range(len(old), rows)
                    for path, changed, size, _ in [old[k % len(old)]]
                ],
            )
            database.commit()

    @staticmethod
    def _furnish(place: Path) -> None:
        network = Path(os.environ["PEERS_NETWORKS"]) / "rclip.onnx"
        (place / NETWORK).mkdir(exist_ok=True)
        (place / WORDS).parent.mkdir(exist_ok=True)
        for empty in (place / NETWORK / "textual.onnx", place / WORDS):
            empty.touch()
        visual = place / NETWORK / "visual.onnx"
        if not visual.exists():
            visual.symlink_to(network)

    @staticmethod
    def _command(place: Path, *arguments: str) -> None:
        os.environ["RCLIP_DATADIR"] = str(place)
        os.chdir((place / FOLDER).read_text("utf-8"))
        sys.argv = ["rclip", "--top", str(TOP), *arguments]
        from rclip.main import main

        main()


if __name__ == "__main__":
    serve(lambda _variant: Rclip())
