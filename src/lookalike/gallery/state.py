"""A gallery's folder with what was opened of it: the encoder and the tables, loaded once."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from ..encoders import check_device
from ..errors import ArgumentError, GalleryNotFoundError, StorageError
from ..search import BrowseCache
from ..storage import READ_ATTEMPTS, Manifest, Store, open_place
from ..types import Refusal, SearchResult
from .encoder_binding import bound_encoder

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..encoders import Encoder
    from ..search import SearchOptions
    from ..storage import Place

Answer = TypeVar("Answer", SearchResult, Refusal | SearchResult)
MAX_TOP = 10_000
DEVICE_VARIABLE = "LOOKALIKE_DEVICE"


class GalleryState:
    """What all verbs of a gallery need; it may be used by several threads."""

    def __init__(
        self, folder: Place, encoder: Encoder | str | None, *, rebuilds: bool, device: str | None
    ) -> None:
        """Use `Gallery.open`."""
        self._device = device or os.environ.get(DEVICE_VARIABLE) or "auto"
        check_device(self._device)
        self.folder = folder
        self.cache = open_place(
            folder
        ).cache_folder()  # for what a server makes, and can make again
        self._wanted = encoder
        self._rebuild = rebuilds
        self._encoder: Encoder | None = None
        self._store: Store | None = None
        self._catalog = BrowseCache()

    def _manifest(self) -> Manifest:
        manifest = Manifest.read(self.folder)
        if manifest is None:
            raise GalleryNotFoundError(
                f"There is no gallery at {self.folder} yet; make one with: lookalike index FOLDER"
            )
        return manifest

    def _fitting_encoder(self, manifest: Manifest | None, *, rebuild: bool = False) -> Encoder:
        self._encoder = bound_encoder(
            self.folder,
            manifest,
            wanted=self._wanted,
            loaded=self._encoder,
            rebuild=rebuild,
            device=self._device,
        )
        return self._encoder

    def _open_store(self, manifest: Manifest, *, rebuild: bool = False) -> Store:
        card, table = manifest.encoder, manifest.table
        if rebuild and manifest.rebuild:
            card, table = manifest.rebuild
        store = self._store
        if store is None or (store.table, store.copies) != (table, manifest.copies):
            store = Store(self.folder, table, card.dimensions, copies=manifest.copies)
            self._store = store
        return store

    def _ask(
        self, find: Callable[..., SearchResult], asked: Any, options: SearchOptions
    ) -> SearchResult:
        def find_one(asked: Any, store: Store, encoder: Encoder) -> list[SearchResult]:
            return [find(asked, store, encoder, options)]

        return self._ask_many(find_one, asked, top=options.top)[0]

    def _ask_many(
        self, find: Callable[[Any, Store, Encoder], list[Answer]], asked: Any, *, top: int
    ) -> list[Answer]:
        if not 1 <= top <= MAX_TOP:
            raise ArgumentError(f"top is {top}; it must be 1 to {MAX_TOP}.")
        for attempt in range(1, READ_ATTEMPTS + 1):
            manifest = self._manifest()
            encoder = self._fitting_encoder(manifest)
            try:
                store = self._open_store(manifest).snapshot()
                results = find(asked, store, encoder)
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
            replace(one, version=version) if isinstance(one, SearchResult) else one
            for one in results
        ]
