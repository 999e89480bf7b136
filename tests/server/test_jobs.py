"""Background jobs, and what remains of them when they are stopped."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from lookalike import Gallery
from lookalike.storage.lock import write_lock

from ..conftest import fill, save
from ..servers import Server, children, end, serving, start

MANY = 320  # pictures, which take some seconds
posix = pytest.mark.skipif(os.name != "posix", reason="by signals of POSIX")


def wait_until(is_so: Callable[[], Any]) -> Any:
    """Wait until a condition holds, for a minute at most."""
    for _ in range(1200):
        if found := is_so():
            return found
        time.sleep(0.05)
    raise AssertionError("the condition never held")


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_an_index_job_reports_its_progress(own: Server, tmp_path: Path) -> None:
    fill(tmp_path / "more", 30, start=100)
    (tmp_path / "more" / "bad.jpg").write_text("x")
    started = own.post("/index", json={"paths": [str(tmp_path / "more")]})
    assert started.status_code == 202
    job = started.json()["id"]
    assert started.headers["location"] == f"/api/v1/jobs/{job}"
    with httpx.stream("GET", f"{own.url}/api/v1/jobs/{job}/events", trust_env=False) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        lines = [line for line in answer.iter_lines() if line]
    names = [line[7:] for line in lines if line.startswith("event: ")]
    events = [json.loads(line[6:]) for line in lines if line.startswith("data: ")]
    assert names[-1] == "done"
    assert set(names[:-1]) <= {"progress"}
    last = events[-1]
    assert (last["state"], last["error"]) == ("done", None)
    assert (last["report"]["added"], last["report"]["refused"]) == (30, 1)
    assert (last["progress"]["done"], last["progress"]["todo"]) == (31, 31)
    assert own.get("/info").json()["pictures"] == 38
    assert own.get("/jobs").json()["jobs"][0] == own.get(f"/jobs/{job}").json()
    assert own.get("/refused").json()["refused"][0]["path"].endswith("bad.jpg")


def test_index_all_known_folders_a_relative_path_and_a_missing_one(
    own: Server, tmp_path: Path
) -> None:
    save(tmp_path / "pictures" / "new.jpg", 200)
    assert own.index()["report"]["added"] == 1
    relative = own.post("/index", json={"paths": ["pictures"]})
    assert relative.json()["code"] == "argument"
    missing = own.index(tmp_path / "none")
    assert missing["error"]["code"] == "argument"
    below = tmp_path / "pictures" / "none"  # perhaps a disk that is away
    assert own.index(below)["report"]["offline"] == [str(below)]


def test_a_server_that_starts_without_a_gallery(tmp_path: Path) -> None:
    fill(tmp_path / "pictures", 4)
    with serving(tmp_path / "gallery", "--workers", "1") as server:
        assert server.index(tmp_path / "pictures")["state"] == "done"
        for picture in server.get("/pictures").json()["pictures"]:
            answer = server.get(f"/pictures/{picture['id']}/thumbnail")
            assert answer.status_code == 200, answer.text
            data = Path(picture["paths"][0]).read_bytes()
            assert server.search(data, top=1).json()["hits"][0]["id"] == picture["id"]


def test_jobs_and_uploads_fail_while_another_process_writes(own: Server, tmp_path: Path) -> None:
    with write_lock(own.folder):
        job = own.index()
        assert job["state"] == "failed"
        assert job["error"]["code"] == "gallery_busy"
        data = save(tmp_path / "x.jpg", 300).read_bytes()
        added = own.post("/pictures", files={"image": ("x.jpg", data)})
        assert (added.status_code, added.json()["code"]) == (409, "gallery_busy")
        assert not list((own.folder / "uploads").iterdir())
        assert own.search(data).status_code == 200  # searching still works
    assert own.post("/pictures", files={"image": ("x.jpg", data)}).status_code == 201


def test_prune_and_remove(own: Server, tmp_path: Path) -> None:
    (tmp_path / "pictures" / "0000.jpg").unlink()
    job = own.job(own.post("/prune", json={"dry_run": True}).json()["id"])
    assert len(job["report"]["removed"]) == 1
    assert own.get("/info").json()["pictures"] == 8
    own.job(own.post("/prune", json={}).json()["id"])
    assert own.get("/info").json()["pictures"] == 7
    path = str(tmp_path / "pictures" / "0001.jpg")
    assert own.post("/remove", json={"paths": [path]}).json() == {"removed": 1}
    assert Path(path).exists()


def test_an_unknown_job(server: Server) -> None:
    for method, path in (("GET", ""), ("GET", "/events"), ("DELETE", "")):
        assert server.ask(method, f"/jobs/{'0' * 16}{path}").json()["code"] == "no_such_job"


def begin(server: Server, folder: Path) -> str:
    """Start indexing many pictures, and wait until some are done."""
    fill(folder, MANY, start=1000)
    job = server.post("/index", json={"paths": [str(folder)]}).json()["id"]
    wait_until(lambda: server.get(f"/jobs/{job}").json()["progress"]["done"] > 0)
    return job


def test_search_works_while_a_job_writes_and_cancelling_keeps_its_work(
    own: Server, tmp_path: Path
) -> None:
    query = (tmp_path / "pictures" / "0003.jpg").read_bytes()
    job = begin(own, tmp_path / "many")
    for _ in range(5):
        answer = own.search(query, top=50).json()
        assert answer["hits"][0]["kind"] == "exact"
        assert len({hit["path"] for hit in answer["hits"]}) == len(answer["hits"])
    assert own.post("/index", json={"paths": [str(tmp_path / "many")]}).json()["id"] == job
    assert own.ask("DELETE", f"/jobs/{job}").status_code == 202
    assert own.job(job)["state"] == "cancelled"
    assert 8 < own.get("/info").json()["pictures"] < 8 + MANY
    assert own.index()["state"] == "done"
    assert own.get("/info").json()["pictures"] == 8 + MANY


@posix
@pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_children_end_with_the_server_and_a_new_server_continues(
    tmp_path: Path, by: signal.Signals
) -> None:
    fill(tmp_path / "pictures", 8)
    Gallery.open(tmp_path / "gallery").index(tmp_path / "pictures")
    first = start(tmp_path / "gallery")
    try:
        begin(first, tmp_path / "many")
        pids = children(first.process.pid)
        assert len(pids) >= 2
    finally:
        code = end(first, by)
    assert code in ({0, -by} if by != signal.SIGKILL else {-by})
    wait_until(lambda: not any(map(is_running, pids)))
    query = (tmp_path / "pictures" / "0003.jpg").read_bytes()
    with serving(tmp_path / "gallery", "--workers", "1") as second:
        assert second.search(query).json()["hits"][0]["kind"] == "exact"
        assert second.index()["state"] == "done"
        assert second.index(tmp_path / "many")["state"] == "done"
        assert second.get("/info").json()["pictures"] == 8 + MANY


@posix
def test_a_worker_that_dies_is_replaced(sole: Server, tmp_path: Path) -> None:
    query = (tmp_path / "pictures" / "0003.jpg").read_bytes()
    assert sole.search(query).status_code == 200

    def workers() -> set[int]:
        return {
            pid
            for pid in children(sole.process.pid)
            if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()
        }

    if not Path("/proc/self/cmdline").exists():
        pytest.skip("the system has no /proc")
    (before,) = workers()
    os.kill(before, signal.SIGKILL)
    other = save(tmp_path / "other.jpg", 55).read_bytes()
    codes = {sole.search(other).status_code for _ in range(3)}
    assert codes <= {200, 422}
    assert sole.search(query, top=3).status_code == 200
    (after,) = workers()
    assert after != before
    assert "lookalike_worker_restarts 1.0" in httpx.get(f"{sole.url}/metrics", trust_env=False).text
