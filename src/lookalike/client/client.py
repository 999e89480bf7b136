"""The methods of `Gallery` over HTTP, for a gallery on a server."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any, TypeAlias

from ..errors import ArgumentError, PictureError
from ..gallery import Gallery
from ..search import as_file_bytes, query_refusal
from ..sources import absolute, check_id
from ..types import Progress
from . import serialization
from .trash import TrashClient

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator
    from typing import NoReturn

    from ..search import Filter, PicturePage, QueryInput, Region
    from ..types import Entry, IndexReport, Info, PruneReport, Refusal, SearchResult

MAX_TOP = 1_000  # hits that a server returns for one search


class Client(TrashClient):
    """A gallery on a server, by the server's URL; `with` closes the connection.

    Paths are paths on the server's machine. Hits and pictures are those of `Gallery`, except that
    times are in whole seconds and matches have no points. Several threads may share a `Client`.

    Example:
        >>> from lookalike import Client
        >>> with Client("http://127.0.0.1:8000") as client:
        ...     for hit in client.search("query.jpg", top=2):
        ...         print(hit.kind, hit.path)
        similar ...sunflower...
        similar ...sunflower...
    """

    def search(  # noqa: PLR0913  the signature of `Gallery.search`
        self,
        query: QueryInput,
        *,
        top: int = 10,
        min_score: float | None = None,
        copies: bool = True,
        region: Region | None = None,
        where: Filter | None = None,
    ) -> SearchResult:
        """Search by image; see `Gallery.search`. `top` is at most 1,000.

        Example:
            >>> from lookalike import Client, Filter
            >>> with Client("http://127.0.0.1:8000") as client:
            ...     result = client.search("query.jpg", top=3, where=Filter(label="leopards"))
            >>> len(result), len(result.copies)
            (3, 0)
        """
        if not 1 <= top <= MAX_TOP:
            raise ArgumentError(f"top is {top}; a server accepts 1 to {MAX_TOP}.")
        blob, name = _read_query(query)
        fields = {"top": str(top), "copies": str(copies).lower()}
        if min_score is not None:
            fields["min_score"] = repr(float(min_score))
        if region is not None:
            fields["region"] = ",".join(f"{share:.9f}" for share in region)
        if where is not None:
            fields["filter"] = json.dumps(where.as_json())
        return serialization.result_from_json(
            self._request("POST", "/search", data=fields, files={"image": (name, blob)})
        )

    def search_many(
        self, queries: Iterable[QueryInput], **options: Any
    ) -> Iterator[SearchResult | Refusal]:
        """Search by many images, one after another; see `Gallery.search_many`.

        Example:
            >>> from lookalike import Client
            >>> with Client("http://127.0.0.1:8000") as client:
            ...     [result[0].kind for result in client.search_many(["query.jpg"], top=1)]
            ['similar']
        """
        for query in queries:
            try:
                yield self.search(query, **options)
            except PictureError as error:
                yield query_refusal(query, error)

    def compare(self, query: str, target: str) -> dict[str, Any]:
        """Compare two pictures by their ids: pictures of the gallery or earlier queries.

        Returns:
            `kind`, `sentences`, `changes`, `match`, the sizes of both pictures, and `points`.

        Example:
            >>> from lookalike import Client
            >>> with Client("http://127.0.0.1:8000") as client:
            ...     one, other = client.browse(top=2).entries
            ...     client.compare(one.id, other.id)["kind"]
            'different'
        """
        return self._request("POST", "/compare", json={"query": query, "target": target})

    def get(self, id: str) -> Entry | None:  # noqa: A002  the signature of `Gallery.get`
        """Return the picture with an id, or None; see `Gallery.get`.

        Example:
            >>> from lookalike import Client
            >>> with Client("http://127.0.0.1:8000") as client:
            ...     hit = client.search("query.jpg")[0]
            ...     client.get(hit.id).paths == (hit.path,)
            True
        """
        check_id(id)
        values = self._request("GET", f"/pictures/{id}", none_for="no_such_picture")
        return serialization.entry_from_json(values) if values else None

    def browse(
        self, *, offset: int = 0, top: int = 100, where: Filter | None = None
    ) -> PicturePage:
        """Return a page of pictures, the newest first; see `Gallery.browse`.

        Example:
            >>> from lookalike import Client, Filter
            >>> with Client("http://127.0.0.1:8000") as client:
            ...     page = client.browse(top=5, where=Filter(label="leopards"))
            >>> len(page.entries), page.total
            (5, 10)
        """
        values: dict[str, Any] = {"offset": offset, "top": top}
        if where is not None:
            values["filter"] = json.dumps(where.as_json())
        return serialization.page_from_json(self._request("GET", "/pictures", params=values))

    def add(self, picture: QueryInput) -> Entry:
        """Upload a picture to the gallery; one that the gallery already has is not added again.

        Example:
            >>> from lookalike import Client
            >>> with Client("http://127.0.0.1:8000") as client:
            ...     client.add("photos/leopards/image_0002.jpg").paths
            ('...leopards...image_0002.jpg',)
        """
        blob, name = _read_query(picture)
        return serialization.entry_from_json(
            self._request("POST", "/pictures", files={"image": (name, blob)})
        )

    def index(  # noqa: PLR0913  the signature of `Gallery.index`
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
        """Index paths that the server can reach, by default all known ones; see `Gallery.index`.

        Raises:
            ArgumentError: `allow_private_urls` or `ray` is set; only the server can choose these.

        Example:
            >>> from lookalike import Client
            >>> with Client("http://127.0.0.1:8000") as client:
            ...     report = client.index("photos")
            >>> report.added, report.unchanged
            (0, 30)
        """
        if allow_private_urls is not None:
            self._not_over_http("--allow-private-urls")
        if ray is not None:
            self._not_over_http("Indexing on a cluster")

        def on_job(progress: dict[str, Any]) -> None:
            names = [name for name in Progress.__slots__ if name in progress]
            on_progress(Progress(**{name: progress[name] for name in names}))

        values = {
            "paths": [absolute(path) for path in paths],
            "exclude": list(exclude),
            "include_hidden": include_hidden,
            "open_archives": open_archives,
            "column": column,
            "copies": copies,
        }
        return serialization.report_from_json(self._run_job("/index", values, on_job))

    def prune(
        self,
        *,
        dry_run: bool = False,
        on_rows: Callable[[int, int], None] = lambda _done, _of: None,
    ) -> PruneReport:
        """Remove the rows of deleted files; see `Gallery.prune`.

        Example:
            >>> from lookalike import Client
            >>> with Client("http://127.0.0.1:8000") as client:
            ...     client.prune(dry_run=True).removed
            ()
        """

        def on_job(progress: dict[str, Any]) -> None:
            on_rows(progress["done"], progress["todo"])

        report = self._run_job("/prune", {"dry_run": dry_run}, on_job)
        return serialization.prune_report_from_json(report)

    def remove(self, *paths: str | os.PathLike[str]) -> int:
        """Remove the rows at or under paths, never a file; see `Gallery.remove`.

        Example:
            >>> from lookalike import Client
            >>> with Client("http://127.0.0.1:8000") as client:
            ...     client.remove("old photos")
            0
        """
        values = {"paths": [absolute(path) for path in paths]}
        return int(self._request("POST", "/remove", json=values)["removed"])

    def info(self) -> Info:
        """Return the gallery's status; see `Gallery.info`.

        Example:
            >>> from lookalike import Client
            >>> with Client("http://127.0.0.1:8000") as client:
            ...     info = client.info()
            >>> info.pictures, info.fingerprints
            (30, 30)
        """
        return serialization.info_from_json(self._request("GET", "/info"))

    def version(self) -> int:
        """Return the number of the gallery's newest version; see `Gallery.version`.

        Example:
            >>> from lookalike import Client
            >>> with Client("http://127.0.0.1:8000") as client:
            ...     client.version() == client.search("query.jpg").version
            True
        """
        return int(self._request("GET", "/info")["version"])

    def refused(self) -> Iterator[Refusal]:
        """List the files that could not be indexed; see `Gallery.refused`.

        Example:
            >>> from lookalike import Client
            >>> with Client("http://127.0.0.1:8000") as client:
            ...     list(client.refused())
            []
        """
        yield from map(serialization.refusal_from_json, self._request("GET", "/refused")["refused"])

    def search_text(self, *_: Any, **__: Any) -> NoReturn:
        """Raise `ArgumentError`: a server searches by image only."""
        self._not_over_http("Searching by text")

    def check(self, *_: Any, **__: Any) -> NoReturn:
        """Raise `ArgumentError`: a gallery's files are checked on its machine."""
        self._not_over_http("Checking the gallery's files")

    def export(self, *_: Any, **__: Any) -> NoReturn:
        """Raise `ArgumentError`: export writes its list on the gallery's machine."""
        self._not_over_http("Export")

    def relocate(self, *_: Any, **__: Any) -> NoReturn:
        """Raise `ArgumentError`: whether pictures moved is known on the gallery's machine."""
        self._not_over_http("Relocating")

    def import_(self, *_: Any, **__: Any) -> NoReturn:
        """Raise `ArgumentError`: import reads its list on the gallery's machine."""
        self._not_over_http("Import")


