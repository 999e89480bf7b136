"""All vectors made anew: a second table is filled beside the first, then takes its place."""

from __future__ import annotations

import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from .manifest import EncoderCard, Manifest

_PREFIX, _SUFFIX = "pictures-", ".lance"


def start(folder: Path, manifest: Manifest, card: EncoderCard) -> Manifest:
    """Name the table to fill: a new one, or the one that a rebuild by this encoder stopped at."""
    if manifest.rebuild and manifest.rebuild[0] == card:
        return manifest
    number = 1 + max((_number(path.name) for path in folder.glob("*" + _SUFFIX)), default=1)
    return replace(manifest, rebuild=(card, f"{_PREFIX}{number}{_SUFFIX}"))


def finish(folder: Path, manifest: Manifest) -> None:
    """Switch to the new table in one step, then delete the others.

    Raises:
        StorageError: the manifest can't be written; the old table stays in use.
    """
    if manifest.rebuild is None:
        return
    card, table = manifest.rebuild
    replace(manifest, encoder=card, table=table, rebuild=None).write(folder)
    for other in folder.glob("pictures*" + _SUFFIX):
        if other.name != table:
            shutil.rmtree(other, ignore_errors=True)


def _number(name: str) -> int:
    digits = name.removeprefix(_PREFIX).removesuffix(_SUFFIX)
    return int(digits) if digits.isdigit() else 1
