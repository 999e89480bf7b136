"""HEAD: what GET answers, without the body."""

from __future__ import annotations

from pathlib import Path

import httpx

from ..conftest import fill
from ..servers import Server

PAGES = ("/", "/browse", "/browse/", "/docs", "/docs/docs.js", "/static/icon.svg", "/nothing")


def test_every_get_route_answers_head(server: Server, collection: Path) -> None:
    query = server.search(collection / "pictures" / "busy" / "0.png").json()["query"]["id"]
    for path in ("/map", "/duplicates"):
        server.result(path)
    ids = {"pictures": query, "queries": query, "jobs": server.get("/jobs").json()["jobs"][0]["id"]}
    with httpx.Client(base_url=server.url, trust_env=False, timeout=60) as client:  # one connection
        described = client.get("/openapi.json").json()["paths"]
        routes = [path for path, methods in described.items() if "get" in methods]
        assert len(routes) > 10
        for path in (*PAGES, "/healthz", "/metrics", "/openapi.json", *routes):
            kind = path.removeprefix("/api/v1/").split("/")[0]
            address = path.replace("{id}", ids.get(kind, ""))
            head, get = client.head(address), client.get(address)
            assert (head.status_code, head.content) == (get.status_code, b""), address
            varying = {"date", "content-length"} if path == "/metrics" else {"date"}
            for name in set(get.headers) - varying:
                assert head.headers[name] == get.headers[name], (address, name)


def test_head_of_a_running_job_does_not_wait_for_its_end(own: Server, tmp_path: Path) -> None:
    fill(tmp_path / "more", 60, start=100)
    job = own.post("/index", json={"paths": [str(tmp_path / "more")]}).json()["id"]
    assert own.ask("HEAD", f"/jobs/{job}/events").status_code == 200
    assert own.get(f"/jobs/{job}").json()["state"] in {"queued", "running"}
    own.job(job)


def test_head_is_counted_and_named(server: Server) -> None:
    server.ask("HEAD", "/info")
    text = httpx.get(f"{server.url}/metrics", trust_env=False).text
    assert 'method="HEAD",route="/info",status="200"' in text
    wrong = server.ask("HEAD", "/search")
    assert (wrong.status_code, wrong.headers["allow"], wrong.content) == (405, "POST", b"")
