"""Search requests, read from a form or from JSON, and validated."""

from __future__ import annotations

import asyncio
import json
import tempfile
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    WithJsonSchema,
)

from ..errors import ArgumentError
from ..search import Filter
from ..sources import file_content_hash
from .problems import ProblemError, invalid_request
from .result_cache import MAX_HITS

if TYPE_CHECKING:
    from starlette.datastructures import FormData
    from starlette.requests import Request

    from .state import State

MAX_FIELDS, MAX_FIELD_BYTES = 20, 64 * 2**10
MAX_MEMORY_BYTES = 2**20  # of a picture; a larger one is a file
MAX_TEXT_CHARACTERS = 4_096  # of a path, a name or a URL
MAX_NAME_CHARACTERS = 200
ID_PATTERN = "^[0-9a-f]{32}$"
NUMBER = r"(0|1|0?\.\d{1,17}|0\.\d{1,17}|1\.0{0,17})"
REGION_PATTERN = rf"^ *{NUMBER}( *, *{NUMBER}){{3}} *$"
_SOURCES = ("url", "id", "query")
_ONE_SOURCE = "Send exactly one of: image (a file in a form), url, id, query."


def _as_text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("Input should be a valid string")  # noqa: TRY004  what Pydantic expects
    if len(value) > MAX_TEXT_CHARACTERS:
        raise ValueError(f"String should have at most {MAX_TEXT_CHARACTERS} characters")
    return value


# A path may contain bytes that are not UTF-8 (PEP 383); Pydantic's `str` may not.
PathText = Annotated[
    Any,
    AfterValidator(_as_text),
    WithJsonSchema({"type": "string", "maxLength": MAX_TEXT_CHARACTERS}),
]


class FilterModel(BaseModel):
    """Conditions that every hit must meet; all are optional."""

    model_config = ConfigDict(extra="forbid", strict=True)

    folder: PathText | None = Field(None, description="only pictures under this absolute path")
    label: PathText | None = Field(None, description="only files in a folder of this name")
    min_width: int | None = Field(None, ge=0, le=2**31, description="in pixels")
    min_height: int | None = Field(None, ge=0, le=2**31, description="in pixels")
    min_bytes: int | None = Field(None, ge=0, le=2**53, description="of the file")
    max_bytes: int | None = Field(None, ge=0, le=2**53, description="of the file")
    after: str | None = Field(
        None, max_length=40, description="changed at this time or later, ISO 8601"
    )
    before: str | None = Field(
        None, max_length=40, description="changed before this time, ISO 8601"
    )


class SearchFields(BaseModel):
    """The options of a search."""

    model_config = ConfigDict(extra="forbid")

    top: int = Field(50, ge=1, le=MAX_HITS, description="number of hits in this page")
    offset: int = Field(0, ge=0, le=MAX_HITS, description="number of hits to skip")
    min_score: float | None = Field(
        None, ge=-1, le=1, description="minimum similarity; copies may score lower"
    )
    region: str | None = Field(
        None,
        max_length=200,
        pattern=REGION_PATTERN,
        description="part of the upright query: x,y,w,h, each 0..1",
    )
    filter: FilterModel | None = None
    copies: bool = Field(True, description="detect copies")
    version: int | None = Field(
        None, ge=0, le=2**53, description="version of the first page, to get the next page"
    )


class SearchBody(SearchFields):
    """A search without a file: exactly one of `url`, `id` and `query`."""

    url: str | None = Field(
        None, max_length=MAX_TEXT_CHARACTERS, description="of a picture on the web"
    )
    id: str | None = Field(None, pattern=ID_PATTERN, description="id of a picture in the gallery")
    query: str | None = Field(None, pattern=ID_PATTERN, description="id of an earlier query")


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """A search request.

    Attributes:
        fields: the options.
        id: of the query.
        name: of the query's file; empty for a picture that the server already has.
        file: the query's file; None for a picture that the server already has.
    """

    fields: SearchFields
    id: str
    name: str
    file: IO[bytes] | None = None

    @property
    def region(self) -> tuple[float, ...] | None:
        """The part of the query to search by; None for the whole query."""
        return tuple(map(float, self.fields.region.split(","))) if self.fields.region else None

    @property
    def filter(self) -> dict[str, Any]:
        """The conditions that are set, as JSON.

        Raises:
            ArgumentError: a condition is invalid.
        """
        where = self.fields.filter
        return Filter.from_json(where.model_dump(exclude_none=True)).as_json() if where else {}


