"""Reads the classifier of the network with which training starts.

The trunk's .safetensors ends with the pooled features. The layer that maps them to ImageNet's 1,000
classes is only in the publisher's .tflite file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from ai_edge_litert.interpreter import Interpreter

from lookalike.finetune.mobilenet_edgetpu import POOLED

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

CLASSES = 1_000
_WEIGHT, _BIAS = (CLASSES + 1, 1, 1, POOLED), (CLASSES + 1,)


def read_classifier(path: Path) -> torch.nn.Linear:
    """Read the last layer, from pooled features to logits, without the class "background"."""
    interpreter = Interpreter(str(path))
    # The shapes of the weights and of the bias are unique.
    tensors = {tuple(entry["shape"]): entry for entry in interpreter.get_tensor_details()}
    layer = torch.nn.Linear(POOLED, CLASSES)
    with torch.no_grad():
        weight = _dequantise(interpreter, tensors[_WEIGHT]).reshape(CLASSES + 1, POOLED)
        layer.weight.copy_(torch.from_numpy(weight[1:]))
        layer.bias.copy_(torch.from_numpy(_dequantise(interpreter, tensors[_BIAS])[1:]))
    return layer


def _dequantise(interpreter: Interpreter, entry: dict[str, Any]) -> np.ndarray:
    scale, zero = entry["quantization"]
    integers = interpreter.get_tensor(entry["index"]).astype(np.float32)
    return (integers - np.float32(zero)) * np.float32(scale)
