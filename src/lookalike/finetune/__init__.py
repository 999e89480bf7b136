"""A labelled folder in, an encoder of your own out. Needs `pip install 'lookalike[train]'`.

    finetune   one trunk, two heads, one loop (`loop`), then the general head in closed form

The package is its own function, as `evaluate` is:

import lookalike
made = lookalike.finetune("pictures", "mine.onnx", epochs=6)
print(made.start, made.exported)
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

from ..errors import EncoderError

__all__ = ["finetune"]
_EXTRA = ("torch", "onnx", "onnxscript", "safetensors", "matplotlib")


def finetune(*args: Any, **options: Any) -> Any:
    """Make an encoder of your own; see `tuning.finetune`.

    Raises:
        EncoderError: the extra is not installed.
    """
    from importlib.util import find_spec

    missing = [name for name in _EXTRA if find_spec(name) is None]
    if missing:
        raise EncoderError(
            f"Fine-tuning needs {', '.join(missing)}; install with: pip install 'lookalike[train]'"
        )
    from .train import finetune as run

    return run(*args, **options)


class _Callable(ModuleType):
    """A package that is called as its function; Python documents this way of changing a module."""

    def __call__(self, *args: Any, **options: Any) -> Any:
        return finetune(*args, **options)


sys.modules[__name__].__class__ = _Callable
