"""The gallery: each verb is a method, and a command of the same name."""

from __future__ import annotations

import contextlib
import itertools
from collections import Counter
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import ArgumentError
from ..ingest import (
    IngestOptions,
    complete_archives,
    forget_complete_archives,
    ingest,
    remember_complete_archives,
)
from ..sources import (
    DeletionCheck,
    MountPoints,
    merge_roots,
    release,
    require_known,
    require_online,
    split_online,
    walk,
)
from ..storage import (
    DamageError,
    EncoderCard,
    Manifest,
    locate_gallery,
    write_lock,
)
from .feature_list import import_features, read_features
from .reading import no_progress
from .rebuild import finish_rebuild, indexed_sources, keep_unread_rows, start_rebuild
from .relocation import GalleryRelocation

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Collection, Iterator

    from ..encoders import Encoder
    from ..types import IndexReport, Progress, Refusal, Source


class Gallery(GalleryRelocation):
    """A collection of pictures that can be searched by image.

    Open it with `Gallery.open`; the first `index` creates it on disk. One process writes at a time,
    while any number of them read. Several threads may use one `Gallery`. It can be pickled, as its
    place and choices; a process that was forked after its first use can't use it, so use `spawn`.

    Example:
        >>> from lookalike import Gallery
        >>> gallery = Gallery.open("new gallery")
        >>> gallery.index("photos").added
        30
        >>> gallery.search("query.jpg", top=1)[0].path
        '...photos/sunflower/...jpg'
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
        """Open a gallery, or choose the place of a new one.

        Args:
            path: its folder, or its place in an object store, such as `s3://bucket/name`. By
                default the place in the environment variable LOOKALIKE_GALLERY, or else a folder
                in the user's data folder.
            encoder: a name for `encoders.load` (packaged, ONNX file, Hugging Face model), or a
                loaded encoder. By default the gallery's own; for a new gallery, the packaged one.
            rebuild: let the next `index` re-encode all pictures with `encoder`.
            device: what to run the encoder on: `auto`, `cpu` or `cuda`, see `encoders.load`. By
                default the value of the environment variable LOOKALIKE_DEVICE, or else `auto`.

        Raises:
            ArgumentError: there is no such device.
            EncoderMismatchError: the gallery's vectors are from another encoder than `encoder`.
            EncoderError: there is no such encoder.
            GalleryFormatError: the gallery was made by a newer lookalike.
            StorageError: its place can't be reached or read.

        Example:
            >>> from lookalike import Gallery
            >>> Gallery.open("gallery").info().pictures
            30
        """
        gallery = cls(locate_gallery(path), encoder, rebuilds=rebuild, device=device)
        manifest = None
        with contextlib.suppress(DamageError):  # so that `check` can be called; others raise it
            manifest = Manifest.read(gallery.folder)
        if manifest and encoder is not None and not rebuild:
            gallery._load_encoder(manifest)
        return gallery

    def index(  # noqa: PLR0913  public: its options are keywords
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
        """Add every picture under the paths; a rerun only processes new and changed files.

        A file that was moved or renamed keeps its vector; files of the same bytes share one. The
        search index is built and updated here.

        Args:
            paths: folders, pictures, archives and lists of pictures, as paths or URLs
                (`s3://bucket/prefix`, `https://host/a.jpg`). May be empty only if the gallery was
                opened for a rebuild.
            exclude: glob patterns of names, or of paths below the folder, to skip.
            include_hidden: also add files and folders whose name begins with a dot.
            open_archives: also open zip and tar archives inside a folder or bucket. Archives
                among `paths` or in a list are always opened.
            allow_private_urls: whether URLs may lead into a private network. By default those
                among `paths` may, but those in a list may not.
            column: of a list, the column with paths or URLs; by default `path`, `url` and the
                like.
            copies: whether to store fingerprints, which prove copies and take about 8 KB per
                picture. By default the gallery's own setting; a new gallery stores them.
            ray: the Ray cluster to run on: `local`, `auto` or HOST:PORT. All nodes must see the
                pictures and the gallery at the same paths. By default threads of this process.
            on_progress: called in this thread about ten times per second.

        Raises:
            ArgumentError: there is no path, a path does not exist and is not below a place that
                was indexed before (whose disk may be away), an address is invalid, an extra is
                missing, a list has no column of paths, or `ray` is not an address.
            ClusterError: the cluster can't be used.
            GalleryBusyError: another process is writing.
            EncoderMismatchError: the gallery's vectors are from another encoder.
            OfflineError: a rebuild needs a root that can't be reached, or by another encoder a file
                that can't be read.
            StorageError: the disk is full or read-only; what was committed stays.
            KeyboardInterrupt: after the finished pictures have been committed.

        Example:
            >>> from lookalike import Gallery
            >>> gallery = Gallery.open("new gallery")
            >>> gallery.index("photos/leopards", "photos/sunflower").added
            20
            >>> report = gallery.index("photos")
            >>> report.added, report.unchanged
            (10, 20)
        """
        if not paths and not self._rebuild:
            raise ArgumentError("Name at least one folder or picture to index.")
        before = Manifest.read(self.folder)
        require_known(paths, (*before.roots, *before.mounts) if before else ())
        with write_lock(self.folder):
            manifest = Manifest.read(self.folder)
            encoder = self._load_encoder(manifest, rebuild=self._rebuild)
            card = EncoderCard.from_encoder(encoder)
            if manifest is None or not self._rebuild:  # records where the encoder is now
                manifest = replace(manifest, encoder=card) if manifest else Manifest(card)
            private = allow_private_urls is not False
            online, offline = split_online(paths, manifest.roots, private=private)
            mounts = MountPoints(manifest.mounts)
            roots = merge_roots(manifest.roots, online)
            manifest = replace(manifest, roots=roots, mounts=mounts.expected(online))
            unreadable: list[Refusal] = []
            complete: list[Source] = []  # archives that were listed to their end
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
                    on_archive=complete.append,
                )
                for path in online
            )
            if self._rebuild:
                require_online(manifest.roots)
                listing = itertools.chain(indexed_sources(self.folder, manifest), listing)
                manifest = start_rebuild(self.folder, manifest, card)
            if copies is not None:
                if copies and not manifest.copies:  # their members must be read again
                    forget_complete_archives(self._open_store(manifest))
                manifest = replace(manifest, copies=copies)
            manifest = manifest.write(self.folder)
            store = self._open_store(manifest, rebuild=self._rebuild)
            store.add_missing_columns()
            store.forget_transient_refusals(online)
            if not self._rebuild:
                unchanged |= complete_archives(store)
            is_lost = DeletionCheck(manifest.roots, manifest.mounts)
            kept = Counter[str]()
            options = IngestOptions(
                is_lost=is_lost,
                before_optimizing=partial(
                    keep_unread_rows, self.folder, manifest, store, is_lost, kept
                ),
                on_progress=on_progress,
                ray=ray,
                device=self._device,
            )
            try:
                report = ingest(mounts.watch(listing), store, encoder, options)
            finally:
                release()
                manifest = manifest.remember_mounts(self.folder, mounts.paths)
            store.refuse_folders(unreadable)
            remember_complete_archives(store, complete)
            if self._rebuild:
                finish_rebuild(self.folder, manifest)
                self._rebuild = False
        refused = report.refused + len(unreadable)
        return replace(report, refused=refused, kept=dict(kept), offline=tuple(offline))

    def import_(
        self,
        path: str | os.PathLike[str],
        *,
        on_rows: Callable[[int, int], None] = no_progress,
        on_nulls: Callable[[int], None] = lambda _: None,
    ) -> int:
        """Import a feature list from `export`, without re-encoding; return the number of rows.

        A row with a path that the gallery has already is replaced. Of rows with one path the last
        one counts.

        Args:
            path: the file to read.
            on_rows: called with the number of rows imported so far, and the total.
            on_nulls: called with the number of rows in whose metadata numbers are taken as null,
                because JSON can't hold them (NaN, infinity).

        Raises:
            FeatureListError: it is not a feature list, one of another encoder, or a row can't be
                used; nothing was imported.
            GalleryBusyError: another process is writing.

        Example:
            >>> from lookalike import Gallery
            >>> Gallery.open("gallery").export("features.parquet")
            30
            >>> Gallery.open("other gallery").import_("features.parquet")
            30
        """
        with write_lock(self.folder):
            manifest = Manifest.read(self.folder)
            encoder = self._load_encoder(manifest)
            manifest = manifest or Manifest(EncoderCard.from_encoder(encoder))
            # Check the whole list before importing its first row.
            total = nulls = 0
            for records in read_features(Path(path), manifest.encoder):
                total += len(records)
                nulls += sum(record.source.has_nulls for record in records)
            on_nulls(nulls)
            manifest.write(self.folder)
            store = self._open_store(manifest)
            return import_features(
                Path(path), store, manifest.encoder, total=total, on_rows=on_rows
            )
