"""The gallery: one verb, one method, one command."""

from __future__ import annotations

import contextlib
import itertools
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import ArgumentError
from ..ingest import forget_whole_archives, keep_whole_archives, whole_archives
from ..sources import (
    DeletionCheck,
    absolute,
    check_root,
    is_under,
    merge_roots,
    release,
    require_online,
    split_member,
    split_online,
    walk,
)
from ..storage import EncoderCard, Manifest, locate_gallery, write_lock
from ..types import IndexReport, PruneReport, Refusal
from . import feature_list, rebuild
from .reading import Reading

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Collection, Iterator

    from ..duplicates import Group
    from ..encoders import Encoder
    from ..types import Progress, Source


def _no_progress(_done: int, _of: int) -> None:
    pass


class Gallery(Reading):
    """A collection of pictures that can be searched by picture.

    Open it with `Gallery.open`; it is made on disk by the first `index`. One process writes at a
    time, any number read meanwhile. A `Gallery` may be used by several threads.
    """

    @classmethod
    def open(
        cls,
        path: str | os.PathLike[str] | None = None,
        *,
        encoder: Encoder | str | None = None,
        rebuild: bool = False,
        device: str | None = None,
    ) -> Gallery:
        """Open a gallery, or name the place of a new one.

        Args:
            path: its folder, or its place in an object store, as `s3://bucket/name`; None for
                the one that the environment variable LOOKALIKE_GALLERY names, else the default
                one in the user's data folder.
            encoder: a name for `encoders.load` (packaged, ONNX file, Hugging Face model), or a
                loaded encoder; None for the gallery's own, and for a new gallery the packaged one.
            rebuild: let the next `index` make all vectors anew, by `encoder`.
            device: what the encoder is to run on: `auto`, `cpu` or `cuda`, see `encoders.load`;
                None for what the environment variable LOOKALIKE_DEVICE says, else `auto`.

        Raises:
            ArgumentError: there is no such device.
            EncoderMismatchError: the gallery's vectors come from another encoder than `encoder`.
            EncoderError: there is no such encoder.
            GalleryFormatError: the gallery is damaged, or was made by a newer lookalike.
            StorageError: its place can't be reached or read.
        """
        gallery = cls(locate_gallery(path), encoder, rebuilds=rebuild, device=device)
        manifest = Manifest.read(gallery.folder)
        if manifest and encoder is not None and not rebuild:
            gallery._fitting_encoder(manifest)
        return gallery

    def index(  # noqa: PLR0913
        self,
        *paths: str | os.PathLike[str],
        exclude: Collection[str] = (),
        include_hidden: bool = False,
        open_archives: bool = False,
        allow_private_urls: bool | None = None,
        column: str | None = None,
        copies: bool | None = None,
        ray: str | None = None,
        on_progress: Callable[[Progress], None] = lambda _: None,
    ) -> IndexReport:
        """Add every picture under the paths; a rerun takes only what is new or changed.

        A file that was moved or renamed keeps its vector; files of the same bytes share one. The
        search index is built and kept up to date here.

        Args:
            paths: folders, pictures, archives and lists of pictures, by their paths or URLs
                (`s3://bucket/prefix`, `https://host/a.jpg`). None at all only where the gallery was
                opened for a rebuild.
            exclude: glob patterns of names, or of paths below the folder, to leave out.
            include_hidden: also take files and folders whose name begins with a dot.
            open_archives: also open zip and tar archives that stand in a folder or bucket; those
                that are named, by a list too, are opened always.
            allow_private_urls: whether URLs may lead into a private network; None for those
                named here, but not those that a list names.
            column: of a list, which has the paths or URLs; None for `path`, `url` and the like.
            copies: whether to keep fingerprints, by which copies are proved, some 8 KB a picture;
                None for as the gallery does, a new one does.
            ray: a Ray cluster to run on: `local`, `auto` or HOST:PORT, see `cluster.ingest`; all
                nodes must see the pictures and the gallery at the same paths. None for threads.
            on_progress: called in this thread some ten times a second.

        Raises:
            ArgumentError: there is no path, an address can't be meant, an extra is missing, a list
                has no column of paths, or `ray` is no address.
            ClusterError: the cluster can't be used.
            GalleryBusyError: another process is writing.
            EncoderMismatchError: the gallery's vectors come from another encoder.
            OfflineError: a rebuild needs a root that can't be reached.
            StorageError: the disk is full or read-only; what was committed stays.
            KeyboardInterrupt: after what was through has been committed.
        """
        if not paths and not self._rebuild:
            raise ArgumentError("Name at least one folder or picture to index.")
        with write_lock(self.folder):
            manifest = Manifest.read(self.folder)
            encoder = self._fitting_encoder(manifest, rebuild=self._rebuild)
            card = EncoderCard.from_encoder(encoder)
            if manifest is None or not self._rebuild:  # where it lies now is recorded
                manifest = replace(manifest, encoder=card) if manifest else Manifest(card)
            private = allow_private_urls is not False
            online, offline = split_online(paths, manifest.roots, private=private)
            manifest = replace(manifest, roots=merge_roots(manifest.roots, online))
            unreadable: list[Refusal] = []
            whole: list[Source] = []  # archives that were listed to their end
            unchanged: set[Source] = set()
            listing: Iterator[Source] = itertools.chain.from_iterable(
                walk(
                    path,
                    exclude=exclude,
                    include_hidden=include_hidden,
                    skip=(str(self.folder),),
                    on_unreadable=unreadable.append,
                    open_archives=open_archives,
                    private=allow_private_urls,
                    column=column,
                    unchanged=unchanged,
                    on_archive=whole.append,
                )
                for path in online
            )
            if self._rebuild:
                require_online(manifest.roots)
                listing = itertools.chain(rebuild.sources(self.folder, manifest), listing)
                manifest = rebuild.start(self.folder, manifest, card)
            if copies is not None:
                if copies and not manifest.copies:  # the members must be read anew
                    forget_whole_archives(self._open_store(manifest))
                manifest = replace(manifest, copies=copies)
            manifest = manifest.write(self.folder)
            store = self._open_store(manifest, rebuild=self._rebuild)
            store.forget_transient_refusals(online)
            if not self._rebuild:
                unchanged |= whole_archives(store)
            is_lost = DeletionCheck(manifest.roots)
            options: dict[str, Any] = {"is_lost": is_lost, "on_progress": on_progress}
            try:
                if ray is None:
                    from ..ingest import ingest

                    report = ingest(listing, store, encoder, **options)
                else:
                    from ..ingest import ingest_on_cluster

                    options |= {"address": ray, "device": self._device}
                    report = ingest_on_cluster(listing, store, encoder, **options)
            finally:
                release()
            store.refuse_folders(unreadable)
            keep_whole_archives(store, whole)
            if self._rebuild:
                rebuild.finish(self.folder, manifest)
                self._rebuild = False
        return replace(report, refused=report.refused + len(unreadable), offline=tuple(offline))

    def prune(
        self, *, dry_run: bool = False, on_rows: Callable[[int, int], None] = _no_progress
    ) -> PruneReport:
        """Remove the rows whose file is gone from a root that is online.

        A row whose root can't be reached, or is empty, or whose file can't be asked about, stays.

        Args:
            dry_run: only tell what would be removed.
            on_rows: told of the rows looked at so far, and of all.

        Raises:
            GalleryNotFoundError: there is no gallery.
            GalleryBusyError: another process is writing.
        """
        with contextlib.nullcontext() if dry_run else write_lock(self.folder):
            manifest = self._manifest()
            store = self._open_store(manifest)
            is_lost = DeletionCheck(manifest.roots)
            try:
                lost = store.deleted_files(is_lost, on_rows)
                if not dry_run:
                    store.pictures.delete(lost)
                    store.refusals.delete([p for p in store.paths(store.refusals) if is_lost(p)])
            finally:
                release()
        offline = (root for root in map(check_root, manifest.roots) if not root.online)
        return PruneReport(tuple(lost), tuple(offline))

    def remove(self, *paths: str | os.PathLike[str]) -> int:
        """Remove the rows (never the files) at or under the paths; give their number.

        Raises:
            GalleryNotFoundError: there is no gallery.
            GalleryBusyError: another process is writing.
        """
        with write_lock(self.folder):
            manifest = self._manifest()
            gone = [absolute(path) for path in paths]
            store = self._open_store(manifest)
            removed = store.remove(gone)
            # An archive of which a part was removed is no longer whole: it must be opened again.
            parts = map(split_member, gone)
            store.refusals.delete([f"{archive}!/" for archive, member in parts if member])
            kept = (r for r in manifest.roots if not any(is_under(r, path) for path in gone))
            replace(manifest, roots=tuple(kept)).write(self.folder)
        return removed

    def duplicates(
        self, *paths: str | os.PathLike[str], kind: str = "copies", **options: Any
    ) -> list[Group]:
        """Group the files that show the same picture, each group round its best original.

        Args:
            paths: only files at or under one of these; none for the whole gallery.
            kind: `exact` for files of the same bytes, `copies` for these and edited copies, `near`
                also for other pictures of the same thing.
            options: `on_progress`, told the stage, how much of it is through, and of how much;
                `on_left_out`, told of every file that is not there now as it was indexed.

        Raises:
            ArgumentError: there is no such kind, or no picture under a path.
            GalleryNotFoundError: there is no gallery, or nothing in it yet.
        """
        from ..duplicates import find_duplicates

        store = self._open_store(self._manifest())
        return find_duplicates(store, [absolute(path) for path in paths], kind=kind, **options)

    def export(
        self, path: str | os.PathLike[str], *, on_rows: Callable[[int, int], None] = _no_progress
    ) -> int:
        """Write the feature list as Parquet; give the number of rows.

        Columns: `path`, `content_hash` (32 hexadecimal digits), `width`, `height`, `vector`
        (fixed-size list of D float32), `encoder` (name and weights sha256), `size` and
        `mtime_ns` of the file, so that an import need not read it again, `fingerprint`, by which
        copies are proved (binary; null where there is none), and `metadata` (JSON, or null).
        `on_rows` is told of the rows written so far, and of all.

        Raises:
            GalleryNotFoundError: there is no gallery.
            StorageError: the file can't be written.
        """
        manifest = self._manifest()
        store = self._open_store(manifest)
        return feature_list.write(Path(path), store, manifest.encoder, on_rows=on_rows)

    def import_(
        self, path: str | os.PathLike[str], *, on_rows: Callable[[int, int], None] = _no_progress
    ) -> int:
        """Take in a feature list that `export` wrote, without encoding; give the number of rows.

        A row whose path the gallery has already is replaced. `on_rows` is told of the rows taken
        so far, and of all.

        Raises:
            FeatureListError: it is no feature list, or one of another encoder.
            GalleryBusyError: another process is writing.
        """
        with write_lock(self.folder):
            manifest = Manifest.read(self.folder)
            encoder = self._fitting_encoder(manifest)
            manifest = manifest or Manifest(EncoderCard.from_encoder(encoder))
            # The whole list is checked before its first row is taken.
            rows = sum(map(len, feature_list.read(Path(path), manifest.encoder)))
            manifest.write(self.folder)
            store = self._open_store(manifest)
            return feature_list.import_rows(
                Path(path), store, manifest.encoder, of=rows, on_rows=on_rows
            )
