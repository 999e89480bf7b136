"""Edits that people make to pictures before they share them, for training and measuring.

`EDITS` is the table of edits; `random_edit` applies a few of them.

Example:
    >>> import numpy as np
    >>> from PIL import Image
    >>> from lookalike.edits import EDITS, STRENGTHS
    >>> image = Image.open("query.jpg").convert("RGB")
    >>> copy = EDITS["small"](image, np.random.default_rng(0), STRENGTHS["medium"])
    >>> copy.width < image.width / 2
    True
"""

from .edits import EDITS, STRENGTHS, Edit, random_edit

__all__ = [
    "EDITS",
    "STRENGTHS",
    "Edit",
    "random_edit",
]
