"""Groups of duplicates over a whole gallery, which file to keep, and the trash.

`find_duplicates` gives groups, `write_report` shows them, `to_trash` moves files.
"""

from .groups import KINDS, Duplicate, Group, find_duplicates
from .report import write_report
from .trash import TrashReport, to_trash

__all__ = [
    "KINDS",
    "Duplicate",
    "Group",
    "TrashReport",
    "find_duplicates",
    "to_trash",
    "write_report",
]
