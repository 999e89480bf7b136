from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from lookalike import Client

from ..conftest import busy
from ..servers import Server


@pytest.fixture
def copies(own: Server, tmp_path: Path) -> Path:
    """A folder in the gallery with three files of one picture."""
    folder = tmp_path / "copies"
    folder.mkdir()
    busy(1, (480, 360)).save(folder / "best.png")
    (folder / "twin.png").write_bytes((folder / "best.png").read_bytes())
    busy(1, (480, 360)).save(folder / "worse.jpg", quality=90)
    assert own.index(folder)["report"]["added"] == 3
    return folder


def test_duplicates_and_the_trash(own: Server, copies: Path) -> None:
    result = own.result("/duplicates")
    (group,) = result["groups"]
    assert (result["stale"], result["version"]) == (False, own.get("/info").json()["version"])
    kinds = {os.path.basename(member["path"]): member["kind"] for member in group["members"]}
    assert kinds.pop("worse.jpg") == "copy"
    assert list(kinds.values()) == ["exact"]
    assert group["best"]["why"]
    assert group["frees"] == result["frees"] == sum(m["frees"] for m in group["members"])
    assert {m["state"] for m in group["members"]} == {"unchecked"}
    assert result["left_out"] == []
    near = own.result("/duplicates?kind=near")
    assert len(near["groups"]) == 1
    assert own.get("/duplicates?kind=odd").json()["code"] == "argument"
    kept = group["best"]["path"]
    answer = own.post("/duplicates/trash", json={"paths": [kept]})
    assert answer.json()["code"] == "argument"
    worse = str(copies / "worse.jpg")
    answer = own.post("/duplicates/trash", json={"paths": [worse]})
    assert answer.status_code == 200, answer.text
    (left,) = answer.json()["left"]
    assert (left["path"], left["reason"]) == (worse, "it has not been checked yet")
    job = own.job(own.post("/duplicates/check", json={"paths": [worse]}).json()["id"])
    assert job["report"] == {"kind": "copies", "goes": 2, "stays": 0}
    (group,) = own.get("/duplicates").json()["groups"]
    assert {(m["state"], m["reason"], m["holder"]) for m in group["members"]} == {
        ("goes", "", kept)
    }
    answer = own.post("/duplicates/trash", json={"paths": [worse]})
    if sys.platform.startswith("linux"):
        assert answer.json()["moved"] == [worse]
        assert not Path(worse).exists()
        assert Path(kept).exists()
        after = own.get("/duplicates").json()
        assert after["stale"] is True
        assert len(after["groups"][0]["members"]) == 1
        assert own.get("/info").json()["files"] == 8 + 3 - 1
        assert own.result("/duplicates?refresh=true")["stale"] is False
        assert after["groups"][0]["members"][0]["state"] == "goes"
        job = own.job(own.post("/duplicates/undo", json={}).json()["id"])
        assert job["report"] == {"restored": [worse], "left": []}
        assert own.get("/info").json()["files"] == 8 + 3
        # What was decided about a pair is known when it is found again.
        (group,) = own.result("/duplicates?refresh=true")["groups"]
        assert {member["state"] for member in group["members"]} == {"goes"}


@pytest.mark.skipif(sys.platform != "linux", reason="the trash is found by XDG_DATA_HOME")
def test_the_trash_by_a_client(own: Server, copies: Path) -> None:
    with Client(own.url) as client:
        steps = list[tuple[str, int, int]]()
        groups = client.check_duplicates(
            client.duplicates(), on_progress=lambda *step: steps.append(step)
        )
        assert [other.state for other in groups[0].others] == ["goes", "goes"]
        assert steps[-1][1:] == (2, 2) or not steps[-1][2]
        report = client.trash(groups)
        assert len(report.moved) == 2
        assert report.bytes_freed == sum(other.member.size for other in groups[0].others)
        assert len(os.listdir(copies)) == 1
        assert set(client.undo_trash().restored) == set(report.moved)
        assert len(os.listdir(copies)) == 3


def test_files_that_were_left_out_are_compared_on_refresh(own: Server, copies: Path) -> None:
    twin = copies / "twin.png"
    away = twin.rename(copies.parent / "away.png")
    assert own.result("/duplicates?kind=exact")["left_out"] == [str(twin)]
    left_out = list[str]()
    with Client(own.url) as client:
        groups = client.duplicates(kind="exact", on_left_out=left_out.append)
    assert (groups, left_out) == ([], [str(twin)])
    away.rename(twin)
    result = own.result("/duplicates?kind=exact&refresh=true")
    assert (len(result["groups"]), result["left_out"]) == (1, [])
