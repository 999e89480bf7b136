"""A gallery in an object store: killed writers, several servers, uploads; with real processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from lookalike import Gallery
from lookalike.storage import Bucket
from lookalike.storage.lease import NAME

from ..conftest import RandomEncoder, draw, fill, save
from ..faults import Faults, none
from ..servers import serving

PICTURES = 48
# An ingest that commits each chunk, and optimizes after every second.
WRITE = """
import sys
from lookalike import Gallery
from lookalike.ingest import chunk, ledger
from lookalike.storage import table
from tests.conftest import RandomEncoder
chunk.CHUNK_PICTURES = 8
ledger.COMMIT_SECONDS = 0
ledger.OPTIMIZE_ROWS = 16
table.MAX_SMALL_FRAGMENTS = 2
Gallery.open(sys.argv[1], encoder=RandomEncoder()).index(sys.argv[2])
"""


def writer(address: str, folder: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", WRITE, address, str(folder)], cwd=Path(__file__).parents[2]
    )


def free(address: str) -> None:
    """Give a killed writer's lease back; `storage/test_lease.py` waits until one runs out."""
    place = Bucket(address)
    held = place.read(NAME)
    assert held
    place.write(NAME, b"{}", held.revision)


class Killer:
    """Kills a writer after the store has carried out its write, before it hears of that."""

    def __init__(self, what: str, number: int) -> None:
        self.what, self.left = what, number
        self.process: subprocess.Popen[bytes] | None = None

    def __call__(self, method: str, path: str) -> str | None:
        if method != "PUT" or self.what not in path or self.process is None:
            return None
        self.left -= 1
        if self.left:
            return None
        self.process.send_signal(signal.SIGKILL)
        return "late cut"


@pytest.mark.skipif(os.name == "nt", reason="kill -9 is POSIX's")
def test_killed_in_mid_commit(bucket: str, faults: Faults, tmp_path: Path) -> None:
    fill(tmp_path / "p", PICTURES)
    gallery = Gallery.open(f"{bucket}/g", encoder=RandomEncoder())
    committed = kills = 0
    # After a data file, after a version that nobody has heard of, before the words, and later.
    for what, number in [("data/", 1), ("_versions/", 1), ("_transactions/", 3), ("_versions/", 6)]:
        killer = Killer(what, number)
        faults.fault = killer
        killer.process = writer(f"{bucket}/g", tmp_path / "p")
        kills += killer.process.wait() == -signal.SIGKILL
        faults.fault = none
        free(f"{bucket}/g")
        rows = gallery.info().pictures
        assert rows >= committed
        if rows:
            assert os.path.exists(gallery.search(draw(0), top=1)[0].path)
        committed = rows
    assert kills == 4
    report = gallery.index(tmp_path / "p")
    assert committed + report.added == PICTURES
    found = {hit.path for hit in gallery.search(draw(0), top=2 * PICTURES)}
    assert len(found) == gallery.info().pictures == PICTURES


def test_an_index_goes_through_faults(bucket: str, faults: Faults, tmp_path: Path) -> None:
    fill(tmp_path / "p", 24)
    kinds = [500, 503, "cut", "late cut", "late 500"]

    def some(_method: str, _path: str) -> str | int | None:
        turn, number = divmod(len(faults.seen), 7)
        return None if number else kinds[turn % len(kinds)]  # type: ignore[return-value]

    faults.fault = some
    gallery = Gallery.open(f"{bucket}/g", encoder=RandomEncoder())
    assert gallery.index(tmp_path / "p").added == 24
    assert len(gallery.search(draw(0), top=100)) == 24
    faults.fault = none
    assert len({hit.path for hit in gallery.search(draw(0), top=100)}) == 24


def test_several_servers_read_while_one_job_writes(
    bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    fill(tmp_path / "p", 12)
    Gallery.open(f"{bucket}/g").index(tmp_path / "p")
    address: Path = f"{bucket}/g"  # type: ignore[assignment]  it is handed on as text
    one = serving(address, "--workers", "1")
    two = serving(address, "--workers", "1")
    with one as first, two as second:
        query = save(tmp_path / "query.jpg", 3)
        assert first.search(query).json()["hits"][0]["path"].endswith("0003.jpg")
        fill(tmp_path / "p", 24, start=12)
        job = first.post("/index", json={"paths": [str(tmp_path / "p")]}).json()["id"]
        versions: dict[tuple[int, int], set[int]] = {}
        state = ""
        while state not in {"done", "failed"}:
            state = first.get(f"/jobs/{job}").json()["state"]
            for number, server in enumerate((first, second)):
                answer = server.search(query, top=100)
                assert answer.status_code == 200, answer.text
                found = answer.json()
                key = number, found["version"]
                versions.setdefault(key, set()).add(len(found["hits"]))
                assert found["hits"][0]["path"].endswith("0003.jpg")
        assert state == "done"
        assert all(len(counts) == 1 for counts in versions.values())  # one version, one answer
        # At last both see all of it.
        assert {len(s.search(query, top=100).json()["hits"]) for s in (first, second)} == {36}
        small = first.get(f"/pictures/{found['hits'][0]['id']}/thumbnail?size=160")
        assert small.status_code == 200
        assert list((tmp_path / "cache").rglob("*.webp"))
        added = first.post("/pictures", files={"image": ("new.jpg", query.read_bytes() + b" ")})
        assert added.status_code == 201, added.text
        new = added.json()
        assert new["paths"][0].startswith(f"{bucket}/g/uploads/")
        sent = second.get(f"/pictures/{new['id']}/file")
        assert sent.content == query.read_bytes() + b" "
        assert second.ask("DELETE", f"/pictures/{new['id']}").status_code == 204
        assert first.get(f"/pictures/{new['id']}").status_code == 404
        roots = [root["path"] for root in first.get("/info").json()["roots"]]
        assert roots == [str(tmp_path / "p")]


def test_readers_of_one_version_never_mix(bucket: str, tmp_path: Path) -> None:
    fill(tmp_path / "p", 12)
    gallery = Gallery.open(f"{bucket}/g", encoder=RandomEncoder())
    gallery.index(tmp_path / "p")
    fill(tmp_path / "p", 36, start=12)
    process = writer(f"{bucket}/g", tmp_path / "p")
    counts: dict[int, set[int]] = {}
    while process.poll() is None:
        result = gallery.search(draw(3), top=200)
        assert result[0].path.endswith("0003.jpg")
        counts.setdefault(result.version, set()).add(len(result))
    assert process.wait() == 0
    assert all(len(found) == 1 for found in counts.values())
    assert len(gallery.search(draw(3), top=200)) == 48
