from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from lookalike import Gallery
from lookalike.errors import GalleryBusyError, StorageError
from lookalike.storage import lease
from lookalike.storage.bucket import Bucket
from lookalike.storage.lease import NAME
from lookalike.storage.lock import write_lock

from ..conftest import RandomEncoder, fill
from ..faults import Faults, none

HOLD = """
import sys, time
from lookalike.storage import Bucket, lease, write_lock
lease._LEASE_SECONDS = float(sys.argv[2])
with write_lock(Bucket(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lease, "_LEASE_SECONDS", 2.0)
    monkeypatch.setattr(lease, "_POLL_SECONDS", 0.1)


def holder(address: str, seconds: float = 2.0) -> subprocess.Popen[str]:
    """Start a process that holds a gallery until its input ends, or it is killed."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, address, str(seconds)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    assert process.stdout.readline() == "held\n"
    return process


def end(process: subprocess.Popen[str]) -> None:
    process.communicate()
    assert process.returncode == 0


def test_one_writer_at_a_time_and_its_name(bucket: str) -> None:
    process = holder(f"{bucket}/g")
    with pytest.raises(
        GalleryBusyError, match=f"process {process.pid}; its lock ends when it is done, or 2.0 s"
    ):
        write_lock(Bucket(f"{bucket}/g")).__enter__()
    with write_lock(Bucket(f"{bucket}/other")):
        pass
    end(process)
    place = Bucket(f"{bucket}/g")
    with write_lock(place):  # at once, as it was given back
        with pytest.raises(GalleryBusyError, match=f"process {os.getpid()}"):
            write_lock(place).__enter__()
        place.check_writable()
    with pytest.raises(ZeroDivisionError), write_lock(place):
        raise ZeroDivisionError
    with write_lock(place):
        pass
    place.check_writable()  # nobody holds it, and nobody is told that it is lost


def test_a_killed_writers_lease_expires(bucket: str) -> None:
    process = holder(f"{bucket}/g")
    process.send_signal(signal.SIGKILL)
    process.communicate()
    with write_lock(Bucket(f"{bucket}/g")):
        pass


@pytest.mark.skipif(os.name == "nt", reason="a process is stopped by POSIX's signals")
def test_a_writer_that_slept_too_long_does_not_write(bucket: str, pictures: Path) -> None:
    gallery = Gallery.open(f"{bucket}/g", encoder=RandomEncoder())
    place = gallery.folder
    assert isinstance(place, Bucket)
    with write_lock(place):
        held = json.loads(Bucket(f"{bucket}/g").read(NAME).data)  # type: ignore[union-attr]
        assert held["seconds"] == 2.0
        # As if this process had been stopped for a while, and somebody had taken over.
        Bucket(f"{bucket}/g").write(NAME, b"{}", Bucket(f"{bucket}/g").read(NAME).revision)  # type: ignore[union-attr]
        other = holder(f"{bucket}/g")
        time.sleep(2.0)
        store_table = place / "pictures.lance"
        with pytest.raises(GalleryBusyError, match="has taken over"):
            store_table.check_writable()
        assert json.loads(Bucket(f"{bucket}/g").read(NAME).data)["holder"].endswith(str(other.pid))  # type: ignore[union-attr]
    still = Bucket(f"{bucket}/g").read(NAME)
    assert still
    assert json.loads(still.data) != {}  # the loser has not freed what is another's
    end(other)


def test_an_ingest_that_lost_its_lease_stops_before_its_next_commit(
    bucket: str, tmp_path: Path
) -> None:
    fill(tmp_path / "p", 40)
    lost = threading.Event()

    class Slow(RandomEncoder):
        def encode(self, inputs: object, *, threads: int = 0) -> object:
            if not lost.is_set():
                lost.set()
                thief = Bucket(f"{bucket}/g")
                while True:
                    found = thief.read(NAME)
                    assert found
                    try:
                        thief.write(NAME, b'{"holder": "a thief", "seconds": 60}', found.revision)
                        break
                    except GalleryBusyError:  # the holder renewed it in between
                        continue
                time.sleep(2.0)
            return super().encode(inputs, threads=threads)

    gallery = Gallery.open(f"{bucket}/g", encoder=Slow())
    with pytest.raises(GalleryBusyError, match="has taken over"):
        gallery.index(tmp_path / "p")
    assert gallery.info().pictures == 0


def test_a_lease_outlives_a_store_that_fails_for_a_while(bucket: str, faults: Faults) -> None:
    place = Bucket(f"{bucket}/g")
    with write_lock(place):
        faults.fault = lambda method, _: 500 if method == "PUT" else None
        time.sleep(1.0)
        faults.fault = none
        time.sleep(1.0)
        place.check_writable()
        with pytest.raises(GalleryBusyError):
            write_lock(Bucket(f"{bucket}/g")).__enter__()


@pytest.mark.parametrize("fault", ["late 500", "late cut"])
def test_a_lease_is_kept_when_answers_are_lost(bucket: str, faults: Faults, fault: str) -> None:
    counted = []

    def every_other(method: str, path: str) -> str | None:
        counted.append(method)
        return fault if method == "PUT" and len(counted) % 2 else None

    place = Bucket(f"{bucket}/g")
    faults.fault = every_other
    with write_lock(place):
        time.sleep(2.5)
        place.check_writable()


def test_a_damaged_lease_is_taken_over_like_a_stale_one(bucket: str) -> None:
    place = Bucket(f"{bucket}/g")
    place.write(NAME, b"not JSON", None)
    with write_lock(place):
        place.check_writable()


def test_a_store_without_conditional_writes_is_refused(bucket: str, faults: Faults) -> None:
    faults.fault = lambda _m, _p: "blind"
    with pytest.raises(StorageError, match="ignores the conditions of writes"):
        write_lock(Bucket(f"{bucket}/g")).__enter__()


def test_one_of_many_simultaneous_writers_wins(bucket: str) -> None:
    held, refused, start = [], [], threading.Barrier(6)

    def try_it() -> None:
        start.wait()
        try:
            with write_lock(Bucket(f"{bucket}/g")):
                held.append(1)
                assert len(held) == 1
                while len(refused) < 5:
                    time.sleep(0.01)
        except GalleryBusyError:
            refused.append(1)

    threads = [threading.Thread(target=try_it) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert (len(held), len(refused)) == (1, 5)
