"""lookalike, as its README says: `lookalike index FOLDER`, `lookalike search QUERY`.

The variant `no-copies` is of the vectors alone, which is what the peers do; without a variant
copies are looked for and proved, too. A larger gallery is made with a feature list: a made row has
the vector of a picture with noise, and the fingerprint of one with descriptors of others, so that
words are as frequent as in pictures and nothing is a copy.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING

from runner import TOP, repeated, serve

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import numpy as np

BATCH = 4_096  # rows of a feature list at a time


class Lookalike:
    """Its command line, and for warm queries the class behind it."""

    def __init__(self, variant: str) -> None:
        """Choose whether copies are looked for."""
        self._copies = variant != "no-copies"
        self._options = () if self._copies else ("--no-copies",)

    def index(self, folder: Path, place: Path) -> None:
        """Run its command."""
        self._command("index", str(folder), "--gallery", str(place), *self._options)

    def count(self, place: Path) -> int:
        """Count the rows."""
        from lookalike import Gallery

        return Gallery.open(place).info().pictures

    def ask(self, place: Path, query: str) -> int:
        """Run its command."""
        self._command("search", query, "--gallery", str(place), *self._options)
        return TOP

    def open(self, place: Path) -> Callable[[str], int]:
        """Open the gallery."""
        from lookalike import Gallery

        gallery = Gallery.open(place)
        return lambda query: len(gallery.search(query, top=TOP, copies=self._copies))

    def grow(self, place: Path, new: Path, rows: int) -> None:
        """Export, make rows of those, import."""
        import numpy as np
        import pyarrow as pa
        import pyarrow.parquet as pq

        from lookalike import Gallery

        list_, grown = (new.with_name(f"{new.name}-{k}.parquet") for k in ("old", "grown"))
        Gallery.open(place).export(list_)
        old = pq.read_table(list_)
        width = old.schema.field("vector").type.list_size
        flat = old.column("vector").combine_chunks().flatten().to_numpy()
        vectors = repeated(flat.reshape(-1, width), rows)
        prints = _Prints(old.column("fingerprint").to_pylist())
        with pq.ParquetWriter(grown, old.schema) as writer:
            writer.write_table(old.slice(0, rows))
            for start in range(len(old), rows, BATCH):
                numbers = np.arange(start, min(start + BATCH, rows))
                some = old.take(numbers % len(old)).to_pydict()
                some["path"] = [f"{path}.{k}" for path, k in zip(some["path"], numbers)]  # noqa: B905
                some["content_hash"] = [f"{k:032x}" for k in numbers.tolist()]
                some["vector"] = list(vectors[numbers])
                some["fingerprint"] = [prints.made(k) for k in (numbers % len(old)).tolist()]
                writer.write_table(pa.table(some, schema=old.schema))
        Gallery.open(new).import_(grown)
        for file in (list_, grown):
            file.unlink()

    @staticmethod
    def _command(*arguments: str) -> None:
        from lookalike.cli.main import main

        sys.argv = ["lookalike", *arguments]
        try:
            main()
        except SystemExit as end:
            if end.code:
                raise


class _Prints:
    """Fingerprints that nothing was printed by."""

    def __init__(self, packed: list[bytes | None]) -> None:
        """Take those of the pictures, none of them where the gallery has none."""
        import numpy as np

        from lookalike.copies.packed import unpack

        self._prints = [unpack(one) if one else None for one in packed]
        self._descriptors: list[np.ndarray] = [p.descriptors for p in self._prints if p]
        self._random = np.random.default_rng(0)
        self._all = np.concatenate(self._descriptors) if self._descriptors else None

    def made(self, k: int) -> bytes | None:
        """Make one with the points of the k-th."""
        import numpy as np

        from lookalike.copies.packed import pack

        base = self._prints[k]
        if base is None or self._all is None:
            return None
        taken = self._all[self._random.integers(len(self._all), size=len(base.points))]
        pdq = self._random.integers(256, size=32, dtype=np.uint8)
        made = replace(base, descriptors=taken, pdq=pdq, pixels_hash=self._random.bytes(16))
        return pack(made)


if __name__ == "__main__":
    serve(Lookalike)