async def read_search_request(request: Request, state: State) -> SearchRequest:
    """Read a search request, and fetch its URL.

    Raises:
        ArgumentError, ProblemError, PictureError: the request is invalid, or its URL does not lead
            to a picture.
    """
    values, file, name = await read_body(request)
    if file is None:
        body = validate(SearchBody, values, strict=True)
        sources = [source for source in _SOURCES if getattr(body, source) is not None]
        if len(sources) != 1:
            raise ArgumentError(_ONE_SOURCE)
        if body.url is None:
            return SearchRequest(body, str(getattr(body, sources[0])), "")
        file, name = await fetch_picture(body.url, state)
        return SearchRequest(body, await asyncio.to_thread(content_id, file), name, file)
    fields = validate(SearchFields, values)
    return SearchRequest(fields, await asyncio.to_thread(content_id, file), name, file)


async def read_body(request: Request) -> tuple[dict[str, Any], IO[bytes] | None, str]:
    """Read a form with a file, or a JSON object.

    Returns:
        The fields, the file, on disk if it is large, and the file's name; no file for JSON.

    Raises:
        ProblemError: the body is neither.
    """
    kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if kind == "application/json":
        values = await _read_json(request)
        _check_image(values)
        return values, None, ""
    if kind != "multipart/form-data":
        raise ProblemError(
            415,
            "media_type",
            "Send a form (multipart/form-data) with a file image, or application/json.",
        )
    # Its file is closed when nobody needs it any more: the search, or the cache of queries.
    return _read_form(
        await request.form(max_files=1, max_fields=MAX_FIELDS, max_part_size=MAX_FIELD_BYTES)
    )


async def fetch_picture(url: str, state: State) -> tuple[IO[bytes], str]:
    """Fetch a picture by its URL into a file; see `fetch`."""
    from .fetch import fetch

    blob, name = await fetch(
        url,
        most=state.settings.max_body_bytes,
        allow_private=state.settings.allow_private_urls,
    )
    file = tempfile.SpooledTemporaryFile(MAX_MEMORY_BYTES)  # noqa: SIM115  as that of a form
    await asyncio.to_thread(file.write, blob)
    return file, name


def validate(model: type[Any], values: dict[str, Any], *, strict: bool = False) -> Any:
    """Validate values by a model; `strict` for JSON, which has types.

    Raises:
        ArgumentError: a value is invalid.
    """
    try:
        return model.model_validate(values, strict=strict)
    except ValidationError as error:
        fields = ((".".join(map(str, e["loc"])) or "body", e["msg"]) for e in error.errors())
        raise ArgumentError(invalid_request(fields)) from None


def content_id(file: IO[bytes]) -> str:
    """Return the id of a file's content: 32 hexadecimal digits."""
    return file_content_hash(file).hex()


async def _read_json(request: Request) -> dict[str, Any]:
    try:
        values = json.loads(await request.body())
    except (ValueError, RecursionError):
        values = None
    if not isinstance(values, dict):
        raise ProblemError(400, "malformed", "The body is not a JSON object.")
    return values


def _read_form(form: FormData) -> tuple[dict[str, Any], IO[bytes] | None, str]:
    values: dict[str, Any] = {}
    file: IO[bytes] | None = None
    name = ""
    for key, value in form.multi_items():
        if not isinstance(value, str):
            if key != "image":
                raise ArgumentError("Name the form field of the file image.")
            file, name = value.file, (value.filename or "")[-MAX_NAME_CHARACTERS:]
            if not value.size:
                raise ArgumentError("The file is empty; send a picture.")
        elif key == "filter":
            try:
                values[key] = json.loads(value)
            except (ValueError, RecursionError):
                raise ArgumentError("The field filter is not a JSON object.") from None
        else:
            values[key] = value
    _check_image(values)
    return values, file, name


def _check_image(values: dict[str, Any]) -> None:
    if "image" in values:
        raise ArgumentError(
            "The field image is not a file; send the picture as a file of a form "
            "(multipart/form-data), with a file name."
        )
