"""The built wheel, in environments with the packages that it needs, and no others."""

from __future__ import annotations

import os
import sys
import venv
import zipfile
from importlib.metadata import distribution
from pathlib import Path

from packaging.requirements import Requirement


def site_packages(environment: Path) -> Path:
    """The folder with the packages of a virtual environment."""
    if os.name == "nt":
        return environment / "Lib" / "site-packages"
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    return environment / "lib" / version / "site-packages"


def base_distributions() -> set[str]:
    """Names of what lookalike needs without extras, directly or not."""
    found = set[str]()
    todo = [("lookalike", frozenset[str]())]
    seen = set[tuple[str, frozenset[str]]]()
    while todo:
        name, extras = todo.pop()
        if (name, extras) in seen:
            continue
        seen.add((name, extras))
        found.add(name)
        for requirement in map(Requirement, distribution(name).requires or ()):
            marker = requirement.marker
            if not marker or any(marker.evaluate({"extra": one}) for one in ("", *extras)):
                todo.append((requirement.name.lower(), frozenset(requirement.extras)))
    return found - {"lookalike"}


def link_base_packages(folder: Path) -> None:
    """Link the packages that lookalike needs, as they are installed here, into a folder."""
    for name in base_distributions():
        found = distribution(name)
        for top in {file.parts[0] for file in found.files or ()} - {"..", "__pycache__"}:
            if not (folder / top).exists():
                (folder / top).symlink_to(Path(str(found.locate_file(top))))


def bare_environment(folder: Path, wheel: Path) -> Path:
    """Make a virtual environment of the wheel without extras; return its Python."""
    venv.create(folder, with_pip=False, symlinks=os.name != "nt")
    packages = site_packages(folder)
    link_base_packages(packages)
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(packages)
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
