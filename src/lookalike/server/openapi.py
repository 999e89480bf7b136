"""What each route takes and answers, in OpenAPI's words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .models import Comparison, Picture, Pictures, Problem, Running, SearchAnswer, UrlBody
from .problems import MEDIA_TYPE
from .search_request import SearchBody, SearchFields

if TYPE_CHECKING:
    from pydantic import BaseModel


def responses(model: Any, *others: int, status: int = 200, **more: Any) -> dict[str, Any]:
    """Describe what a route answers, in FastAPI's words."""
    problems = {
        code: {"description": text, "content": {MEDIA_TYPE: {"schema": _ref("Problem")}}}
        for code, text in _PROBLEMS.items()
        if code in {401, 403, 422, *others}
    }
    good = {"description": "Done", **({"model": model} if model else {})}
    return {
        "status_code": status,
        "responses": {status: good, **problems, **more.pop("also", {})},
        "response_model": None,
        **more,
    }


def search() -> dict[str, Any]:
    """Describe `POST /search`, which takes a form or JSON."""
    return responses(
        SearchAnswer,
        400,
        404,
        408,
        409,
        413,
        415,
        503,
        openapi_extra=_body(SearchBody, {**_form_fields(), "image": _FILE}),
    )


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


def nothing() -> dict[str, Any]:
    """Describe what answers without a body."""
    return responses(None, 404, 409, status=204)


def image(media_type: str) -> dict[str, Any]:
    """Describe what answers with a picture."""
    content = {media_type: {"schema": {"type": "string", "format": "binary"}}}
    described = responses(None, 404, 409, 415, 503)
    described["responses"][200]["content"] = content
    return described


def job_responses(model: Any) -> dict[str, Any]:
    """Describe what a job makes: the answer, or which job makes it."""
    also = {202: {"model": Running, "description": "A job makes it"}}
    return responses(model, 409, 503, also=also)


def events() -> dict[str, Any]:
    """Describe server-sent events."""
    content: dict[str, Any] = {"text/event-stream": {}}
    described = responses(None, 404)
    described["responses"][200]["content"] = content
    return described


def components() -> dict[str, Any]:
    """Give the schemas that routes name without using them."""
    return {model.__name__: model.model_json_schema() for model in (Problem,)}


_FILE = {"type": "string", "format": "binary", "description": "the picture's file"}
_PROBLEMS = {
    400: "The body is malformed",
    401: "A token is needed",
    403: "Another page asks, or another name is used",
    404: "There is no such thing",
    408: "The request was sent too slowly",
    409: "Not as things stand now",
    413: "The body is too large",
    415: "This is no picture, or of no known type",
    422: "Something in the request can't be meant, or the picture can't be used",
    503: "Too much waits already; Retry-After says when to come back",
}


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def _form_fields() -> dict[str, Any]:
    fields: dict[str, Any] = SearchFields.model_json_schema(
        ref_template="#/components/schemas/{model}"
    )["properties"]
    return fields


def _body(model: type[BaseModel], form: dict[str, Any]) -> dict[str, Any]:
    schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
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
