"""Routes for the gallery as a whole."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from ...errors import GalleryNotFoundError
from ...types import Info
from .. import models, openapi, reveal
from ..problems import JsonResponse
from ..state import State
from ..worker_process import THUMBNAIL_SIZES
from .jobs import check_paths

router = APIRouter(tags=["gallery"])
MAX_LABELS = 500


@router.get("/info", **openapi.responses(models.Info))
async def info(request: Request) -> Response:
    """Return the status of the gallery and the server."""
    state: State = request.app.state.lookalike
    client = request.client.host if request.client else ""
    return JsonResponse(
        {
            **await asyncio.to_thread(_info, state),
            "can_reveal": reveal.can_reveal(client),
            "sizes": list(THUMBNAIL_SIZES),
            "max_body_bytes": state.settings.max_body_bytes,
        }
    )


@router.get("/refused", **openapi.responses(models.Refused))
async def refused(request: Request) -> Response:
    """List the files that can't be used, each with the reason."""
    state: State = request.app.state.lookalike
    return JsonResponse({"refused": await asyncio.to_thread(_refused, state)})


@router.post("/remove", **openapi.responses(models.Removed, 400, 409, 415))
async def remove(body: models.PathsBody, request: Request) -> Response:
    """Remove the rows of files at or under absolute paths. Files are never deleted."""
    check_paths(body.paths)
    state: State = request.app.state.lookalike
    async with state.write_lock:
        removed = await asyncio.to_thread(state.gallery.remove, *body.paths)
    return JsonResponse({"removed": removed})


def _refused(state: State) -> list[dict[str, Any]]:
    try:
        refusals = sorted(state.gallery.refused(), key=lambda refusal: refusal.path)
    except GalleryNotFoundError:
        return []
    return [asdict(refusal) for refusal in refusals]


def _info(state: State) -> dict[str, Any]:
    gallery = state.gallery
    try:
        labels = [name for name, _ in gallery.labels()[:MAX_LABELS]]
        return {**asdict(gallery.info()), "version": gallery.version(), "labels": labels}
    except GalleryNotFoundError:
        empty = Info(
            gallery=str(gallery.folder),
            pictures=0,
            files=0,
            fingerprints=0,
            refused=0,
            roots=(),
            encoder={},
            index={"kind": "none", "indexed_rows": 0, "unindexed_rows": 0},
            bytes_on_disk=0,
        )
        return {**asdict(empty), "version": 0, "labels": []}
