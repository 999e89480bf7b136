"""The methods of a gallery that remove rows, never files."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import TYPE_CHECKING

from ..sources import (
    DeletionCheck,
    absolute,
    check_root,
    is_under,
    release,
    split_member,
    unmounted,
)
from ..storage import deleted_files, erase_removed, write_lock
from ..types import PruneReport
from .check import GalleryCheck
from .reading import no_progress

if TYPE_CHECKING:
    import os
    from collections.abc import Callable


class GalleryRemoval(GalleryCheck):
    """The methods of `Gallery` that remove rows."""

    def prune(
        self, *, dry_run: bool = False, on_rows: Callable[[int, int], None] = no_progress
    ) -> PruneReport:
        """Remove the rows whose file is gone from a root that is online.

        A row stays if its root is empty or can't be reached, if the disk that held its file is not
        mounted, or if its file or folder can't be checked.

        Args:
            dry_run: only report what would be removed.
            on_rows: called with the number of rows checked so far, and the total.

        Raises:
            GalleryNotFoundError: there is no gallery.
            GalleryBusyError: another process is writing.

        Example:
            >>> from pathlib import Path
            >>> from lookalike import Gallery
            >>> next(Path("photos/leopards").iterdir()).unlink()
            >>> len(Gallery.open("gallery").prune().removed)
            1
        """
        with contextlib.nullcontext() if dry_run else write_lock(self.folder):
            manifest = self._manifest()
            store = self._open_store(manifest)
            is_lost = DeletionCheck(manifest.roots, manifest.mounts)
            try:
                lost = deleted_files(store, is_lost, on_rows)
                if not dry_run:
                    store.pictures.delete(lost)
                    store.refusals.delete([p for p in store.paths(store.refusals) if is_lost(p)])
                    erase_removed(store, self.cache)
            finally:
                release()
        offline = [root for root in map(check_root, manifest.roots) if not root.online]
        known = {root.path for root in offline}
        offline += [root for root in unmounted(manifest.mounts) if root.path not in known]
        return PruneReport(tuple(lost), tuple(offline))

    def remove(self, *paths: str | os.PathLike[str]) -> int:
        """Remove the rows (never the files) at or under the paths; return their number.

        Raises:
            GalleryNotFoundError: there is no gallery.
            GalleryBusyError: another process is writing.

        Example:
            >>> from lookalike import Gallery
            >>> gallery = Gallery.open("gallery")
            >>> gallery.remove("photos/leopards")
            10
            >>> gallery.info().pictures
            20
        """
        with write_lock(self.folder):
            manifest = self._manifest()
            removed_paths = [absolute(path) for path in paths]
            store = self._open_store(manifest)
            removed = store.remove(removed_paths)
            # The next `index` must open an archive again if a part of it was removed.
            parts = map(split_member, removed_paths)
            store.refusals.delete([f"{archive}!/" for archive, member in parts if member])
            roots, mounts = (
                tuple(p for p in known if not any(is_under(p, path) for path in removed_paths))
                for known in (manifest.roots, manifest.mounts)
            )
            replace(manifest, roots=roots, mounts=mounts).write(self.folder)
            erase_removed(store, self.cache)
        return removed
