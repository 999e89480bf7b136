"""Every example in a docstring of lookalike runs, in a folder like a user's."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
import shutil
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

import lookalike
from lookalike import Gallery

from .servers import Server, serving

SAMPLES = Path(__file__).resolve().parent.parent / "samples"
LABELS = ("leopards", "motorbikes", "sunflower")
SERVER = "http://127.0.0.1:8000"  # as examples write it; the test's own server takes its place


def examples() -> Iterator[doctest.DocTest]:
    names = [one.name for one in pkgutil.walk_packages(lookalike.__path__, "lookalike.")]
    for name in ["lookalike", *names]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # moved modules have no examples
            module = importlib.import_module(name)
        for test in doctest.DocTestFinder(exclude_empty=True).find(module, name):
            if test.examples:
                yield test


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """photos/ with three labels of ten pictures, a gallery of them, and query.jpg, a new one."""
    folder = tmp_path_factory.mktemp("examples") / "home"
    for label in LABELS:
        shutil.copytree(SAMPLES / "pictures" / label, folder / "photos" / label)
    shutil.copy(SAMPLES / "queries" / "sunflower.jpg", folder / "query.jpg")
    Gallery.open(folder / "gallery").index(folder / "photos")
    shutil.copytree(folder, folder.with_name("untouched"))
    return folder


@pytest.fixture(scope="session")
def server(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server over a gallery of the same pictures."""
    folder = tmp_path_factory.mktemp("served")
    shutil.copytree(home / "gallery", folder / "gallery")
    with serving(folder / "gallery", "--workers", "1") as running:
        yield running


@pytest.mark.parametrize("example", list(examples()), ids=lambda test: test.name)
def test_example(
    example: doctest.DocTest,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> None:
    shutil.rmtree(home)  # each example begins with the same folder
    shutil.copytree(home.with_name("untouched"), home)
    monkeypatch.chdir(home)
    monkeypatch.setenv("XDG_DATA_HOME", str(home.with_name("data")))  # a trash of its own
    for name in [name for name in sys.modules if name.startswith("send2trash")]:
        del sys.modules[name]  # it located the trash when it was imported
    for one in example.examples:
        if SERVER in one.source:
            one.source = one.source.replace(SERVER, request.getfixturevalue("server").url)
    said: list[str] = []
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    assert not runner.run(example, out=said.append).failed, "".join(said)


def test_what_users_import_has_examples() -> None:
    """Each public class shows its use; so does each verb of a gallery and of a client."""
    for name in lookalike.__all__:
        value = getattr(lookalike, name)
        assert issubclass(type(value), type) or callable(value)
        is_error = isinstance(value, type) and issubclass(value, lookalike.LookalikeError)
        is_shown_by_info = value is lookalike.Root
        assert is_error or is_shown_by_info or ">>>" in value.__doc__, name
    # `Client` raises for these.
    unsupported = {"check", "export", "import_", "relocate", "search_text"}
    for kind, exceptions in ((lookalike.Gallery, set()), (lookalike.Client, unsupported)):
        verbs = [name for name in dir(kind) if not name.startswith("_")]
        for name in verbs:
            verb = getattr(kind, name)
            if callable(verb) and name not in exceptions:
                assert ">>>" in (verb.__doc__ or ""), f"{kind.__name__}.{name}"
