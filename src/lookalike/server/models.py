"""The JSON of requests and responses, for OpenAPI and the page `/docs`.

A model whose values are also a dataclass takes its fields and their descriptions from there.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from .. import types
from .model_fields import fields_of
from .query_cache import CachedQuery
from .search_request import ID_PATTERN, MAX_TEXT_CHARACTERS, PathText

MAX_PATHS = 1_000


class Problem(BaseModel):
    """An error (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str = Field(description="one sentence that says what to do next")
    code: str = Field(description="for programs; docs/reference/rest.md lists all codes")


@fields_of(types.Match, without="points")
class Match(BaseModel):
    """Where the query is in a picture."""


@fields_of(types.Place)
class Place(BaseModel):
    """A file of a picture."""


@fields_of(types.Hit)
class Hit(BaseModel):
    """A picture that a search found; files with the same bytes are one hit."""

    kind: Literal["exact", "copy", "near", "similar"]
    match: Match | None
    places: list[Place] = Field(
        description="all its files, the best first; those that the filter does not allow come last"
    )
    changes: list[str] = Field(description="edits that made the copy, in words")
    label: str = Field(description="name of the file's folder")


@fields_of(CachedQuery)
class Query(BaseModel):
    """The picture that was searched by."""

    in_gallery: bool


class SearchResult(BaseModel):
    """A page of hits."""

    query: Query
    hits: list[Hit]
    total: int | None
    next_offset: int | None = Field(description="offset of the next page; null on the last one")
    took_ms: float
    version: int = Field(description="version of the gallery")


@fields_of(types.Properties)
class Properties(BaseModel):
    """What a file holds; the defaults until it was read for that."""


@fields_of(types.Entry)
class Picture(BaseModel):
    """A picture of the gallery; files with the same bytes are one picture."""

    properties: Properties
    label: str = Field(description="name of the first file's folder")


class Pictures(BaseModel):
    """A page of pictures."""

    pictures: list[Picture]
    total: int
    next_offset: int | None = Field(description="offset of the next page; null on the last one")
    version: int = Field(description="version of the gallery")


class Size(BaseModel):
    """The size of a picture, upright."""

    width: int
    height: int


class CompareBody(BaseModel):
    """Ids of two pictures: of the gallery, or of earlier queries."""

    model_config = ConfigDict(extra="forbid", strict=True)

    query: str = Field(pattern=ID_PATTERN)
    target: str = Field(pattern=ID_PATTERN)


class Comparison(BaseModel):
    """How two pictures are related."""

    kind: Literal["exact", "copy", "near", "different"]
    sentences: list[str]
    changes: list[str] = Field(description="edits that made the copy, in words")
    match: Match | None
    query: Size
    target: Size
    points: list[list[float]] = Field(
        description="matching points: x and y in the query, x and y in the target, in pixels"
    )


class UrlBody(BaseModel):
    """A picture on the web."""

    model_config = ConfigDict(extra="forbid", strict=True)

    url: str = Field(min_length=1, max_length=MAX_TEXT_CHARACTERS)


class TokenBody(BaseModel):
    """The server's token."""

    model_config = ConfigDict(extra="forbid", strict=True)

    token: str = Field(max_length=1024)


class IndexBody(BaseModel):
    """What to index, and how."""

    model_config = ConfigDict(extra="forbid", strict=True)

    paths: list[PathText] = Field(
        default=[],
        max_length=MAX_PATHS,
        description="absolute paths, or addresses of other sources; none for all known ones",
    )
    exclude: list[PathText] = Field(
        default=[], max_length=100, description="patterns of names to skip, such as *.gif"
    )
    include_hidden: bool = False
    open_archives: bool = Field(default=False, description="also index archives inside folders")
    column: str | None = Field(
        default=None,
        max_length=MAX_TEXT_CHARACTERS,
        description="column of a list with the addresses",
    )
    copies: bool | None = Field(default=None, description="prepare copy detection")


class PruneBody(BaseModel):
    """Options of pruning."""

    model_config = ConfigDict(extra="forbid", strict=True)

    dry_run: bool = Field(default=False, description="report what would be removed, remove nothing")


class PathsBody(BaseModel):
    """Files or folders of the gallery."""

    model_config = ConfigDict(extra="forbid", strict=True)

    paths: list[PathText] = Field(min_length=1, max_length=MAX_PATHS)


@fields_of(types.Progress)
class Progress(BaseModel):
    """The progress of a job; counts that do not apply are 0."""

    rate: float = Field(description="files per second")
    seconds_left: float | None
    stage: str


class Job(BaseModel):
    """Work that runs in the background."""

    id: str
    kind: Literal["index", "prune", "duplicates", "check", "trash", "undo", "map"]
    state: Literal["queued", "running", "done", "failed", "cancelled"]
    progress: Progress
    report: dict[str, Any] | None
    error: Problem | None


class Jobs(BaseModel):
    """The latest jobs, the newest first."""

    jobs: list[Job]


@fields_of(types.Root)
class Root(BaseModel):
    """A folder that was indexed."""


@fields_of(types.Info)
class Info(BaseModel):
    """The status of the gallery and the server."""

    roots: list[Root]
    version: int = Field(description="version of the gallery")
    can_reveal: bool = Field(description="whether the server can open a file manager for you")
    labels: list[str] = Field(description="names of folders, at most 500")
    sizes: list[int] = Field(description="sizes of thumbnails, in pixels")
    max_body_bytes: int = Field(description="largest body of a request")


@fields_of(types.Refusal)
class Refusal(BaseModel):
    """A file that can't be used."""


class Refused(BaseModel):
    """The files that can't be used."""

    refused: list[Refusal]


class Removed(BaseModel):
    """The number of rows that were removed."""

    removed: int


class Running(BaseModel):
    """The job that computes the response."""

    status: Literal["running"]
    job: str = Field(description="id of the job")


class Map(BaseModel):
    """The map of the gallery."""

    status: Literal["done"]
    version: int = Field(description="version of the gallery")
    stale: bool = Field(description="whether the gallery has changed since; use refresh")
    method: str = Field(description="name of the layout algorithm")
    note: str
    count: int = Field(description="number of points")
    points: str = Field(description="address of the points")
