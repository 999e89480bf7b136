"""Routes for the pictures of the gallery: browse, view, add, remove."""

from __future__ import annotations

import asyncio
import json
import os
from typing import TYPE_CHECKING, Annotated, Literal
from urllib.parse import quote

from fastapi import APIRouter, Path, Query, Request
from starlette.requests import ClientDisconnect
from starlette.responses import Response, StreamingResponse

from ...client import entry_as_json
from ...decode import HEAD_BYTES, sniff
from ...errors import ArgumentError, GalleryNotFoundError, NotAPictureError
from ...search import Filter
from ...sources import is_local
from .. import files, models, openapi, reveal, uploads
from ..problems import JsonResponse, ProblemError
from ..search_request import ID_PATTERN, content_id, fetch_picture, read_body, validate
from ..state import State
from ..worker_process import THUMBNAIL_SIZES

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from typing import IO

    from ...types import Entry

router = APIRouter(tags=["pictures"])
Id = Annotated[str, Path(pattern=ID_PATTERN)]
Size = Annotated[Literal["160", "320", "640"], Query(description="pixels of the longer side")]
WEBP = "image/webp"
ADD_SECONDS = 120.0
CACHE_FOREVER = "private, max-age=31536000, immutable"  # the content of an id never changes
CHUNK_BYTES = 2**18


@router.get("/pictures", **openapi.browse())
async def browse(
    request: Request,
    offset: Annotated[int, Query(ge=0, le=2**53, description="number of pictures to skip")] = 0,
    top: Annotated[int, Query(ge=1, le=500, description="number of pictures in this page")] = 100,
    filter: Annotated[str | None, Query(max_length=8192, description="FilterModel as JSON")] = None,
) -> Response:
    """Browse the gallery, the most recently changed pictures first."""
    state: State = request.app.state.lookalike
    where = None
    if filter:
        try:
            where = Filter.from_json(json.loads(filter))
        except (ValueError, RecursionError) as error:
            is_json = isinstance(error, ArgumentError)
            raise ArgumentError(str(error) if is_json else "The filter is not JSON.") from None
    try:
        page = await asyncio.to_thread(state.gallery.browse, offset=offset, top=top, where=where)
    except GalleryNotFoundError:
        return JsonResponse({"pictures": [], "total": 0, "next_offset": None, "version": 0})
    end = offset + top
    return JsonResponse(
        {
            "pictures": [entry_as_json(entry) for entry in page.entries],
            "total": page.total,
            "next_offset": end if end < page.total else None,
            "version": page.version,
        }
    )


@router.get("/pictures/{id}", **openapi.picture())
async def get(request: Request, id: Id) -> Response:
    """Return the properties of a picture."""
    state: State = request.app.state.lookalike
    return JsonResponse(entry_as_json(await state.entry(id)))


@router.get("/pictures/{id}/thumbnail", **openapi.image(WEBP))
async def thumbnail(request: Request, id: Id, size: Size = "320") -> Response:
    """Return a thumbnail as WebP, without metadata."""
    state: State = request.app.state.lookalike
    await state.entry(id)
    return image_response(request, await state.thumbnails.get(id, int(size)), WEBP, f"{id}-{size}")


@router.get("/pictures/{id}/file", **openapi.image("image/*"))
async def file(request: Request, id: Id) -> Response:
    """Return a picture's file, unchanged."""
    state: State = request.app.state.lookalike
    return await file_response(await state.entry(id), state)


@router.post("/pictures", **openapi.add())
async def add(request: Request) -> Response:
    """Add a picture to the gallery: an uploaded file, or a picture on the web."""
    state: State = request.app.state.lookalike
    values, file, _ = await read_body(request)
    if file is None:
        body = validate(models.UrlBody, values)
        file, _ = await fetch_picture(body.url, state)
    file.seek(0)
    kind = sniff(file.read(HEAD_BYTES))
    if kind is None:
        raise NotAPictureError("This file is not a supported picture; send another one.")
    picture_id = await asyncio.to_thread(content_id, file)
    entry = await state.find(picture_id)
    if entry is None:
        place = state.gallery.folder
        async with state.write_lock:
            if await request.is_disconnected():  # while others were added
                raise ClientDisconnect
            path = await asyncio.to_thread(uploads.save, place, picture_id, kind, file)
            try:
                await state.pool.call("add", {"path": path}, timeout=ADD_SECONDS)
            except BaseException:
                await asyncio.to_thread(uploads.delete, place, path)
                raise
        entry = await state.entry(picture_id)
    headers = {"Location": state.address(f"/pictures/{picture_id}")}
    return JsonResponse(entry_as_json(entry), 201, headers=headers)


@router.delete("/pictures/{id}", **openapi.no_content())
async def remove(request: Request, id: Id) -> Response:
    """Remove a picture from the gallery. Its file is deleted only if it was uploaded."""
    state: State = request.app.state.lookalike
    entry = await state.entry(id)
    async with state.write_lock:
        await asyncio.to_thread(state.gallery.remove, *entry.paths)
    for path in entry.paths:
        if uploads.is_upload(state.gallery.folder, path):
            await asyncio.to_thread(_delete, state, path)
    state.thumbnails.remove(id, THUMBNAIL_SIZES)
    return Response(status_code=204)


@router.post("/pictures/{id}/reveal", **openapi.no_content())
async def reveal_file(request: Request, id: Id) -> Response:
    """Show a picture's file in the file manager of the server's machine."""
    state: State = request.app.state.lookalike
    entry = await state.entry(id)
    client = request.client.host if request.client else ""
    if not reveal.can_reveal(client) or not is_local(entry.paths[0]):
        raise ProblemError(
            409, "cannot_reveal", "Files can be shown only on the server's own machine."
        )
    file, _ = await asyncio.to_thread(files.open_file, entry, state.roots())
    file.close()
    await asyncio.to_thread(reveal.reveal, entry.paths[0])
    return Response(status_code=204)


def image_response(request: Request, data: bytes, media_type: str, tag: str) -> Response:
    """Return a picture that never changes, or 304 if the client already has it."""
    headers = {"Cache-Control": CACHE_FOREVER, "ETag": f'"{tag}"'}
    if f'"{tag}"' in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(data, headers=headers, media_type=media_type)


async def file_response(entry: Entry, state: State) -> Response:
    """Return a picture's file; browsers save a format that they can't show.

    Raises:
        OfflineError, PictureError: see `files.open_file`.
    """
    file, kind = await asyncio.to_thread(files.open_file, entry, state.roots())
    name = quote(os.path.basename(entry.paths[0]).encode("utf-8", "surrogateescape"))
    disposition = "inline" if kind in files.INLINE_FORMATS else "attachment"
    headers = {
        "Cache-Control": CACHE_FOREVER,
        "ETag": f'"{entry.id}"',
        "Content-Length": str(file.seek(0, os.SEEK_END)),
        "Content-Disposition": f"{disposition}; filename*=UTF-8''{name}",
    }
    file.seek(0)
    return StreamingResponse(_chunks(file), headers=headers, media_type=files.MEDIA_TYPES[kind])


async def _chunks(file: IO[bytes]) -> AsyncIterator[bytes]:
    with file:
        while chunk := await asyncio.to_thread(file.read, CHUNK_BYTES):
            yield chunk


def _delete(state: State, path: str) -> None:
    place = state.gallery.folder
    if uploads.delete(place, path):  # an empty folder would look like an offline disk
        state.gallery.remove(str(place / uploads.FOLDER))
