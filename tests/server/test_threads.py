"""Clients that search while others change the gallery, by every verb that does."""

from __future__ import annotations

import io
import itertools
import os
import shutil
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ..beside import call_beside
from ..conftest import draw, fill, save, soak
from ..servers import Server

THREADS = 4
REMOVALS = soak(8, 200)
SEARCHES = soak(10, 500)  # of each thread, beside each verb
Verb = Callable[[Server, Path], object]
seeds = itertools.count(1_000)


def job(server: Server, path: str, body: dict[str, Any]) -> dict[str, Any]:
    done = server.job(server.post(path, json=body).json()["id"])
    assert done["state"] == "done", done
    report: dict[str, Any] = done["report"]
    return report


def add_and_delete(server: Server, folder: Path) -> None:
    out = io.BytesIO()
    draw(next(seeds)).save(out, "PNG")
    added = server.post("/pictures", files={"image": ("new.png", out.getvalue())})
    assert added.status_code == 201, added.text
    assert server.ask("DELETE", f"/pictures/{added.json()['id']}").status_code == 204


def remove_and_index(server: Server, folder: Path) -> None:
    path = save(folder / "new" / "one.jpg", next(seeds))
    assert job(server, "/index", {"paths": [str(path)]})["added"] == 1
    assert server.post("/remove", json={"paths": [str(path)]}).json()["removed"] == 1


def prune(server: Server, folder: Path) -> None:
    path = save(folder / "gone.jpg", next(seeds))
    assert job(server, "/index", {"paths": [str(folder)]})["added"] == 1
    path.unlink()
    assert job(server, "/prune", {"dry_run": False})["removed"] == [str(path)]


def trash(server: Server, folder: Path) -> None:
    shutil.copy(folder / "0001.jpg", folder / "copy.jpg")
    job(server, "/index", {"paths": [str(folder)]})
    (group,) = server.result("/duplicates?kind=exact&refresh=true")["groups"]
    paths = {"paths": [member["path"] for member in group["members"]]}
    assert job(server, "/duplicates/check", paths)["goes"] == 1
    assert server.post("/duplicates/trash", json=paths).json()["moved"] == paths["paths"]
    assert job(server, "/duplicates/undo", {})["restored"] == paths["paths"]


@pytest.mark.parametrize("verb", [add_and_delete, remove_and_index, prune, trash])
def test_clients_search_beside_every_verb(verb: Verb, own: Server, tmp_path: Path) -> None:
    if verb is trash and sys.platform != "linux":
        pytest.skip("the trash is found by XDG_DATA_HOME")
    folder = tmp_path / "pictures"
    sent = (folder / "0003.jpg").read_bytes()
    failures = Counter[str]()

    def search(number: int) -> None:
        for k in range(SEARCHES):
            answer = own.search(sent, top=1, copies=(k + number) % 4 == 0)
            paths = [hit["path"] for hit in answer.json().get("hits", ())]
            if answer.status_code != 200 or paths != [str(folder / "0003.jpg")]:
                failures[answer.text] += 1

    call_beside(lambda: verb(own, folder), search, THREADS)
    assert failures == Counter()


def test_clients_read_beside_removals_in_the_process_that_answers(
    own: Server, tmp_path: Path
) -> None:
    """Workers search, each with a gallery of its own; these reads share one with the writer."""
    own.index(*fill(tmp_path / "pictures" / "many", REMOVALS, start=100))
    pictures = own.get("/pictures?top=500").json()["pictures"]
    stays = next(one["id"] for one in pictures if one["paths"][0].endswith("0003.jpg"))
    going = [one["id"] for one in pictures if os.sep + "many" + os.sep in one["paths"][0]]
    assert len(going) == REMOVALS
    failures, removed = Counter[str](), Counter[int]()
    reads = [f"/pictures/{stays}", f"/pictures/{stays}/thumbnail", "/pictures?top=3", "/info"]

    def read(number: int) -> None:
        while going:
            for path in reads:
                answer = own.get(path)
                if answer.status_code != 200:
                    failures[f"{path}: {answer.text}"] += 1

    def remove() -> None:
        if going:
            removed[own.ask("DELETE", f"/pictures/{going[-1]}").status_code] += 1
            going.pop()

    call_beside(remove, read, THREADS)
    assert (failures, removed) == (Counter(), Counter({204: REMOVALS}))
    assert own.get("/info").json()["pictures"] == 8
