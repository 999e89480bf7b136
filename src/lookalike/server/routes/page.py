"""The page, its files, the description of the API, and whether the server is well."""

from __future__ import annotations

import asyncio
import mimetypes
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Path as PathPart, Request
from starlette.responses import FileResponse, Response

from .. import models, openapi
from ..access import COOKIE, is_same, session_of
from ..metrics import CONTENT_TYPE
from ..problems import Json, ProblemError
from ..state import State

router = APIRouter(include_in_schema=False)
session_router = APIRouter(tags=["session"])
PAGE = Path(__file__).parent.parent / "page"
DOCS = Path(__file__).parent.parent / "docs"
WRONG_TOKEN_SECONDS = 0.5  # before it is told, so that nobody tries many
SESSION_SECONDS = 90 * 86_400
TYPES = {  # said here, as a system may have others
    ".css": "text/css",
    ".html": "text/html",
    ".ico": "image/x-icon",
    ".js": "text/javascript",
    ".json": "application/json",
    ".mjs": "text/javascript",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
}


@router.get("/")
@router.get("/browse")
@router.get("/map")
@router.get("/duplicates")
@router.get("/index")
async def page() -> Response:
    """Give the page; what it shows is its own business."""
    return _file(PAGE, "index.html")


@router.get("/static/{name:path}")
async def static(name: Annotated[str, PathPart()]) -> Response:
    """Give a file of the page."""
    return _file(PAGE, name)


@router.get("/docs")
async def docs() -> Response:
    """Give the page that shows the API."""
    return _file(DOCS, "index.html")


@router.get("/docs/{name}")
async def docs_file(name: str) -> Response:
    """Give a file of that page."""
    return _file(DOCS, name)


@router.get("/metrics")
async def metrics(request: Request) -> Response:
    """Give what the server counts, for Prometheus."""
    return Response(request.app.state.metrics.text(), headers={"Content-Type": CONTENT_TYPE})


@router.get("/healthz")
async def healthz() -> Response:
    """Tell that the server is there."""
    return Json({"status": "ok"})


@session_router.post("/session", **openapi.responses(None, 400, 415, status=204))
async def session(body: models.TokenBody, request: Request) -> Response:
    """Open a session: who knows the token gets a cookie that stands for it."""
    state: State = request.app.state.lookalike
    token = state.settings.token
    answer = Response(status_code=204)
    if token is None:
        return answer
    if not is_same(body.token, token):
        await asyncio.sleep(WRONG_TOKEN_SECONDS)
        raise ProblemError(401, "token_needed", "This is not the token; look where it was set.")
    answer.set_cookie(
        COOKIE,
        session_of(token),
        max_age=SESSION_SECONDS,
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
        path="/",
    )
    return answer


def _file(folder: Path, name: str) -> Response:
    path = (folder / name.replace("\0", "/")).resolve()
    kind = TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0]
    if not path.is_relative_to(folder.resolve()) or not path.is_file() or kind is None:
        raise ProblemError(404, "no_such_route", "There is nothing at this address.")
    return FileResponse(path, media_type=kind)
