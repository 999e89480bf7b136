"""HTTP requests to one server, its jobs, and its errors."""

from __future__ import annotations

import json
import os
import time
from typing import TYPE_CHECKING, Any, NoReturn

from ..errors import ArgumentError, ServerError
from .serialization import error_from_code

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    import httpx
    from typing_extensions import Self

TOKEN_VARIABLE = "LOOKALIKE_TOKEN"  # noqa: S105  the name of the variable, not a token
TIMEOUT_SECONDS = 60.0
POLL_SECONDS = 0.25
MAX_TRIES = 5  # while the server is busy
MAX_RETRY_SECONDS = 30.0
_BUSY = 503


class Connection:
    """A connection to a server, by the server's URL; `with` closes it."""

    def __init__(self, url: str, *, token: str | None = None) -> None:
        """Prepare the connection; the first request opens it.

        Args:
            url: such as `http://127.0.0.1:8000`.
            token: the token that the server requires. By default, the value of the environment
                variable LOOKALIKE_TOKEN, if it is set.

        Raises:
            ArgumentError: the URL is invalid.
        """
        import httpx

        token = token or os.environ.get(TOKEN_VARIABLE)
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self.folder = url.rstrip("/")
        try:
            self._http = httpx.Client(
                base_url=f"{self.folder}/api/v1",
                headers=headers,
                timeout=TIMEOUT_SECONDS,
                trust_env=False,  # most servers run on this machine: bypass any proxy
            )
        except (httpx.InvalidURL, UnicodeError, ValueError) as error:
            raise ArgumentError(
                f"{url!r} is not a valid server URL; write it like http://127.0.0.1:8000."
            ) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection.

        Example:
            >>> from lookalike import Client
            >>> client = Client("http://127.0.0.1:8000")
            >>> client.info().pictures
            30
            >>> client.close()
        """
        self._http.close()

    def _run_job(
        self, path: str, values: dict[str, Any], on_job: Callable[[dict[str, Any]], None]
    ) -> dict[str, Any]:
        return self._wait_for_job(self._request("POST", path, json=values)["id"], on_job)

    def _wait_for_job(
        self, job_id: str, on_job: Callable[[dict[str, Any]], None]
    ) -> dict[str, Any]:
        """Wait for a job and return its report; Ctrl-C cancels the job."""
        try:
            while True:
                job = self._request("GET", f"/jobs/{job_id}")
                on_job(job["progress"])
                if job["state"] not in {"queued", "running"}:
                    break
                time.sleep(POLL_SECONDS)
        except KeyboardInterrupt:
            self._request("DELETE", f"/jobs/{job_id}")
            raise
        if job["state"] == "done":
            return dict(job["report"])
        error = job["error"] or {"code": "cancelled", "detail": "The job was cancelled."}
        raise error_from_code(error["code"], error["detail"])

    def _request(
        self, method: str, path: str, *, none_for: str | None = None, **options: Any
    ) -> dict[str, Any]:
        """Send a request and return the JSON; an empty object for the problem code `none_for`."""
        import httpx

        if "json" in options:  # in ASCII: a path may contain bytes that are not UTF-8
            options["content"] = json.dumps(options.pop("json")).encode("ascii")
            options["headers"] = {"Content-Type": "application/json"}
        for tries_left in reversed(range(MAX_TRIES)):
            try:
                response = self._http.request(method, path, **options)
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                reason = str(error) or type(error).__name__
                raise ServerError(
                    f"{self.folder} can't be reached ({reason}); check that `lookalike serve` is "
                    "running there."
                ) from error
            if response.status_code != _BUSY or not tries_left:
                break
            time.sleep(_retry_seconds(response))
        try:
            values = response.json() if response.content else {}
            if response.is_success:
                return dict(values)
            code, detail = str(values["code"]), str(values["detail"])
        except (ValueError, KeyError, TypeError) as error:
            raise ServerError(
                f"{self.folder} is not a lookalike server (status {response.status_code}); check "
                "the URL."
            ) from error
        if code == none_for:
            return {}
        raise error_from_code(code, detail)

    def _not_over_http(self, feature: str) -> NoReturn:
        raise ArgumentError(
            f"{feature} is not available over HTTP; run it where the gallery is, with --gallery "
            "DIR."
        )


def _retry_seconds(response: httpx.Response) -> float:
    text = response.headers.get("retry-after", "1")
    return min(float(text), MAX_RETRY_SECONDS) if text.isdigit() else 1.0
