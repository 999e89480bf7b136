"""A gallery that a server has: the verbs of `Gallery`, over HTTP."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any, TypeAlias

from ..errors import ArgumentError, PictureError
from ..gallery import Gallery
from ..search import as_file_bytes, query_refusal
from ..sources import absolute, check_id
from .connection import Connection

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator
    from typing import NoReturn

    from ..duplicates import Group
    from ..search import Filter, PicturePage, QueryInput, Region
    from ..types import Entry, IndexReport, Info, Progress, PruneReport, Refusal, SearchResult

MAX_TOP = 1_000  # of a search by a server


class Client(Connection):
    """The gallery of a server, by its URL; `with` closes the connections.

    Paths are those of the server's machine. Hits and pictures are as `Gallery` gives them, but
    times are of whole seconds, and matches have no points. A `Client` may be used by several
    threads.
    """

    def search(  # noqa: PLR0913
        self,
        query: QueryInput,
        *,
        top: int = 10,
        min_score: float | None = None,
        copies: bool = True,
        region: Region | None = None,
        where: Filter | None = None,
    ) -> SearchResult:
        """Find where a picture stands; see `Gallery.search`. `top` is 1,000 at most."""
        from . import serialization

        if not 1 <= top <= MAX_TOP:
            raise ArgumentError(f"top is {top}; a server takes 1 to {MAX_TOP}.")
        blob, name = _file(query)
        fields = {"top": str(top), "copies": str(copies).lower()}
        if min_score is not None:
            fields["min_score"] = repr(float(min_score))
        if region is not None:
            fields["region"] = ",".join(f"{share:.9f}" for share in region)
        if where is not None:
            fields["filter"] = json.dumps(where.as_json())
        found = self._ask("POST", "/search", data=fields, files={"image": (name, blob)})
        return serialization.result_from_json(
            found, [serialization.hit_from_json(hit) for hit in found["hits"]]
        )

    def search_many(
        self, queries: Iterable[QueryInput], **options: Any
    ) -> Iterator[SearchResult | Refusal]:
        """Search for many pictures, one after another; see `Gallery.search_many`."""
        for query in queries:
            try:
                yield self.search(query, **options)
            except PictureError as error:
                yield query_refusal(query, error)

    def compare(self, query: str, target: str) -> dict[str, Any]:
        """Compare two pictures by their ids: of the gallery, or of what was asked with.

        Returns:
            `kind`, `sentences`, `changes`, `match`, the sizes of both, and `points`.
        """
        return self._ask("POST", "/compare", json={"query": query, "target": target})

    def get(self, id: str) -> Entry | None:  # noqa: A002
        """Give a picture by its id; None where there is none; see `Gallery.get`."""
        from . import serialization

        check_id(id)
        found = self._ask("GET", f"/pictures/{id}", none_for="no_such_picture")
        return serialization.entry_from_json(found) if found else None

    def browse(
        self, *, offset: int = 0, top: int = 100, where: Filter | None = None
    ) -> PicturePage:
        """Give some of the pictures, the newest first; see `Gallery.browse`."""
        from ..search import PicturePage
        from . import serialization

        values: dict[str, Any] = {"offset": offset, "top": top}
        if where is not None:
            values["filter"] = json.dumps(where.as_json())
        found = self._ask("GET", "/pictures", params=values)
        entries = [serialization.entry_from_json(one) for one in found["pictures"]]
        return PicturePage(entries, found["total"], found["version"])

    def add(self, picture: QueryInput) -> Entry:
        """Send a picture to be kept in the gallery."""
        from . import serialization

        blob, name = _file(picture)
        return serialization.entry_from_json(
            self._ask("POST", "/pictures", files={"image": (name, blob)})
        )

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
        """Index what the server can reach; none for all it knows; see `Gallery.index`.

        Raises:
            ArgumentError: `allow_private_urls` is asked for, which the server decides itself.
        """
        from ..types import Progress
        from . import serialization

        if allow_private_urls is not None:
            self._not_here("--allow-private-urls")
        if ray is not None:
            self._not_here("an ingest on a cluster")

        def on_job(now: dict[str, Any]) -> None:
            names = [name for name in Progress.__slots__ if name in now]
            on_progress(Progress(**{name: now[name] for name in names}))

        values = {
            "paths": [absolute(path) for path in paths],
            "exclude": list(exclude),
            "include_hidden": include_hidden,
            "open_archives": open_archives,
            "column": column,
            "copies": copies,
        }
        return serialization.report_from_json(self._job("/index", values, on_job))

    def prune(
        self,
        *,
        dry_run: bool = False,
        on_rows: Callable[[int, int], None] = lambda _done, _of: None,
    ) -> PruneReport:
        """Remove the rows whose file is gone; see `Gallery.prune`."""
        from . import serialization

        def on_job(now: dict[str, Any]) -> None:
            on_rows(now["done"], now["todo"])

        return serialization.pruned_from_json(self._job("/prune", {"dry_run": dry_run}, on_job))

    def remove(self, *paths: str | os.PathLike[str]) -> int:
        """Remove the rows at or under paths of the server's machine; see `Gallery.remove`."""
        values = {"paths": [absolute(path) for path in paths]}
        return int(self._ask("POST", "/remove", json=values)["removed"])

    def duplicates(
        self,
        *paths: str | os.PathLike[str],
        kind: str = "copies",
        on_progress: Callable[[str, int, int], None] = lambda _stage, _done, _of: None,
        on_left_out: Callable[[str], None] = lambda _: None,
    ) -> list[Group]:
        """Group the files that show the same; see `Gallery.duplicates`. Not below paths."""
        from . import serialization

        if paths:
            self._not_here("duplicates of some paths only")
        values = {"kind": kind, "refresh": "true"}
        found = self._ask("GET", "/duplicates", params=values)
        if found["status"] == "running":

            def on_job(now: dict[str, Any]) -> None:
                on_progress(now["stage"], now["done"], now["todo"])

            self._wait(found["job"], on_job)
            found = self._ask("GET", "/duplicates", params={"kind": kind})
        for path in found["left_out"]:
            on_left_out(path)
        return [serialization.group_from_json(group) for group in found["groups"]]

    def info(self) -> Info:
        """Tell what is in the gallery; see `Gallery.info`."""
        from . import serialization

        return serialization.info_from_json(self._ask("GET", "/info"))

    def version(self) -> int:
        """Tell the number of the gallery's newest version; see `Gallery.version`."""
        return int(self._ask("GET", "/info")["version"])

    def refused(self) -> Iterator[Refusal]:
        """List the files that could not be used; see `Gallery.refused`."""
        from . import serialization

        yield from map(serialization.refusal_from_json, self._ask("GET", "/refused")["refused"])

    def search_text(self, *_: Any, **__: Any) -> NoReturn:
        """Refuse: a server searches by picture."""
        self._not_here("a search by words")

    def export(self, *_: Any, **__: Any) -> NoReturn:
        """Refuse: the list is written where the gallery is."""
        self._not_here("export")

    def import_(self, *_: Any, **__: Any) -> NoReturn:
        """Refuse: the list is read where the gallery is."""
        self._not_here("import")

    def _not_here(self, what: str) -> NoReturn:
        raise ArgumentError(
            f"{what} is not to be had over HTTP; run it where the gallery is, with --gallery DIR."
        )


AnyGallery: TypeAlias = "Gallery | Client"


def open_gallery(where: str | os.PathLike[str] | None, **options: Any) -> AnyGallery:
    """Open the gallery in a folder, with options of `Gallery.open`, or of the server at a URL.

    Raises:
        ArgumentError: a server is asked for another encoder; and all that `Gallery.open` raises.
    """
    where = where or os.environ.get("LOOKALIKE_GALLERY")
    if not isinstance(where, str) or not where.startswith(("http://", "https://")):
        return Gallery.open(where, **options)
    if any(options.values()):
        raise ArgumentError(
            "A server's gallery keeps its encoder; use --encoder, --device and --rebuild where it "
            "is."
        )
    return Client(where)


def _file(query: QueryInput) -> tuple[bytes, str]:
    blob, name = as_file_bytes(query)
    return blob, name.encode("utf-8", "replace").decode()  # a name may hold other bytes (PEP 383)
