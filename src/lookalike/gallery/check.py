"""The method of a gallery that checks its own files, and repairs them."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

from ..duplicates import read_marks, read_rules
from ..storage import (
    DamageError,
    Manifest,
    Store,
    TableCheck,
    check_files,
    check_table,
    damaged_files,
    open_place,
    repair_table,
    write_lock,
)
from ..types import CheckReport, Damage
from .reading import no_progress
from .trash import GalleryTrash

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ..storage import Table
    from ..types import IndexReport


class GalleryCheck(GalleryTrash):
    """The method of `Gallery` that looks after its files."""

    if TYPE_CHECKING:

        def index(self, *paths: str) -> IndexReport:
            """See `Gallery.index`."""

    def check(
        self,
        *,
        repair: bool = False,
        quick: bool = False,
        on_bytes: Callable[[int, int], None] = no_progress,
    ) -> CheckReport:
        """Read the gallery's own files, and compare them with their checksums.

        Files of an earlier version have none: they are read by their contents, which finds what
        can't be decoded, and get their checksums then. So do all files in an object store, which
        keeps checksums itself.

        Args:
            repair: restore what there is a copy of, drop what is damaged, and make it again from
                the pictures: indexes, visual words, fingerprints, and rows by indexing the
                gallery's roots again.
            quick: only check that all files are there, of the right sizes; nobody has to wait.
            on_bytes: called with the bytes read so far, and those of the whole gallery.

        Raises:
            GalleryNotFoundError: there is no gallery.
            GalleryBusyError: another process is writing.
            StorageError: a file can't be read because of the disk.

        Example:
            >>> from pathlib import Path
            >>> from lookalike import Gallery
            >>> gallery = Gallery.open("gallery")
            >>> file = next(Path("gallery/words.lance/data").iterdir())
            >>> _ = file.write_bytes(file.read_bytes()[:-1])
            >>> [damage.problem for damage in gallery.check().damaged]
            ['has ... bytes instead of ...']
            >>> gallery.check(repair=True).lost_rows
            0
            >>> gallery.check().damaged
            ()
        """
        if quick:
            return self._quick_report()
        if not open_place(self.folder).tables():
            self._manifest()  # there may be nothing to check
        with write_lock(self.folder):
            damaged = list(self._damaged_settings(repair=repair))
            manifest = None
            with contextlib.suppress(DamageError):
                manifest = Manifest.read(self.folder)
            if manifest is None:  # without it nobody knows which tables are in use
                return CheckReport(0, 0, damaged=tuple(damaged))
            checks = self._check_tables(manifest, on_bytes)
            is_repairable = repair and isinstance(self.folder, Path)
            damaged += [
                Damage(path, problem, is_repairable)
                for one in checks.values()
                for path, problem in one.paths()
            ]
            lost: int | None = 0
            dropped = False
            if is_repairable and any(one.damaged for one in checks.values()):
                self._load_encoder(manifest)  # before anything is dropped
                lost, dropped = self._drop_damaged(manifest, checks)
        if dropped and manifest.roots:
            added = self.index(*manifest.roots).added
            lost = None if lost is None else max(lost - added, 0)
        return CheckReport(
            sum(one.files for one in checks.values()),
            sum(one.bytes for one in checks.values()),
            sum(one.unrecorded for one in checks.values()),
            tuple(damaged),
            lost,
        )

    def _damaged_settings(self, *, repair: bool) -> Iterator[Damage]:
        """Check the small files, which only their copies can replace."""
        known = set[str]()
        if isinstance(self.folder, Path):
            for path, problem, is_repaired in damaged_files(self.folder, repair=repair):
                known.add(str(path))
                yield Damage(str(path), problem, is_repaired)
        for read in (Manifest.read, read_marks, read_rules):  # a sound file may hold nonsense
            try:
                read(self.folder)
            except DamageError as error:
                if error.path not in known:
                    yield Damage(error.path, error.problem)

    def _tables(self, manifest: Manifest) -> tuple[Store, list[Table]]:
        store = Store(self.folder, manifest.table, manifest.encoder.dimensions)
        words = store.fingerprints.visual_words.table
        tables = [words, store.pictures, store.fingerprints.table, store.refusals]
        if manifest.rebuild:
            card, name = manifest.rebuild
            tables.append(Store(self.folder, name, card.dimensions).pictures)
        return store, tables

    def _check_tables(
        self, manifest: Manifest, on_bytes: Callable[[int, int], None]
    ) -> dict[str, TableCheck]:
        done, total = 0, open_place(self.folder).size()

        def on_file(size: int) -> None:
            nonlocal done
            done += size
            on_bytes(done, max(done, total))

        tables = self._tables(manifest)[1]
        return {str(table.uri): check_table(table, on_file) for table in tables}

    def _drop_damaged(
        self, manifest: Manifest, checks: dict[str, TableCheck]
    ) -> tuple[int | None, bool]:
        """Cut what is damaged out, and make again what other tables tell.

        Returns:
            how many rows of pictures were dropped, and whether files must be read again.
        """
        store, tables = self._tables(manifest)
        words = store.fingerprints.visual_words
        dropped: dict[str, int | None] = {}
        for table in tables:
            check = checks[str(table.uri)]
            if check.damaged:
                if table is store.fingerprints.table:
                    words.clear()  # first: its numbers are positions in that table
                rows = repair_table(table, check.damaged, derived=table is words.table)
                dropped[str(table.uri)] = rows
        store.optimize(unused=False)
        self._store = None
        dropped.pop(str(words.table.uri), None)
        lost = dropped.get(str(store.pictures.uri), 0)
        return lost, any(rows != 0 for rows in dropped.values())

    def _quick_report(self) -> CheckReport:
        """Look for files that are gone or of another size, one for each table at most."""
        manifest = self._manifest()
        damaged = []
        for table in self._tables(manifest)[1]:
            if isinstance(table.uri, Path):
                try:
                    check_files(table.uri)
                except DamageError as error:
                    damaged.append(Damage(error.path, error.problem))
        return CheckReport(0, 0, damaged=tuple(damaged))
