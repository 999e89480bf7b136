"""Work in the background: indexing, pruning, and how far each job is."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Path, Request
from starlette.responses import Response, StreamingResponse

from ...errors import ArgumentError
from ...sources import is_absolute
from .. import models, openapi
from ..jobs import ENDED, Job
from ..problems import Json, ProblemError
from ..state import State

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

router = APIRouter(tags=["jobs"])
Id = Annotated[str, Path(pattern="^[0-9a-f]{16}$")]
EVENT_SECONDS = 0.25


@router.post("/index", **openapi.responses(models.Job, 400, 415, 503, status=202))
async def index(body: models.IndexBody, request: Request) -> Response:
    """Index folders, in the background; a second request for the same gives the same job."""
    for path in body.paths:
        if not is_absolute(path) or "\0" in path:
            raise ArgumentError(f"{path[:200]!r} is no absolute path; write it whole.")
    state: State = request.app.state.lookalike
    private = state.settings.allow_private_urls
    return _started(request, "index", {**body.model_dump(), "allow_private_urls": private})


@router.post("/prune", **openapi.responses(models.Job, 400, 415, 503, status=202))
async def prune(body: models.PruneBody, request: Request) -> Response:
    """Remove the rows whose file is gone from a folder that can be reached."""
    return _started(request, "prune", {"dry_run": body.dry_run})


@router.get("/jobs", **openapi.responses(models.Jobs))
async def jobs(request: Request) -> Response:
    """List the latest jobs, the newest first."""
    state: State = request.app.state.lookalike
    return Json({"jobs": [job.as_json() for job in state.jobs.all()]})


@router.get("/jobs/{id}", **openapi.responses(models.Job, 404))
async def job(request: Request, id: Id) -> Response:
    """Tell how far a job is."""
    return Json(_job(request, id).as_json())


@router.get("/jobs/{id}/events", **openapi.events())
async def events(request: Request, id: Id) -> Response:
    """Tell how far a job is as it goes on, as server-sent events; the last one is `done`."""
    found = _job(request, id)

    async def told() -> AsyncIterator[str]:
        before = ""
        while found.state not in ENDED:
            now = json.dumps(found.as_json())
            # A comment, where nothing is new, tells whether anybody still listens.
            yield f"event: progress\ndata: {now}\n\n" if now != before else ": still\n\n"
            before = now
            await asyncio.sleep(EVENT_SECONDS)
        yield f"event: done\ndata: {json.dumps(found.as_json())}\n\n"

    return StreamingResponse(told(), media_type="text/event-stream")


@router.delete("/jobs/{id}", **openapi.responses(models.Job, 404, status=202))
async def cancel(request: Request, id: Id) -> Response:
    """Cancel a job; what it has committed stays."""
    found = _job(request, id)
    found.cancel.set()
    return Json(found.as_json(), 202)


def _started(request: Request, kind: str, values: dict[str, object]) -> Response:
    state: State = request.app.state.lookalike
    job = state.jobs.add(kind, values)
    return Json(job.as_json(), 202, headers={"Location": f"/api/v1/jobs/{job.id}"})


def _job(request: Request, one: str) -> Job:
    state: State = request.app.state.lookalike
    found = state.jobs.get(one)
    if found is None:
        raise ProblemError(404, "no_such_job", "There is no such job, or it was long ago.")
    return found
