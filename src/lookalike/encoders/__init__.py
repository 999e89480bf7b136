"""Pictures to vectors, float32 [N, D] of unit length: the packaged encoder, ONNX files, hub models.

`load` returns an `Encoder` by name; `encode_text` encodes text where the encoder can.
"""

from .card import METADATA_KEY, Card, Input, Preprocessing
from .devices import check_device, likely_device
from .encoder import (
    DEFAULT_ENCODER,
    HUB_PREFIX,
    Encoder,
    encode_text,
    load,
    packaged_file,
    successor,
)
from .hub import load_torch

__all__ = [
    "DEFAULT_ENCODER",
    "HUB_PREFIX",
    "METADATA_KEY",
    "Card",
    "Encoder",
    "Input",
    "Preprocessing",
    "check_device",
    "encode_text",
    "likely_device",
    "load",
    "load_torch",
    "packaged_file",
    "successor",
]
