"""The methods of a gallery that decide which duplicates go, move them, and bring them back."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from ..sources import absolute
from ..storage import write_lock
from .duplicates import GalleryDuplicates

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Collection, Iterator, Sequence

    from ..duplicates import Group, Trash, TrashReport, UndoReport


def _no_stages(_stage: str, _done: int, _of: int) -> None:
    """Ignore the progress."""


class GalleryTrash(GalleryDuplicates):
    """The methods of `Gallery` that use the system's trash."""

    def check_duplicates(
        self,
        groups: Sequence[Group],
        *,
        on_progress: Callable[[str, int, int], None] = _no_stages,
    ) -> list[Group]:
        """Decide which duplicates may go to the trash; nothing is moved.

        A file goes if one file of its group that stays holds all that it holds: its pixels at full
        resolution, pages, frames, transparency and bits, and what people and cameras wrote into
        it. Both are read in full. What was decided about two contents is remembered.

        Args:
            groups: as `duplicates` returns them.
            on_progress: called with the stage, the number of files checked, and of all.

        Returns:
            the groups, with a `Verdict` on each duplicate.

        Example:
            >>> from PIL import Image
            >>> from lookalike import Gallery
            >>> Image.open("query.jpg").save("photos/original.png")
            >>> Image.open("query.jpg").save("photos/again.jpg", quality=80)
            >>> gallery = Gallery.open("gallery")
            >>> _ = gallery.index("photos")
            >>> (group,) = gallery.check_duplicates(gallery.duplicates())
            >>> group.others[0].state
            'goes'
        """
        from ..duplicates import VerdictCache, check_groups

        return check_groups(groups, VerdictCache(self.cache), on_progress=on_progress)

    def trash(
        self,
        groups: Sequence[Group],
        *,
        paths: Collection[str] | None = None,
        on_progress: Callable[[str, int, int], None] = _no_stages,
    ) -> TrashReport:
        """Move the duplicates that go to the system's trash, and remove their rows.

        Right before each move both files are read again and must be unchanged; right after it the
        file that stays is read once more, and if it is gone, the other one comes back. Each move
        is in a journal before it happens, so that `undo_trash` can bring the file back.

        Args:
            groups: as `check_duplicates` returns them; only duplicates with the verdict `goes` are
                moved, and none that the gallery's rules protect.
            paths: only these files; by default all.
            on_progress: called with the stage, the number of files done, and of all.

        Raises:
            GalleryBusyError: another process is writing.
            StorageError: the journal can't be written; the file stays.

        Example:
            >>> import shutil
            >>> from lookalike import Gallery
            >>> _ = shutil.copy("photos/sunflower/image_0001.jpg", "photos/copy.jpg")
            >>> gallery = Gallery.open("gallery")
            >>> _ = gallery.index("photos")
            >>> groups = gallery.check_duplicates(gallery.duplicates())
            >>> gallery.trash(groups).moved
            ('...copy.jpg',)
            >>> gallery.undo_trash().restored
            ('...copy.jpg',)
        """
        from ..duplicates import VerdictCache, protect

        with self._open_trash() as trash:
            cache = VerdictCache(self.cache)
            groups = protect(groups, self.keep_rules())  # which may be newer than the groups
            return trash.move(groups, cache, paths=paths, on_progress=on_progress)

    def undo_trash(
        self,
        *paths: str | os.PathLike[str],
        on_progress: Callable[[str, int, int], None] = _no_stages,
    ) -> UndoReport:
        """Bring files that `trash` moved, and their rows, back to where they were.

        No file is overwritten, and one that is back already is not moved again. Only the trash of
        Linux desktops can be read; elsewhere the report says where to look.

        Args:
            paths: only files at or under one of these, of all runs. By default, all files of the
                last run.
            on_progress: called with the stage, the number of files done, and of all.

        Raises:
            GalleryNotFoundError: there is no gallery.
            GalleryBusyError: another process is writing.

        Example:
            >>> from lookalike import Gallery
            >>> Gallery.open("gallery").undo_trash()
            UndoReport(restored=(), left=())
        """
        with self._open_trash() as trash:
            return trash.undo([absolute(path) for path in paths], on_progress=on_progress)

    @contextlib.contextmanager
    def _open_trash(self) -> Iterator[Trash]:
        """Open the trash under the gallery's lock."""
        from ..duplicates import Journal, Trash

        self._manifest()  # the lock would create the folder
        with write_lock(self.folder):
            manifest = self._manifest()
            store = self._open_store(manifest)
            yield Trash(Journal(self.cache), store, manifest.encoder.sha256)
