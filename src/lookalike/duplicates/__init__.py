"""Groups of duplicates over a whole gallery, which file of each to keep, and the trash.

`find_duplicates` groups files, `check_groups` decides which may go, `Trash` moves them to the
system's trash and brings them back, and `write_report` shows the groups.
"""

from .check import check_groups, known_verdicts
from .groups import KINDS, Duplicate, Group, find_duplicates
from .journal import Journal
from .members import Member
from .report import write_report
from .trash import Trash, TrashReport, UndoReport
from .verdicts import GOES, STAYS, UNCHECKED, Verdict, VerdictCache

__all__ = [
    "GOES",
    "KINDS",
    "STAYS",
    "UNCHECKED",
    "Duplicate",
    "Group",
    "Journal",
    "Member",
    "Trash",
    "TrashReport",
    "UndoReport",
    "Verdict",
    "VerdictCache",
    "check_groups",
    "find_duplicates",
    "known_verdicts",
    "write_report",
]
