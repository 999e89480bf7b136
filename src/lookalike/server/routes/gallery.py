"""The gallery as a whole: what is in it."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from ...errors import ArgumentError, GalleryNotFoundError
from ...sources import is_absolute
from .. import models, openapi, reveal
from ..problems import Json
from ..state import State
from ..worker_process import SIZES

router = APIRouter(tags=["gallery"])
MAX_LABELS = 500


@router.get("/info", **openapi.responses(models.Info))
async def info(request: Request) -> Response:
    """Tell what is in the gallery, and how it is."""
    state: State = request.app.state.lookalike
    client = request.client.host if request.client else ""
    return Json(
        {
            **await asyncio.to_thread(_info, state),
            "can_reveal": reveal.is_possible(client),
            "sizes": list(SIZES),
            "max_body_bytes": state.settings.max_body_bytes,
        }
    )


@router.get("/refused", **openapi.responses(models.Refused))
async def refused(request: Request) -> Response:
    """List the files that could not be used, each with its reason."""
    state: State = request.app.state.lookalike
    found = await asyncio.to_thread(_refused, state)
    return Json({"refused": found})


@router.post("/remove", **openapi.responses(models.Removed, 400, 409, 415))
async def remove(body: models.PathsBody, request: Request) -> Response:
    """Remove the rows at or under some absolute paths; never a file."""
    state: State = request.app.state.lookalike
    for path in body.paths:
        if not is_absolute(path) or "\0" in path:
            raise ArgumentError(f"{path[:200]!r} is no absolute path; write it whole.")
    async with state.writing:
        removed = await asyncio.to_thread(state.gallery.remove, *body.paths)
    return Json({"removed": removed})


def _refused(state: State) -> list[dict[str, Any]]:
    try:
        found = sorted(state.gallery.refused(), key=lambda refusal: refusal.path)
    except GalleryNotFoundError:
        return []
    return [asdict(refusal) for refusal in found]


def _info(state: State) -> dict[str, Any]:
    gallery = state.gallery
    try:
        labels = [name for name, _ in gallery.labels()[:MAX_LABELS]]
        return {**asdict(gallery.info()), "version": gallery.version(), "labels": labels}
    except GalleryNotFoundError:
        return {
            "gallery": str(gallery.folder),
            "pictures": 0,
            "fingerprints": 0,
            "refused": 0,
            "roots": [],
            "encoder": {},
            "index": {"kind": "none", "indexed_rows": 0, "unindexed_rows": 0},
            "bytes_on_disk": 0,
            "version": 0,
            "labels": [],
        }