AnyGallery: TypeAlias = "Gallery | Client"


def open_gallery(where: str | os.PathLike[str] | None, **options: Any) -> AnyGallery:
    """Open the gallery in a folder or object store, or the gallery of the server at a URL.

    Args:
        where: a folder, an address in an object store, or the http(s) URL of a server. None
            means the environment variable LOOKALIKE_GALLERY, or else the default folder.
        options: those of `Gallery.open`; a server accepts none.

    Raises:
        ArgumentError: options are set for a server. `Gallery.open` raises other errors.

    Example:
        >>> from lookalike.client import open_gallery
        >>> open_gallery("gallery").info().pictures
        30
        >>> with open_gallery("http://127.0.0.1:8000") as client:
        ...     client.info().pictures
        30
    """
    where = where or os.environ.get("LOOKALIKE_GALLERY")
    if not isinstance(where, str) or not where.startswith(("http://", "https://")):
        return Gallery.open(where, **options)
    if any(options.values()):
        raise ArgumentError(
            "The encoder of a server's gallery can't be changed over HTTP; use --encoder, --device "
            "and --rebuild where the gallery is."
        )
    return Client(where)


def _read_query(query: QueryInput) -> tuple[bytes, str]:
    blob, name = as_file_bytes(query)
    return blob, name.encode("utf-8", "replace").decode()  # a name may hold other bytes (PEP 383)
