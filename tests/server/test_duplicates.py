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
    if sys.platform.startswith("linux"):
        assert answer.json()["moved"] == [worse]
        assert not Path(worse).exists()
        assert Path(kept).exists()
        after = own.get("/duplicates").json()
        assert after["stale"] is True
        assert len(after["groups"][0]["members"]) == 1
        assert own.get("/info").json()["pictures"] == 8 + 3 - 1
        assert own.result("/duplicates?refresh=true")["stale"] is False


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
