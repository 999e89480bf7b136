"""Real Ray clusters of several processes, and real kills."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lookalike import Gallery
from lookalike.ingest.cluster import MAX_DEATHS

from ..conftest import draw, fill, save

pytest.importorskip("ray", reason="Ray is not to be had for this Python")
pytestmark = pytest.mark.skipif(os.name == "nt", reason="kill -9 is POSIX's")

# The ingest with small shards and quick commits, on a worker a core.
CODE = """
import sys
from lookalike import Gallery
from lookalike.ingest import cluster, ledger
cluster.CHUNK_PICTURES, cluster.MAX_SHARD_CHUNKS = 4, int(sys.argv[3])
ledger.COMMIT_SECONDS = 0.05
try:
    print(Gallery.open(sys.argv[1]).index(sys.argv[2], ray="local"))
except KeyboardInterrupt:
    sys.exit(130)
"""
# In every worker: opening a file whose name begins with `poison` kills it, and with `once` the
# first that does so. Ray's own processes never open pictures.
HOOK = """
import os, signal, sys
def hook(event, arguments):
    if event == "open":
        path = str(arguments[0])
        name = os.path.basename(path)
        if name.startswith("once") and name.endswith(".jpg"):
            try:
                os.close(os.open(path + ".done", os.O_CREAT | os.O_EXCL))
            except FileExistsError:
                return
            os.kill(os.getpid(), signal.SIGKILL)
        if name.startswith("poison"):
            with open(os.environ["DEATHS"], "a") as log:
                log.write("x")
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(hook)
"""


def start(gallery: Path | str, folder: Path, *, chunks: int = 4, hooked: bool = False) -> Any:
    """Start an ingest in a process of its own."""
    hooks = folder.parent / "hooks"
    environment = {**os.environ, "DEATHS": str(folder.parent / "deaths")}
    if hooked:
        hooks.mkdir(exist_ok=True)
        (hooks / "sitecustomize.py").write_text(HOOK)
        environment["PYTHONPATH"] = str(hooks)
    return subprocess.Popen(
        [sys.executable, "-c", CODE, str(gallery), str(folder), str(chunks)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )


def index(gallery: Path | str, folder: Path, **options: Any) -> str:
    """Run an ingest to its end; give what it printed, which is the report alone."""
    out, err = start(gallery, folder, **options).communicate(timeout=120)
    assert err == ""
    assert out.startswith("IndexReport(")
    return str(out)


def rows(gallery: Path | str) -> dict[str, Any]:
    """Give all rows by their path, and see that no path has two."""
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
    """Give all fingerprints by their content, and see that none has two."""
    opened = Gallery.open(gallery)
    store = opened._open_store(opened._manifest())
    contents = [content for some in store.fingerprints.contents() for content in some]
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


def test_a_cluster_makes_what_threads_make(tmp_path: Path) -> None:
    folder, by_threads, by_ray = tmp_path / "p", tmp_path / "threads", tmp_path / "ray"
    paths = fill(folder / "a", 24)
    data = paths[0].read_bytes()
    for n in range(12):  # of the same bytes, over several shards that run at once
        (folder / f"same-{n}.jpg").write_bytes(data)
        (folder / f"cut-{n}.jpg").write_bytes(data[:-200])
    (folder / "notes.txt").write_text("no picture")
    Gallery.open(by_threads).index(folder)
    out = index(by_ray, folder, chunks=1)
    assert "added=36, updated=0, moved=0, copied=12, unchanged=0, refused=12, skipped=1" in out
    assert_the_same(by_threads, by_ray)
    assert_nothing_is_left_over(by_ray)

    paths[1].rename(folder / "moved.jpg")
    save(paths[2], 77)  # another picture under a known name
    (folder / "cut-3.jpg").write_bytes(paths[3].read_bytes())  # refused until now
    (folder / "copy.jpg").write_bytes(paths[4].read_bytes())
    os.utime(paths[5], ns=(1, 1))
    save(folder / "new.jpg", 78)
    Gallery.open(by_threads).index(folder)
    out = index(by_ray, folder, chunks=1)
    assert "added=3, updated=2, moved=1, copied=2, unchanged=45, refused=0, skipped=0" in out
    assert_the_same(by_threads, by_ray)
    assert Gallery.open(by_ray).search(draw(78), top=1)[0].path == str(folder / "new.jpg")


def test_a_killed_worker_costs_nothing_but_time(tmp_path: Path) -> None:
    fill(tmp_path / "p", 40)
    (tmp_path / "p" / "0003.jpg").rename(tmp_path / "p" / "once-1.jpg")
    (tmp_path / "p" / "0027.jpg").rename(tmp_path / "p" / "once-2.jpg")
    files = {str(path) for path in (tmp_path / "p").iterdir()}
    out = index(tmp_path / "g", tmp_path / "p", hooked=True)
    for n in (1, 2):
        assert (tmp_path / "p" / f"once-{n}.jpg.done").exists()  # the kills took place
    assert "added=40," in out
    assert "refused=0" in out
    assert rows(tmp_path / "g").keys() == files
    assert len(prints(tmp_path / "g")) == 40
    assert_nothing_is_left_over(tmp_path / "g")


def test_a_file_that_workers_die_of_is_refused(tmp_path: Path) -> None:
    files = fill(tmp_path / "p", 7)
    save(tmp_path / "p" / "poison.jpg", 99)
    out = index(tmp_path / "g", tmp_path / "p", hooked=True)
    assert "added=7," in out
    assert rows(tmp_path / "g").keys() == set(map(str, files))
    (refused,) = Gallery.open(tmp_path / "g").refused()
    assert refused.path == str(tmp_path / "p" / "poison.jpg")
    assert refused.reason == f"{MAX_DEATHS} workers died of it"
    deaths = (tmp_path / "deaths").read_text()
    assert MAX_DEATHS <= len(deaths) <= MAX_DEATHS + 3  # halves of 8
    out = index(tmp_path / "g", tmp_path / "p", hooked=True)
    assert "added=0," in out
    assert "unchanged=8" in out
    assert (tmp_path / "deaths").read_text() == deaths  # it is not tried again


def test_a_killed_driver_loses_what_was_not_committed(tmp_path: Path) -> None:
    files = fill(tmp_path / "p", 160)
    gallery = Gallery.open(tmp_path / "g")
    process = start(tmp_path / "g", tmp_path / "p", chunks=1)
    while process.poll() is None and _count(gallery) < 8:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    committed = len(rows(tmp_path / "g"))
    assert 8 <= committed < 160
    out = index(tmp_path / "g", tmp_path / "p")
    assert f"unchanged={committed}" in out
    assert f"added={160 - committed}," in out
    assert rows(tmp_path / "g").keys() == set(map(str, files))
    assert len(prints(tmp_path / "g")) == 160
    assert_nothing_is_left_over(tmp_path / "g")


def test_ctrl_c_commits_what_is_through(tmp_path: Path) -> None:
    fill(tmp_path / "p", 160)
    gallery = Gallery.open(tmp_path / "g")
    process = start(tmp_path / "g", tmp_path / "p", chunks=1)
    while process.poll() is None and _count(gallery) < 8:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in err
    assert 8 <= len(rows(tmp_path / "g")) < 160


def test_a_gallery_in_an_object_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for package in ("boto3", "moto", "obstore"):
        pytest.importorskip(package)
    import boto3
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(port=0, verbose=False)
    server.start()
    try:
        url = "http://{}:{}".format(*server.get_host_and_port())
        for name, value in {
            "AWS_ACCESS_KEY_ID": "x",
            "AWS_SECRET_ACCESS_KEY": "x",
            "AWS_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": url,
            "AWS_ALLOW_HTTP": "true",
        }.items():
            monkeypatch.setenv(name, value)
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket="bucket")
        files = fill(tmp_path / "p", 24)
        (tmp_path / "p" / "0009.jpg").rename(tmp_path / "p" / "once.jpg")
        files[9] = tmp_path / "p" / "once.jpg"
        place = "s3://bucket/gallery"
        assert "added=24," in index(place, tmp_path / "p", hooked=True)
        assert (tmp_path / "p" / "once.jpg.done").exists()
        assert rows(place).keys() == set(map(str, files))
        assert len(prints(place)) == 24
    finally:
        server.stop()


def _count(gallery: Gallery) -> int:
    return gallery.info().pictures if (gallery.folder / "gallery.json").exists() else 0
