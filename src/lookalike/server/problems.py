"""Errors as problem documents (RFC 9457): a code for programs, a sentence for people."""

from __future__ import annotations

import json
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from starlette.responses import HTMLResponse, Response

from ..client import ERROR_CODES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from starlette.requests import Request

    from .. import errors

MEDIA_TYPE = "application/problem+json"
NOT_FOUND = Path(__file__).parent / "page" / "not-found.html"
FAULT_DETAIL = "Something went wrong in the server; its log has the details."
MAX_DETAIL_CHARACTERS = 300


class JsonResponse(Response):
    """A response as JSON in ASCII: a path may contain bytes that are not UTF-8 (PEP 383)."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        """Write the values as JSON."""
        return json.dumps(content, allow_nan=False, separators=(",", ":")).encode("ascii")


class ProblemError(Exception):
    """An error that a route raises; the response is a problem document."""

    def __init__(
        self, status: int, code: str, detail: str, *, headers: Mapping[str, str] | None = None
    ) -> None:
        """Describe the problem.

        Args:
            status: HTTP status.
            code: for programs; docs/reference/rest.md lists all of them.
            detail: one sentence for people, which says what to do next.
            headers: of the response.
        """
        super().__init__(detail)
        self.status, self.code, self.detail, self.headers = status, code, detail, headers


class BusyError(ProblemError):
    """The queue is full."""

    def __init__(self) -> None:
        """Ask the client to try again in a second."""
        super().__init__(
            503, "busy", "The server is busy; try again in a moment.", headers={"Retry-After": "1"}
        )


def problem_as_json(
    status: int, code: str, detail: str, *, title: str | None = None
) -> dict[str, Any]:
    """Write a problem document; the title is by default that of the HTTP status."""
    return {
        "type": f"urn:lookalike:problem:{code}",
        "title": title or HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
    }


def problem(
    status: int, code: str, detail: str, headers: Mapping[str, str] | None = None
) -> Response:
    """Return a problem document as a response."""
    body = json.dumps(problem_as_json(status, code, detail)).encode("ascii")
    return Response(body, status, headers=dict(headers or {}), media_type=MEDIA_TYPE)


def status_and_code(error: errors.LookalikeError) -> tuple[int, str]:
    """Return the HTTP status and the code of an error."""
    return next((s, c) for kind, s, c in ERROR_CODES if isinstance(error, kind))


def invalid_request(errors: Iterable[tuple[str, str]]) -> str:
    """Describe the first of the invalid fields: pairs of a field and a message."""
    text = "; ".join(f"{field}: {message}" for field, message in list(errors)[:3])
    return f"The request is invalid: {text[:MAX_DETAIL_CHARACTERS]}. See /docs."


async def on_problem(_: Request, error: Exception) -> Response:
    """Respond to `ProblemError`."""
    error = cast("ProblemError", error)
    return problem(error.status, error.code, error.detail, error.headers)


async def on_lookalike_error(_: Request, error: Exception) -> Response:
    """Respond to an error of the gallery."""
    return problem(*status_and_code(cast("errors.LookalikeError", error)), str(error))


async def on_validation_error(_: Request, error: Exception) -> Response:
    """Respond to values that FastAPI finds invalid."""
    fields: list[dict[str, Any]] = getattr(error, "errors", list)()
    detail = invalid_request(
        (".".join(map(str, field["loc"][1:])) or field["loc"][0], field["msg"]) for field in fields
    )
    return problem(422, "argument", detail)


async def on_http_error(request: Request, error: Exception) -> Response:
    """Respond to an error of Starlette, such as an unknown route or method."""
    status = int(getattr(error, "status_code", 500))
    codes = {404: "no_such_route", 405: "method", 400: "malformed", 413: "too_large"}
    details = {
        404: "Page not found.",
        405: "This address does not support the method; see /docs.",
    }
    accept = request.headers.get("accept", "")
    path = request.scope["path"].removeprefix(request.scope["root_path"])
    if status == HTTPStatus.NOT_FOUND and "text/html" in accept and not path.startswith("/api/"):
        page = NOT_FOUND.read_text("utf-8").replace("ROOT", request.scope["root_path"])
        return HTMLResponse(page, status)
    detail = details.get(status, str(getattr(error, "detail", "")) or HTTPStatus(status).phrase)
    headers = dict(getattr(error, "headers", None) or {})
    if status == HTTPStatus.METHOD_NOT_ALLOWED:  # Starlette lists the methods of one route only
        headers["Allow"] = ", ".join(sorted(_allowed_methods(request)))
    return problem(status, codes.get(status, "http"), detail, headers)


def _allowed_methods(request: Request) -> set[str]:
    """Return the methods of all routes at a request's address."""
    path = request.scope["path"].removeprefix(request.scope["root_path"])
    methods = {
        method
        for prefix, route in request.app.state.routes
        if path.startswith(prefix) and route.path_regex.match(path[len(prefix) :])
        for method in route.methods
    }
    return methods | {"HEAD"} if "GET" in methods else methods


async def on_crash(_: Request, __: Exception) -> Response:
    """Respond to a bug, without details: they go to the log."""
    return problem(500, "fault", FAULT_DETAIL)
