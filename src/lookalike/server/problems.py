"""What goes wrong, as problem documents (RFC 9457): a code, a sentence, what to do next."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, cast

from starlette.responses import Response

from ..client import ERROR_CODES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request

    from .. import errors

MEDIA_TYPE = "application/problem+json"


class Json(Response):
    """An answer as JSON in ASCII: a path may hold what is not UTF-8 (PEP 383)."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        """Write values as JSON."""
        return json.dumps(content, allow_nan=False, separators=(",", ":")).encode("ascii")


class ProblemError(Exception):
    """What a route raises to answer with a problem document."""

    def __init__(
        self, status: int, code: str, detail: str, *, headers: Mapping[str, str] | None = None
    ) -> None:
        """Say what happened.

        Args:
            status: of HTTP.
            code: for programs; stands in docs/reference/rest.md.
            detail: one sentence for people that says what to do.
            headers: to be sent with it.
        """
        super().__init__(detail)
        self.status, self.code, self.detail, self.headers = status, code, detail, headers


class BusyError(ProblemError):
    """The queue is full."""

    def __init__(self) -> None:
        """Ask to come back in a moment."""
        super().__init__(
            503,
            "busy",
            "The server has more to do than it can queue; ask again in a moment.",
            headers={"Retry-After": "1"},
        )


def problem(
    status: int, code: str, detail: str, headers: Mapping[str, str] | None = None
) -> Response:
    """Write a problem document."""
    title = HTTPStatus(status).phrase
    values = {
        "type": f"urn:lookalike:problem:{code}",
        "title": title,
        "status": status,
        "detail": detail,
        "code": code,
    }
    body = json.dumps(values).encode("ascii")
    return Response(body, status, headers=dict(headers or {}), media_type=MEDIA_TYPE)


def code_of(error: errors.LookalikeError) -> tuple[int, str]:
    """Give the status and the code of what a verb of the gallery raised."""
    return next((s, c) for kind, s, c in ERROR_CODES if isinstance(error, kind))


def of_lookalike(error: errors.LookalikeError) -> Response:
    """Answer with what a verb of the gallery raised."""
    return problem(*code_of(error), str(error))


async def on_problem(_: Request, error: Exception) -> Response:
    """Handle `ProblemError`."""
    error = cast("ProblemError", error)
    return problem(error.status, error.code, error.detail, error.headers)


async def on_lookalike(_: Request, error: Exception) -> Response:
    """Handle what the gallery raises."""
    return of_lookalike(cast("errors.LookalikeError", error))


async def on_invalid(_: Request, error: Exception) -> Response:
    """Handle values that do not fit the route."""
    found: list[dict[str, Any]] = getattr(error, "errors", list)()
    said = "; ".join(
        f"{'.'.join(map(str, one['loc'][1:])) or one['loc'][0]}: {one['msg']}" for one in found[:3]
    )
    return problem(422, "argument", f"The request does not fit: {said[:300]}. See /docs.")


async def on_http(request: Request, error: Exception) -> Response:
    """Handle what Starlette itself answers: no such route, no such method."""
    status = int(getattr(error, "status_code", 500))
    codes = {404: "no_such_route", 405: "method", 400: "malformed", 413: "too_large"}
    details = {
        404: "There is nothing at this address; all that there is stands in /docs.",
        405: "This address takes other methods; see /docs.",
    }
    detail = details.get(status, str(getattr(error, "detail", "")) or HTTPStatus(status).phrase)
    headers = dict(getattr(error, "headers", None) or {})
    if status == HTTPStatus.METHOD_NOT_ALLOWED:  # Starlette names those of one route only
        headers["Allow"] = ", ".join(sorted(_methods(request)))
    return problem(status, codes.get(status, "http"), detail, headers)


def _methods(request: Request) -> set[str]:
    """Find the methods of all routes at a request's address."""
    path = request.url.path
    return {
        method
        for prefix, route in request.app.state.routes
        if path.startswith(prefix) and route.path_regex.match(path[len(prefix) :])
        for method in route.methods
    }


async def on_crash(_: Request, __: Exception) -> Response:
    """Handle a fault of ours: tell nothing of it but that it is one."""
    return problem(500, "fault", "Something failed in the server; its log says what.")
