"""The JSON of what people decide about duplicates, for OpenAPI and the page `/docs`."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from ..duplicates import NotDuplicate
from .model_fields import fields_of
from .models import MAX_PATHS
from .search_request import MAX_TEXT_CHARACTERS, PathText


class KeepRules(BaseModel):
    """Which of several files to keep, if they hold the same."""

    model_config = ConfigDict(extra="forbid", strict=True)

    prefer: list[PathText] = Field(
        default=[],
        max_length=MAX_PATHS,
        description="folders whose files are kept before others; those of the first one first",
    )
    protect: list[PathText] = Field(
        default=[],
        max_length=MAX_PATHS,
        description="folders of which nothing goes, and whose files are kept before all others",
    )
    keep: str | None = Field(
        default=None,
        max_length=MAX_TEXT_CHARACTERS,
        description="oldest, newest, largest or path:GLOB; null for the best quality",
    )


class PicturesBody(BaseModel):
    """Pictures of the gallery."""

    model_config = ConfigDict(extra="forbid", strict=True)

    pictures: list[PathText] = Field(
        min_length=1, max_length=MAX_PATHS, description="ids, or absolute paths of files"
    )


@fields_of(NotDuplicate)
class MarkedPicture(BaseModel):
    """A picture that is marked as no duplicate of others."""


class NotDuplicates(BaseModel):
    """Sets of pictures, no two of which are duplicates."""

    not_duplicates: list[list[MarkedPicture]]
