"""The old place of `lookalike.copies.verify`, kept for one release."""

from warnings import warn

from lookalike.copies import verify

__all__ = ["verify"]
warn(
    "lookalike.verify is gone in the next release; import verify from lookalike.copies.",
    DeprecationWarning,
    stacklevel=2,
)
