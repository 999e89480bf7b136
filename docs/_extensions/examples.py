"""Show `Example:` in docstrings as code; Griffe knows only the plural."""  # noqa: INP001

import re
from typing import Any

import griffe


class SingularExamples(griffe.Extension):
    """Read a section `Example:` as one of `Examples:`."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        """Rename the section in an object's docstring."""
        if obj.docstring:
            obj.docstring.value = re.sub(
                r"^Example:$", "Examples:", obj.docstring.value, flags=re.MULTILINE
            )
