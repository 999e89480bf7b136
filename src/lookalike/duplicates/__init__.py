"""Groups of duplicates over a whole gallery, which file of each to keep, and the trash.

`find_duplicates` groups files, `check_groups` decides which may go, `Trash` moves them to the
system's trash and brings them back, and `write_report` shows the groups.
"""

from .check import check_groups, known_verdicts
from .find import KINDS, DuplicateOptions, decisions_version, find_duplicates
from .groups import Duplicate, Group, protect
from .journal import Journal
from .keep_rules import KeepRules, check_folders, read_rules, write_rules
from .members import Member
from .not_duplicates import Marks, NotDuplicate, contents_of, read_marks, write_marks
from .report import write_report
from .trash import Trash, TrashReport, UndoReport
from .verdicts import GOES, STAYS, UNCHECKED, Verdict, VerdictCache

__all__ = [
    "GOES",
    "KINDS",
    "STAYS",
    "UNCHECKED",
    "Duplicate",
    "DuplicateOptions",
    "Group",
    "Journal",
    "KeepRules",
    "Marks",
    "Member",
    "NotDuplicate",
    "Trash",
    "TrashReport",
    "UndoReport",
    "Verdict",
    "VerdictCache",
    "check_folders",
    "check_groups",
    "contents_of",
    "decisions_version",
    "find_duplicates",
    "known_verdicts",
    "protect",
    "read_marks",
    "read_rules",
    "write_marks",
    "write_report",
    "write_rules",
]
