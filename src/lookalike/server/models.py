"""The shapes of requests and answers, for OpenAPI; `/docs` shows them."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from .search_request import ID_PATTERN, MAX_URL_CHARACTERS, PathText

MAX_PATHS = 1_000
MAX_PATH_CHARACTERS = 4_096


class Problem(BaseModel):
    """What went wrong (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str = Field(description="one sentence that says what to do")
    code: str = Field(description="for programs; all stand in docs/reference/rest.md")


class Match(BaseModel):
    """How the query lies in a picture."""

    inliers: int
    residual: float
    agreement: float
    confidence: float
    query_overlap: float
    target_overlap: float
    flipped: bool
    transform: list[list[float]] = Field(description="3 x 3, query's pixels to target's")


class Hit(BaseModel):
    """One answer of a search."""

    id: str
    rank: int
    path: str
    score: float
    width: int
    height: int
    kind: Literal["exact", "copy", "near", "similar"]
    changes: list[str]
    match: Match | None
    bytes: int
    mtime: str | None
    label: str
    metadata: dict[str, Any] | None


class Asked(BaseModel):
    """The picture that was asked with."""

    id: str
    name: str
    width: int
    height: int
    in_gallery: bool


class SearchAnswer(BaseModel):
    """A page of hits."""

    query: Asked
    hits: list[Hit]
    total: int | None
    next_offset: int | None
    took_ms: float
    version: int


class Picture(BaseModel):
    """A picture of the gallery: one content, and the files that have it."""

    id: str
    paths: list[str]
    width: int
    height: int
    bytes: int
    mtime: str | None
    label: str
    metadata: dict[str, Any] | None


class Pictures(BaseModel):
    """A page of the gallery."""

    pictures: list[Picture]
    total: int
    next_offset: int | None
    version: int


class Sizes(BaseModel):
    """Of a picture, upright."""

    width: int
    height: int


class CompareBody(BaseModel):
    """Two pictures: ids of the gallery, or of queries."""

    model_config = ConfigDict(extra="forbid", strict=True)

    query: str = Field(pattern=ID_PATTERN)
    target: str = Field(pattern=ID_PATTERN)


class Comparison(BaseModel):
    """How the one lies in the other."""

    kind: Literal["exact", "copy", "near", "different"]
    sentences: list[str]
    changes: list[str]
    match: Match | None
    query: Sizes
    target: Sizes
    points: list[list[float]]


class UrlBody(BaseModel):
    """A picture that a URL names."""

    model_config = ConfigDict(extra="forbid", strict=True)

    url: str = Field(min_length=1, max_length=MAX_URL_CHARACTERS)


class TokenBody(BaseModel):
    """What opens a session."""

    model_config = ConfigDict(extra="forbid", strict=True)

    token: str = Field(max_length=1024)


class IndexBody(BaseModel):
    """What to index."""

    model_config = ConfigDict(extra="forbid", strict=True)

    paths: list[PathText] = Field(
        default=[], max_length=MAX_PATHS, description="absolute; none for all known folders"
    )
    exclude: list[PathText] = Field(default=[], max_length=100, description="as the command has it")
    include_hidden: bool = False
    open_archives: bool = Field(default=False, description="also those that stand in folders")
    column: str | None = Field(default=None, description="of a list, which has the addresses")
    copies: bool | None = None


class PruneBody(BaseModel):
    """Whether only to tell what would be removed."""

    model_config = ConfigDict(extra="forbid", strict=True)

    dry_run: bool = False


class PathsBody(BaseModel):
    """Files or folders of the gallery."""

    model_config = ConfigDict(extra="forbid", strict=True)

    paths: list[PathText] = Field(min_length=1, max_length=MAX_PATHS)


class TrashBody(BaseModel):
    """Files that a group of duplicates proposes."""

    model_config = ConfigDict(extra="forbid", strict=True)

    kind: Literal["exact", "copies"] = "copies"
    paths: list[PathText] = Field(min_length=1, max_length=MAX_PATHS)


class Progress(BaseModel):
    """How far a job is; what does not apply is 0."""

    listed: int
    listing: bool
    todo: int
    done: int
    refused: int
    seconds: float
    rate: float
    seconds_left: float | None
    optimizing: bool
    stage: str


class Job(BaseModel):
    """Work that goes on in the background."""

    id: str
    kind: Literal["index", "prune", "duplicates", "map", "trash"]
    state: Literal["queued", "running", "done", "failed", "cancelled"]
    progress: Progress
    report: dict[str, Any] | None
    error: Problem | None


class Jobs(BaseModel):
    """The latest jobs, the newest first."""

    jobs: list[Job]


class Root(BaseModel):
    """A folder that was indexed."""

    path: str
    online: bool
    reason: str


class Info(BaseModel):
    """The state of the gallery."""

    gallery: str
    pictures: int
    fingerprints: int
    refused: int
    roots: list[Root]
    encoder: dict[str, Any]
    index: dict[str, Any]
    bytes_on_disk: int
    version: int
    can_reveal: bool
    labels: list[str]
    sizes: list[int]
    max_body_bytes: int


class Refusal(BaseModel):
    """A file that could not be used."""

    path: str
    reason: str


class Refused(BaseModel):
    """All of them."""

    refused: list[Refusal]


class Pruned(BaseModel):
    """What was removed, or would be."""

    removed: list[str]
    offline: list[Root]


class Removed(BaseModel):
    """How many rows were removed."""

    removed: int


class Running(BaseModel):
    """The answer is being made by a job."""

    status: Literal["running"]
    job: str


class File(BaseModel):
    """A file in a group of duplicates."""

    id: str
    path: str
    width: int
    height: int
    bytes: int
    mtime: str | None
    label: str


class Best(File):
    """The one to keep."""

    why: str


class Member(File):
    """One beside it."""

    kind: Literal["exact", "copy", "near"]
    changes: list[str]
    how: str
    stays: str = Field(description="why it never goes to the trash; empty where it may")
    frees: int
    names: int
    match: Match | None


class Group(BaseModel):
    """Files that show the same picture."""

    kind: Literal["exact", "copy", "near"]
    best: Best
    members: list[Member]
    frees: int


class Duplicates(BaseModel):
    """All groups, those that free most first."""

    status: Literal["done"]
    version: int
    stale: bool = Field(description="whether the gallery has changed since; ask with refresh")
    groups: list[Group]
    left_out: list[str] = Field(
        description="files that were not looked at: not there, or changed since they were indexed"
    )
    frees: int


class Trashed(BaseModel):
    """What went to the trash, and why the rest stays."""

    moved: list[str]
    left: list[Refusal]
    frees: int


class Map(BaseModel):
    """Where the points of the map are."""

    status: Literal["done"]
    version: int
    stale: bool
    method: str
    note: str
    count: int
    points: str
