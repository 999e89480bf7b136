"""rclip, used as its README says: `cd FOLDER && rclip ./QUERY`, and `--no-indexing` to only search.

It loads its network from its data folder and downloads missing files. Here the same network with
random weights is put there beforehand; rclip itself is unchanged. The text tower and its vocabulary
are empty files, as a search by picture never reads them.
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
from runner import TOP, main, repeat_with_noise

if TYPE_CHECKING:
    from collections.abc import Callable

NETWORK = "ViT-B-32-256-datacomp_s34b_b86k"
VOCABULARY = "tokenizer/bpe_simple_vocab_16e6.txt.gz"
DATABASE = "db.sqlite3"
FOLDER = "folder.txt"  # in the data folder: the path of the indexed folder


class Rclip:
    """Its command line, and its class for warm queries."""

    def index(self, folder: Path, data: Path) -> None:
        """Search with one of the pictures: rclip indexes the working directory first."""
        (data / FOLDER).write_text(str(folder), "utf-8")
        self._add_network(data)
        self._command(data, str(next(folder.rglob("*.jpg"))))

    def count(self, data: Path) -> int:
        """Count the rows of its database."""
        with closing(sqlite3.connect(data / DATABASE)) as database:
            return database.execute("SELECT count(*) FROM images").fetchone()[0]

    def search(self, data: Path, query: str) -> int:
        """Run its command."""
        self._command(data, "--no-indexing", query)
        return TOP

    def open(self, data: Path) -> Callable[[str], int]:
        """Load its network; it reads all vectors for each query."""
        os.environ["RCLIP_DATADIR"] = str(data)
        from rclip.main import init_rclip

        folder = (data / FOLDER).read_text("utf-8")
        rclip, _, _ = init_rclip(folder, 8, no_indexing=True)
        return lambda query: len(rclip.search(query, folder, TOP))

    def grow(self, data: Path, new: Path, rows: int) -> None:
        """Add rows to a copy of the database."""
        shutil.copytree(data, new, symlinks=True, dirs_exist_ok=True)
        with closing(sqlite3.connect(new / DATABASE)) as database:
            old = database.execute("SELECT filepath, modified_at, size, vector FROM images")
            old = old.fetchall()
            vectors = np.stack([np.frombuffer(row[3], np.float32) for row in old])
            vectors = repeat_with_noise(vectors, rows)
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
    def _add_network(data: Path) -> None:
        network = Path(os.environ["PEERS_NETWORKS"]) / "rclip.onnx"
        (data / NETWORK).mkdir(exist_ok=True)
        (data / VOCABULARY).parent.mkdir(exist_ok=True)
        for empty in (data / NETWORK / "textual.onnx", data / VOCABULARY):
            empty.touch()
        visual = data / NETWORK / "visual.onnx"
        if not visual.exists():
            visual.symlink_to(network)

    @staticmethod
    def _command(data: Path, *arguments: str) -> None:
        os.environ["RCLIP_DATADIR"] = str(data)
        os.chdir((data / FOLDER).read_text("utf-8"))
        sys.argv = ["rclip", "--top", str(TOP), *arguments]
        from rclip.main import main

        main()


if __name__ == "__main__":
    main(lambda _variant: Rclip())
