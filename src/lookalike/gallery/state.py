"""A gallery's place, with its encoder and tables, which are opened once."""

from __future__ import annotations

import contextlib
import functools
import os
import time
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from ..encoders import check_device
from ..errors import ArgumentError, GalleryBusyError, GalleryNotFoundError, StorageError
from ..search import BrowseCache
from ..storage import (
    READ_ATTEMPTS,
    Manifest,
    Reader,
    Store,
    has_deletions,
    open_place,
    write_lock,
)
from ..types import Refusal, SearchResult
from .encoder_binding import EncoderChoice, bound_encoder

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..encoders import Encoder
    from ..search import SearchOptions
    from ..storage import Place

Result = TypeVar("Result", SearchResult, Refusal | SearchResult)
MAX_TOP = 10_000
ERASE_SECONDS = 20.0  # between two attempts; a server opens the gallery as often
DEVICE_VARIABLE = "LOOKALIKE_DEVICE"


@functools.cache
def _first_process() -> int:
    """Return the first process that used a gallery: this one, or one that it was forked from."""
    return os.getpid()


def _check_process() -> None:
    """Refuse a forked process: it would wait for the threads of Lance, OpenCV and ONNX Runtime."""
    if _first_process() != os.getpid():
        raise ArgumentError(
            "This process was forked from one that used a gallery, and lacks its threads; start "
            "it by multiprocessing's method spawn."
        )


class GalleryState:
    """The state that all methods of a gallery share; safe for several threads."""

    def __init__(
        self, folder: Place, encoder: Encoder | str | None, *, rebuilds: bool, device: str | None
    ) -> None:
        """Use `Gallery.open` instead."""
        self._device = device or os.environ.get(DEVICE_VARIABLE) or "auto"
        check_device(self._device)
        self.folder = folder
        self.cache = open_place(folder).cache_folder()  # for files that a server can make again
        self._encoder_choice = EncoderChoice(encoder, self._device)
        self._rebuild = rebuilds
        self._encoder: Encoder | None = None
        self._store: Store | None = None
        self._browse_cache = BrowseCache()
        self._erase_at = 0.0

    def __reduce__(self) -> tuple[Callable[..., GalleryState], tuple[Any, ...]]:
        """Let another process open the gallery by its place, with the same choices."""
        opened = partial(type(self), rebuilds=self._rebuild, device=self._device)
        return opened, (self.folder, self._encoder_choice.encoder)

    def _manifest(self) -> Manifest:
        _check_process()
        manifest = Manifest.read(self.folder)
        if manifest is None:
            raise GalleryNotFoundError(
                f"There is no gallery at {self.folder} yet; create one with: lookalike index FOLDER"
            )
        return manifest

    def _load_encoder(self, manifest: Manifest | None, *, rebuild: bool = False) -> Encoder:
        _check_process()
        self._encoder = bound_encoder(
            self.folder, manifest, self._encoder_choice, loaded=self._encoder, rebuild=rebuild
        )
        return self._encoder

    def _open_store(self, manifest: Manifest, *, rebuild: bool = False) -> Store:
        card, table = manifest.encoder, manifest.table
        if rebuild and manifest.rebuild:
            card, table = manifest.rebuild
        store = self._store
        if store is None or (store.table, store.copies) != (table, manifest.copies):
            store = Store(self.folder, table, card.dimensions, copies=manifest.copies)
            if table == manifest.table:  # other threads go on reading from this one
                self._store = store
        return store

    def _reading(self) -> Store:
        """Open the tables; what is read from them stays on disk as long as they are in use."""
        self._erase_removed()
        reader = Reader(self.folder)  # before the manifest, as a rebuild deletes what it names
        return self._open_store(self._manifest()).read_by(reader)

    def _erase_removed(self) -> None:
        """Delete what readers kept when it was removed, if they are done; now and then.

        A process that can't write leaves that to another.
        """
        if not has_deletions(self.folder) or time.monotonic() < self._erase_at:
            return
        self._erase_at = time.monotonic() + ERASE_SECONDS
        with contextlib.suppress(GalleryBusyError, StorageError), write_lock(self.folder):
            self._open_store(self._manifest()).drop_old_versions()

    def _search_one(
        self, search: Callable[..., SearchResult], query: Any, options: SearchOptions
    ) -> SearchResult:
        def search_list(query: Any, store: Store, encoder: Encoder) -> list[SearchResult]:
            return [search(query, store, encoder, options)]

        return self._search_list(search_list, query, top=options.top)[0]

    def _search_list(
        self, search: Callable[[Any, Store, Encoder], list[Result]], queries: Any, *, top: int
    ) -> list[Result]:
        if not 1 <= top <= MAX_TOP:
            raise ArgumentError(f"top is {top}; it must be 1 to {MAX_TOP}.")
        for attempt in range(1, READ_ATTEMPTS + 1):
            self._erase_removed()
            reader = Reader(self.folder)
            manifest = self._manifest()
            encoder = self._load_encoder(manifest)
            try:
                store = self._open_store(manifest).read_by(reader).snapshot()
                results = search(queries, store, encoder)
                break
            except StorageError:  # a writer may have deleted this version's files, or the table
                if attempt == READ_ATTEMPTS:
                    raise
        if not any(results) and not store.pictures.count():
            raise GalleryNotFoundError(
                f"{self.folder} has no pictures yet; add some with: lookalike index FOLDER"
            )
        version = store.pictures.version()
        return [
            replace(result, version=version) if isinstance(result, SearchResult) else result
            for result in results
        ]
