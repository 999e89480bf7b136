"""lookalike, used as its README says: `lookalike index FOLDER`, `lookalike search QUERY`.

The variant `no-copies` leaves out copy detection, which the peers lack. A larger gallery is made
from a feature list: a synthetic row has the vector of a picture with noise, and the fingerprint of
a picture with descriptors of others, so that visual words are as frequent as in pictures and no row
is a copy.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from runner import TOP, main, repeat_with_noise

if TYPE_CHECKING:
    from collections.abc import Callable

ROWS_PER_BATCH = 4_096


class Lookalike:
    """Its command line, and its class for warm queries."""

    def __init__(self, variant: str) -> None:
        """Turn copy detection off for the variant `no-copies`."""
        self._copies = variant != "no-copies"
        self._options = () if self._copies else ("--no-copies",)

    def index(self, folder: Path, data: Path) -> None:
        """Run its command."""
        self._command("index", str(folder), "--gallery", str(data), *self._options)

    def count(self, data: Path) -> int:
        """Count the rows."""
        from lookalike import Gallery

        return Gallery.open(data).info().files

    def search(self, data: Path, query: str) -> int:
        """Run its command."""
        self._command("search", query, "--gallery", str(data), *self._options)
        return TOP

    def open(self, data: Path) -> Callable[[str], int]:
        """Open the gallery."""
        from lookalike import Gallery

        gallery = Gallery.open(data)
        return lambda query: len(gallery.search(query, top=TOP, copies=self._copies))

    def grow(self, data: Path, new: Path, rows: int) -> None:
        """Export the gallery, add synthetic rows, import."""
        import numpy as np
        import pyarrow as pa
        import pyarrow.parquet as pq

        from lookalike import Gallery

        exported, grown = (new.with_name(f"{new.name}-{k}.parquet") for k in ("old", "grown"))
        Gallery.open(data).export(exported)
        old = pq.read_table(exported)
        width = old.schema.field("vector").type.list_size
        flat = old.column("vector").combine_chunks().flatten().to_numpy()
        vectors = repeat_with_noise(flat.reshape(-1, width), rows)
        fingerprints = _SyntheticFingerprints(old.column("fingerprint").to_pylist())
        with pq.ParquetWriter(grown, old.schema) as writer:
            writer.write_table(old.slice(0, rows))
            for start in range(len(old), rows, ROWS_PER_BATCH):
                numbers = np.arange(start, min(start + ROWS_PER_BATCH, rows))
                bases = numbers % len(old)
                columns = old.take(bases).to_pydict()
                paths = zip(columns["path"], numbers, strict=True)
                columns["path"] = [f"{path}.{k}" for path, k in paths]
                columns["content_hash"] = [f"{k:032x}" for k in numbers.tolist()]
                columns["vector"] = list(vectors[numbers])
                columns["fingerprint"] = [fingerprints.like(row) for row in bases.tolist()]
                writer.write_table(pa.table(columns, schema=old.schema))
        Gallery.open(new).import_(grown)
        for file in (exported, grown):
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


class _SyntheticFingerprints:
    """Makes fingerprints with the points of one picture and the descriptors of others."""

    def __init__(self, packed: list[bytes | None]) -> None:
        """Take the pictures' fingerprints; those of a gallery without copy detection are None."""
        import numpy as np

        from lookalike.copies.packed import unpack

        sys.path.append(str(Path(__file__).resolve().parents[3]))  # where `benchmarks` is
        self._prints = [unpack(data) if data else None for data in packed]
        descriptors = [base.descriptors for base in self._prints if base]
        self._descriptors = np.concatenate(descriptors) if descriptors else None
        self._random = np.random.default_rng(0)

    def like(self, row: int) -> bytes | None:
        """Return a fingerprint with the points of a picture, or None if it has none."""
        from benchmarks.synthetic_gallery import synthetic_fingerprint
        from lookalike.copies.packed import pack

        base = self._prints[row]
        if base is None or self._descriptors is None:
            return None
        return pack(synthetic_fingerprint(base, self._descriptors, self._random))


if __name__ == "__main__":
    main(Lookalike)
