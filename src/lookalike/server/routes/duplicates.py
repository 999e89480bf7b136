"""Routes for duplicates: find them, and move them to the trash."""

from __future__ import annotations

import asyncio
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from .. import duplicates_cache, models, openapi
from ..problems import JsonResponse, ProblemError
from ..state import State
from .jobs import Refresh, start_computation

router = APIRouter(tags=["duplicates"])
TRASH_SECONDS = 600.0
Kind = Annotated[Literal["exact", "copies", "near"], Query(description="how similar they are")]


@router.get("/duplicates", **openapi.job_responses(models.Duplicates))
async def duplicates(request: Request, kind: Kind = "copies", refresh: Refresh = False) -> Response:
    """Group the files that show the same picture. The first request starts a job."""
    state: State = request.app.state.lookalike
    basis = await asyncio.to_thread(duplicates_cache.basis_of, state.gallery)
    stored = await asyncio.to_thread(duplicates_cache.read, state.gallery.cache, kind)
    is_stale = stored is not None and duplicates_cache.is_stale(stored, basis)
    if stored is None or (refresh and (is_stale or stored["left_out"])):
        return await start_computation(state, "duplicates", {"kind": kind})
    frees = sum(group["frees"] for group in stored["groups"])
    values = {name: stored[name] for name in ("version", "groups", "left_out")}
    return JsonResponse({"status": "done", "stale": is_stale, "frees": frees, **values})


@router.post("/duplicates/trash", **openapi.responses(models.Trashed, 400, 409, 415, 503))
async def trash(body: models.TrashBody, request: Request) -> Response:
    """Move duplicates to the system's trash, after checking each file again."""
    state: State = request.app.state.lookalike
    groups = await asyncio.to_thread(duplicates_cache.load, state.gallery.cache, body.kind)
    duplicates_cache.select(groups, body.paths)
    if state.jobs.is_writing():
        raise ProblemError(
            409, "gallery_busy", "A job is changing the gallery; wait until it has finished."
        )
    job = state.jobs.add("trash", {"kind": body.kind, "paths": sorted(set(body.paths))})
    await asyncio.to_thread(job.ended.wait, TRASH_SECONDS)
    job.cancel.set()  # has no effect on a finished job
    if job.report is None:
        error = job.error or {"detail": "The job was cancelled.", "status": 409}
        raise ProblemError(error["status"], error.get("code", "cancelled"), error["detail"])
    return JsonResponse(job.report)
