"""Routes for duplicates: find them, check which may go, move them to the trash and back."""

from __future__ import annotations

import asyncio
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from .. import duplicates_cache, duplicates_models as shapes, models, openapi
from ..problems import JsonResponse, ProblemError
from ..state import State
from .jobs import Refresh, check_paths, start_computation, start_job

router = APIRouter(tags=["duplicates"])
TRASH_SECONDS = 600.0  # at least, for one request
SECONDS_PER_FILE = 10.0
Kind = Annotated[Literal["exact", "copies", "near"], Query(description="how similar they are")]


@router.get("/duplicates", **openapi.job_responses(shapes.Duplicates))
async def duplicates(request: Request, kind: Kind = "copies", refresh: Refresh = False) -> Response:
    """Group the files that show the same picture. The first request starts a job."""
    state: State = request.app.state.lookalike
    basis = await asyncio.to_thread(duplicates_cache.basis_of, state.gallery)
    stored = await asyncio.to_thread(duplicates_cache.read, state.gallery.cache, kind)
    is_stale = stored is not None and duplicates_cache.is_stale(stored, basis)
    if stored is None or (refresh and (is_stale or stored["left_out"])):
        return await start_computation(state, "duplicates", {"kind": kind})
    groups = duplicates_cache.listed(stored)
    frees = sum(group["frees"] for group in groups)
    values = {"groups": groups, "version": stored["version"], "left_out": stored["left_out"]}
    return JsonResponse({"status": "done", "stale": is_stale, "frees": frees, **values})


@router.post("/duplicates/check", **openapi.responses(models.Job, 400, 415, 503, status=202))
async def check(body: shapes.DuplicatesBody, request: Request) -> Response:
    """Start a job that decides which files may go, in the groups that list these paths.

    Both files of each pair are read in full; nothing is moved. `GET /duplicates` then has the
    verdicts.
    """
    return start_job(request, "check", await _values(request, body))


@router.post("/duplicates/trash", **openapi.responses(shapes.Trashed, 400, 409, 415, 503))
async def trash(body: shapes.DuplicatesBody, request: Request) -> Response:
    """Move duplicates to the system's trash: those whose state is `goes`, each checked again."""
    state: State = request.app.state.lookalike
    values = await _values(request, body)
    if state.jobs.is_writing():
        raise ProblemError(
            409, "gallery_busy", "A job is changing the gallery; wait until it has finished."
        )
    job = state.jobs.add("trash", values)
    seconds = max(TRASH_SECONDS, len(body.paths) * SECONDS_PER_FILE)
    await asyncio.to_thread(job.ended.wait, seconds)
    job.cancel.set()  # has no effect on a finished job
    if job.report is None:
        error = job.error or {"detail": "The job was cancelled.", "status": 409}
        raise ProblemError(error["status"], error.get("code", "cancelled"), error["detail"])
    return JsonResponse(job.report)


@router.post("/duplicates/undo", **openapi.responses(models.Job, 400, 415, 503, status=202))
async def undo(body: shapes.UndoBody, request: Request) -> Response:
    """Start a job that brings back what the last request moved, or all that was under paths.

    The job's report has `restored`, and `left` with reasons.
    """
    check_paths(body.paths)
    return start_job(request, "undo", {"paths": body.paths})


async def _values(request: Request, body: shapes.DuplicatesBody) -> dict[str, object]:
    """Return the arguments of a job about duplicates.

    Raises:
        ArgumentError: a path is not listed as a duplicate.
    """
    state: State = request.app.state.lookalike
    paths = sorted(set(body.paths))
    cache = state.gallery.cache
    kind = await asyncio.to_thread(duplicates_cache.find_kind, cache, body.kind, paths)
    return {"kind": kind, "paths": paths}
