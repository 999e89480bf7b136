"""Re-encode a gallery: fill a second table beside the first, then switch to it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ..errors import OfflineError
from ..sources import stat_source, why_unreachable
from ..storage import Store, from_text, open_place, wait_for_readers

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterator

    from ..sources import DeletionCheck
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


def keep_unread_rows(
    folder: Place,
    manifest: Manifest,
    store: Store,
    is_deleted: DeletionCheck,
    kept: Counter[str],
) -> None:
    """Add the rows whose file could not be read to the new table, as they are in the old one.

    Args:
        folder: of the gallery.
        manifest: with the rebuild.
        store: whose table of pictures is the new one; all files that can be read have their row.
            With the table in use, this is no rebuild, and there is nothing to do.
        is_deleted: tells whose row goes because the file is certainly gone.
        kept: counts the rows that are kept, by the reason why their file could not be read.

    Raises:
        OfflineError: there are such rows, but vectors of the old and the new encoder can't be
            mixed; the old table stays in use.
    """
    if manifest.rebuild is None or store.table == manifest.table:
        return
    old = Store(folder, manifest.table, manifest.encoder.dimensions)
    is_mixable = manifest.encoder.matches(manifest.rebuild[0])
    made, reasons = set(store.paths(store.pictures)), store.refused_now()
    unusable = set(store.paths(store.refusals)) - reasons.keys()
    for records in old.records():
        unread = []
        for record in records:
            path = record.source.path
            if path in made or path in unusable or is_deleted(path):
                continue
            unread.append(record)
            kept[_why_unread(path, reasons, is_deleted)] += 1
        if is_mixable:
            store.add(unread, replace=False)
    if kept and not is_mixable:
        parts = ", ".join(f"{count:,}: {reason}" for reason, count in kept.most_common())
        raise OfflineError(
            f"The files of {kept.total():,} rows can't be read ({parts}), and their old vectors "
            "can't stand beside those of another encoder; connect them and run the command again, "
            "or give them up with: lookalike remove PATH. Until then the old vectors serve."
        )


def _why_unread(path: str, reasons: dict[str, str], is_deleted: DeletionCheck) -> str:
    if is_deleted.is_unmounted(path):
        return "its disk is not mounted"
    return reasons.get(path) or why_unreachable(path) or "it changed meanwhile"


def finish_rebuild(folder: Place, manifest: Manifest) -> None:
    """Switch to the new table in one step, then delete the others, unless they are being read.

    Raises:
        StorageError: the manifest can't be written; the old table stays in use.
    """
    if manifest.rebuild is None:
        return
    card, table = manifest.rebuild
    replace(manifest, encoder=card, table=table, rebuild=None).write(folder)
    if wait_for_readers(folder):
        for other in open_place(folder).tables():
            if other.startswith("pictures") and other != table:
                open_place(folder).delete(other)


def _number(name: str) -> int:
    digits = name.removeprefix(_PREFIX).removesuffix(_SUFFIX)
    return int(digits) if digits.isdigit() else 1
