"""Brings pictures into a gallery: list, read, decode, encode, commit, on threads or on a cluster.

`ingest` fills a store, `ingest_on_cluster` does so with Ray, `embed` fills a matrix in memory.
"""

from .cluster import ingest_on_cluster
from .embed import Embedded, embed
from .ingest import ingest
from .seen import forget_whole_archives, keep_whole_archives, whole_archives

__all__ = [
    "Embedded",
    "embed",
    "forget_whole_archives",
    "ingest",
    "ingest_on_cluster",
    "keep_whole_archives",
    "whole_archives",
]
