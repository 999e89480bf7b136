"""Encoders: pictures in, float32 [N, D] of unit length out."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Protocol

from ..errors import EncoderError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from ..types import Picture

DEFAULT_ENCODER = "lookalike-2"
HUB_PREFIX = "hf:"  # begins the name of a Hugging Face model


class Encoder(Protocol):
    """What the rest of lookalike asks of an encoder.

    Attributes:
        name: as the gallery's manifest records it.
        source: what `load` takes to find it again.
        sha256: of the weights, 64 hexadecimal digits.
        dimensions: D.
        preprocessing: what `prepare` does, as JSON values.

    One that runs on a GPU also has `device`, which says `cuda`.
    """

    name: str
    source: str
    sha256: str
    dimensions: int
    preprocessing: dict[str, Any]

    def prepare(self, picture: Picture) -> NDArray[np.uint8]:
        """Make the network's input of one picture: uint8 [H, W, 3]."""
        ...

    def encode(
        self, inputs: Sequence[NDArray[np.uint8]], *, threads: int = 0
    ) -> NDArray[np.float32]:
        """Encode prepared pictures to float32 [N, D], unit length; safe to call from threads.

        `threads` is the cores for this one call, 0 for all.
        """
        ...


def load(name: str = DEFAULT_ENCODER, *, device: str = "auto") -> Encoder:
    """Load an encoder by name.

    Args:
        name: a packaged one; the path of an ONNX file with its card inside or beside it, see
            `card`; or a Hugging Face model, `hf:owner/name[@revision]` or `hf:./folder`, see `hub`.
        device: `cpu`; `cuda` for an NVIDIA GPU; `auto` for a GPU where one can be used. It is
            started when it is first needed; `encoder.device` starts it, and tells which it is.

    Raises:
        ArgumentError: there is no such device.
        EncoderError: there is none of this name, or its file can't be used.
    """
    from pathlib import Path

    from .devices import check_device

    check_device(device)
    if name.startswith(HUB_PREFIX):
        from .hub import HubEncoder

        return HubEncoder(name, device=device)
    from .onnx import OnnxEncoder

    packaged = Path(__file__).parent / "weights" / f"{name}.onnx"
    if os.path.basename(name) == name and packaged.is_file():
        return OnnxEncoder(packaged, source=name, device=device)
    if name.endswith(".onnx"):
        return OnnxEncoder(Path(name), source=os.path.abspath(name), device=device)
    raise EncoderError(
        f"There is no encoder {name!r}; name the packaged {DEFAULT_ENCODER!r}, an .onnx file, or a "
        f"Hugging Face model as {HUB_PREFIX}owner/name."
    )


def successor(source: str) -> str:
    """Name the encoder that a gallery of `source` is made anew with, if nobody says another.

    A file or a model stays, as it is now; a packaged encoder gives way to this version's.
    """
    return source if source.startswith(HUB_PREFIX) or source.endswith(".onnx") else DEFAULT_ENCODER


def encode_text(encoder: Encoder, text: str) -> NDArray[np.float32]:
    """Encode a text to float32 [D], unit length, in the space of the encoder's pictures.

    Raises:
        EncoderError: the encoder has no text tower.
    """
    tower = getattr(encoder, "encode_text", None)
    if tower is None:
        raise EncoderError(no_text_tower(encoder.name))
    vector: NDArray[np.float32] = tower(text)
    return vector


def no_text_tower(name: str) -> str:
    """Say that an encoder knows no texts, and which does."""
    return (
        f"The encoder {name} knows pictures only; to search by text, index with one that has a "
        "text tower, such as: lookalike index FOLDER --gallery DIR --encoder "
        f"{HUB_PREFIX}google/siglip2-base-patch16-224"
    )
