"""The values that the packages exchange, all frozen.

`files` are the values of single files, `results` those of searches and comparisons, `reports` what
the verbs of a gallery return.
"""

from .files import UNKNOWN, Entry, Picture, Properties, Refusal, Source
from .reports import (
    CheckReport,
    Damage,
    IndexReport,
    Info,
    Progress,
    PruneReport,
    RelocateReport,
    Root,
)
from .results import COPY_KINDS, Box, Differences, Hit, Look, Match, Place, SearchResult

__all__ = [
    "COPY_KINDS",
    "UNKNOWN",
    "Box",
    "CheckReport",
    "Damage",
    "Differences",
    "Entry",
    "Hit",
    "IndexReport",
    "Info",
    "Look",
    "Match",
    "Picture",
    "Place",
    "Progress",
    "Properties",
    "PruneReport",
    "Refusal",
    "RelocateReport",
    "Root",
    "SearchResult",
    "Source",
]
