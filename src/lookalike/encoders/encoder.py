"""What an encoder is, and loading one by name."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Protocol

from ..errors import EncoderError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from ..types import Picture

DEFAULT_ENCODER = "lookalike-3"
HUB_PREFIX = "hf:"  # starts the name of a Hugging Face model
MORE_ENCODERS = ("lookalike-3-large",)  # in the package lookalike-encoders


class Encoder(Protocol):
    """Turns pictures into vectors; any object with these members is an encoder.

    An encoder that runs on a GPU also has an attribute `device`, which is `cuda`.

    Attributes:
        name: the name that a gallery's manifest records.
        source: the argument with which `load` finds this encoder again.
        sha256: hash of the weights, 64 hexadecimal digits.
        dimensions: D.
        preprocessing: what `prepare` does, as JSON values.

    Example:
        >>> from PIL import Image
        >>> from lookalike import encoders
        >>> from lookalike.decode import from_image
        >>> encoder = encoders.load()
        >>> picture = from_image(Image.open("query.jpg"))
        >>> encoder.encode([encoder.prepare(picture)]).shape
        (1, 512)
    """

    name: str
    source: str
    sha256: str
    dimensions: int
    preprocessing: dict[str, Any]

    def prepare(self, picture: Picture) -> NDArray[np.uint8]:
        """Convert a picture to the network's input: uint8 [H, W, 3]."""
        ...

    def encode(
        self, inputs: Sequence[NDArray[np.uint8]], *, threads: int = 0
    ) -> NDArray[np.float32]:
        """Encode prepared pictures; several threads may call this at the same time.

        Args:
            inputs: N arrays as `prepare` returns them.
            threads: cores for this one call; 0 for all.

        Returns:
            float32 [N, D], unit length.
        """
        ...


def load(name: str = DEFAULT_ENCODER, *, device: str = "auto") -> Encoder:
    """Load an encoder by name.

    Args:
        name: a packaged encoder; the path of an ONNX file with its card inside or beside it (see
            `card`); or a Hugging Face model, `hf:owner/name[@revision]` or `hf:./folder` (see
            `hub`).
        device: `cpu`; `cuda` for an NVIDIA GPU; `auto` for a GPU where one works. The device
            starts when it is first needed; reading `encoder.device` starts it and returns its name.

    Raises:
        ArgumentError: there is no such device.
        EncoderError: there is no encoder of this name, or its file can't be used.

    Example:
        >>> from lookalike import encoders
        >>> encoder = encoders.load()
        >>> encoder.name, encoder.dimensions
        ('lookalike-3', 512)
    """
    from pathlib import Path

    from .devices import check_device

    check_device(device)
    if name.startswith(HUB_PREFIX):
        from .hub import HubEncoder

        return HubEncoder(name, device=device)
    from .onnx import OnnxEncoder

    packaged = packaged_file(name)
    if packaged:
        return OnnxEncoder(packaged, source=name, device=device)
    if name.endswith(".onnx"):
        return OnnxEncoder(Path(name), source=os.path.abspath(name), device=device)
    if name in MORE_ENCODERS:
        raise EncoderError(
            f"The encoder {name} is in a package of its own, lookalike-encoders; install it with: "
            "pip install lookalike-encoders"
        )
    raise EncoderError(
        f"There is no encoder {name!r}; use the packaged {DEFAULT_ENCODER!r}, an .onnx file, or a "
        f"Hugging Face model as {HUB_PREFIX}owner/name."
    )


def packaged_file(name: str) -> Path | None:
    """Return the ONNX file of an encoder that lookalike or lookalike-encoders brings, if it is one.

    Args:
        name: such as `lookalike-3`; any other string gives None.
    """
    from importlib.util import find_spec
    from pathlib import Path

    if os.path.basename(name) != name:
        return None
    more = find_spec("lookalike_encoders")
    folders = [Path(__file__).parent / "weights"]
    folders += map(Path, (more and more.submodule_search_locations) or ())
    files = [folder / f"{name}.onnx" for folder in folders]
    return next((file for file in files if file.is_file()), None)


def successor(source: str) -> str:
    """Return the encoder with which to rebuild a gallery of `source`, by default.

    A file, a model and an encoder of lookalike-encoders stay; others are replaced by the default.
    """
    stays = source.startswith(HUB_PREFIX) or source.endswith(".onnx") or source in MORE_ENCODERS
    return source if stays else DEFAULT_ENCODER


def encode_text(encoder: Encoder, text: str) -> NDArray[np.float32]:
    """Encode a text to float32 [D], unit length, in the space of the encoder's pictures.

    Raises:
        EncoderError: the encoder has no text tower.

    Example:
        >>> from lookalike import encoders
        >>> encoders.encode_text(encoders.load(), "a red bicycle")
        Traceback (most recent call last):
        ...
        lookalike.errors.EncoderError: The encoder lookalike-3 can't encode text; ...
    """
    tower = getattr(encoder, "encode_text", None)
    if tower is None:
        raise EncoderError(no_text_tower_message(encoder.name))
    vector: NDArray[np.float32] = tower(text)
    return vector


def no_text_tower_message(name: str) -> str:
    """Say that an encoder can't encode text, and name one that can."""
    return (
        f"The encoder {name} can't encode text; to search by text, index with an encoder that has "
        "a text tower, for example: lookalike index FOLDER --gallery DIR --encoder "
        f"{HUB_PREFIX}google/siglip2-base-patch16-224"
    )


def unit_rows(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Scale the rows of [N, D] to unit length; a row of zeros stays."""
    import numpy as np

    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.maximum(lengths, 1e-12)  # type: ignore[no-any-return]
