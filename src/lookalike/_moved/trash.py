"""The old place of `lookalike.duplicates.to_trash`, kept for one release."""

from warnings import warn

from lookalike.duplicates import to_trash

__all__ = ["to_trash"]
warn(
    "lookalike.trash will go in the next release; import to_trash from lookalike.duplicates.",
    DeprecationWarning,
    stacklevel=2,
)
