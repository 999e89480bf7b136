"""The reading rooms over a whole gallery: duplicates, and the map."""

from __future__ import annotations

import asyncio
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from ...storage import Manifest
from .. import duplicates_cache, map_cache, models, openapi
from ..problems import Json, ProblemError
from ..state import State

router = APIRouter(tags=["rooms"])
TRASH_SECONDS = 600.0
Kind = Annotated[Literal["exact", "copies", "near"], Query()]
Refresh = Annotated[bool, Query(description="make it anew, if anything has changed since")]


@router.get("/duplicates", **openapi.job_responses(models.Duplicates))
async def duplicates(request: Request, kind: Kind = "copies", refresh: Refresh = False) -> Response:
    """Group the files that show the same picture; a job does it where it was not done yet."""
    state: State = request.app.state.lookalike
    version = await state.version()
    found = await asyncio.to_thread(duplicates_cache.read, state.gallery.cache, kind)
    is_stale = found is not None and found["version"] != version
    if found is None or (refresh and (is_stale or found["left_out"])):
        return await _running(state, "duplicates", {"kind": kind})
    frees = sum(group["frees"] for group in found["groups"])
    return Json({"status": "done", "stale": is_stale, "frees": frees, **found})


@router.post("/duplicates/trash", **openapi.responses(models.Trashed, 400, 409, 415, 503))
async def trash(body: models.TrashBody, request: Request) -> Response:
    """Move files to the system's trash: only those that a group proposes, each checked again."""
    state: State = request.app.state.lookalike
    duplicates_cache.only(
        await asyncio.to_thread(duplicates_cache.load, state.gallery.cache, body.kind), body.paths
    )
    if state.jobs.is_writing():
        raise ProblemError(
            409, "gallery_busy", "A job writes to the gallery; wait until it is done."
        )
    job = state.jobs.add("trash", {"kind": body.kind, "paths": sorted(set(body.paths))})
    await asyncio.to_thread(job.ended.wait, TRASH_SECONDS)
    job.cancel.set()  # of use only where it is not through by now
    if job.report is None:
        error = job.error or {"detail": "This was stopped.", "status": 409, "code": "cancelled"}
        raise ProblemError(error["status"], error["code"], error["detail"])
    return Json(job.report)


@router.get("/map", **openapi.job_responses(models.Map))
async def gallery_map(request: Request, refresh: Refresh = False) -> Response:
    """Tell of the map of all pictures; a job makes it where it is not there yet."""
    state: State = request.app.state.lookalike
    version = await state.version()
    found = await asyncio.to_thread(map_cache.load, state.gallery.cache)
    is_stale = found is not None and found.version != version
    if found is None or (refresh and is_stale):
        return await _running(state, "map", {})
    return Json(
        {
            "status": "done",
            "version": found.version,
            "stale": is_stale,
            "method": found.method,
            "note": found.note,
            "count": len(found.points),
            "points": "/api/v1/map/points",
        }
    )


@router.get("/map/points", **openapi.image("application/octet-stream"))
async def points(request: Request) -> Response:
    """Give the points: each 16 bytes of id, float32 x and y (0..1), uint32 label; little endian."""
    found = await _map(request)
    return Response(found.points.tobytes(), media_type="application/octet-stream")


@router.get("/map/labels", **openapi.responses(list[str], 404))
async def labels(request: Request) -> Response:
    """Name the labels that the points count into."""
    return Json((await _map(request)).labels)


async def _map(request: Request) -> map_cache.Map:
    state: State = request.app.state.lookalike
    found = await asyncio.to_thread(map_cache.load, state.gallery.cache)
    if found is None:
        raise ProblemError(404, "no_map", "There is no map yet; ask /api/v1/map for one.")
    return found


async def _running(state: State, kind: str, values: dict[str, object]) -> Response:
    if await asyncio.to_thread(Manifest.read, state.gallery.folder) is None:
        raise ProblemError(
            409, "gallery_empty", "The gallery has no pictures yet; index a folder first."
        )
    job = state.jobs.add(kind, values)
    return Json({"status": "running", "job": job.id}, 202)
