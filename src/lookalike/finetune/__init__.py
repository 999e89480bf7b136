"""Trains an encoder of your own from a labelled folder. Needs `pip install 'lookalike[train]'`.

    train.py            the whole run: list, split, fit missing heads, train, export, measure
    training_loop.py    the steps between, with checkpoints
    network.py          trunk and heads

The package is callable, as `evaluate` is.

Example:
    A run takes minutes::

        result = lookalike.finetune("photos", "mine.onnx", epochs=6)
        print(result.start, result.exported)  # mAP before and after
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

from ..errors import EncoderError

__all__ = ["finetune"]
_PACKAGES = ("torch", "onnx", "onnxscript", "safetensors", "matplotlib")


def finetune(*args: Any, **options: Any) -> Any:
    """Train an encoder of your own; arguments and result are those of `train.finetune`.

    Raises:
        EncoderError: the extra is not installed.
    """
    from importlib.util import find_spec

    missing = [name for name in _PACKAGES if find_spec(name) is None]
    if missing:
        raise EncoderError(
            f"Fine-tuning needs {', '.join(missing)}; install with: pip install 'lookalike[train]'"
        )
    from .train import finetune as train

    return train(*args, **options)


class _CallableModule(ModuleType):
    """A package that runs its function when called; Python documents this way to do it."""

    def __call__(self, *args: Any, **options: Any) -> Any:
        return finetune(*args, **options)


sys.modules[__name__].__class__ = _CallableModule
