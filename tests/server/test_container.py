"""Dockerfile and compose.yaml, as far as they can be checked without an engine."""

from __future__ import annotations

import ast
import json
import re
import shlex
from pathlib import Path

import yaml
from typer.main import get_command

from lookalike.cli import main

ROOT = Path(__file__).resolve().parent.parent.parent
DOCKERFILE = (ROOT / "Dockerfile").read_text("utf-8").replace("\\\n", " ")
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))


def steps(name: str) -> list[str]:
    return re.findall(rf"^{name}\s+(.*)$", DOCKERFILE, re.MULTILINE)


def test_it_does_not_run_as_root_and_starts_a_command_that_there_is() -> None:
    assert steps("USER") == ["lookalike"]
    assert "useradd --uid 10001 --create-home lookalike" in DOCKERFILE
    assert json.loads(steps("ENTRYPOINT")[0]) == ["lookalike"]
    name, *options = json.loads(steps("CMD")[-1])
    command = get_command(main.app).commands[name]  # type: ignore[attr-defined]
    known = {option for parameter in command.params for option in parameter.opts}
    assert {option for option in options if option.startswith("--")} <= known


def test_what_it_copies_is_there_and_is_not_ignored() -> None:
    kept = {line[1:] for line in (ROOT / ".dockerignore").read_text().split() if line[0] == "!"}
    for step in steps("COPY"):
        if not step.startswith("--from"):
            for name in shlex.split(step)[:-1]:
                assert (ROOT / name).exists()
                assert name in kept


def test_its_health_check_is_a_program_that_asks_a_route() -> None:
    _, program = re.split(r"CMD\s+", steps("HEALTHCHECK")[0])
    python, flag, code = json.loads(program)
    assert (python, flag) == ("python", "-c")
    ast.parse(code)
    assert "127.0.0.1:8000/healthz" in code
    assert steps("EXPOSE") == ["8000"]


def test_compose_publishes_on_loopback_and_mounts_pictures_read_only() -> None:
    (service,) = COMPOSE["services"].values()
    assert service["ports"] == ["127.0.0.1:8000:8000"]
    pictures, gallery = service["volumes"]
    assert pictures.endswith(":/pictures:ro")
    assert gallery == "gallery:/gallery"
    assert "gallery" in COMPOSE["volumes"]
    assert service["environment"]["LOOKALIKE_TOKEN"].startswith("${LOOKALIKE_TOKEN:?")
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
