"""Measures retrieval quality: protocols, metrics, a report as one HTML page.

The package is callable, so that the command, the function and the package share one name.

Example:
    >>> import lookalike
    >>> evaluation = lookalike.evaluate("photos")
    >>> evaluation.metrics["mAP"].mean > 0.9
    True
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

from .evaluation import MAX_QUERIES, Evaluation, evaluate
from .metrics import retrieval_metrics
from .report import write_report

__all__ = ["MAX_QUERIES", "Evaluation", "evaluate", "retrieval_metrics", "write_report"]


class _CallableModule(ModuleType):
    """A package that runs its function when called; Python documents this way to do it."""

    def __call__(self, *args: Any, **options: Any) -> Evaluation:
        return evaluate(*args, **options)


sys.modules[__name__].__class__ = _CallableModule
