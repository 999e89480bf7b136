"""One server, asked over HTTP."""

from __future__ import annotations

import json
import os
import time
from typing import TYPE_CHECKING, Any

from ..errors import ArgumentError, ServerError

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    import httpx
    from typing_extensions import Self

TOKEN_VARIABLE = "LOOKALIKE_TOKEN"  # noqa: S105  the name of the variable, not a token
SECONDS = 60.0
POLL_SECONDS = 0.25
MAX_TRIES = 5  # where the server is busy
_BUSY = 503


class Connection:
    """A server, by its URL; `with` closes the connections."""

    def __init__(self, url: str, *, token: str | None = None) -> None:
        """Name the server; nothing is asked yet.

        Args:
            url: such as `http://127.0.0.1:8000`.
            token: what the server was started with; None for that of the environment variable
                LOOKALIKE_TOKEN, if there is one.

        Raises:
            ArgumentError: it is no such URL.
        """
        import httpx

        token = token or os.environ.get(TOKEN_VARIABLE)
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self.folder = url.rstrip("/")
        try:
            # Not through a proxy of the environment: the server is mostly on this machine.
            self._http = httpx.Client(
                base_url=f"{self.folder}/api/v1", headers=headers, timeout=SECONDS, trust_env=False
            )
        except (httpx.InvalidURL, UnicodeError, ValueError) as error:
            raise ArgumentError(
                f"{url!r} is no URL of a server; write it as http://127.0.0.1:8000."
            ) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _job(
        self, path: str, values: dict[str, Any], on_job: Callable[[dict[str, Any]], None]
    ) -> dict[str, Any]:
        return self._wait(self._ask("POST", path, json=values)["id"], on_job)

    def _wait(self, job: str, on_job: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
        """Wait for a job, and cancel it where this is stopped; give its report."""
        from . import serialization

        try:
            while True:
                now = self._ask("GET", f"/jobs/{job}")
                on_job(now["progress"])
                if now["state"] not in {"queued", "running"}:
                    break
                time.sleep(POLL_SECONDS)
        except KeyboardInterrupt:
            self._ask("DELETE", f"/jobs/{job}")
            raise
        if now["state"] == "done":
            return dict(now["report"])
        error = now["error"] or {"code": "cancelled", "detail": "The job was cancelled."}
        raise serialization.error_of(error["code"], error["detail"])

    def _ask(
        self, method: str, path: str, *, none_for: str | None = None, **options: Any
    ) -> dict[str, Any]:
        """Ask the server; an empty object where it says `none_for`."""
        import httpx

        from . import serialization

        if "json" in options:  # in ASCII: a path may hold what is not UTF-8
            options["content"] = json.dumps(options.pop("json")).encode("ascii")
            options["headers"] = {"Content-Type": "application/json"}
        for left in reversed(range(MAX_TRIES)):
            try:
                answer = self._http.request(method, path, **options)
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                said = str(error) or type(error).__name__
                raise ServerError(
                    f"{self.folder} can't be reached ({said}); see that `lookalike serve` runs "
                    "there."
                ) from error
            if answer.status_code != _BUSY or not left:
                break
            time.sleep(_seconds(answer))
        try:
            values = answer.json() if answer.content else {}
            if answer.is_success:
                return dict(values)
            code, detail = str(values["code"]), str(values["detail"])
        except (ValueError, KeyError, TypeError) as error:
            raise ServerError(
                f"{self.folder} does not answer as a server of lookalike ({answer.status_code}); "
                "see what runs there."
            ) from error
        if code == none_for:
            return {}
        raise serialization.error_of(code, detail)


def _seconds(answer: httpx.Response) -> float:
    text = answer.headers.get("retry-after", "1")
    return min(float(text), 30.0) if text.isdigit() else 1.0
