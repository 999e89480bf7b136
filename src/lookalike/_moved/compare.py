"""The old place of `lookalike.search.compare`, kept for one release."""

from warnings import warn

from lookalike.search import compare

__all__ = ["compare"]
warn(
    "lookalike.compare will go in the next release; import compare from lookalike.search.",
    DeprecationWarning,
    stacklevel=2,
)
