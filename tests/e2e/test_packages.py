"""What users install: the wheel and the sdist, by several tools, and all commands without extras."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from lookalike.cli.main import app
from lookalike.encoders.encoder import MORE_ENCODERS

from ..conftest import SOAK, fill, run_commands, save
from .packages import bare_environment

ROOT = Path(__file__).resolve().parent.parent.parent
EXTRAS = {  # a module of each, to see that the environment is bare
    "obstore", "ray", "lance_ray", "sklearn", "torch", "transformers", "matplotlib", "onnx", "pytest",
}  # fmt: skip
REMOTE = "pip install 'lookalike[remote]'"

pytestmark = pytest.mark.skipif(os.name == "nt", reason="symbolic links to packages")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The wheel and the sdist, built from this checkout."""
    pytest.importorskip("hatchling", reason="hatchling builds them; it comes with the extra test")
    folder = tmp_path_factory.mktemp("dist")
    build(ROOT, folder)
    (wheel,), (sdist,) = folder.glob("*.whl"), folder.glob("*.tar.gz")
    return {"wheel": wheel, "sdist": sdist}


def build(project: Path, folder: Path) -> None:
    """Build a project's wheel and sdist into a folder."""
    command = [sys.executable, "-m", "hatchling", "build", "-d", folder]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def bare(built: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment of the wheel without any extra."""
    return bare_environment(tmp_path_factory.mktemp("bare") / "venv", built["wheel"])


# A value for each option that takes one; `{}` is a folder with labelled pictures.
VALUES = {
    "--after": "2020-01-01",
    "--allow-host": "photos.example",
    "--before": "2030-01-01",
    "--column": "path",
    "--device": "cpu",
    "--encoder": "lookalike-3",
    "--epochs": "1",
    "--exclude": "*.gif",
    "--folder": "{}",
    "--from": "{}/none.zip",
    "--gallery": "{}/g",
    "--held-out": "0.2",
    "--host": "127.0.0.1",
    "--html": "{}/out.html",
    "--init": "lookalike-3",
    "--keep": "oldest",
    "--kind": "exact",
    "--label": "a",
    "--max-bytes": "100000",
    "--max-queries": "2",
    "--max-upload": "1",
    "--min-bytes": "1",
    "--min-height": "1",
    "--min-score": "-1",
    "--min-width": "1",
    "--others": "{}/p",
    "--out": "{}/out.jpg",
    "--output": "{}/out.onnx",
    "--port": "0",
    "--precision": "float32",
    "--prefer": "{}/p/a",
    "--protect": "{}/p/a",
    "--protocol": "all",
    "--queries": "{}/p",
    "--ray": "local",
    "--region": "0,0,1,1",
    "--report": "{}/report.html",
    "--root-path": "/photos",
    "--seed": "1",
    "--sheet": "{}/sheet.jpg",
    "--text": "a cat",
    "--token": "a long enough token",
    "--top": "2",
    "--trust-proxy": "127.0.0.1",
    "--unlabelled": "b",
    "--workers": "1",
}
ARGUMENTS = {
    "compare": ["{}/p/a/0000.jpg", "{}/p/b/0006.jpg"],
    "dataset": ["caltech101", "{}/data", "--from", "{}/none.zip"],
    "evaluate": ["{}/p"],
    "export": ["{}/out.parquet"],
    "finetune": ["{}/p", "--output", "{}/out.onnx"],
    "import": ["{}/out.parquet"],
    "index": ["{}/p"],
    "relocate": ["{}/p/a", "{}/p/c", "--dry-run"],
    "remove": ["{}/p/none"],
    "search": ["{}/p/a/0000.jpg"],
    # It runs until it is stopped, but for a gallery in an object store without the extra.
    "serve": ["--gallery", "s3://bucket/name"],
}
OF_AN_EXTRA = {  # what names its pip line instead
    "--ray": "lookalike[cluster]",
    "finetune": "lookalike[train]",
    "serve": "lookalike[remote]",
}


def commands() -> dict[str, Any]:
    return dict(typer.main.get_command(app).commands)  # type: ignore[attr-defined]


def lines(folder: Path) -> Iterator[list[str]]:
    """Every command, alone and with each of its options."""
    for name, command in commands().items():
        base = [name, *ARGUMENTS.get(name, [])]
        yield base
        for option in command.params:
            if option.param_type_name != "option" or "--help" in option.opts:
                continue
            for flag in (*option.opts, *option.secondary_opts):
                extra = [flag] if option.is_flag else [flag, VALUES[flag]]
                yield base + [one for one in extra if flag not in base]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bare-pictures")
    fill(folder / "p" / "a", 6)
    fill(folder / "p" / "b", 6, start=6)
    return folder


def test_the_environment_is_bare(bare: Path) -> None:
    code = "import importlib.util, sys; print(*(n for n in sys.argv[1:] if importlib.util.find_spec(n)))"
    done = subprocess.run(
        [bare, "-I", "-c", code, *sorted(EXTRAS)], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == []


def test_every_command_and_option_works_or_names_its_extra(bare: Path, folder: Path) -> None:
    """In one process, which imports everything once; an exception would end it."""
    words = [[word.replace("{}", str(folder)) for word in line] for line in lines(folder)]
    done = run_commands(*words, python=bare, LOOKALIKE_GALLERY=str(folder / "gallery"))
    for one in done:
        assert "Traceback" not in one.stderr, one
        needed = next((need for word, need in OF_AN_EXTRA.items() if word in one.args), None)
        if needed:
            assert one.returncode in {1, 2}, one
            assert needed in one.stderr, one
        else:
            assert "pip install" not in one.stderr, one
    assert {one.args[0] for one in done if one.returncode == 0} >= {
        "compare", "duplicates", "evaluate", "export", "import", "index", "info", "prune", "refused",
        "relocate", "search",
    }  # fmt: skip


@pytest.mark.parametrize("address", ["s3://bucket/name", "gs://bucket", "az://bucket/a/b"])
def test_a_gallery_in_an_object_store_names_its_extra(
    bare: Path, folder: Path, address: str
) -> None:
    words = [
        [word.replace("{}", str(folder)) for word in [name, *ARGUMENTS.get(name, [])]]
        + ["--gallery", address]
        for name, command in commands().items()
        if any("--gallery" in option.opts for option in command.params) and name != "evaluate"
    ]
    for one in run_commands(*words, python=bare):
        assert (one.returncode, REMOTE in one.stderr) == (1, True), one
    for place in (f"{address}/a.jpg", address):
        (one,) = run_commands(
            ("index", place), python=bare, LOOKALIKE_GALLERY=str(folder / "gallery")
        )
        assert (one.returncode, REMOTE in one.stderr) == (2, True), one


def test_more_encoders_come_in_a_package_of_their_own(
    bare: Path, folder: Path, tmp_path: Path
) -> None:
    runs = [("evaluate", folder / "p", "--encoder", name) for name in MORE_ENCODERS]
    for one in run_commands(*runs, python=bare):
        assert one.returncode == 1, one
        assert "pip install lookalike-encoders" in one.stderr, one
    build(ROOT / "packages" / "encoders", tmp_path)
    with zipfile.ZipFile(*tmp_path.glob("*.whl")) as archive:
        archive.extractall(tmp_path / "packages")
    assert (tmp_path / "packages" / "lookalike_encoders" / "MODEL_CARD.md").is_file()
    for one in run_commands(*runs, python=bare, PYTHONPATH=str(tmp_path / "packages")):
        assert one.returncode == 0, one
        assert one.stdout.startswith(f"{one.args[-1]} on ")


def tool(name: str, folder: Path) -> list[str]:
    """A tool that installs programs, where it and a package index are at hand."""
    places = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    found = shutil.which(name, path=places)
    if not found:
        pytest.skip(f"{name} is not here; it comes with the extra test")
    asks = {
        "pipx": [sys.executable, "-m", "pip", "download", "--no-deps", "--dest", folder],
        "uv": [found, "pip", "install", "--dry-run", "--target", folder],
    }[name]
    asked = subprocess.run([*asks, "filelock"], capture_output=True, text=True, check=False)
    if asked.returncode:
        why = " ".join(asked.stderr.split())[-200:]
        pytest.skip(f"no package index can be reached by {name}: {why}")
    return [found, *{"pipx": ["install"], "uv": ["tool", "install"]}[name]]


@pytest.mark.parametrize(
    ("name", "kind"),
    [("uv", "wheel"), *([("uv", "sdist"), ("pipx", "wheel"), ("pipx", "sdist")] if SOAK else [])],
)
def test_it_installs_from_a_built_file(
    built: dict[str, Path], tmp_path: Path, name: str, kind: str
) -> None:
    """With all that it needs; the tool's cache, which later runs share, stays the user's."""
    environment = {
        **{key: value for key, value in os.environ.items() if key != "PYTHONPATH"},
        "LOOKALIKE_GALLERY": str(tmp_path / "g"),
        "PIPX_DEFAULT_BACKEND": "pip",  # not uv, even where that is at hand
        "PIPX_BIN_DIR": str(tmp_path / "bin"),
        "PIPX_HOME": str(tmp_path / "pipx"),
        "PIPX_MAN_DIR": str(tmp_path / "man"),
        "UV_PYTHON_DOWNLOADS": "never",
        "UV_TOOL_BIN_DIR": str(tmp_path / "bin"),
        "UV_TOOL_DIR": str(tmp_path / "uv"),
    }

    def run(*command: str | Path) -> str:
        done = subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    run(*tool(name, tmp_path / "asked"), "--python", sys.executable, built[kind])
    lookalike = tmp_path / "bin" / "lookalike"
    query = save(tmp_path / "p" / "a.jpg", 1)
    save(tmp_path / "p" / "b.jpg", 2)
    assert run(lookalike, "--version").startswith("lookalike ")
    assert "2 pictures" in run(lookalike, "index", "p")
    assert run(lookalike, "search", "p/a.jpg", "--paths", "--top", "1") == f"{query}\n"
    packages = next((tmp_path / ("uv" if name == "uv" else "pipx/venvs")).glob("lookalike"))
    assert not list(packages.rglob("site-packages/torch"))  # and nothing of the extras
