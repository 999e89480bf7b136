"""The server as an ASGI application."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from starlette.exceptions import HTTPException

from ..errors import LookalikeError
from . import openapi, problems, search_request
from .access import Guard
from .metrics import Measured, Metrics
from .routes import duplicates, gallery, jobs, page, pictures, search
from .state import State

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from ..gallery import Gallery
    from .state import Settings

PREFIX = "/api/v1"


def make_app(opened: Gallery, settings: Settings) -> FastAPI:
    """Make the application; its workers start and end with its lifespan."""
    state = State.of(opened, settings)

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        state.pool.start()
        state.jobs.start()
        try:
            yield
        finally:
            state.pool.stop()
            state.jobs.stop()

    app = FastAPI(
        title="lookalike",
        version="1",
        description="Search a collection of pictures by picture.",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
    )
    app.state.lookalike = state
    app.state.metrics = Metrics(state)
    routers = [(PREFIX, part.router) for part in (search, pictures, gallery, jobs, duplicates)]
    routers += [(PREFIX, page.session_router), ("", page.router)]
    for prefix, router in routers:
        app.include_router(router, prefix=prefix)
    app.state.routes = [(prefix, route) for prefix, router in routers for route in router.routes]
    app.add_exception_handler(problems.ProblemError, problems.on_problem)
    app.add_exception_handler(LookalikeError, problems.on_lookalike)
    app.add_exception_handler(RequestValidationError, problems.on_invalid)
    app.add_exception_handler(HTTPException, problems.on_http)
    app.add_exception_handler(Exception, problems.on_crash)
    app.add_middleware(Measured, metrics=app.state.metrics)
    app.add_middleware(Guard, settings=settings)

    def openapi() -> dict[str, Any]:
        if not app.openapi_schema:
            app.openapi_schema = _described(app, settings)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]
    return app


def _described(app: FastAPI, settings: Settings) -> dict[str, Any]:
    found = get_openapi(
        title=app.title, version=app.version, description=app.description, routes=app.routes
    )
    schemas = found.setdefault("components", {}).setdefault("schemas", {})
    schemas.update(openapi.components())
    schemas["FilterModel"] = search_request.FilterModel.model_json_schema()
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    if settings.token is not None:
        schemes = {"token": {"type": "http", "scheme": "bearer"}}
        found["components"]["securitySchemes"] = schemes
        found["security"] = [{"token": []}]
    return found
