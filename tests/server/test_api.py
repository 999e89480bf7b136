"""The API matches its descriptions: OpenAPI and docs/reference/rest.md."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from lookalike.client import serialization

from ..servers import Server

ROOT = Path(__file__).resolve().parent.parent.parent
DOCS = (ROOT / "docs/reference/rest.md").read_text("utf-8")
SOURCE = ROOT / "src" / "lookalike" / "server"


def openapi(server: Server) -> dict:
    return httpx.get(f"{server.url}/openapi.json", trust_env=False).json()


def test_every_route_is_documented(server: Server) -> None:
    described = {
        f"{method.upper()} {path.removeprefix('/api/v1')}"
        for path, methods in openapi(server)["paths"].items()
        for method in methods
    }
    documented = set(re.findall(r"^### `((?:GET|POST|PUT|DELETE) \S+)`", DOCS, re.MULTILINE))
    assert documented == described


def test_every_code_is_documented() -> None:
    codes = {code for _, _, code in serialization.ERROR_CODES}
    for path in SOURCE.rglob("*.py"):
        text = path.read_text("utf-8")
        codes |= set(re.findall(r'(?:problem|ProblemError)\(\s*\d+,\s*"(\w+)"', text))
    documented = set(re.findall(r"^\| `(\w+)` \| \d", DOCS, re.MULTILINE))
    assert len(codes) > 20
    assert codes <= documented


def test_every_option_of_serve_is_documented() -> None:
    text = (ROOT / "docs/reference/commands.md").read_text("utf-8")
    assert "server.md" in text


def test_the_docs_page_needs_nothing_from_elsewhere(server: Server) -> None:
    for name in ("", "/docs.js", "/docs.css"):
        answer = httpx.get(f"{server.url}/docs{name}", trust_env=False)
        assert answer.status_code == 200
        assert "//" not in answer.text.replace("// ", "")
    assert "<script>" not in httpx.get(f"{server.url}/docs", trust_env=False).text


def test_metrics(server: Server) -> None:
    server.get("/info")
    server.get("/pictures/" + "0" * 32)
    text = httpx.get(f"{server.url}/metrics", trust_env=False).text
    assert 'route="/info",status="200"' in text
    assert 'route="/pictures/{id}",status="404"' in text
    assert "lookalike_workers " in text


def test_a_method_that_an_address_does_not_take(server: Server) -> None:
    answer = server.ask("PUT", "/pictures")
    assert (answer.status_code, answer.json()["code"]) == (405, "method")
    assert answer.headers["allow"] == "GET, HEAD, POST"
    assert server.ask("PATCH", "/pictures/" + "0" * 32).headers["allow"] == "DELETE, GET, HEAD"


def test_responses_have_exactly_the_described_fields(server: Server, collection: Path) -> None:
    schemas = openapi(server)["components"]["schemas"]
    copy = (collection / "pictures" / "copies" / "again.jpg").read_bytes()
    found = server.search(copy).json()
    hit = next(hit for hit in found["hits"] if hit["kind"] == "copy")
    info = server.get("/info").json()
    response = server.get("/duplicates")
    job = server.job(response.json()["job"]) if response.status_code == 202 else None
    groups = server.get("/duplicates").json()
    group = groups["groups"][0]
    pictures = server.get("/pictures").json()
    examples = {
        "SearchResult": found,
        "Query": found["query"],
        "Hit": hit,
        "Match": hit["match"],
        "Info": info,
        "Root": info["roots"][0],
        "Pictures": pictures,
        "Picture": pictures["pictures"][0],
        "Duplicates": groups,
        "Group": group,
        "Best": group["best"],
        "Duplicate": group["members"][0],
    }
    if job:
        examples |= {"Job": job, "Progress": job["progress"]}
    for name, values in examples.items():
        assert set(schemas[name]["properties"]) == set(schemas[name]["required"]) == set(values)
    for name in ("Hit", "Match", "Picture", "Info"):  # taken from the dataclasses
        descriptions = [p.get("description") for p in schemas[name]["properties"].values()]
        assert sum(map(bool, descriptions)) > 0.6 * len(descriptions)


# A full queue of jobs is a 503, too.
SCHEMATHESIS = """
import schemathesis
from schemathesis.cli import schemathesis as run
@schemathesis.check
def no_failure(ctx, response, case):
    assert response.status_code < 500 or response.json()["code"] == "busy", response.text
run()
"""


@pytest.mark.parametrize("phase", ["coverage", "fuzzing"])
def test_schemathesis_finds_nothing(sole: Server, tmp_path: Path, phase: str) -> None:
    """No request fails, and all responses match their description."""
    done = subprocess.run(
        [
            *(sys.executable, "-c", SCHEMATHESIS),
            *("run", f"{sole.url}/openapi.json", "--phases", phase, "--max-examples", "10"),
            *("--generation-deterministic", "--exclude-path-regex", "/events$"),
            # A valid request may still name an unknown id, URL or path.
            *("--exclude-checks", "positive_data_acceptance,use_after_free,not_a_server_error"),
        ],
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert sole.get("/info").status_code == 200
