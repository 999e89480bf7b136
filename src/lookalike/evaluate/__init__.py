"""How good is the retrieval: protocols, metrics, report.

The package is its own function, as a command, a method and a name are one word everywhere:

import lookalike
evaluation = lookalike.evaluate("pictures", encoder="lookalike-2")
print(evaluation.metrics["mAP"].mean)
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

from .evaluation import MAX_QUERIES, Evaluation, evaluate
from .metrics import retrieval_metrics
from .report import write_report

__all__ = ["MAX_QUERIES", "Evaluation", "evaluate", "retrieval_metrics", "write_report"]


class _Callable(ModuleType):
    """A package that is called as its function; Python documents this way of changing a module."""

    def __call__(self, *args: Any, **options: Any) -> Evaluation:
        return evaluate(*args, **options)


sys.modules[__name__].__class__ = _Callable
