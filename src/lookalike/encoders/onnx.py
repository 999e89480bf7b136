"""An encoder that is an ONNX file, run by ONNX Runtime.

The file takes `pixels`, uint8 [N, H, W, 3] RGB, and gives `embedding`, float32 [N, D] of unit
length; normalisation is inside. A JSON file of the same name beside it states the rest:

    {"name": "lookalike-1", "dimensions": 512,
     "preprocessing": {"width": 224, "height": 224, "resize": "bilinear", "fit": "stretch"}}
"""

from __future__ import annotations

import hashlib
import json
import os
import threading
from typing import TYPE_CHECKING, Any

from ..errors import EncoderError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy as np
    import onnxruntime
    from numpy.typing import NDArray

    from ..types import Picture

_PREPROCESSING = {"width": int, "height": int, "resize": str, "fit": str}


class OnnxEncoder:
    """Run an ONNX file over pictures; see the module for what the file must be."""

    def __init__(self, path: Path, *, source: str) -> None:
        """Read the weights and their JSON; the network itself is built when it is first used.

        Raises:
            EncoderError: a file is missing, or states something else than the module's contract.
        """
        try:
            self._weights = path.read_bytes()
            card = json.loads(path.with_suffix(".json").read_text("utf-8"))
        except (OSError, ValueError) as error:
            raise EncoderError(
                f"The encoder {path} can't be read ({error}); it needs a .json of the same name "
                "beside it that states name, dimensions and preprocessing."
            ) from error
        self.name, self.dimensions, self.preprocessing = _checked(card, path)
        self.source = source
        self.sha256 = hashlib.sha256(self._weights).hexdigest()
        self._sessions: dict[int, onnxruntime.InferenceSession] = {}
        self._lock = threading.Lock()

    def prepare(self, picture: Picture) -> NDArray[np.uint8]:
        """Resize the whole picture to the network's input, antialiased: uint8 [H, W, 3]."""
        import numpy as np
        from PIL import Image

        size = (self.preprocessing["width"], self.preprocessing["height"])
        resized = Image.fromarray(picture.pixels).resize(size, Image.Resampling.BILINEAR)
        return np.asarray(resized)

    def encode(
        self, inputs: Sequence[NDArray[np.uint8]], *, threads: int = 0
    ) -> NDArray[np.float32]:
        """Encode prepared pictures.

        Args:
            inputs: N arrays uint8 [H, W, 3].
            threads: cores for this one call; 0 for all, 1 where many calls run side by side.

        Returns:
            float32 [N, D], unit length.

        Raises:
            EncoderError: the network can't be built, run, or answers something else.
        """
        import numpy as np

        if not inputs:
            return np.empty((0, self.dimensions), np.float32)
        session = self._session(threads)
        try:
            (vectors,) = session.run(["embedding"], {"pixels": np.stack(inputs)})
        except Exception as error:  # ONNX Runtime's own classes share no public base
            raise EncoderError(f"The encoder {self.name} can't run: {error}") from error
        if vectors.shape != (len(inputs), self.dimensions) or not np.isfinite(vectors).all():
            raise EncoderError(
                f"The encoder {self.name} gave {vectors.shape} or numbers that are not finite; "
                f"its JSON states {self.dimensions} dimensions."
            )
        return vectors  # type: ignore[no-any-return]

    def _session(self, threads: int) -> onnxruntime.InferenceSession:
        import onnxruntime

        with self._lock:
            if threads not in self._sessions:
                options = onnxruntime.SessionOptions()
                options.intra_op_num_threads = threads or os.cpu_count() or 1
                options.inter_op_num_threads = 1
                # A pool that spins after its work takes the cores that the search wants next.
                options.add_session_config_entry("session.intra_op.allow_spinning", "0")
                options.log_severity_level = 3
                try:
                    self._sessions[threads] = onnxruntime.InferenceSession(
                        self._weights, options, providers=["CPUExecutionProvider"]
                    )
                except Exception as error:
                    raise EncoderError(f"The encoder {self.name} can't run: {error}") from error
            return self._sessions[threads]


def _checked(card: Any, path: Path) -> tuple[str, int, dict[str, Any]]:
    preprocessing = card.get("preprocessing") if isinstance(card, dict) else None
    if (
        not isinstance(preprocessing, dict)
        or not isinstance(card.get("name"), str)
        or not isinstance(card.get("dimensions"), int)
        or any(not isinstance(preprocessing.get(k), t) for k, t in _PREPROCESSING.items())
        or preprocessing["resize"] != "bilinear"
        or preprocessing["fit"] != "stretch"
    ):
        raise EncoderError(
            f"{path.with_suffix('.json')} must state name, dimensions and preprocessing (width, "
            "height, resize 'bilinear', fit 'stretch')."
        )
    return card["name"], card["dimensions"], preprocessing
