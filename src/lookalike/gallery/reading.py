"""The methods of a gallery that do not change it."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ..encoders import HUB_PREFIX, likely_device
from ..errors import ArgumentError
from ..sources import check_root
from ..storage import Manifest, batched, count_formats
from ..types import Info
from .feature_list import write_features
from .state import GalleryState

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable, Iterator, Sequence

    import pyarrow as pa

    from ..search import Filter, PicturePage, Query, QueryInput, Region
    from ..types import Entry, Refusal, SearchResult

QUERIES_AT_ONCE = 64


def no_progress(_done: int, _total: int) -> None:
    """Ignore the progress."""


class GalleryReader(GalleryState):
    """The methods of `Gallery` that only read."""

    def search(  # noqa: PLR0913  public: its options are keywords
        self,
        query: QueryInput | Query,
        *,
        top: int = 10,
        min_score: float | None = None,
        copies: bool = True,
        region: Region | None = None,
        where: Filter | None = None,
    ) -> SearchResult:
        """Find a picture in the gallery, and the pictures that look most like it.

        Args:
            query: a path, the bytes of a picture file, a binary file object, a PIL image, or an
                RGB array uint8 [H, W, 3].
            top: the number of hits, 1..10,000.
            min_score: drop hits with a lower cosine; proved copies stay.
            copies: whether to look for copies, and prove them.
            region: x, y, width and height of the part to search with, as shares of the upright
                query; a match's transform is still that of the whole query.
            where: limits the hits, including copies. A picture is a hit if one of its files meets
                the conditions.

        Returns:
            the hits: the same picture, then proved copies, the surest first, then the most similar
            pictures. Files with the same bytes are one hit, with all its `places`.

        Raises:
            ArgumentError: `top` is out of range, or the query is of an unknown type.
            PictureError: the query can't be read or decoded.
            GalleryNotFoundError: there is no gallery, or it is empty.
            EncoderMismatchError: the gallery's encoder can't be loaded any more.

        Example:
            >>> from lookalike import Filter, Gallery
            >>> gallery = Gallery.open("gallery")
            >>> [hit.kind for hit in gallery.search("query.jpg", top=3)]
            ['similar', 'similar', 'similar']
            >>> hit = gallery.search("query.jpg", where=Filter(label="leopards"))[0]
            >>> hit.path
            '...photos/leopards/...jpg'
        """
        from ..search import SearchOptions, search

        return self._search_one(
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

        `QUERIES_AT_ONCE` queries at a time are decoded and encoded on all cores and searched
        together, so neither queries nor results need fit into memory.

        Args:
            queries: any number of what `search` takes.
            top: as in `search`, like all other options.
            min_score: likewise.
            copies: likewise.
            where: likewise.

        Yields:
            the hits of each query, in the order of the queries, with `took_ms` as its share of the
            time; a `Refusal` with the reason for a query that can't be read or decoded.

        Raises:
            ArgumentError: `top` is out of range, or a query is of an unknown type.
            GalleryNotFoundError: there is no gallery, or it is empty.
            EncoderMismatchError: the gallery's encoder can't be loaded any more.

        Example:
            >>> from pathlib import Path
            >>> from lookalike import Gallery
            >>> gallery = Gallery.open("gallery")
            >>> for result in gallery.search_many(Path("photos/leopards").iterdir(), top=5):
            ...     assert result[0].kind == "exact"
        """
        from ..search import SearchOptions, search_many

        options = SearchOptions(top=top, min_score=min_score, copies=copies, where=where)
        search = partial(search_many, options=options)
        for batch in batched(queries, QUERIES_AT_ONCE):
            yield from self._search_list(search, batch, top=top)

    def search_text(
        self,
        text: str,
        *,
        top: int = 10,
        min_score: float | None = None,
        where: Filter | None = None,
    ) -> SearchResult:
        """Find the pictures that a text describes best, with the encoder's text tower.

        Args:
            text: a few words, such as `a red bicycle`.
            top: the number of hits, 1..10,000.
            min_score: as in `search`; for texts it is low, about .3 for a good match with CLIP.
            where: as in `search`.

        Raises:
            EncoderError: the gallery's encoder has no text tower.
            ArgumentError: the text is empty; and all that `search` raises.

        Example:
            The packaged encoder knows no words; models from Hugging Face do, such as CLIP.

            >>> from lookalike import Gallery
            >>> Gallery.open("gallery").search_text("a red bicycle")
            Traceback (most recent call last):
            lookalike.errors.EncoderError: ...
        """
        from ..search import SearchOptions, search_text

        if not text.strip():
            raise ArgumentError("The text is empty; describe a picture, such as: a red bicycle")
        options = SearchOptions(top=top, min_score=min_score, where=where)
        return self._search_one(search_text, text, options)

    def get(self, id: str) -> Entry | None:  # noqa: A002  public: the JSON key and `Hit.id`
        """Return the picture with a content hash; None if there is none.

        Args:
            id: the content hash, 32 hexadecimal digits.

        Raises:
            ArgumentError: it is not a content hash.
            GalleryNotFoundError: there is no gallery.

        Example:
            >>> from lookalike import Gallery
            >>> gallery = Gallery.open("gallery")
            >>> hit = gallery.search("query.jpg")[0]
            >>> gallery.get(hit.id).paths == (hit.path,)
            True
        """
        return next(iter(self._reading().entries([id])), None)

    def browse(
        self, *, offset: int = 0, top: int = 100, where: Filter | None = None
    ) -> PicturePage:
        """Return some of the pictures, ordered by their files' last change, the newest first.

        Args:
            offset: how many to skip.
            top: how many to return, at most.
            where: limits the pictures.

        Raises:
            GalleryNotFoundError: there is no gallery.

        Example:
            >>> from lookalike import Filter, Gallery
            >>> page = Gallery.open("gallery").browse(top=4, where=Filter(label="leopards"))
            >>> len(page.entries), page.total
            (4, 10)
        """
        store = self._reading().snapshot()
        return self._browse_cache.page(store, offset, top, where)

    def version(self) -> int:
        """Return the version of the table of pictures, which grows with each change; 0 at first.

        Raises:
            GalleryNotFoundError: there is no gallery.

        Example:
            >>> from lookalike import Gallery
            >>> gallery = Gallery.open("gallery")
            >>> gallery.search("query.jpg").version == gallery.version()
            True
        """
        return self._reading().pictures.version()

    def labels(self) -> list[tuple[str, int]]:
        """List the names of folders that hold pictures, each with their number; largest first.

        Raises:
            GalleryNotFoundError: there is no gallery.

        Example:
            >>> from lookalike import Gallery
            >>> Gallery.open("gallery").labels()
            [('leopards', 10), ('motorbikes', 10), ('sunflower', 10)]
        """
        return self._browse_cache.labels(self._reading().snapshot())

    def device(self) -> str:
        """Start the encoder, and return what it runs on: `cpu` or `cuda`.

        Raises:
            EncoderError: the chosen device can't be used.

        Example:
            >>> from lookalike import Gallery
            >>> Gallery.open("gallery", device="cpu").device()
            'cpu'
        """
        encoder = self._load_encoder(Manifest.read(self.folder), rebuild=self._rebuild)
        return str(getattr(encoder, "device", "cpu"))  # a user's own encoder need not have it

    def likely_device(self) -> str:
        """Return the device that the encoder would try first, without loading it.

        Raises:
            GalleryNotFoundError: there is no gallery.

        Example:
            >>> from lookalike import Gallery
            >>> Gallery.open("gallery", device="cpu").likely_device()
            'cpu'
        """
        return likely_device(
            self._device, hub=self._manifest().encoder.source.startswith(HUB_PREFIX)
        )

    def info(self) -> Info:
        """Return the gallery's status: its rows, roots, encoder, index and size on disk.

        Raises:
            GalleryNotFoundError: there is no gallery.

        Example:
            >>> from lookalike import Gallery
            >>> info = Gallery.open("gallery").info()
            >>> info.pictures, info.fingerprints, info.refused
            (30, 30, 0)
            >>> info.roots
            (Root(path='...photos', online=True, reason=''),)
        """
        store, manifest = self._reading().snapshot(), self._manifest()
        return Info(
            gallery=str(self.folder),
            pictures=self._browse_cache.count(store),
            files=store.pictures.count(),
            fingerprints=store.fingerprints.content_count(),
            refused=sum(1 for _ in store.refused()),
            roots=tuple(map(check_root, manifest.roots)),
            encoder=asdict(manifest.encoder),
            index=store.index_state(),
            bytes_on_disk=store.bytes_on_disk(),
            unsupported=count_formats(store.refusals.scan(["format"])),
        )

    def refused(self) -> Iterator[Refusal]:
        """List the files that could not be used, each with the reason.

        Raises:
            GalleryNotFoundError: there is no gallery.

        Example:
            >>> from pathlib import Path
            >>> from lookalike import Gallery
            >>> Path("photos/empty.jpg").touch()
            >>> gallery = Gallery.open("gallery")
            >>> gallery.index("photos").refused
            1
            >>> [refusal.reason for refusal in gallery.refused()]
            ['the file is empty']
        """
        return self._reading().refused()

    def rows(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """Read columns of all rows of one version, such as `path`, `content_hash` and `vector`.

        A path with bytes that are not UTF-8 is escaped, see `storage.to_text`.

        Raises:
            GalleryNotFoundError: there is no gallery.

        Example:
            >>> from lookalike import Gallery
            >>> sum(batch.num_rows for batch in Gallery.open("gallery").rows(["path", "vector"]))
            30
        """
        return self._reading().snapshot().pictures.scan(columns)

    def export(
        self, path: str | os.PathLike[str], *, on_rows: Callable[[int, int], None] = no_progress
    ) -> int:
        """Export all rows as a feature list, a Parquet file; return their number.

        Columns: `path`, `content_hash` (32 hexadecimal digits), `width`, `height`, `vector`
        (fixed-size list of D float32), `encoder` (name and weights sha256), `size` and
        `mtime_ns` of the file, so that an import need not read it again, `fingerprint`, which
        proves copies (binary, or null), `metadata` (JSON, or null), and what the file holds, a
        column for each field of `types.Properties` (null if it is not known yet).

        Args:
            path: the file to write.
            on_rows: called with the number of rows written so far, and the total.

        Raises:
            GalleryNotFoundError: there is no gallery.
            StorageError: the file can't be written.

        Example:
            >>> from lookalike import Gallery
            >>> Gallery.open("gallery").export("features.parquet")
            30
        """
        store, manifest = self._reading().snapshot(), self._manifest()
        return write_features(Path(path), store, manifest.encoder, on_rows=on_rows)
