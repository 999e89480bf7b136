"""What a gallery can be asked, without changing it."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING

from ..encoders import HUB_PREFIX, likely_device
from ..errors import ArgumentError
from ..sources import check_root
from ..storage import Manifest, batched
from ..types import Info
from .state import GalleryState

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import pyarrow as pa

    from ..search import Filter, PicturePage, Query, QueryInput, Region
    from ..types import Entry, Refusal, SearchResult

QUERIES_AT_ONCE = 64


class Reading(GalleryState):
    """The verbs that only read."""

    def search(  # noqa: PLR0913
        self,
        query: QueryInput | Query,
        *,
        top: int = 10,
        min_score: float | None = None,
        copies: bool = True,
        region: Region | None = None,
        where: Filter | None = None,
    ) -> SearchResult:
        """Find where a picture stands, and those that look most like it.

        Args:
            query: a path, the bytes of a picture file, a binary file object, a PIL image, or an
                RGB array uint8 [H, W, 3].
            top: how many hits, 1..10,000.
            min_score: leave out hits whose cosine is lower; proved copies stay.
            copies: whether to look for copies, and to prove them.
            region: x, y, width and height of the part to ask with, as shares of the upright
                query; a match's transform is still that of the whole one.
            where: only pictures that it allows are hits, copies as well.

        Returns:
            the hits: the same picture, then proved copies, the surest first, then what looks most
            like it.

        Raises:
            ArgumentError: `top` is out of range, or the query is of no known kind.
            PictureError: the query can't be read or decoded.
            GalleryNotFoundError: there is no gallery, or nothing in it yet.
            EncoderMismatchError: the gallery's encoder is not to be had any more.
        """
        from ..search import SearchOptions, search

        return self._ask(
            search,
            query,
            SearchOptions(top=top, min_score=min_score, copies=copies, region=region, where=where),
        )

    def search_many(
        self,
        queries: Iterable[QueryInput | Query],
        *,
        top: int = 10,
        min_score: float | None = None,
        copies: bool = True,
        where: Filter | None = None,
    ) -> Iterator[SearchResult | Refusal]:
        """Search for many pictures, faster than one by one; the hits are the same.

        `QUERIES_AT_ONCE` are taken from `queries` at once, decoded and encoded on all cores, and
        searched for together, so that neither queries nor results need fit into memory.

        Args:
            queries: what `search` takes, any number.
            top: as in `search`, and so are the others.
            min_score: likewise.
            copies: likewise.
            where: likewise.

        Yields:
            the hits of each query, in the order of the queries, `took_ms` being its share of the
            time; for one that can't be read or decoded a `Refusal` that says why.

        Raises:
            ArgumentError: `top` is out of range, or a query is of no known kind.
            GalleryNotFoundError: there is no gallery, or nothing in it yet.
            EncoderMismatchError: the gallery's encoder is not to be had any more.
        """
        from ..search import SearchOptions, search_many

        options = SearchOptions(top=top, min_score=min_score, copies=copies, where=where)
        find = partial(search_many, options=options)
        for some in batched(queries, QUERIES_AT_ONCE):
            yield from self._ask_many(find, some, top=top)

    def search_text(
        self,
        text: str,
        *,
        top: int = 10,
        min_score: float | None = None,
        where: Filter | None = None,
    ) -> SearchResult:
        """Find the pictures that a text describes best, by the encoder's text tower.

        Args:
            text: a few words, such as `a red bicycle`.
            top: how many hits, 1..10,000.
            min_score: as in `search`; with texts it is low, some .3 for what fits by CLIP.
            where: as in `search`.

        Raises:
            EncoderError: the gallery's encoder has no text tower; and all that `search` raises.
        """
        from ..search import SearchOptions, search_text

        if not text.strip():
            raise ArgumentError("The text is empty; say what to look for, such as: a red bicycle")
        options = SearchOptions(top=top, min_score=min_score, where=where)
        return self._ask(search_text, text, options)

    def get(self, id: str) -> Entry | None:  # noqa: A002
        """Give the picture of a content hash, 32 hexadecimal digits; None where there is none.

        Raises:
            ArgumentError: it is no such hash.
            GalleryNotFoundError: there is no gallery.
        """
        return next(iter(self._open_store(self._manifest()).entries([id])), None)

    def browse(
        self, *, offset: int = 0, top: int = 100, where: Filter | None = None
    ) -> PicturePage:
        """Give some of the pictures, in the order of their files' last changes, the newest first.

        Args:
            offset: how many to pass over.
            top: how many, at most.
            where: only pictures that it allows.

        Raises:
            GalleryNotFoundError: there is no gallery.
        """
        store = self._open_store(self._manifest()).snapshot()
        return self._catalog.page(store, offset, top, where)

    def version(self) -> int:
        """Tell the number of the newest version of the table of pictures; 0 while it has none.

        Raises:
            GalleryNotFoundError: there is no gallery.
        """
        return self._open_store(self._manifest()).pictures.version()

    def labels(self) -> list[tuple[str, int]]:
        """Name the folders that hold pictures, each with how many; the most first.

        Raises:
            GalleryNotFoundError: there is no gallery.
        """
        return self._catalog.labels(self._open_store(self._manifest()).snapshot())

    def device(self) -> str:
        """Tell what the encoder runs on, `cpu` or `cuda`, by starting it there.

        Raises:
            EncoderError: the device that was asked for can't be used.
        """
        encoder = self._fitting_encoder(Manifest.read(self.folder), rebuild=self._rebuild)
        return str(getattr(encoder, "device", "cpu"))  # an encoder of the caller's own may not say

    def likely_device(self) -> str:
        """Tell what the encoder would be tried on by what is installed, without loading it.

        Raises:
            GalleryNotFoundError: there is no gallery.
        """
        return likely_device(
            self._device, hub=self._manifest().encoder.source.startswith(HUB_PREFIX)
        )

    def info(self) -> Info:
        """Count the rows, look at the roots, the index and the disk.

        Raises:
            GalleryNotFoundError: there is no gallery.
        """
        manifest = self._manifest()
        store = self._open_store(manifest)
        return Info(
            gallery=str(self.folder),
            pictures=store.pictures.count(),
            fingerprints=store.fingerprints.table.count(),
            refused=sum(1 for _ in store.refused()),
            roots=tuple(map(check_root, manifest.roots)),
            encoder=asdict(manifest.encoder),
            index=store.index_state(),
            bytes_on_disk=store.bytes_on_disk(),
        )

    def refused(self) -> Iterator[Refusal]:
        """List the files that could not be used, each with its reason.

        Raises:
            GalleryNotFoundError: there is no gallery.
        """
        return self._open_store(self._manifest()).refused()

    def rows(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """Read columns of all rows, of one version: `path`, `content_hash`, `vector`...

        A path whose bytes are not UTF-8 is as `table.to_text` writes it.

        Raises:
            GalleryNotFoundError: there is no gallery.
        """
        return self._open_store(self._manifest()).snapshot().pictures.scan(columns)
