"""The JSON of requests and responses, for OpenAPI and the page `/docs`.

A model whose values are also a dataclass takes its fields and their descriptions from there.
"""

from __future__ import annotations

import re
from dataclasses import fields
from typing import TYPE_CHECKING, Any, Literal, TypeVar, get_type_hints

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, create_model

from .. import types
from ..client import JSON_FIELDS
from .query_cache import CachedQuery
from .search_request import ID_PATTERN, MAX_URL_CHARACTERS, PathText

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_PATHS = 1_000
# Fields that JSON names and writes differently than Python.
DESCRIPTIONS = {
    "bytes": "size of the file; -1 if unknown",
    "id": "content hash of the file, 32 hexadecimal digits",
    "mtime": "time of the last change, ISO 8601 in UTC; null if unknown",
}
Model = TypeVar("Model", bound=BaseModel)


def fields_of(kind: Any, *, without: str = "") -> Callable[[type[Model]], type[Model]]:
    """Add a dataclass's fields to a model, except those that the model declares itself.

    Args:
        kind: the dataclass.
        without: name of a field that JSON leaves out.
    """
    hints = get_type_hints(kind, localns={"np": np, "NDArray": NDArray})
    descriptions = _descriptions(kind)

    def add(model: type[Model]) -> type[Model]:
        definitions: dict[str, Any] = {}
        for field in fields(kind):
            key, hint = JSON_FIELDS.get(field.name, (field.name, hints[field.name]))[:2]
            if key not in model.model_fields and field.name != without:
                description = DESCRIPTIONS.get(key) or descriptions.get(field.name)
                definitions[key] = (hint, Field(description=description))
        return create_model(
            model.__name__,
            __base__=model,
            __doc__=model.__doc__,
            __module__=model.__module__,
            **definitions,
        )

    return add


def _descriptions(kind: Any) -> dict[str, str]:
    """Read the descriptions of attributes from a Google-style docstring."""
    section = (kind.__doc__ or "").partition("Attributes:\n")[2]
    pairs = re.findall(r"^ {8}(\w+): (.+(?:\n {12}.+)*)", section, re.MULTILINE)
    return {name: " ".join(text.split()).rstrip(".") for name, text in pairs}


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


@fields_of(types.Hit)
class Hit(BaseModel):
    """A picture that a search found."""

    kind: Literal["exact", "copy", "near", "similar"]
    match: Match | None
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


@fields_of(types.Entry)
class Picture(BaseModel):
    """A picture of the gallery; files with the same bytes are one picture."""

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

    url: str = Field(min_length=1, max_length=MAX_URL_CHARACTERS)


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
    column: str | None = Field(default=None, description="column of a list with the addresses")
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
