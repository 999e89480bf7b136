"""One writer at a time in an object store: a lease that is renewed, and taken over when it is not.

After the leases of Gray and Cheriton, "Leases: an efficient fault-tolerant mechanism" (1989). No
clock of another machine is trusted: who wants a lease watches it for as long as it says it lasts,
and takes it over only if it was not renewed meanwhile.
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

    from .place import Bucket, StoredFile

NAME = "lock"
_LEASE_SECONDS = 20.0  # a killed writer keeps others out for so long
_RENEWALS = 4  # within that time
_SAFE_SHARE = 0.75  # of it, after which no commit begins before the lease was renewed
_POLL_SECONDS = 0.5
_TRIES = 3


@contextlib.contextmanager
def hold_lease(bucket: Bucket) -> Iterator[None]:
    """Hold a gallery's lease, and renew it in a thread; `bucket.check` tells when it is lost.

    Raises:
        GalleryBusyError: another lookalike holds it.
        StorageError: the store can't be used, or does not keep conditional writes.
    """
    lease = _Lease(bucket)
    lease.take()
    thread = threading.Thread(target=lease.keep, daemon=True)
    thread.start()
    bucket.guards.append(lease.check)
    try:
        yield
    finally:
        bucket.guards.remove(lease.check)
        lease.free()
        thread.join()


class _Lease:
    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket
        self._token = secrets.token_hex(8)
        self._beats = 0
        self._stamp: dict[str, str] | None = None
        self._renewed = 0.0
        self._seconds = _LEASE_SECONDS
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._lost = ""

    def take(self) -> None:
        found, since = self._bucket.read(NAME), time.monotonic()
        first = found
        while found and (values := _values(found)):
            if first is None or found.stamp != first.stamp:
                raise _busy(self._bucket, values)  # it is being renewed, or was just taken
            if time.monotonic() - since > float(values["seconds"]):
                break
            time.sleep(_POLL_SECONDS)
            found = self._bucket.read(NAME)
        self._stamp = found.stamp if found else None
        self._renew()
        if found is None:  # the first time: does the store keep its word?
            with contextlib.suppress(GalleryBusyError):
                self._bucket.write(NAME, b"{}", None)
                raise StorageError(
                    f"{self._bucket} can't be used: its store takes no notice of conditional "
                    "writes (If-None-Match), so that two writers would not see each other; update "
                    "the store, or take another."
                )

    def keep(self) -> None:
        while not self._over.wait(self._seconds / _RENEWALS):
            with contextlib.suppress(StorageError, GalleryBusyError), self._lock:
                if not self._over.is_set() and not self._lost:
                    self._renew()

    def check(self) -> None:
        with self._lock:
            for _ in range(_TRIES):
                if self._lost:
                    raise GalleryBusyError(self._lost)
                if time.monotonic() - self._renewed < _SAFE_SHARE * self._seconds:
                    return
                self._renew()
        raise StorageError(
            f"{self._bucket} answers too slowly to be written to; run this again in a while."
        )

    def free(self) -> None:
        self._over.set()
        with contextlib.suppress(StorageError, GalleryBusyError), self._lock:
            if not self._lost:  # not deleted: by then it might be another's
                self._bucket.write(NAME, b"{}", self._stamp)

    def _renew(self) -> None:
        started = time.monotonic()
        values = {
            "holder": f"{platform.node()}, process {os.getpid()}",
            "token": self._token,
            "seconds": self._seconds,
            "beat": self._beats,
        }
        data = json.dumps(values).encode("ascii")
        try:
            self._stamp = self._bucket.write(NAME, data, self._stamp)
        except GalleryBusyError:
            self._lost = (
                f"Another lookalike has taken over {self._bucket}, as this one could not be heard "
                "of for a while; what was committed stays. Run this again when it is done."
            )
            if not self._beats:
                self._lost = str(_busy(self._bucket, {}))
            raise GalleryBusyError(self._lost) from None
        self._beats += 1
        self._renewed = started


def _values(found: StoredFile) -> dict[str, Any]:
    """Read who holds a lease; empty where nobody does. What is damaged counts as held."""
    try:
        values = json.loads(found.data)
        if values == {}:
            return {}
        return {"holder": str(values["holder"]), "seconds": float(values["seconds"])}
    except (ValueError, TypeError, KeyError):
        return {"holder": "somebody", "seconds": _LEASE_SECONDS}


def _busy(bucket: Bucket, values: dict[str, Any]) -> GalleryBusyError:
    who = ""
    if values:
        who = (
            f" ({values['holder']}; its lease lasts {values['seconds']} s more, or till it is done)"
        )
    return GalleryBusyError(
        f"Another lookalike is writing to {bucket}{who}; run this again when it is done."
    )
