"""Re-encode a gallery: fill a second table beside the first, then switch to it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ..sources import stat_source
from ..storage import Store, from_text, open_place

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..storage import EncoderCard, Manifest, Place
    from ..types import Source

_PREFIX, _SUFFIX = "pictures-", ".lance"


def start_rebuild(folder: Place, manifest: Manifest, card: EncoderCard) -> Manifest:
    """Choose the table to fill: a new one, or that of an interrupted rebuild by this encoder."""
    if manifest.rebuild and manifest.rebuild[0] == card:
        return manifest
    number = 1 + max(map(_number, open_place(folder).tables()), default=1)
    return replace(manifest, rebuild=(card, f"{_PREFIX}{number}{_SUFFIX}"))


def indexed_sources(folder: Place, manifest: Manifest) -> Iterator[Source]:
    """List the files of all rows in use as they are now, without those that are gone."""
    store = Store(folder, manifest.table, manifest.encoder.dimensions)
    for batch in store.pictures.scan(["path", "metadata"]):
        for row in batch.to_pylist():
            if source := stat_source(from_text(row["path"])):
                yield replace(source, metadata=row.get("metadata"))


def finish_rebuild(folder: Place, manifest: Manifest) -> None:
    """Switch to the new table in one step, then delete the others.

    Raises:
        StorageError: the manifest can't be written; the old table stays in use.
    """
    if manifest.rebuild is None:
        return
    card, table = manifest.rebuild
    replace(manifest, encoder=card, table=table, rebuild=None).write(folder)
    for other in open_place(folder).tables():
        if other.startswith("pictures") and other != table:
            open_place(folder).delete(other)


def _number(name: str) -> int:
    digits = name.removeprefix(_PREFIX).removesuffix(_SUFFIX)
    return int(digits) if digits.isdigit() else 1
