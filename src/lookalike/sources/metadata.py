"""What lists and archives state about pictures: JSON, of numbers that JSON can hold."""

from __future__ import annotations

import json
import math
from typing import Any


def metadata_from_json(text: str) -> tuple[Any, bool]:
    """Read JSON that others wrote; a number that JSON can't hold (NaN, 1e999) is taken as null.

    Returns:
        The value, and whether it had such numbers.

    Raises:
        ValueError: it is not JSON.
        RecursionError: it is nested too deeply.
    """
    has_nulls = False

    def number(digits: str) -> float | None:
        nonlocal has_nulls
        value = float(digits)
        if math.isfinite(value):
            return value
        has_nulls = True
        return None

    return json.loads(text, parse_float=number, parse_constant=number), has_nulls
