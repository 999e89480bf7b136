"""The old place of `lookalike.search.compare`, kept for one release."""

from warnings import warn

from lookalike.search import Comparison, compare

__all__ = ["Comparison", "compare"]
warn(
    "lookalike.compare is gone in the next release; import compare from lookalike.search.",
    DeprecationWarning,
    stacklevel=2,
)
