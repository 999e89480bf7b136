"""Routes for what people decide about duplicates: which to keep, and which are none."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request
from starlette.responses import Response

from ...client import not_duplicate_as_json, rules_from_json
from ...duplicates import decisions_version
from ...errors import GalleryNotFoundError
from ...sources import is_id
from .. import duplicates_cache, openapi, rule_models
from ..problems import JsonResponse
from ..state import State
from .jobs import check_paths

if TYPE_CHECKING:
    from collections.abc import Callable

router = APIRouter(tags=["duplicates"])


@router.get("/duplicates/rules", **openapi.responses(rule_models.KeepRules))
async def rules(request: Request) -> Response:
    """Return the rules for which of several files to keep."""
    state: State = request.app.state.lookalike
    kept = await asyncio.to_thread(state.gallery.keep_rules)
    return JsonResponse(kept.as_json())


@router.put("/duplicates/rules", **openapi.responses(rule_models.KeepRules, 400, 409, 415))
async def set_rules(body: rule_models.KeepRules, request: Request) -> Response:
    """Replace the rules. The groups are stale then: refresh them."""
    check_paths([*body.prefer, *body.protect])
    state: State = request.app.state.lookalike
    given = rules_from_json(body.model_dump())
    async with state.write_lock:
        await asyncio.to_thread(state.gallery.set_keep_rules, given)
    return JsonResponse(given.as_json())


@router.get("/duplicates/not", **openapi.responses(rule_models.NotDuplicates))
async def not_duplicates(request: Request) -> Response:
    """List the pictures that are marked as no duplicates of each other."""
    return await _marks(request.app.state.lookalike)


@router.post("/duplicates/not", **openapi.responses(rule_models.NotDuplicates, 400, 409, 415))
async def mark(body: rule_models.PicturesBody, request: Request) -> Response:
    """Mark pictures as no duplicates of each other, and take them out of the groups."""
    _check(body)
    state: State = request.app.state.lookalike
    async with state.write_lock:
        await asyncio.to_thread(_change, state, state.gallery.mark_not_duplicates, body.pictures)
    return await _marks(state)


@router.post(
    "/duplicates/not/forget", **openapi.responses(rule_models.NotDuplicates, 400, 409, 415)
)
async def forget(body: rule_models.PicturesBody, request: Request) -> Response:
    """Undo marks: those between the pictures, or all of a single one; groups get them back."""
    _check(body)
    state: State = request.app.state.lookalike
    async with state.write_lock:
        await asyncio.to_thread(_change, state, state.gallery.forget_not_duplicates, body.pictures)
    return await _marks(state)


def _change(state: State, change: Callable[..., None], pictures: list[str]) -> None:
    """Mark pictures, or undo their marks, and let the stored groups follow."""
    before = decisions_version(state.gallery.folder)
    change(*pictures)
    duplicates_cache.apply_marks(state.gallery, before)


async def _marks(state: State) -> Response:
    try:
        marks = await asyncio.to_thread(state.gallery.not_duplicates)
    except GalleryNotFoundError:
        marks = []
    sets = [[not_duplicate_as_json(picture) for picture in pictures] for pictures in marks]
    return JsonResponse({"not_duplicates": sets})


def _check(body: rule_models.PicturesBody) -> None:
    check_paths([name for name in body.pictures if not is_id(name)])
