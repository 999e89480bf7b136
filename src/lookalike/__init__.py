"""lookalike: reverse image search in your own collection.

Index a folder, then find where a picture appears in it, and the pictures most similar to it:

>>> from lookalike import Gallery
>>> gallery = Gallery.open("gallery")
>>> gallery.index("photos").unchanged
30
>>> for hit in gallery.search("query.jpg", top=3):
...     print(hit.kind, hit.path)
similar ...sunflower...
similar ...sunflower...
similar ...sunflower...
"""

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .client import Client
    from .duplicates import Duplicate, Group, KeepRules, Member, NotDuplicate
    from .errors import DataSetError, LookalikeError
    from .evaluate import Evaluation, evaluate
    from .gallery import Gallery
    from .search import Filter
    from .types import (
        CheckReport,
        Damage,
        Entry,
        Hit,
        IndexReport,
        Info,
        Place,
        Progress,
        PruneReport,
        Refusal,
        RelocateReport,
        Root,
        SearchResult,
    )

__all__ = [
    "CheckReport",
    "Client",
    "Damage",
    "DataSetError",
    "Duplicate",
    "Entry",
    "Evaluation",
    "Filter",
    "Gallery",
    "Group",
    "Hit",
    "IndexReport",
    "Info",
    "KeepRules",
    "LookalikeError",
    "Member",
    "NotDuplicate",
    "Place",
    "Progress",
    "PruneReport",
    "Refusal",
    "RelocateReport",
    "Root",
    "SearchResult",
    "evaluate",
]
_PACKAGES = {  # of the names that are not in `types`
    "Client": ".client",
    "DataSetError": ".errors",
    "Duplicate": ".duplicates",
    "Filter": ".search",
    "Evaluation": ".evaluate",
    "Gallery": ".gallery",
    "Group": ".duplicates",
    "KeepRules": ".duplicates",
    "LookalikeError": ".errors",
    "Member": ".duplicates",
    "NotDuplicate": ".duplicates",
}
# Modules that have moved still work under their old names, with a warning.
__path__ = [*__path__, os.path.join(os.path.dirname(__file__), "_moved")]
_CALLABLE_PACKAGES = ("evaluate",)  # a package that is also its main function


def __getattr__(name: str) -> Any:
    """Import on first use, so that `lookalike --help` starts fast (PEP 562)."""
    if name not in __all__:
        raise AttributeError(f"module 'lookalike' has no attribute {name!r}")
    if name in _CALLABLE_PACKAGES:
        return import_module(f".{name}", __name__)
    return getattr(import_module(_PACKAGES.get(name, ".types"), __name__), name)


def __dir__() -> list[str]:
    return [*globals(), *__all__]
