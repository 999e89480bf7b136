"""The API as it is described: by OpenAPI, in docs/reference/rest.md, and as it answers."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from lookalike.client import serialization

from .conftest import Server

ROOT = Path(__file__).resolve().parent.parent.parent
DOCS = (ROOT / "docs/reference/rest.md").read_text("utf-8")
SOURCE = ROOT / "src" / "lookalike" / "server"


def described(server: Server) -> dict:
    return httpx.get(f"{server.url}/openapi.json", trust_env=False).json()


def test_every_route_is_documented(server: Server) -> None:
    there = {
        f"{method.upper()} {path.removeprefix('/api/v1')}"
        for path, methods in described(server)["paths"].items()
        for method in methods
    }
    written = set(re.findall(r"^### `((?:GET|POST|DELETE) \S+)`", DOCS, re.MULTILINE))
    assert written == there


def test_every_code_is_documented() -> None:
    codes = {code for _, _, code in serialization.ERROR_CODES}
    for path in SOURCE.rglob("*.py"):
        text = path.read_text("utf-8")
        codes |= set(re.findall(r'(?:problem|ProblemError)\(\s*\d+,\s*"(\w+)"', text))
    written = set(re.findall(r"^\| `(\w+)` \| \d", DOCS, re.MULTILINE))
    assert len(codes) > 20
    assert codes <= written


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
    assert answer.headers["allow"] == "GET, POST"
    assert server.ask("PATCH", "/pictures/" + "0" * 32).headers["allow"] == "DELETE, GET"


@pytest.mark.parametrize("phase", ["coverage", "fuzzing"])
def test_schemathesis_finds_nothing(own: Server, tmp_path: Path, phase: str) -> None:
    """No 5xx, and all answers fit what is described, whatever is asked."""
    done = subprocess.run(
        [
            *(sys.executable, "-c", "from schemathesis.cli import schemathesis as run; run()"),
            *("run", f"{own.url}/openapi.json", "--phases", phase, "--max-examples", "10"),
            *("--generation-deterministic", "--exclude-path-regex", "/events$"),
            # What is well formed may still be meant for nothing: an id, a URL, a path of nobody.
            *("--exclude-checks", "positive_data_acceptance,use_after_free"),
        ],
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert own.get("/info").status_code == 200
