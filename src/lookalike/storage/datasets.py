"""Lance's library, imported when it is used, and the datasets that it opens."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .place import open_place

if TYPE_CHECKING:
    import lance

    from .place import Place


def open_dataset(uri: Place, **options: Any) -> lance.LanceDataset | None:
    """Open the newest version of a table; None if there is none. Failing to look is an error."""
    if isinstance(uri, Path) and not (uri / "_versions").is_dir():
        return None
    options["storage_options"] = open_place(uri).storage_options()
    try:
        dataset: lance.LanceDataset = lance_library().dataset(str(uri), **options)
    except ValueError as error:
        if isinstance(uri, Path) or "was not found" not in str(error):
            raise
        return None
    return dataset


def lance_library() -> Any:
    """Import Lance."""
    # Otherwise it writes its advice to stderr, among the messages for the user.
    os.environ.setdefault("LANCE_LOG", "error")
    import lance

    return lance
