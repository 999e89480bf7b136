"""Routes for background jobs: start, follow and cancel them."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response, StreamingResponse

from ...errors import ArgumentError
from ...sources import is_absolute
from ...storage import Manifest
from .. import models, openapi
from ..jobs import FINAL_STATES, Job
from ..problems import JsonResponse, ProblemError
from ..state import State

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

router = APIRouter(tags=["jobs"])
Id = Annotated[str, Path(pattern="^[0-9a-f]{16}$")]
Refresh = Annotated[bool, Query(description="compute it again if the gallery has changed since")]
EVENT_SECONDS = 0.25


@router.post("/index", **openapi.responses(models.Job, 400, 415, 503, status=202))
async def index(body: models.IndexBody, request: Request) -> Response:
    """Start a job that indexes folders. An equal request returns the job that is running."""
    check_paths(body.paths)
    state: State = request.app.state.lookalike
    private = state.settings.allow_private_urls
    return start_job(request, "index", {**body.model_dump(), "allow_private_urls": private})


@router.post("/prune", **openapi.responses(models.Job, 400, 415, 503, status=202))
async def prune(body: models.PruneBody, request: Request) -> Response:
    """Start a job that removes the rows of deleted files. Offline folders keep theirs."""
    return start_job(request, "prune", {"dry_run": body.dry_run})


@router.get("/jobs", **openapi.responses(models.Jobs))
async def jobs(request: Request) -> Response:
    """List the latest jobs, the newest first."""
    state: State = request.app.state.lookalike
    return JsonResponse({"jobs": [job.as_json() for job in state.jobs.all()]})


@router.get("/jobs/{id}", **openapi.responses(models.Job, 404))
async def job(request: Request, id: Id) -> Response:
    """Return a job and its progress."""
    return JsonResponse(_job(request, id).as_json())


@router.get("/jobs/{id}/events", **openapi.events())
async def events(request: Request, id: Id) -> Response:
    """Send a job's progress as server-sent events; the last event is `done`."""
    job = _job(request, id)

    async def send() -> AsyncIterator[str]:
        last = ""
        while job.state not in FINAL_STATES:
            data = json.dumps(job.as_json())
            # Without news a comment is sent, to notice when the client has disconnected.
            yield f"event: progress\ndata: {data}\n\n" if data != last else ": unchanged\n\n"
            last = data
            await asyncio.sleep(EVENT_SECONDS)
        yield f"event: done\ndata: {json.dumps(job.as_json())}\n\n"

    headers = {"X-Accel-Buffering": "no"}  # nginx would hold events back until it has some KB
    return StreamingResponse(send(), headers=headers, media_type="text/event-stream")


@router.delete("/jobs/{id}", **openapi.responses(models.Job, 404, status=202))
async def cancel(request: Request, id: Id) -> Response:
    """Cancel a job. Work that it has committed is kept."""
    job = _job(request, id)
    job.cancel.set()
    return JsonResponse(job.as_json(), 202)


def check_paths(paths: Sequence[str]) -> None:
    """Check that paths are absolute.

    Raises:
        ArgumentError: a path is not.
    """
    for path in paths:
        if not is_absolute(path) or "\0" in path:
            raise ArgumentError(
                f"Enter the full path instead of {path[:200]!r}, for example /photos/2024."
            )


async def start_computation(state: State, kind: str, values: dict[str, object]) -> Response:
    """Start the job that computes the response of a route.

    Raises:
        ProblemError: the gallery is empty, or the queue is full.
    """
    if await asyncio.to_thread(Manifest.read, state.gallery.folder) is None:
        raise ProblemError(
            409, "gallery_empty", "The gallery has no pictures yet; index a folder first."
        )
    return JsonResponse({"status": "running", "job": state.jobs.add(kind, values).id}, 202)


def start_job(request: Request, kind: str, values: dict[str, object]) -> Response:
    """Start a job, and describe it."""
    state: State = request.app.state.lookalike
    job = state.jobs.add(kind, values)
    return JsonResponse(job.as_json(), 202, headers={"Location": state.address(f"/jobs/{job.id}")})


def _job(request: Request, job_id: str) -> Job:
    state: State = request.app.state.lookalike
    job = state.jobs.get(job_id)
    if job is None:
        raise ProblemError(404, "no_such_job", "The job is unknown, or finished long ago.")
    return job
