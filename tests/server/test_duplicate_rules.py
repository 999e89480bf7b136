"""What people decide about duplicates, over HTTP."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lookalike import Client, KeepRules
from lookalike.errors import ArgumentError

from ..conftest import busy, run
from ..servers import Server

NO_RULES: dict[str, Any] = {"prefer": [], "protect": [], "keep": None}


@pytest.fixture
def copies(own: Server, tmp_path: Path) -> Iterator[Path]:
    """A folder in the gallery with a picture, its twin in a folder below, and a smaller copy."""
    folder = tmp_path / "copies"
    (folder / "below").mkdir(parents=True)
    busy(1, (480, 360)).save(folder / "best.png")
    os.utime(folder / "best.png", (1, 1))
    (folder / "below" / "twin.png").write_bytes((folder / "best.png").read_bytes())
    busy(1, (480, 360)).resize((400, 300)).save(folder / "worse.jpg", quality=90)
    assert own.index(folder)["report"]["added"] == 3
    yield folder
    own.ask("PUT", "/duplicates/rules", json={})
    own.post("/remove", json={"paths": [str(folder)]})
    for pictures in own.get("/duplicates/not").json()["not_duplicates"]:
        ids = [picture["id"] for picture in pictures]
        own.post("/duplicates/not/forget", json={"pictures": ids})


def best(result: dict[str, Any]) -> str:
    (group,) = result["groups"]
    return Path(group["best"]["path"]).name


def test_rules_make_groups_stale_and_decide(own: Server, copies: Path) -> None:
    assert own.get("/duplicates/rules").json() == NO_RULES
    assert best(own.result("/duplicates?refresh=true")) == "best.png"
    rules = {**NO_RULES, "protect": [str(copies / "below")]}
    answer = own.ask("PUT", "/duplicates/rules", json=rules)
    assert (answer.status_code, answer.json()) == (200, rules)
    stale = own.get("/duplicates").json()
    assert (stale["stale"], best(stale)) == (True, "best.png")
    refused = own.post("/duplicates/trash", json={"paths": [str(copies / "below" / "twin.png")]})
    assert refused.status_code == 422
    assert "The rules of what to keep have changed" in refused.json()["detail"]
    assert (copies / "below" / "twin.png").exists()
    fresh = own.result("/duplicates?refresh=true")
    assert (fresh["stale"], best(fresh)) == (False, "twin.png")
    assert fresh["groups"][0]["best"]["why"] == "in a protected folder"
    assert [m["is_protected"] for m in fresh["groups"][0]["members"]] == [False, False]


def test_marks_take_pictures_out_of_the_groups_at_once(own: Server, copies: Path) -> None:
    (group,) = own.result("/duplicates?refresh=true")["groups"]
    ids = {Path(member["path"]).name: member["id"] for member in group["members"]}
    answer = own.post("/duplicates/not", json={"pictures": [group["best"]["id"], ids["worse.jpg"]]})
    (marked,) = answer.json()["not_duplicates"]
    assert {picture["id"] for picture in marked} == {group["best"]["id"], ids["worse.jpg"]}
    after = own.get("/duplicates").json()
    assert after["stale"]
    assert [Path(m["path"]).name for m in after["groups"][0]["members"]] == ["twin.png"]
    assert (
        after["frees"] == after["groups"][0]["frees"] == after["groups"][0]["members"][0]["frees"]
    )
    answer = own.post("/duplicates/not/forget", json={"pictures": [ids["worse.jpg"]]})
    assert answer.json() == {"not_duplicates": []}
    undone = own.get("/duplicates").json()
    assert {m["id"] for m in undone["groups"][0]["members"]} == {ids["worse.jpg"], ids["twin.png"]}
    assert undone["frees"] == group["frees"]
    refused = own.post("/duplicates/trash", json={"paths": [str(copies / "worse.jpg")]}).json()
    assert refused["left"][0]["reason"] == "it has not been checked yet"
    own.post("/duplicates/not", json={"pictures": [group["best"]["id"], ids["worse.jpg"]]})
    fresh = own.result("/duplicates?refresh=true")
    assert (fresh["stale"], len(fresh["groups"][0]["members"])) == (False, 1)
    assert own.get("/duplicates/not").json()["not_duplicates"] == [marked]
    path = str(copies / "worse.jpg")
    answer = own.post("/duplicates/not/forget", json={"pictures": [path]})
    assert answer.json() == {"not_duplicates": []}
    assert len(own.result("/duplicates?refresh=true")["groups"][0]["members"]) == 2


def test_groups_stay_usable_after_a_mark(own: Server, copies: Path) -> None:
    """One mark does not make people look for all duplicates again before they go on."""
    (group,) = own.result("/duplicates?refresh=true")["groups"]
    paths = {Path(member["path"]).name: member["path"] for member in group["members"]}
    own.post("/duplicates/not", json={"pictures": [group["best"]["path"], paths["worse.jpg"]]})
    answer = own.post("/duplicates/trash", json={"paths": [paths["worse.jpg"]]})
    assert "is not listed as a duplicate" in answer.json()["detail"]
    answer = own.post("/duplicates/trash", json={"paths": [paths["twin.png"]]})
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize(
    ("method", "path", "body", "said"),
    [
        ("PUT", "/rules", {"keep": "best"}, "There is no order 'best'"),
        ("PUT", "/rules", {"prefer": ["relative"]}, "full path"),
        ("PUT", "/rules", {"prefer": ["/nowhere"]}, "no picture at or under /nowhere"),
        ("PUT", "/rules", {"protect": "/nowhere"}, ""),
        ("PUT", "/rules", {"odd": 1}, ""),
        ("POST", "/not", {"pictures": []}, ""),
        ("POST", "/not", {"pictures": ["relative", "other"]}, "full path"),
        ("POST", "/not", {"pictures": ["/nowhere.png"]}, "/nowhere.png is not in the gallery"),
        ("POST", "/not", {"pictures": ["f" * 32]}, "is not in the gallery"),
        ("POST", "/not/forget", {"pictures": ["/nowhere.png"]}, "is not in the gallery"),
    ],
)
def test_wrong_requests(
    own: Server, method: str, path: str, body: dict[str, Any], said: str
) -> None:
    answer = own.ask(method, f"/duplicates{path}", json=body)
    assert answer.status_code == 422
    assert said in answer.json()["detail"]
    assert own.get("/duplicates/rules").json() == NO_RULES
    assert own.get("/duplicates/not").json() == {"not_duplicates": []}


def test_the_client_and_the_command_use_the_same(own: Server, copies: Path) -> None:
    below, worse = copies / "below", copies / "worse.jpg"
    with Client(own.url) as client:
        rules = KeepRules(prefer=(str(below),), keep="oldest")
        client.set_keep_rules(rules)
        assert client.keep_rules() == rules
        (group,) = client.duplicates()
        assert (Path(group.kept.path).name, group.why) == ("twin.png", "in a preferred folder")
        client.mark_not_duplicates(below / "twin.png", worse)
        (marked,) = client.not_duplicates()
        assert [len(picture.paths) for picture in marked] == [2, 1]
        assert len(client.duplicates()[0].others) == 1
        client.forget_not_duplicates(worse)
        assert client.not_duplicates() == []
        with pytest.raises(ArgumentError, match="not available over HTTP"):
            client.duplicates(keep=rules)
        with pytest.raises(ArgumentError, match="not marked"):
            client.forget_not_duplicates(worse)
    done = run("duplicates", "--keep", "newest", "--remember", "--json", gallery=own.url)
    assert done.returncode == 0, done.stderr
    assert '"keep": "newest"' in run("duplicates", "--rules", "--json", gallery=own.url).stdout
    done = run("duplicates", "--keep", "newest", gallery=own.url)
    assert done.returncode == 2
    assert "not available over HTTP" in done.stderr
