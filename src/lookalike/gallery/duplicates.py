"""The methods of a gallery about duplicates: the groups, and what people decided about them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from ..sources import absolute
from ..storage import write_lock
from .reading import GalleryReader

if TYPE_CHECKING:
    from ..duplicates import Group, KeepRules, NotDuplicate


class GalleryDuplicates(GalleryReader):
    """The methods of `Gallery` about duplicates."""

    def duplicates(
        self,
        *paths: str | os.PathLike[str],
        kind: str = "copies",
        keep: KeepRules | None = None,
        **options: Any,
    ) -> list[Group]:
        """Group the files that show the same picture, each group with its best original.

        Args:
            paths: only files at or under one of these; by default the whole gallery.
            kind: `exact` for files of the same bytes or pixels, `copies` for these and edited
                copies, `near` also for other pictures of the same thing.
            keep: which of several files to keep, added to the rules that the gallery keeps (see
                `set_keep_rules`).
            options: `on_progress`, called with the stage, how much of it is done, and the total;
                `on_left_out`, called with each file that is gone or has changed since it was
                indexed.

        Raises:
            ArgumentError: there is no such kind, or no picture under a path.
            GalleryNotFoundError: there is no gallery, or it is empty.

        Example:
            >>> import shutil
            >>> from lookalike import Gallery
            >>> shutil.copytree("photos/sunflower", "photos/backup")
            'photos/backup'
            >>> gallery = Gallery.open("gallery")
            >>> gallery.index("photos").added
            10
            >>> len(gallery.duplicates(kind="exact"))
            10
        """
        from ..duplicates import (
            DuplicateOptions,
            VerdictCache,
            check_folders,
            find_duplicates,
            known_verdicts,
            read_marks,
        )

        store = self._reading().snapshot()
        rules = self.keep_rules()
        if keep is not None:
            check_folders(store, keep)
            rules = keep.added_to(rules)
        groups = find_duplicates(
            store,
            [absolute(path) for path in paths],
            DuplicateOptions(kind, rules, read_marks(self.folder), self.cache, **options),
        )
        return known_verdicts(groups, VerdictCache(self.cache))

    def keep_rules(self) -> KeepRules:
        """Return the gallery's rules for which of several files to keep.

        Raises:
            GalleryFormatError: they are damaged.

        Example:
            >>> from lookalike import Gallery
            >>> Gallery.open("gallery").keep_rules()
            KeepRules(prefer=(), protect=(), keep=None)
        """
        from ..duplicates import read_rules

        return read_rules(self.folder)

    def set_keep_rules(self, rules: KeepRules) -> None:
        """Let `duplicates` follow these rules from now on, instead of those that it followed.

        Raises:
            ArgumentError: the gallery has no picture in a folder of the rules.
            GalleryNotFoundError: there is no gallery.
            GalleryBusyError: another process is writing.

        Example:
            >>> from lookalike import Gallery, KeepRules
            >>> gallery = Gallery.open("gallery")
            >>> gallery.set_keep_rules(KeepRules(protect=("photos/leopards",), keep="oldest"))
            >>> gallery.keep_rules().keep
            'oldest'
            >>> gallery.set_keep_rules(KeepRules())
        """
        from ..duplicates import check_folders, write_rules

        with write_lock(self.folder):
            check_folders(self._open_store(self._manifest()), rules, known=self.keep_rules())
            write_rules(self.folder, rules)

    def mark_not_duplicates(self, *paths: str | os.PathLike[str]) -> None:
        """Remember that pictures are no duplicates of each other, whatever their names.

        `duplicates` then never puts one of them into a group whose original is another of them.
        The marks are kept by content, so they hold for moved and re-indexed files, too.

        Args:
            paths: at least two files of the gallery, or ids of pictures.

        Raises:
            ArgumentError: a file is not in the gallery, or all have the same bytes.
            GalleryNotFoundError: there is no gallery.
            GalleryBusyError: another process is writing.

        Example:
            >>> from lookalike import Gallery
            >>> gallery = Gallery.open("gallery")
            >>> one, other = gallery.browse(top=2).entries
            >>> gallery.mark_not_duplicates(one.paths[0], other.paths[0])
            >>> len(gallery.not_duplicates())
            1
        """
        from ..duplicates import contents_of, read_marks, write_marks

        with write_lock(self.folder):
            store = self._open_store(self._manifest())
            marks = read_marks(self.folder)
            names = [os.fspath(path) for path in paths]
            write_marks(self.folder, marks.add(contents_of(store, names, marks)))

    def not_duplicates(self) -> list[tuple[NotDuplicate, ...]]:
        """List the sets of pictures that are marked as no duplicates of each other.

        Raises:
            GalleryNotFoundError: there is no gallery.
            GalleryFormatError: the marks are damaged.

        Example:
            >>> from lookalike import Gallery
            >>> Gallery.open("gallery").not_duplicates()
            []
        """
        from ..duplicates import read_marks

        return read_marks(self.folder).listed(self._reading())

    def forget_not_duplicates(self, *paths: str | os.PathLike[str]) -> None:
        """Undo what `mark_not_duplicates` remembered.

        Args:
            paths: files of the gallery, or ids of pictures, whose marks against each other are
                forgotten; of a single one, all marks are.

        Raises:
            ArgumentError: a file is not in the gallery, or they are not marked.
            GalleryNotFoundError: there is no gallery.
            GalleryBusyError: another process is writing.

        Example:
            >>> from lookalike import Gallery
            >>> gallery = Gallery.open("gallery")
            >>> paths = [entry.paths[0] for entry in gallery.browse(top=3).entries]
            >>> gallery.mark_not_duplicates(*paths)
            >>> gallery.forget_not_duplicates(paths[0])
            >>> [len(pictures) for pictures in gallery.not_duplicates()]
            [2]
        """
        from ..duplicates import contents_of, read_marks, write_marks

        with write_lock(self.folder):
            store = self._open_store(self._manifest())
            marks = read_marks(self.folder)
            contents = contents_of(store, [os.fspath(path) for path in paths], marks)
            write_marks(self.folder, marks.forget(contents))
