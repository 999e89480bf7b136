"""The old place of `lookalike.duplicates.to_trash`, kept for one release."""

from warnings import warn

from lookalike.duplicates import TrashReport, to_trash

__all__ = ["TrashReport", "to_trash"]
warn(
    "lookalike.trash is gone in the next release; import to_trash from lookalike.duplicates.",
    DeprecationWarning,
    stacklevel=2,
)
