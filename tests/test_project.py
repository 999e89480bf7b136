"""Rules of the house, held by machine."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
import typer

import lookalike
from lookalike import cli, errors

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src" / "lookalike"
# Who may import whom: only what stands further down.
ORDER = [
    "__main__",
    "cli",
    "serving",
    "indexing",
    "tidying",
    "workshops",
    "terminal",
    "sheet",
    "__init__",
    "client",
    "connection",
    "server",
    "dataset",
    "finetune",
    "album",
    "evaluate",
    "atlas",
    "trash",
    "gallery",
    "reading",
    "opened",
    "wire",
    "duplicates",
    "pairs",
    "neighbours",
    "members",
    "rebuild",
    "search",
    "proofs",
    "compare",
    "cluster",
    "nodes",
    "shard",
    "ingest",
    "ledger",
    "known",
    "exchange",
    "roots",
    "lock",
    "lease",
    "verify",
    "outlines",
    "query",
    "binding",
    "manifest",
    "catalog",
    "filters",
    "embed",
    "labelled",
    "edits",
    "encoders",
    "store",
    "rows",
    "nearest",
    "prints",
    "words",
    "fingerprints",
    "table",
    "literals",
    "place",
    "sources",
    "decode",
    "types",
    "errors",
]


def modules() -> list[tuple[str, Path]]:
    """Every file with the name that stands for it in `ORDER`: a package's name for its parts."""
    parts = [(path, path.relative_to(SOURCE).parts) for path in SOURCE.rglob("*.py")]
    return [(p[0] if len(p) > 1 else path.stem, path) for path, p in parts]


def test_imports_point_downwards() -> None:
    assert {name for name, _ in modules()} == set(ORDER)
    for name, path in modules():
        if path == SOURCE / "__init__.py":  # it names what users import, on use
            continue
        upwards = len(path.relative_to(SOURCE).parts)  # dots that lead out of a package
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.ImportFrom) or node.level != upwards:
                continue
            names = [node.module.split(".")[0]] if node.module else [a.name for a in node.names]
            for target in names:
                assert ORDER.index(target) > ORDER.index(name), f"{path} imports {target}"


def test_modules_can_be_held_in_mind() -> None:
    for path in SOURCE.rglob("*.py"):
        assert len(path.read_text("utf-8").splitlines()) <= 360, path


def test_what_users_import_is_there() -> None:
    assert lookalike.__all__ == sorted(lookalike.__all__)
    assert all(getattr(lookalike, name) for name in lookalike.__all__)
    assert set(lookalike.__all__) <= set(dir(lookalike))
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        lookalike.nonsense  # noqa: B018


def test_the_error_tree_is_drawn_whole() -> None:
    classes = [v for v in vars(errors).values() if isinstance(v, type)]
    assert errors.__doc__
    for kind in classes:
        assert kind.__name__ in errors.__doc__
        assert issubclass(kind, errors.LookalikeError)


def test_every_command_and_option_is_documented() -> None:
    text = (ROOT / "docs" / "commands.md").read_text("utf-8")
    commands = typer.main.get_command(cli.app).commands  # type: ignore[attr-defined]
    for name, command in commands.items():
        part = re.search(rf"^## `lookalike {name}.*?(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
        assert part, f"docs/commands.md has no part on {name}"
        for parameter in command.params:
            for option in parameter.opts:
                if option.startswith("--") and option != "--help":
                    assert f"`{option}" in part[0], f"{name} {option}"
    written = set(re.findall(r"^## `lookalike (\w+)", text, re.MULTILINE))
    assert written == set(commands)


def test_every_error_is_documented() -> None:
    text = (ROOT / "docs" / "commands.md").read_text("utf-8")
    for name, kind in vars(errors).items():
        if isinstance(kind, type):
            assert f"`{name}`" in text, name


def test_no_machine_is_named() -> None:
    words = ("/work" + "/", "/ho" + "me/", "/ro" + "ot/", "pypi" + ".org")
    for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.rglob("src/**/*.py")]:
        for word in words:
            assert word not in path.read_text("utf-8"), f"{path}: {word}"
