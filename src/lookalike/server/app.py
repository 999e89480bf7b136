"""The server as an ASGI application."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

from fastapi import Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from ..errors import ArgumentError, LookalikeError
from ..gallery import ERASE_SECONDS
from . import openapi, problems, routes
from .access import AccessMiddleware
from .disconnect import on_disconnect
from .head import HeadMiddleware
from .metrics import Metrics, MetricsMiddleware
from .search_request import FilterModel
from .state import State

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from ..gallery import Gallery
    from .state import Settings

PREFIX = "/api/v1"


def make_app(gallery: Gallery, settings: Settings) -> FastAPI:
    """Make the application; its lifespan starts and stops the child processes."""
    state = State.create(gallery, settings)

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        state.pool.start()
        state.jobs.start()
        erasing = asyncio.create_task(_erase_removed(state))
        try:
            yield
        finally:
            erasing.cancel()
            state.pool.stop()
            state.jobs.stop()

    app = FastAPI(
        title="lookalike",
        version="1",
        description="Search your pictures by image.",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
    )
    app.state.lookalike = state
    app.state.metrics = Metrics(state)
    routers = [(PREFIX, router) for router in routes.API] + [("", routes.PAGE)]
    for prefix, router in routers:
        checks = [Depends(_check_query)] if prefix else []
        app.include_router(router, prefix=prefix, dependencies=checks)
    app.state.routes = [(prefix, route) for prefix, router in routers for route in router.routes]
    app.add_exception_handler(problems.ProblemError, problems.on_problem)
    app.add_exception_handler(LookalikeError, problems.on_lookalike_error)
    app.add_exception_handler(RequestValidationError, problems.on_validation_error)
    app.add_exception_handler(HTTPException, problems.on_http_error)
    app.add_exception_handler(ClientDisconnect, on_disconnect)
    app.add_exception_handler(Exception, problems.on_crash)
    app.add_middleware(HeadMiddleware)
    app.add_middleware(MetricsMiddleware, metrics=app.state.metrics)
    app.add_middleware(AccessMiddleware, settings=settings)

    def schema() -> dict[str, Any]:
        if not app.openapi_schema:
            app.openapi_schema = _openapi_schema(app, has_token=settings.token is not None)
        return app.openapi_schema

    app.openapi = schema  # type: ignore[method-assign]
    return app


async def _erase_removed(state: State) -> None:
    """Open the gallery now and then, which deletes what readers kept when it was removed."""
    while True:
        await asyncio.sleep(ERASE_SECONDS)
        with contextlib.suppress(LookalikeError):
            await state.version()


async def _check_query(request: Request) -> None:
    """Refuse query parameters that a route does not have: a mistyped one would have no effect."""
    known = {field.alias for field in request.scope["route"].dependant.query_params}
    unknown = [name for name in request.query_params if name not in known]
    if unknown:
        names = ", ".join(sorted(known)) or "none"
        raise ArgumentError(
            f"The query parameter {unknown[0][:100]!r} is unknown; this address takes {names}."
        )


def _openapi_schema(app: FastAPI, *, has_token: bool) -> dict[str, Any]:
    schema = get_openapi(
        title=app.title, version=app.version, description=app.description, routes=app.routes
    )
    schemas = schema.setdefault("components", {}).setdefault("schemas", {})
    schemas.update(openapi.components())
    schemas["FilterModel"] = FilterModel.model_json_schema()
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    schema["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
    if has_token:
        schema["security"] = [{"token": []}]
    return schema
