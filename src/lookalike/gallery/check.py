"""The method of a gallery that checks its own files, and repairs them."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..duplicates import read_marks, read_rules
from ..storage import (
    MANIFEST_NAME,
    UNKNOWN_ROWS,
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
            found = [problem for one in checks.values() for problem in one.paths()]
            damaged += [Damage(*problem, is_repairable) for problem in found]
            damaged += self._unfinished(manifest, repaired=is_repairable)
            must_read = False
            if is_repairable and (found or manifest.repair is not None):
                must_read = self._drop_damaged(manifest, checks)
        lost = self._read_dropped() if must_read else 0
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

    def _unfinished(self, manifest: Manifest, *, repaired: bool = False) -> list[Damage]:
        """Tell of a repair that was stopped before it had read all pictures again."""
        path = str(self.folder / MANIFEST_NAME)
        problem = "tells of a repair that was stopped"
        return [] if manifest.repair is None else [Damage(path, problem, repaired)]

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

    def _drop_damaged(self, manifest: Manifest, checks: dict[str, TableCheck]) -> bool:
        """Cut what is damaged out, and make again what other tables tell.

        Before it, the manifest gets to know of the repair, so that one which is stopped is finished
        by the next. Returns whether pictures must be read again.
        """
        self._load_encoder(manifest)  # before anything is dropped
        rows, must_read = manifest.repair, manifest.repair is not None
        manifest = replace(manifest, repair=UNKNOWN_ROWS).write(self.folder)
        store, tables = self._tables(manifest)
        words, lost = store.fingerprints.visual_words, 0
        for table in tables:
            check = checks[str(table.uri)]
            if not check.damaged:
                continue
            if table is store.fingerprints.table:
                words.clear()  # first: its numbers are positions in that table
            dropped = repair_table(table, check.damaged, derived=table is words.table)
            must_read |= dropped != 0 and table is not words.table
            if table is store.pictures:
                lost = UNKNOWN_ROWS if dropped is None else dropped
        if rows is None:
            rows = UNKNOWN_ROWS if lost == UNKNOWN_ROWS else store.pictures.count() + lost
        store.optimize(unused=False)
        self._store = None
        replace(manifest, repair=rows if must_read else None).write(self.folder)
        return must_read

    def _read_dropped(self) -> int | None:
        """Index the gallery's folders, which ends a repair; return how many rows did not come."""
        manifest = self._manifest()
        if manifest.roots:
            self.index(*manifest.roots)
        with write_lock(self.folder):
            manifest = self._manifest()
            rows, left = manifest.repair, self._open_store(manifest).pictures.count()
            replace(manifest, repair=None).write(self.folder)
        return None if rows in {None, UNKNOWN_ROWS} else max(rows - left, 0)

    def _quick_report(self) -> CheckReport:
        """Look for files that are gone or of another size, one for each table at most."""
        manifest = self._manifest()
        damaged = self._unfinished(manifest)
        for table in self._tables(manifest)[1]:
            if isinstance(table.uri, Path):
                try:
                    check_files(table.uri)
                except DamageError as error:
                    damaged.append(Damage(error.path, error.problem))
        return CheckReport(0, 0, damaged=tuple(damaged))
