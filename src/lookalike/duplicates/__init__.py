"""Groups of duplicates over a whole gallery, which file of each to keep, and the trash.

`find_duplicates` groups files, `write_report` shows the groups, `to_trash` moves duplicates to the
system's trash.
"""

from .groups import KINDS, Duplicate, Group, find_duplicates
from .members import Member
from .report import write_report
from .trash import TrashReport, to_trash

__all__ = [
    "KINDS",
    "Duplicate",
    "Group",
    "Member",
    "TrashReport",
    "find_duplicates",
    "to_trash",
    "write_report",
]
