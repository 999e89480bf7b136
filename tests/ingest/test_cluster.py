"""A real Ray cluster of several processes, and real kills."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from lookalike import Gallery
from lookalike.ingest.cluster import MAX_DEATHS
from lookalike.storage import Record
from lookalike.storage.store import Store
from lookalike.types import Source

from ..conftest import draw, fill, save

pytest.importorskip("ray", reason="There is no Ray for this Python")
pytestmark = pytest.mark.skipif(os.name == "nt", reason="kill -9 is POSIX's")

# Both scripts run ingests with small shards, and commit after each.
SMALL_STEPS = """
import signal, sys
from lookalike import Gallery
from lookalike.ingest import cluster, ledger
cluster.CHUNK_PICTURES, ledger.COMMIT_SECONDS = 4, 0
"""
# A driver that keeps a cluster of its own, and evaluates what it reads.
KEEP = f"""{SMALL_STEPS}
from pathlib import Path
from lookalike.ingest.nodes import connect, index_builder
from lookalike.storage import Store
def index(gallery, folder, chunks):
    cluster.MAX_SHARD_CHUNKS = chunks
    return Gallery.open(gallery).index(folder, ray="local")
def build_index(folder):
    store = Store(Path(folder), "pictures.lance", 64, copies=False)
    store.optimize(build=index_builder(ray, store.pictures))
with connect("local") as ray:
    print(ray.get_runtime_context().gcs_address, flush=True)
    for line in sys.stdin:
        print(eval(line), flush=True)
"""
# A driver for one ingest.
RUN = f"""{SMALL_STEPS}
# A shell may have started this in the background, where SIGINT is ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)
cluster.MAX_SHARD_CHUNKS = 1
try:
    print(Gallery.open(sys.argv[1]).index(sys.argv[2], ray=sys.argv[3]))
except KeyboardInterrupt:
    sys.exit(130)
