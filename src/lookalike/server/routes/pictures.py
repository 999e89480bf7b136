"""The pictures of the gallery: looked through, shown, added, removed."""

from __future__ import annotations

import asyncio
import json
import os
from typing import TYPE_CHECKING, Annotated, Literal
from urllib.parse import quote

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response, StreamingResponse

from ...client import entry_as_json
from ...decode import HEAD_BYTES, sniff
from ...errors import ArgumentError, GalleryNotFoundError, NotAPictureError
from ...search import Filter
from ...sources import is_local
from .. import files, models, openapi, reveal, uploads
from ..problems import Json, ProblemError
from ..search_request import ID_PATTERN, content_id, fetched, read_body, validated
from ..state import State
from ..worker_process import SIZES

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from typing import IO

    from ...types import Entry

router = APIRouter(tags=["pictures"])
Id = Annotated[str, Path(pattern=ID_PATTERN)]
Size = Annotated[Literal["160", "320", "640"], Query(description="pixels of the longer side")]
WEBP = "image/webp"
ADD_SECONDS = 120.0
FOR_EVER = "private, max-age=31536000, immutable"  # what an id names never changes
CHUNK_BYTES = 2**18


@router.get("/pictures", **openapi.browse())
async def browse(
    request: Request,
    offset: Annotated[int, Query(ge=0, le=2**53)] = 0,
    top: Annotated[int, Query(ge=1, le=500)] = 100,
    filter: Annotated[str | None, Query(max_length=8192)] = None,
) -> Response:
    """Look through the gallery, what changed last first."""
    state: State = request.app.state.lookalike
    where = None
    if filter:
        try:
            where = Filter.from_json(json.loads(filter))
        except (ValueError, RecursionError) as error:
            said = str(error) if isinstance(error, ArgumentError) else "The filter is no JSON."
            raise ArgumentError(said) from None
    try:
        shelf = await asyncio.to_thread(state.gallery.browse, offset=offset, top=top, where=where)
    except GalleryNotFoundError:
        return Json({"pictures": [], "total": 0, "next_offset": None, "version": 0})
    end = offset + top
    return Json(
        {
            "pictures": [entry_as_json(entry) for entry in shelf.entries],
            "total": shelf.total,
            "next_offset": end if end < shelf.total else None,
            "version": shelf.version,
        }
    )


@router.get("/pictures/{id}", **openapi.picture())
async def get(request: Request, id: Id) -> Response:
    """Tell of one picture."""
    state: State = request.app.state.lookalike
    return Json(entry_as_json(await state.entry(id)))


@router.get("/pictures/{id}/thumbnail", **openapi.image(WEBP))
async def thumbnail(request: Request, id: Id, size: Size = "320") -> Response:
    """Give a picture in small, without metadata."""
    state: State = request.app.state.lookalike
    await state.entry(id)
    return image_response(request, await state.thumbnails.get(id, int(size)), WEBP, f"{id}-{size}")


@router.get("/pictures/{id}/file", **openapi.image("image/*"))
async def file(request: Request, id: Id) -> Response:
    """Give a picture's file as it is."""
    state: State = request.app.state.lookalike
    return await file_response(await state.entry(id), state)


@router.post("/pictures", **openapi.add())
async def add(request: Request) -> Response:
    """Add a picture to the gallery: a file that is sent, or one that a URL names."""
    state: State = request.app.state.lookalike
    values, blob, _ = await read_body(request)
    if not blob:
        body = validated(models.UrlBody, values)
        blob, _ = await fetched(body.url, state)
    kind = sniff(blob[:HEAD_BYTES])
    if kind is None:
        raise NotAPictureError("This is not a picture that lookalike knows; send another file.")
    one = await asyncio.to_thread(content_id, blob)
    known = await state.find(one)
    if known is None:
        place = state.gallery.folder
        async with state.writing:
            path = await asyncio.to_thread(uploads.keep, place, one, kind, blob)
            try:
                await state.pool.call("add", {"path": path}, seconds=ADD_SECONDS)
            except BaseException:
                await asyncio.to_thread(uploads.drop, place, path)
                raise
        known = await state.entry(one)
    return Json(entry_as_json(known), 201, headers={"Location": f"/api/v1/pictures/{one}"})


@router.delete("/pictures/{id}", **openapi.nothing())
async def remove(request: Request, id: Id) -> Response:
    """Take a picture out of the gallery; its file is deleted only if it was sent here."""
    state: State = request.app.state.lookalike
    entry = await state.entry(id)
    async with state.writing:
        await asyncio.to_thread(state.gallery.remove, *entry.paths)
    for path in entry.paths:
        if uploads.is_upload(state.gallery.folder, path):
            await asyncio.to_thread(_delete, state, path)
    state.thumbnails.forget(id, SIZES)
    return Response(status_code=204)


@router.post("/pictures/{id}/reveal", **openapi.nothing())
async def reveal_file(request: Request, id: Id) -> Response:
    """Show a picture's file in the file manager of this machine."""
    state: State = request.app.state.lookalike
    entry = await state.entry(id)
    client = request.client.host if request.client else ""
    if not reveal.is_possible(client) or not is_local(entry.paths[0]):
        raise ProblemError(
            409, "cannot_reveal", "Only on the machine of the server can its files be shown."
        )
    opened, _ = await asyncio.to_thread(files.opened, entry, state.roots())
    opened.close()
    await asyncio.to_thread(reveal.reveal, entry.paths[0])
    return Response(status_code=204)


def image_response(request: Request, data: bytes, media_type: str, tag: str) -> Response:
    """Answer with a picture that never changes; with nothing, where the client has it."""
    headers = {"Cache-Control": FOR_EVER, "ETag": f'"{tag}"'}
    if f'"{tag}"' in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(data, headers=headers, media_type=media_type)


async def file_response(entry: Entry, state: State) -> Response:
    """Answer with a picture's file; what browsers can't show they are told to save.

    Raises:
        OfflineError, PictureError: see `files.opened`.
    """
    opened, kind = await asyncio.to_thread(files.opened, entry, state.roots())
    name = quote(os.path.basename(entry.paths[0]).encode("utf-8", "surrogateescape"))
    how = "inline" if kind in files.SHOWN else "attachment"
    headers = {
        "Cache-Control": FOR_EVER,
        "ETag": f'"{entry.id}"',
        "Content-Length": str(opened.seek(0, os.SEEK_END)),
        "Content-Disposition": f"{how}; filename*=UTF-8''{name}",
    }
    opened.seek(0)
    return StreamingResponse(_chunks(opened), headers=headers, media_type=files.TYPES[kind])


async def _chunks(opened: IO[bytes]) -> AsyncIterator[bytes]:
    with opened:
        while chunk := await asyncio.to_thread(opened.read, CHUNK_BYTES):
            yield chunk


def _delete(state: State, path: str) -> None:
    place = state.gallery.folder
    if uploads.drop(place, path):  # what is left would look like a disk that is not there
        state.gallery.remove(str(place / uploads.FOLDER))
