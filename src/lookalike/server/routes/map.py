"""Routes for the map, a 2-D layout of all pictures."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter, Request
from starlette.responses import Response

from .. import map_cache, models, openapi
from ..problems import JsonResponse, ProblemError
from ..state import State
from .jobs import Refresh, start_computation

router = APIRouter(tags=["map"])
BINARY = "application/octet-stream"


@router.get("/map", **openapi.job_responses(models.Map))
async def gallery_map(request: Request, refresh: Refresh = False) -> Response:
    """Describe the map of all pictures. The first request starts a job that computes it."""
    state: State = request.app.state.lookalike
    version = await state.version()
    stored = await asyncio.to_thread(map_cache.load, state.gallery.cache)
    is_stale = stored is not None and stored.version != version
    if stored is None or (refresh and is_stale):
        return await start_computation(state, "map", {})
    return JsonResponse(
        {
            "status": "done",
            "version": stored.version,
            "stale": is_stale,
            "method": stored.method,
            "note": stored.note,
            "count": len(stored.points),
            "points": state.address("/map/points"),
        }
    )


@router.get("/map/points", **openapi.image(BINARY))
async def points(request: Request) -> Response:
    """Return the points, little endian: 16 bytes of id, float32 x and y (0..1), uint32 label."""
    return Response((await _stored_map(request)).points.tobytes(), media_type=BINARY)


@router.get("/map/labels", **openapi.responses(list[str], 404))
async def labels(request: Request) -> Response:
    """List the labels; a point's label is an index of this list."""
    return JsonResponse((await _stored_map(request)).labels)


async def _stored_map(request: Request) -> map_cache.Map:
    state: State = request.app.state.lookalike
    stored = await asyncio.to_thread(map_cache.load, state.gallery.cache)
    if stored is None:
        raise ProblemError(404, "no_map", "There is no map yet; request /api/v1/map first.")
    return stored
