"""Routes for searching, comparing, and the pictures of earlier searches."""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from ...errors import ArgumentError
from .. import models, openapi
from ..disconnect import while_connected
from ..problems import JsonResponse, ProblemError
from ..query_cache import CachedQuery
from ..result_cache import MAX_HITS, CachedResult, ResultKey
from ..search_request import SearchRequest, read_search_request
from ..state import State
from .pictures import WEBP, Id, Size, file_response, image_response

router = APIRouter(tags=["search"])


@router.post("/search", **openapi.search())
async def search(request: Request) -> Response:
    """Find where an image appears in the gallery, even if it was edited, plus similar pictures."""
    started = time.perf_counter()
    state: State = request.app.state.lookalike
    search_request = await read_search_request(request, state)
    query_id, fields = search_request.id, search_request.fields
    key = ResultKey(
        query_id,
        search_request.region,
        json.dumps(search_request.filter, sort_keys=True),
        fields.min_score,
        fields.copies,
    )
    version = fields.version
    if version is None and not fields.offset:
        version = await state.version()
    result = state.result_cache.get(key, version)
    name = search_request.name
    if not result or not name:
        source = await _source_of_request(state, search_request)
        name = source["name"]
    if not result:
        result = await while_connected(request, _run_search(state, search_request, source))
        state.result_cache.put(key, result)
    if search_request.file:
        state.cache_query(query_id, name, search_request.file)
    end = fields.offset + fields.top
    query = CachedQuery(query_id, name, result.width, result.height)
    in_gallery = await state.find(query_id) is not None
    return JsonResponse(
        {
            "query": {**asdict(query), "in_gallery": in_gallery},
            "hits": result.hits[fields.offset : end],
            "total": len(result.hits),
            "next_offset": end if end < len(result.hits) else None,
            "took_ms": round((time.perf_counter() - started) * 1000, 2),
            "version": result.version,
        }
    )


@router.post("/compare", **openapi.compare())
async def compare(body: models.CompareBody, request: Request) -> Response:
    """Compare two pictures: whether one is a copy of the other, and which edits made it."""
    state: State = request.app.state.lookalike
    query, query_blob = await _source(state, body.query)
    target, target_blob = await _source(state, body.target)
    values = {"query": query, "target": target, "split": len(query_blob)}
    call = state.pool.call("compare", values, query_blob + target_blob)
    comparison, _ = await while_connected(request, call)
    if body.query == body.target:  # a cached query is re-encoded, so its pixels may differ
        comparison["kind"], comparison["changes"] = "exact", []
    return JsonResponse(comparison)


@router.get("/queries/{id}/thumbnail", **openapi.image(WEBP))
async def query_thumbnail(request: Request, id: Id, size: Size = "320") -> Response:
    """Return a thumbnail of a query, or of a picture of the gallery."""
    state: State = request.app.state.lookalike
    blob = None if await state.find(id) else await _cached_picture(state, id)
    data = await state.thumbnails.get(id, int(size), blob)
    return image_response(request, data, WEBP, f"{id}-{size}")


@router.get("/queries/{id}/image", **openapi.image("image/*"))
async def query_image(request: Request, id: Id) -> Response:
    """Return a query as a JPEG, or the file of a picture of the gallery."""
    state: State = request.app.state.lookalike
    entry = await state.find(id)
    if entry:
        return await file_response(entry, state)
    return image_response(request, await _cached_picture(state, id), "image/jpeg", id)


async def _cached_picture(state: State, query_id: str) -> bytes:
    await state.cached_query(query_id)  # waits until it is written
    return _read_cache(state, query_id)


def _read_cache(state: State, query_id: str) -> bytes:
    blob = state.query_cache.picture(query_id)
    if blob is None:
        raise ProblemError(
            404, "query_gone", "This search has expired; search with the picture again."
        )
    return blob


async def _source_of_request(state: State, search_request: SearchRequest) -> dict[str, Any]:
    if search_request.file:
        return {"from": "bytes", "id": search_request.id, "name": search_request.name}
    try:
        return (await _source(state, search_request.id, read=False))[0]
    except ProblemError as error:
        if getattr(search_request.fields, "query", None) is None:
            raise
        raise ProblemError(404, "query_gone", error.detail) from None


async def _source(
    state: State, picture_id: str, *, read: bool = True
) -> tuple[dict[str, Any], bytes]:
    """Describe a picture for a worker: one of the gallery, or a cached query with its bytes."""
    entry = await state.find(picture_id)
    if entry:
        return {"from": "gallery", "id": picture_id, "name": entry.paths[0]}, b""
    query = await state.cached_query(picture_id)
    blob = _read_cache(state, picture_id) if read else b""
    if query is None:
        raise ProblemError(
            404, "no_such_picture", "This picture is unknown; search with its file again."
        )
    return {"from": "cache", **asdict(query)}, blob


async def _run_search(
    state: State, search_request: SearchRequest, source: dict[str, Any]
) -> CachedResult:
    region = search_request.region
    if region and (region[2] <= 0 or region[3] <= 0):
        raise ArgumentError("The region is empty; enter x, y, width and height.")
    is_cached = source["from"] == "cache"
    values = {
        "query": source,
        "top": MAX_HITS,
        "min_score": search_request.fields.min_score,
        "copies": search_request.fields.copies,
        "region": region,
        "filter": search_request.filter,
    }
    blob = _read_cache(state, search_request.id) if is_cached else search_request.file
    reply, _ = await state.pool.call("search", values, blob or b"")
    return CachedResult(reply["hits"], reply["width"], reply["height"], reply["version"])
