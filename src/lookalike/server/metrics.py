"""Metrics of the server, for Prometheus."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from .state import State

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
METHODS = {"GET", "POST", "DELETE", "HEAD", "OPTIONS", "PUT", "PATCH"}
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Metrics:
    """The metrics of one server."""

    def __init__(self, state: State) -> None:
        """Start with all counters at zero."""
        from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

        self._registry = CollectorRegistry()
        self._requests = Counter(
            "lookalike_requests",
            "Requests by route and status",
            ["method", "route", "status"],
            registry=self._registry,
        )
        self._seconds = Histogram(
            "lookalike_request_seconds",
            "Seconds until the response starts",
            ["method", "route"],
            buckets=BUCKETS,
            registry=self._registry,
        )
        pool, jobs = state.pool, state.jobs
        for name, text, read in (
            ("waiting", "Tasks that wait for a worker", lambda: pool.waiting),
            (
                "worker_restarts",
                "Workers that died or hung",
                lambda: pool.restarts,
            ),
            ("workers", "Worker processes", lambda: len(pool.pids)),
            (
                "jobs_running",
                "Jobs that run now",
                lambda: sum(j.state == "running" for j in jobs.all()),
            ),
        ):
            gauge = Gauge(f"lookalike_{name}", text, registry=self._registry)
            gauge.set_function(read)

    def count(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request."""
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(method, route).observe(seconds)

    def text(self) -> bytes:
        """Write all metrics in the text format of Prometheus."""
        from prometheus_client import generate_latest

        return generate_latest(self._registry)


class MetricsMiddleware:
    """Counts and times requests by route, method and status."""

    def __init__(self, app: ASGIApp, *, metrics: Metrics) -> None:
        """Wrap an application."""
        self._app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and count it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        method = scope["method"] if scope["method"] in METHODS else "other"

        async def send_and_count(message: Message) -> None:
            if message["type"] == "http.response.start":
                route = getattr(scope.get("route"), "path", "other")
                seconds = time.perf_counter() - started
                self._metrics.count(method, route, message["status"], seconds)
            await send(message)

        await self._app(scope, receive, send_and_count)
