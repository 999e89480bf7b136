"""What a search request asks: read from a form or from JSON, and made sure of."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

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
from ..sources import content_hash
from .problems import ProblemError
from .result_cache import MAX_HITS

if TYPE_CHECKING:
    from starlette.datastructures import FormData
    from starlette.requests import Request

    from .state import State

MAX_FIELDS, MAX_FIELD_BYTES = 20, 64 * 2**10
MAX_URL_CHARACTERS = 4_096
MAX_NAME_CHARACTERS = 200
ID_PATTERN = "^[0-9a-f]{32}$"
NUMBER = r"(0|1|0?\.\d{1,17}|0\.\d{1,17}|1\.0{0,17})"
REGION_PATTERN = rf"^{NUMBER}(,{NUMBER}){{3}}$"
_SOURCES = ("url", "id", "query")
_ONE_OF = "Ask with exactly one of image (a file, multipart), url, id and query."


def _as_text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("Input should be a valid string")  # noqa: TRY004  Pydantic's way
    return value


# A path may hold what is not UTF-8 (PEP 383), which Pydantic's own text may not.
PathText = Annotated[Any, AfterValidator(_as_text), WithJsonSchema({"type": "string"})]


class FilterModel(BaseModel):
    """Limits that every hit must keep; all of them may be left out."""

    model_config = ConfigDict(extra="forbid", strict=True)

    folder: PathText | None = Field(None, description="absolute path")
    label: PathText | None = Field(None, description="the folder a file lies in")
    min_width: int | None = Field(None, ge=0, le=2**31)
    min_height: int | None = Field(None, ge=0, le=2**31)
    min_bytes: int | None = Field(None, ge=0, le=2**53)
    max_bytes: int | None = Field(None, ge=0, le=2**53)
    after: str | None = Field(None, max_length=40, description="ISO 8601")
    before: str | None = Field(None, max_length=40, description="ISO 8601")


class SearchFields(BaseModel):
    """How to search, whatever is asked with."""

    model_config = ConfigDict(extra="forbid")

    top: int = Field(50, ge=1, le=MAX_HITS, description="hits in this page")
    offset: int = Field(0, ge=0, le=MAX_HITS, description="hits to pass over")
    min_score: float | None = Field(None, ge=-1, le=1, description="copies stay")
    region: str | None = Field(
        None, pattern=REGION_PATTERN, description="x,y,w,h as shares of the upright query"
    )
    filter: FilterModel | None = None
    copies: bool = Field(True, description="whether copies are proved")
    version: int | None = Field(
        None, ge=0, le=2**53, description="of the first page, so that the next ones fit to it"
    )


class SearchBody(SearchFields):
    """A search without a file: exactly one of `url`, `id` and `query`."""

    url: str | None = Field(None, max_length=MAX_URL_CHARACTERS)
    id: str | None = Field(None, pattern=ID_PATTERN, description="a picture of the gallery")
    query: str | None = Field(None, pattern=ID_PATTERN, description="asked with before")


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """A search request.

    Attributes:
        fields: how to search.
        id: of the picture asked with.
        name: what it is called.
        blob: its bytes; empty where it is known already.
    """

    fields: SearchFields
    id: str
    name: str
    blob: bytes = b""

    @property
    def region(self) -> tuple[float, ...] | None:
        """The part to ask with; None for all of it."""
        return tuple(map(float, self.fields.region.split(","))) if self.fields.region else None

    @property
    def filter(self) -> dict[str, Any]:
        """The limits that there are, as JSON.

        Raises:
            ArgumentError: one can't be meant.
        """
        limits = self.fields.filter
        return Filter.from_json(limits.model_dump(exclude_none=True)).as_json() if limits else {}


async def read_search_request(request: Request, state: State) -> SearchRequest:
    """Read a search request.

    Raises:
        ArgumentError, ProblemError, PictureError: it is none, or its URL gives no picture.
    """
    values, blob, name = await read_body(request)
    if not blob:
        body = validated(SearchBody, values, strict=True)
        given = [source for source in _SOURCES if getattr(body, source) is not None]
        if len(given) != 1:
            raise ArgumentError(_ONE_OF)
        if body.url is None:
            return SearchRequest(body, str(getattr(body, given[0])), "")
        blob, name = await fetched(body.url, state)
        return SearchRequest(body, await asyncio.to_thread(content_id, blob), name, blob)
    fields = validated(SearchFields, values)
    return SearchRequest(fields, await asyncio.to_thread(content_id, blob), name, blob)


async def read_body(request: Request) -> tuple[dict[str, Any], bytes, str]:
    """Read a form with a file, or an object of JSON.

    Returns:
        the fields, the file's bytes and its name, both empty where there is none.

    Raises:
        ProblemError: it is neither.
    """
    kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if kind == "application/json":
        return await _read_json(request), b"", ""
    if kind != "multipart/form-data":
        raise ProblemError(
            415, "media_type", "Send multipart/form-data with a file image, or application/json."
        )
    form = await request.form(max_files=1, max_fields=MAX_FIELDS, max_part_size=MAX_FIELD_BYTES)
    try:
        return await _read_form(form)
    finally:
        await form.close()


async def fetched(url: str, state: State) -> tuple[bytes, str]:
    """Fetch a picture that a URL names; see `fetch`."""
    from .fetch import fetch

    return await fetch(
        url,
        most=state.settings.max_body_bytes,
        allow_private=state.settings.allow_private_urls,
    )


def validated(model: type[Any], values: dict[str, Any], *, strict: bool = False) -> Any:
    """Take values as a model; `strict` where they come from JSON, which has types.

    Raises:
        ArgumentError: they do not fit.
    """
    try:
        return model.model_validate(values, strict=strict)
    except ValidationError as error:
        said = "; ".join(
            f"{'.'.join(map(str, one['loc'])) or 'body'}: {one['msg']}"
            for one in error.errors()[:3]
        )
        raise ArgumentError(f"The request does not fit: {said[:300]}. See /docs.") from None


def content_id(blob: bytes) -> str:
    """Name a content: 32 hexadecimal digits."""
    return content_hash(blob).hex()


async def _read_json(request: Request) -> dict[str, Any]:
    try:
        values = json.loads(await request.body())
    except (ValueError, RecursionError):
        values = None
    if not isinstance(values, dict):
        raise ProblemError(400, "malformed", "The body is no object of JSON.")
    return values


async def _read_form(form: FormData) -> tuple[dict[str, Any], bytes, str]:
    values: dict[str, Any] = {}
    blob, name = b"", ""
    for key, value in form.multi_items():
        if not isinstance(value, str):
            if key != "image":
                raise ArgumentError("The file's field is called image.")
            blob, name = await value.read(), (value.filename or "")[-MAX_NAME_CHARACTERS:]
            if not blob:
                raise ArgumentError("The file image is empty; send a picture.")
        elif key == "filter":
            try:
                values[key] = json.loads(value)
            except (ValueError, RecursionError):
                raise ArgumentError("The field filter is no object of JSON.") from None
        else:
            values[key] = value
    return values, blob, name
