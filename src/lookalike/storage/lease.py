"""The lease of a gallery's only writer in an object store, renewed for as long as it is held.

After Gray and Cheriton, "Leases: an efficient fault-tolerant mechanism" (1989). No clock of another
machine is trusted: a process that wants a lease watches it for its whole duration, and takes it
over only if it was not renewed meanwhile.
"""

from __future__ import annotations

import contextlib
import json
import os
import platform
import secrets
import threading
import time
from typing import TYPE_CHECKING, Any

from ..errors import GalleryBusyError, StorageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .bucket import Bucket, StoredFile

NAME = "lock"
_LEASE_SECONDS = 20.0  # how long a killed writer still locks others out
_RENEWALS = 4  # within that time
_SAFE_SHARE = 0.75  # of that time; later no commit begins before a renewal
_POLL_SECONDS = 0.5
_TRIES = 3


@contextlib.contextmanager
def hold_lease(bucket: Bucket) -> Iterator[None]:
    """Hold a gallery's lease, renewed by a thread; once lost, `bucket.check_writable` raises.

    Raises:
        GalleryBusyError: another lookalike holds it.
        StorageError: the store can't be used, or ignores the conditions of writes.
    """
    lease = _Lease(bucket)
    lease.acquire()
    thread = threading.Thread(target=lease.keep_renewing, daemon=True)
    thread.start()
    bucket.commit_checks.append(lease.check)
    try:
        yield
    finally:
        bucket.commit_checks.remove(lease.check)
        lease.release()
        thread.join()


class _Lease:
    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket
        self._token = secrets.token_hex(8)
        self._renewals = 0
        self._revision: dict[str, str] | None = None
        self._renewed_at = 0.0
        self._seconds = _LEASE_SECONDS
        self._lock = threading.Lock()
        self._released = threading.Event()
        self._loss = ""  # the message, once the lease is lost

    def acquire(self) -> None:
        found, since = self._bucket.read(NAME), time.monotonic()
        first = found
        while found and (values := _values(found)):
            if first is None or found.revision != first.revision:
                raise _busy(self._bucket, values)  # renewed, or just acquired
            if time.monotonic() - since > float(values["seconds"]):
                break
            time.sleep(_POLL_SECONDS)
            found = self._bucket.read(NAME)
        self._revision = found.revision if found else None
        self._renew()
        if found is None:  # the first time: check that the store honours conditions
            with contextlib.suppress(GalleryBusyError):
                self._bucket.write(NAME, b"{}", None)
                raise StorageError(
                    f"{self._bucket} can't be used: its store ignores the conditions of writes "
                    "(If-None-Match), so two writers would not see each other; update the store, "
                    "or use another one."
                )

    def keep_renewing(self) -> None:
        while not self._released.wait(self._seconds / _RENEWALS):
            with contextlib.suppress(StorageError, GalleryBusyError), self._lock:
                if not self._released.is_set() and not self._loss:
                    self._renew()

    def check(self) -> None:
        with self._lock:
            for _ in range(_TRIES):
                if self._loss:
                    raise GalleryBusyError(self._loss)
                if time.monotonic() - self._renewed_at < _SAFE_SHARE * self._seconds:
                    return
                self._renew()
        raise StorageError(
            f"{self._bucket} answers too slowly for safe writes; run the command again later."
        )

    def release(self) -> None:
        self._released.set()
        with contextlib.suppress(StorageError, GalleryBusyError), self._lock:
            if not self._loss:  # overwritten, not deleted: it may be another's by then
                self._bucket.write(NAME, b"{}", self._revision)

    def _renew(self) -> None:
        started = time.monotonic()
        values = {
            "holder": f"{platform.node()}, process {os.getpid()}",
            "token": self._token,
            "seconds": self._seconds,
            "beat": self._renewals,
        }
        data = json.dumps(values).encode("ascii")
        try:
            self._revision = self._bucket.write(NAME, data, self._revision)
        except GalleryBusyError:
            self._loss = (
                f"Another lookalike has taken over {self._bucket}, because this one did not renew "
                "its lock in time; all commits are safe. Run the command again when it is done."
            )
            if not self._renewals:
                self._loss = str(_busy(self._bucket, {}))
            raise GalleryBusyError(self._loss) from None
        self._renewals += 1
        self._renewed_at = started


def _values(found: StoredFile) -> dict[str, Any]:
    """Read who holds a lease; empty if nobody does. A damaged lease counts as held."""
    try:
        values = json.loads(found.data)
        if values == {}:
            return {}
        return {"holder": str(values["holder"]), "seconds": float(values["seconds"])}
    except (ValueError, TypeError, KeyError):
        return {"holder": "unknown", "seconds": _LEASE_SECONDS}


def _busy(bucket: Bucket, values: dict[str, Any]) -> GalleryBusyError:
    holder = ""
    if values:
        holder = (
            f" ({values['holder']}; its lock ends when it is done, or {values['seconds']} s after "
            "it stops)"
        )
    return GalleryBusyError(
        f"Another lookalike is writing to {bucket}{holder}; run the command again when it is done."
    )
