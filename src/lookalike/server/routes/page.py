"""Routes for the web page, the API's documentation, metrics, health and sessions."""

from __future__ import annotations

import asyncio
import mimetypes
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Path as PathPart, Request
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, Response

from .. import models, openapi
from ..access import COOKIE, secrets_match, session_cookie
from ..metrics import CONTENT_TYPE
from ..problems import JsonResponse, ProblemError
from ..state import State

router = APIRouter(include_in_schema=False)
session_router = APIRouter(tags=["session"])
PAGE = Path(__file__).parent.parent / "page"
DOCS = Path(__file__).parent.parent / "docs"
WRONG_TOKEN_SECONDS = 0.5  # delay of the response, against guessing
SESSION_SECONDS = 90 * 86_400
MEDIA_TYPES = {  # fixed here, as the system's table may differ
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
    """Return the page; its script shows the view for the address."""
    return _file(PAGE, "index.html")


@router.get("/static/{name:path}")
async def static(name: Annotated[str, PathPart()]) -> Response:
    """Return a file of the page."""
    return _file(PAGE, name)


@router.get("/docs")
async def docs() -> Response:
    """Return the page that documents the API."""
    return _file(DOCS, "index.html")


@router.get("/docs/{name}")
async def docs_file(name: str) -> Response:
    """Return a file of the page that documents the API."""
    return _file(DOCS, name)


@router.get("/metrics")
async def metrics(request: Request) -> Response:
    """Return metrics for Prometheus."""
    return Response(request.app.state.metrics.text(), headers={"Content-Type": CONTENT_TYPE})


@router.get("/healthz")
async def healthz() -> Response:
    """Report that the server is running."""
    return JsonResponse({"status": "ok"})


@session_router.post("/session", **openapi.responses(None, 400, 415, status=204))
async def session(body: models.TokenBody, request: Request) -> Response:
    """Open a session: exchange the token for a cookie."""
    state: State = request.app.state.lookalike
    token = state.settings.token
    response = Response(status_code=204)
    if token is None:
        return response
    if not secrets_match(body.token, token):
        await asyncio.sleep(WRONG_TOKEN_SECONDS)
        raise ProblemError(401, "token_needed", "The token is wrong; check it and try again.")
    response.set_cookie(
        COOKIE,
        session_cookie(token),
        max_age=SESSION_SECONDS,
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
        path=state.settings.root_path or "/",
    )
    return response


def _file(folder: Path, name: str) -> Response:
    path = (folder / name.replace("\0", "/")).resolve()
    media_type = MEDIA_TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0]
    if not path.is_relative_to(folder.resolve()) or not path.is_file() or media_type is None:
        raise HTTPException(404)
    return FileResponse(path, media_type=media_type)
