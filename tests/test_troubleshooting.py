"""The page on troubleshooting: a cure for each message, and no message that is gone."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from lookalike import errors

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "docs" / "troubleshooting.md").read_text("utf-8")
# What is called with a message that a user reads.
REPORTS = {
    *(name for name, kind in vars(errors).items() if isinstance(kind, type)),
    *("Refusal", "Outcome", "OSError", "TransientError", "ProblemError", "problem"),
}


class _Messages:
    """The texts in the code, with `…` for each value that is filled in."""

    def __init__(self) -> None:
        self.values: dict[str, list[ast.expr]] = {}  # by name: in a module, of attributes, returned
        self.texts: set[str] = set()
        self.messages: dict[str, str] = {}  # what users read, and where the code makes it
        trees = {
            path: ast.parse(path.read_text("utf-8"))
            for path in (ROOT / "src" / "lookalike").rglob("*.py")
            if "_moved" not in path.parts
        }
        for path, tree in trees.items():
            docstrings = {node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)}
            for node in ast.walk(tree):
                self._note(path, node)
                if node not in docstrings:
                    self.texts.add(_text(node) or "")
        for path, tree in trees.items():
            for node in ast.walk(tree):
                if isinstance(node, ast.Call) and _name(node.func) in REPORTS:
                    for value in (*node.args, *(keyword.value for keyword in node.keywords)):
                        for text in self._resolve(path, value):
                            self.messages[text] = f"{path.relative_to(ROOT)}:{node.lineno}"

    def _note(self, path: Path, node: ast.AST) -> None:
        if isinstance(node, ast.Assign):
            for target in node.targets:
                for key in (f"{path}:{_name(target)}", f".{_name(target)}"):
                    self.values.setdefault(key, []).append(node.value)
        elif isinstance(node, ast.FunctionDef):
            for child in ast.walk(node):
                if isinstance(child, ast.Return) and child.value:
                    self.values.setdefault(f"{node.name}()", []).append(child.value)

    def _resolve(self, path: Path, node: ast.expr, depth: int = 3) -> Iterator[str]:
        """List the sentences that an expression may have as its value."""
        text = _text(node)
        if text is not None:
            yield from [text] if re.search(r"\w \w", text) else []
        elif isinstance(node, ast.IfExp):
            yield from self._resolve(path, node.body, depth)
            yield from self._resolve(path, node.orelse, depth)
        elif depth:
            if isinstance(node, ast.Call):
                key = f"{_name(node.func)}()"
            elif isinstance(node, ast.Attribute):
                key = f".{node.attr}"
            else:
                key = f"{path}:{_name(node)}"
            for value in self.values.get(key, []):
                yield from self._resolve(path, value, depth - 1)


def _name(node: ast.AST) -> str:
    return str(getattr(node, "id", getattr(node, "attr", "")))


def _text(node: ast.AST) -> str | None:
    """Return a string as it is in the code, with `…` for each value; None for all else."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    if isinstance(node, ast.JoinedStr):
        return "".join(_text(part) or "…" for part in node.values)
    return None


@pytest.fixture(scope="module")
def messages() -> _Messages:
    return _Messages()


def quoted_messages() -> list[str]:
    """List what the page on troubleshooting quotes in the first columns of its messages."""
    tables = re.split(r"\n\n+", PAGE)
    cells = [
        row.split(" | ")[0]
        for table in tables
        if re.match(r"\| (?:message|reason|advice) \|", table)
        for row in table.splitlines()[2:]
    ]
    return [phrase for cell in cells for phrase in re.findall(r"`([^`]+)`", cell)]


def test_every_message_has_a_cure(messages: _Messages) -> None:
    phrases = [phrase.strip("…") for phrase in quoted_messages()]
    missing = [
        f"{place}: {text}"
        for text, place in messages.messages.items()
        if not any(phrase in text for phrase in phrases)
    ]
    assert not missing, "\n".join(missing)


def test_every_quoted_message_exists(messages: _Messages) -> None:
    stale = [
        phrase
        for phrase in quoted_messages()
        if not any(phrase.strip("…") in text for text in messages.texts)
    ]
    assert not stale, stale


def test_every_error_has_a_cure() -> None:
    bases = {"LookalikeError", "GalleryError"}
    for name, kind in vars(errors).items():
        if isinstance(kind, type) and name not in bases:
            assert f"`{name}`" in PAGE, name