"""
# Every worker runs this when it starts. Opening a file whose name begins with `poison` kills the
# worker, `once` kills the first worker that opens it, and `gate` holds the worker for ever.
# Ray's own processes never open pictures.
HOOK = """
import os, signal, sys, time
def hook(event, arguments):
    if event != "open":
        return
    path = str(arguments[0])
    name = os.path.basename(path)
    if not name.endswith(".jpg"):
        return
    if name.startswith("once"):
        try:
            os.close(os.open(path + ".done", os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            return
        os.kill(os.getpid(), signal.SIGKILL)
    if name.startswith("poison"):
        with open(path + ".deaths", "a") as log:
            log.write("x")
        os.kill(os.getpid(), signal.SIGKILL)
    while name.startswith("gate"):
        time.sleep(60)
sys.addaudithook(hook)
"""


@pytest.fixture(scope="module")
def environment(
    tmp_path_factory: pytest.TempPathFactory, object_store: int
) -> Iterator[dict[str, str]]:
    """Set what Ray's processes inherit: the hook, and how to reach the object store."""
    hooks = tmp_path_factory.mktemp("hooks")
    (hooks / "sitecustomize.py").write_text(HOOK)
    paths = [str(hooks), *filter(None, [os.environ.get("PYTHONPATH")])]
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith(("AWS_", "RAY_"))]:
            patch.delenv(name)
        for name, value in {
            "PYTHONPATH": os.pathsep.join(paths),
            "RAY_AUTH_MODE": "token",  # or a second driver could not join a local cluster
            "RAY_AUTH_TOKEN": secrets.token_hex(32),
            "AWS_ACCESS_KEY_ID": "key",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{object_store}",
        }.items():
            patch.setenv(name, value)
        yield dict(os.environ)


class Driver:
    """A process with a cluster on this machine, which the tests of this module share."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self._errors = folder / "errors"
        with self._errors.open("w") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-c", KEEP],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                env=environment,
            )
        self.address = self._line()  # HOST:PORT

    def index(self, gallery: Path | str, folder: Path, *, chunks: int = 4) -> str:
        """Run an ingest to its end; return what the driver printed, its report alone."""
        report = self.evaluate(f"index({str(gallery)!r}, {str(folder)!r}, {chunks})")
        assert report.startswith("IndexReport(")
        return report

    def evaluate(self, code: str) -> str:
        assert self.process.stdin
        self.process.stdin.write(f"{code}\n")
        self.process.stdin.flush()
        return self._line()

    def _line(self) -> str:
        assert self.process.stdout
        line = self.process.stdout.readline()
        assert self._errors.read_text() == ""
        return line.rstrip()


@pytest.fixture(scope="module")
def driver(
    tmp_path_factory: pytest.TempPathFactory, environment: dict[str, str]
) -> Iterator[Driver]:
    driver = Driver(tmp_path_factory.mktemp("driver"), environment)
    yield driver
    driver.process.communicate()  # its input ends, and so does it


def start(gallery: Path, folder: Path, address: str, environment: dict[str, str]) -> Any:
    """Start an ingest in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-c", RUN, str(gallery), str(folder), address],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )


def gated(folder: Path) -> list[Path]:
    """Draw 40 pictures, of which the last 20 can't be read until they are renamed."""
    paths = fill(folder, 40)
    for path in paths[20:]:
        path.rename(path.with_name(f"gate-{path.name}"))
    return paths


def open_gates(paths: list[Path]) -> None:
    """Rename the files, so that workers of an earlier run stay where they are."""
    for path in paths[20:]:
        path.with_name(f"gate-{path.name}").rename(path)


def wait_for_rows(gallery: Path, count: int, process: Any) -> None:
    """Wait until so many rows are committed."""
    opened = Gallery.open(gallery)
    while not (gallery / "gallery.json").exists() or opened.info().pictures < count:
        assert process.poll() is None, process.communicate()
        time.sleep(0.02)


def rows(gallery: Path | str) -> dict[str, Any]:
    """Return all rows by their path, and check that no path has two."""
    found = [
        row
        for batch in Gallery.open(gallery).rows(
            ["path", "size", "mtime_ns", "content_hash", "width", "height", "vector"]
        )
        for row in batch.to_pylist()
    ]
    assert len({row["path"] for row in found}) == len(found)
    return {row["path"]: row for row in found}


def prints(gallery: Path | str) -> dict[bytes, bytes]:
    """Return all fingerprints by their content, and check that none has two."""
    opened = Gallery.open(gallery)
    store = opened._open_store(opened._manifest())
    contents = [content for content, _ in store.fingerprints.hashes()]
    assert len(set(contents)) == len(contents)
    return store.fingerprints.get(contents)


def assert_the_same(one: Path, other: Path) -> None:
    left, right = rows(one), rows(other)
    assert left.keys() == right.keys()
    for path, row in left.items():
        vector, same = np.array(row.pop("vector")), np.array(right[path].pop("vector"))
        assert np.abs(vector - same).max() < 2e-3
        assert row == right[path]
    assert prints(one) == prints(other)
    refused = [sorted(Gallery.open(g).refused(), key=lambda r: r.path) for g in (one, other)]
    assert refused[0] == refused[1]


def assert_nothing_is_left_over(gallery: Path) -> None:
    import lance

    for name in ("pictures.lance", "fingerprints.lance"):
        fragments = lance.dataset(str(gallery / name)).get_fragments()
        used = {os.path.basename(f.path) for fragment in fragments for f in fragment.data_files()}
        assert {path.name for path in (gallery / name / "data").iterdir()} == used


def test_a_cluster_makes_what_threads_make(tmp_path: Path, driver: Driver) -> None:
    folder, by_threads, by_ray = tmp_path / "p", tmp_path / "threads", tmp_path / "ray"
    paths = fill(folder / "a", 24)
    data = paths[0].read_bytes()
    for n in range(12):  # of the same bytes, over several shards that run at once
        (folder / f"same-{n}.jpg").write_bytes(data)
        (folder / f"cut-{n}.jpg").write_bytes(data[:-200])
    (folder / "notes.txt").write_text("no picture")
    Gallery.open(by_threads).index(folder)
    report = driver.index(by_ray, folder, chunks=1)
    assert "added=36, updated=0, moved=0, copied=12, unchanged=0, refused=12, skipped=1" in report
    assert_the_same(by_threads, by_ray)
    assert_nothing_is_left_over(by_ray)

    paths[1].rename(folder / "moved.jpg")
    save(paths[2], 77)  # another picture under a known name
    (folder / "cut-3.jpg").write_bytes(paths[3].read_bytes())  # refused until now
    (folder / "copy.jpg").write_bytes(paths[4].read_bytes())
    os.utime(paths[5], ns=(1, 1))
    save(folder / "new.jpg", 78)
    Gallery.open(by_threads).index(folder)
    report = driver.index(by_ray, folder, chunks=1)
    assert "added=3, updated=2, moved=1, copied=2, unchanged=45, refused=0, skipped=0" in report
    assert_the_same(by_threads, by_ray)
    assert Gallery.open(by_ray).search(draw(78), top=1)[0].path == str(folder / "new.jpg")


def test_a_killed_worker_costs_nothing_but_time(tmp_path: Path, driver: Driver) -> None:
    fill(tmp_path / "p", 40)
    (tmp_path / "p" / "0003.jpg").rename(tmp_path / "p" / "once-1.jpg")
    (tmp_path / "p" / "0027.jpg").rename(tmp_path / "p" / "once-2.jpg")
    files = {str(path) for path in (tmp_path / "p").iterdir()}
    report = driver.index(tmp_path / "g", tmp_path / "p")
    for n in (1, 2):
        assert (tmp_path / "p" / f"once-{n}.jpg.done").exists()  # the kills took place
    assert "added=40," in report
    assert "refused=0," in report
    assert rows(tmp_path / "g").keys() == files
    assert len(prints(tmp_path / "g")) == 40
    assert_nothing_is_left_over(tmp_path / "g")


def test_a_file_that_kills_workers_is_refused(tmp_path: Path, driver: Driver) -> None:
    files = fill(tmp_path / "p", 7)
    poison = save(tmp_path / "p" / "poison.jpg", 99)
    assert "added=7," in driver.index(tmp_path / "g", tmp_path / "p")
    assert rows(tmp_path / "g").keys() == set(map(str, files))
    (refused,) = Gallery.open(tmp_path / "g").refused()
    assert refused.path == str(poison)
    assert refused.reason == f"{MAX_DEATHS} workers died of it"
    log = poison.with_name("poison.jpg.deaths")
    deaths = log.read_text()
    log.unlink()  # or it would be listed
    assert MAX_DEATHS <= len(deaths) <= MAX_DEATHS + 3  # halves of 8
    report = driver.index(tmp_path / "g", tmp_path / "p")
    assert "added=0," in report
    assert "unchanged=8," in report
    assert not log.exists()  # it is not tried again


def test_a_killed_driver_loses_what_was_not_committed(
    tmp_path: Path, driver: Driver, environment: dict[str, str]
) -> None:
    files = gated(tmp_path / "p")
    process = start(tmp_path / "g", tmp_path / "p", driver.address, environment)
    wait_for_rows(tmp_path / "g", 8, process)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    committed = len(rows(tmp_path / "g"))
    assert 8 <= committed <= 20
    open_gates(files)
    report = driver.index(tmp_path / "g", tmp_path / "p")
    assert f"unchanged={committed}," in report
    assert f"added={40 - committed}," in report
    assert rows(tmp_path / "g").keys() == set(map(str, files))
    assert len(prints(tmp_path / "g")) == 40
    assert_nothing_is_left_over(tmp_path / "g")


def test_ctrl_c_commits_what_is_done(tmp_path: Path, environment: dict[str, str]) -> None:
    gated(tmp_path / "p")
    process = start(tmp_path / "g", tmp_path / "p", "local", environment)
    wait_for_rows(tmp_path / "g", 8, process)
    process.send_signal(signal.SIGINT)
    assert process.communicate() == ("", "")
    assert process.returncode == 130
    assert 8 <= len(rows(tmp_path / "g")) <= 20


def test_a_gallery_in_an_object_store(tmp_path: Path, driver: Driver, object_store: int) -> None:
    bucket = f"b{secrets.token_hex(8)}"
    url = f"http://127.0.0.1:{object_store}/{bucket}"
    httpx.put(url, trust_env=False).raise_for_status()
    files = fill(tmp_path / "p", 12)
    files[5] = files[5].rename(tmp_path / "p" / "once.jpg")
    place = f"s3://{bucket}/gallery"
    assert "added=12," in driver.index(place, tmp_path / "p")
    assert (tmp_path / "p" / "once.jpg.done").exists()
    assert rows(place).keys() == set(map(str, files))
    assert len(prints(place)) == 12


def test_all_nodes_build_the_index(tmp_path: Path, driver: Driver) -> None:
    pytest.importorskip("lance_ray", reason="There is no lance-ray for this Python")
    store = Store(tmp_path, "pictures.lance", 64, copies=False)
    vectors = np.random.default_rng(0).normal(size=(9_000, 64)).astype(np.float16)
    records = [
        Record(Source(str(n), n, 1), n.to_bytes(16, "big"), 1, 1, vector)
        for n, vector in enumerate(vectors)
    ]
    for part in range(0, 9_000, 3_000):
        store.add(records[part : part + 3_000], replace=False)
    for _ in range(2):  # the second index replaces the first
        driver.evaluate(f"build_index({str(tmp_path)!r})")
    state = store.index_state()
    assert (state["kind"], state["indexed_rows"], state["unindexed_rows"]) == ("IVF_RQ", 9_000, 0)
    more = Record(Source("x", 1, 1), b"x" * 16, 1, 1, vectors[0])
    store.add([more] * 600, replace=False)
    store.optimize()
    state = store.index_state()
    assert (state["indexed_rows"], state["unindexed_rows"]) == (9_600, 0)
    unit = vectors[77].astype(np.float32)
    unit /= np.linalg.norm(unit)
    assert max(store.nearest(unit, 3), key=lambda row: row["score"])["path"] == "77"
