"""Searching, comparing, and the queries that were kept."""

from __future__ import annotations

import json
import time
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from ...errors import ArgumentError
from .. import models, openapi
from ..problems import Json, ProblemError
from ..result_cache import MAX_HITS, CachedResult, ResultKey
from ..search_request import ID_PATTERN, SearchRequest, read_search_request
from ..state import State
from .pictures import WEBP, file_response, image_response

router = APIRouter(tags=["search"])
Id = Annotated[str, Path(pattern=ID_PATTERN)]
Size = Annotated[Literal["160", "320", "640"], Query(description="pixels of the longer side")]


@router.post("/search", **openapi.search())
async def search(request: Request) -> Response:
    """Find where a picture stands in the gallery, and what looks like it."""
    started = time.perf_counter()
    state: State = request.app.state.lookalike
    ask = await read_search_request(request, state)
    fields = ask.fields
    question = ResultKey(
        ask.id,
        ask.region,
        json.dumps(ask.filter, sort_keys=True),
        fields.min_score,
        fields.copies,
    )
    version = await state.version()
    wanted = fields.version if fields.version is not None else version
    found = state.answers.get(question, wanted if not fields.offset or fields.version else None)
    name = ask.name
    if not found or not name:
        source = await _source(state, ask)
        name = source["name"]
    if not found:
        found = await _find(state, ask, source)
        state.answers.put(question, found)
    if ask.blob:
        state.keep(ask.id, ask.name, ask.blob)
    end = fields.offset + fields.top
    return Json(
        {
            "query": {
                "id": ask.id,
                "name": name,
                "width": found.width,
                "height": found.height,
                "in_gallery": await state.find(ask.id) is not None,
            },
            "hits": found.hits[fields.offset : end],
            "total": len(found.hits),
            "next_offset": end if end < len(found.hits) else None,
            "took_ms": round((time.perf_counter() - started) * 1000, 2),
            "version": found.version,
        }
    )


@router.post("/compare", **openapi.compare())
async def compare(body: models.CompareBody, request: Request) -> Response:
    """Tell whether one of two pictures is a copy of the other, and what was done to it."""
    state: State = request.app.state.lookalike
    query, first = await _known(state, body.query)
    target, second = await _known(state, body.target)
    values = {"query": query, "target": target, "split": len(first)}
    found, _ = await state.pool.call("compare", values, first + second)
    if body.query == body.target:  # a kept query has lost what makes its pixels the same
        found["kind"], found["changes"] = "exact", []
    return Json(found)


@router.get("/queries/{id}/thumbnail", **openapi.image("image/webp"))
async def query_thumbnail(request: Request, id: Id, size: Size = "320") -> Response:
    """Give a query, or a picture of the gallery, in small."""
    state: State = request.app.state.lookalike
    if await state.find(id):
        return image_response(
            request, await state.thumbnails.get(id, int(size)), WEBP, f"{id}-{size}"
        )
    await state.query(id)
    return image_response(
        request, await state.thumbnails.get(id, int(size), _kept(state, id)), WEBP, f"{id}-{size}"
    )


@router.get("/queries/{id}/image", **openapi.image("image/*"))
async def query_image(request: Request, id: Id) -> Response:
    """Give a query as it was kept, or the file of a picture of the gallery."""
    state: State = request.app.state.lookalike
    entry = await state.find(id)
    if entry:
        return await file_response(entry, state)
    await state.query(id)
    return image_response(request, _kept(state, id), "image/jpeg", id)


def _kept(state: State, one: str) -> bytes:
    blob = state.kept.picture(one)
    if blob is None:
        raise ProblemError(
            404, "query_gone", "This query is not kept any more; ask with the picture again."
        )
    return blob


async def _source(state: State, ask: SearchRequest) -> dict[str, Any]:
    if ask.blob:
        return {"from": "bytes", "id": ask.id, "name": ask.name}
    try:
        return (await _known(state, ask.id, read=False))[0]
    except ProblemError as error:
        if getattr(ask.fields, "query", None) is None:
            raise
        raise ProblemError(404, "query_gone", error.detail) from None


async def _known(state: State, one: str, *, read: bool = True) -> tuple[dict[str, Any], bytes]:
    """Say where a worker finds a picture that was asked with before, or is in the gallery."""
    entry = await state.find(one)
    if entry:
        return {"from": "gallery", "id": one, "name": entry.paths[0]}, b""
    kept = await state.query(one)
    blob = _kept(state, one) if read else b""
    if kept is None:
        raise ProblemError(
            404, "no_such_picture", "There is no such picture or query; ask with the file again."
        )
    values = {"id": one, "name": kept.name, "width": kept.width, "height": kept.height}
    return {"from": "kept", **values}, blob


async def _find(state: State, ask: SearchRequest, source: dict[str, Any]) -> CachedResult:
    region = ask.region
    if region and (region[2] <= 0 or region[3] <= 0):
        raise ArgumentError("The region has no area; give x, y, width and height.")
    values = {
        "query": source,
        "top": MAX_HITS,
        "min_score": ask.fields.min_score,
        "copies": ask.fields.copies,
        "region": region,
        "filter": ask.filter,
    }
    blob = ask.blob or (_kept(state, ask.id) if source["from"] == "kept" else b"")
    found, _ = await state.pool.call("search", values, blob)
    return CachedResult(found["hits"], found["width"], found["height"], found["version"])
