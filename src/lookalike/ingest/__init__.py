"""Bring pictures into a gallery: list, read, decode, encode, commit.

`ingest` fills a store, on threads or on a Ray cluster; `embed` fills a matrix in memory.
"""

from .embed import Embedded, embed
from .ingest import IngestOptions, ingest
from .seen import complete_archives, forget_complete_archives, remember_complete_archives

__all__ = [
    "Embedded",
    "IngestOptions",
    "complete_archives",
    "embed",
    "forget_complete_archives",
    "ingest",
    "remember_complete_archives",
]
