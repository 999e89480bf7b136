"""What people do to pictures before they pass them on, for training and measuring.

`EDITS` is the table of edits, `random_edit` applies a few of them.
"""

from .edits import EDITS, STRENGTHS, Edit, random_edit

__all__ = [
    "EDITS",
    "STRENGTHS",
    "Edit",
    "random_edit",
]
