"""Encoders: pictures in, float32 [N, D] of unit length out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from ..errors import EncoderError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from ..types import Picture

DEFAULT = "lookalike-1"


class Encoder(Protocol):
    """What the rest of lookalike asks of an encoder.

    Attributes:
        name: as the gallery's manifest records it.
        source: what `load` takes to find it again.
        sha256: of the weights, 64 hexadecimal digits.
        dimensions: D.
        preprocessing: what `prepare` does, as JSON values.
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


def load(name: str = DEFAULT) -> Encoder:
    """Load an encoder by name: a packaged one, or the path of an ONNX file with its JSON beside it.

    Raises:
        EncoderError: there is none of this name, or its file can't be used.
    """
    import os
    from pathlib import Path

    from .onnx import OnnxEncoder

    packaged = Path(__file__).parent / "weights" / f"{name}.onnx"
    if os.path.basename(name) == name and packaged.is_file():
        return OnnxEncoder(packaged, source=name)
    if name.endswith(".onnx"):
        return OnnxEncoder(Path(name), source=os.path.abspath(name))
    raise EncoderError(
        f"There is no encoder {name!r}; name the packaged {DEFAULT!r} or an .onnx file."
    )
