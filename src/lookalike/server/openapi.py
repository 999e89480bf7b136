"""The requests and responses of each route, in OpenAPI's terms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .models import Comparison, Picture, Pictures, Problem, Running, SearchResult, UrlBody
from .problems import MEDIA_TYPE
from .search_request import SearchBody, SearchFields

if TYPE_CHECKING:
    from pydantic import BaseModel

_FILE = {"type": "string", "format": "binary", "description": "the picture's file"}
_SCHEMAS = "#/components/schemas/{model}"
_PROBLEMS = {
    400: "The body is malformed",
    401: "The token is missing or wrong",
    403: "The request comes from another web page, or uses an unknown host name",
    404: "Not found",
    408: "The request arrived too slowly",
    409: "The gallery's current state does not allow this",
    413: "The body is too large",
    415: "The body has an unsupported type, or the file is not a picture",
    422: "A value is invalid, or the picture can't be used",
    503: "The server is busy; Retry-After says when to try again",
}


def responses(model: Any, *problems: int, status: int = 200, **more: Any) -> dict[str, Any]:
    """Describe the responses of a route, as arguments of FastAPI's decorators."""
    descriptions = {
        code: {"description": text, "content": {MEDIA_TYPE: {"schema": _reference("Problem")}}}
        for code, text in _PROBLEMS.items()
        if code in {401, 403, 422, *problems}
    }
    success = {"description": "Success", **({"model": model} if model else {})}
    return {
        "status_code": status,
        "responses": {status: success, **descriptions, **more.pop("also", {})},
        "response_model": None,
        **more,
    }


def search() -> dict[str, Any]:
    """Describe `POST /search`, which accepts a form or JSON."""
    body = _body(SearchBody, {**_properties(SearchFields), "image": _FILE})
    return responses(SearchResult, 400, 404, 408, 409, 413, 415, 503, openapi_extra=body)


def compare() -> dict[str, Any]:
    """Describe `POST /compare`."""
    return responses(Comparison, 400, 404, 409, 415, 503)


def browse() -> dict[str, Any]:
    """Describe `GET /pictures`."""
    return responses(Pictures)


def picture() -> dict[str, Any]:
    """Describe `GET /pictures/{id}`."""
    return responses(Picture, 404)


def add() -> dict[str, Any]:
    """Describe `POST /pictures`."""
    body = _body(UrlBody, {"image": _FILE})
    return responses(Picture, 400, 404, 408, 409, 413, 415, 503, status=201, openapi_extra=body)


def no_content() -> dict[str, Any]:
    """Describe a response without a body."""
    return responses(None, 404, 409, status=204)


def image(media_type: str) -> dict[str, Any]:
    """Describe a response that is a picture, or other binary data."""
    description = responses(None, 404, 409, 415, 503)
    description["responses"][200]["content"] = {
        media_type: {"schema": {"type": "string", "format": "binary"}}
    }
    return description


def job_responses(model: Any) -> dict[str, Any]:
    """Describe what a job computes: the result, or the job that is computing it."""
    also = {202: {"model": Running, "description": "A job is computing the result"}}
    return responses(model, 409, 503, also=also)


def events() -> dict[str, Any]:
    """Describe server-sent events."""
    description = responses(None, 404)
    description["responses"][200]["content"] = {"text/event-stream": {}}
    return description


def components() -> dict[str, Any]:
    """Return the schemas that FastAPI does not find by itself."""
    return {"Problem": Problem.model_json_schema(ref_template=_SCHEMAS)}


def _reference(name: str) -> dict[str, str]:
    return {"$ref": _SCHEMAS.format(model=name)}


def _properties(model: type[BaseModel]) -> dict[str, Any]:
    return dict(model.model_json_schema(ref_template=_SCHEMAS)["properties"])


def _body(model: type[BaseModel], form: dict[str, Any]) -> dict[str, Any]:
    schema = model.model_json_schema(ref_template=_SCHEMAS)
    schema.pop("$defs", None)
    return {
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {"schema": schema},
                "multipart/form-data": {
                    "schema": {"type": "object", "required": ["image"], "properties": form}
                },
            },
        }
    }
