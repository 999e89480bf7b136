"""The JSON of requests and responses about duplicates."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from ..duplicates import Member
from .model_fields import fields_of
from .models import MAX_PATHS, Match, Properties, Refusal
from .search_request import PathText  # noqa: TC001  pydantic reads it

MAX_DUPLICATES = 100_000  # of one request: one run of the trash, brought back together


class DuplicatesBody(BaseModel):
    """Files that are listed as duplicates."""

    model_config = ConfigDict(extra="forbid", strict=True)

    paths: list[PathText] = Field(min_length=1, max_length=MAX_DUPLICATES)
    kind: Literal["exact", "copies", "near"] | None = Field(
        default=None, description="kind of the groups; null for the first that lists all paths"
    )


class UndoBody(BaseModel):
    """What to bring back from the trash."""

    model_config = ConfigDict(extra="forbid", strict=True)

    paths: list[PathText] = Field(
        default=[], max_length=MAX_PATHS, description="files or folders; none for the last run"
    )


@fields_of(Member)
class File(BaseModel):
    """A file in a group of duplicates."""

    mtime_ns: int = Field(description="time of the last change, nanoseconds since the epoch")
    properties: Properties
    label: str = Field(description="name of the file's folder")


class Best(File):
    """The file to keep."""

    why: str = Field(description="why this file is kept")


class Duplicate(File):
    """Another file in the group."""

    kind: Literal["exact", "copy", "near"]
    changes: list[str] = Field(description="edits that made the copy, in words")
    how: str
    state: Literal["unchecked", "goes", "stays"] = Field(
        description="whether it may go to the trash; unchecked before POST /duplicates/check"
    )
    reason: str = Field(description="why it stays; empty otherwise")
    holder: str = Field(description="path of the file that holds all of it, if it goes")
    is_protected: bool = Field(description="whether it is in a protected folder")
    frees: int = Field(description="bytes that its removal frees; 0 if it stays")
    match: Match | None


class Group(BaseModel):
    """Files that show the same picture."""

    kind: Literal["exact", "copy", "near"]
    best: Best
    members: list[Duplicate]
    frees: int = Field(description="bytes of the members that are not known to stay")


class Duplicates(BaseModel):
    """All groups; those that free the most bytes come first."""

    status: Literal["done"]
    version: int = Field(description="version of the gallery")
    stale: bool = Field(description="whether the gallery has changed since; use refresh")
    groups: list[Group]
    left_out: list[str] = Field(
        description="files that were not compared: they are missing, or changed after indexing"
    )
    frees: int = Field(description="bytes of the members that are not known to stay")


class Trashed(BaseModel):
    """The files that moved to the trash, and those that stayed."""

    moved: list[str]
    left: list[Refusal] = Field(description="files that stayed, each with the reason")
    frees: int = Field(description="bytes that are freed once the trash is emptied")
