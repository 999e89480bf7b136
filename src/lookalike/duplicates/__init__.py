"""Groups of duplicates over a whole gallery, which file of each to keep, and the trash.

`find_duplicates` groups files, `write_report` shows the groups, `to_trash` moves duplicates to the
system's trash.
"""

from .find import KINDS, DuplicateOptions, decisions_version, find_duplicates
from .groups import Duplicate, Group
from .keep_rules import KeepRules, check_folders, read_rules, write_rules
from .members import Member
from .not_duplicates import Marks, NotDuplicate, contents_of, read_marks, write_marks
from .report import write_report
from .trash import TrashReport, to_trash

__all__ = [
    "KINDS",
    "Duplicate",
    "DuplicateOptions",
    "Group",
    "KeepRules",
    "Marks",
    "Member",
    "NotDuplicate",
    "TrashReport",
    "check_folders",
    "contents_of",
    "decisions_version",
    "find_duplicates",
    "read_marks",
    "read_rules",
    "to_trash",
    "write_marks",
    "write_report",
    "write_rules",
]
