"""Rules of the house, held by machine."""

from __future__ import annotations

import ast
import importlib
import sys
from pathlib import Path

import pytest

import lookalike
from lookalike import errors

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src" / "lookalike"
# Who may import whom: only what stands further down.
ORDER = [
    "__main__",
    "cli",
    "_moved",
    "__init__",
    "server",
    "client",
    "gallery",
    "duplicates",
    "finetune",
    "evaluate",
    "dataset",
    "search",
    "ingest",
    "report",
    "storage",
    "sources",
    "encoders",
    "copies",
    "edits",
    "decode",
    "types",
    "errors",
]
PACKAGES = {path.parent.name for path in SOURCE.glob("*/__init__.py")}


def modules() -> list[tuple[str, Path]]:
    """Every file with the name that stands for it in `ORDER`: a package's name for its parts."""
    parts = [(path, path.relative_to(SOURCE).parts) for path in SOURCE.rglob("*.py")]
    return [(p[0] if len(p) > 1 else path.stem, path) for path, p in parts]


def imports(path: Path) -> list[tuple[str, list[str]]]:
    """What a file imports of lookalike: absolute names of modules, each with the names taken."""
    parts = ["lookalike", *path.relative_to(SOURCE).with_suffix("").parts]
    found = []
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom):
            base = parts[: -node.level] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            if module.split(".")[0] == "lookalike":
                found.append((module, [alias.name for alias in node.names]))
        elif isinstance(node, ast.Import):
            found += [(a.name, []) for a in node.names if a.name.split(".")[0] == "lookalike"]
    return found


def test_imports_point_downwards() -> None:
    assert {name for name, _ in modules()} == set(ORDER)
    for name, path in modules():
        if path == SOURCE / "__init__.py":  # it names what users import, on use
            continue
        for module, names in imports(path):
            inner = module.split(".")[1:]
            for target in inner[:1] or names:
                if target != name:
                    assert ORDER.index(target) > ORDER.index(name), f"{path} imports {target}"


def test_packages_are_entered_by_their_front_doors() -> None:
    """Nothing takes from another package what its `__init__` does not name."""
    for name, path in modules():
        if path == SOURCE / "__main__.py":  # the command
            continue
        for module, names in imports(path):
            package = module.split(".")[1:2]
            if package and package[0] in PACKAGES and package[0] != name:
                assert module == f"lookalike.{package[0]}", f"{path} reaches into {module}"
                public = importlib.import_module(module).__all__
                assert set(names) <= set(public), f"{path}: {module} does not offer {names}"


def test_packages_say_what_they_are_for() -> None:
    for name in PACKAGES:
        package = importlib.import_module(f"lookalike.{name}")
        assert package.__doc__
        assert len(package.__doc__.strip().splitlines()) >= 3, name


@pytest.mark.parametrize(
    ("old", "name", "new"),
    [
        ("compare", "compare", "search"),
        ("verify", "verify", "copies"),
    ],
)
def test_documented_places_of_before_work_and_warn(old: str, name: str, new: str) -> None:
    sys.modules.pop(f"lookalike.{old}", None)
    with pytest.warns(DeprecationWarning, match=f"import {name} from lookalike.{new}"):
        moved = importlib.import_module(f"lookalike.{old}")
    assert getattr(moved, name) is getattr(importlib.import_module(f"lookalike.{new}"), name)


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


def test_no_machine_is_named() -> None:
    words = ("/work" + "/", "/ho" + "me/", "/ro" + "ot/", "pypi" + ".org")
    for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.rglob("src/**/*.py")]:
        for word in words:
            assert word not in path.read_text("utf-8"), f"{path}: {word}"
