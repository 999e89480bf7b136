"""An encoder that is a Hugging Face vision model, run by torch in float32, on the CPU or a GPU.

`load_torch(name) -> HubModel` is the model itself, for training; `HubEncoder` is the same model as
an `Encoder`. Needs `pip install 'lookalike[hub]'`.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import threading
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from ..errors import EncoderError
from .devices import torch_device
from .encoder import load, no_text_tower_message, unit_rows
from .hub_snapshot import find_snapshot

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    import numpy as np
    import torch
    from numpy.typing import NDArray

    from ..types import Picture
    from .card import Input, Preprocessing
    from .encoder import Encoder
    from .hub_snapshot import Snapshot
    from .pooling import PooledModel

BATCH = 32  # pictures at a time, to bound memory
MAX_TEXT_TOKENS = 4096  # where a tokenizer and its model state no limit
_BATCH_TOLERANCE = 1e-3  # of a vector's length, between one picture's vectors in two batches
_PADS_TEXT = ("siglip", "siglip2")  # trained on texts padded to full length, without a mask
_FEATURE_AXES = 2  # [N, D]
_load_lock = threading.Lock()  # transformers keeps its verbosity in globals


@dataclass(frozen=True, slots=True)
class HubModel:
    """A loaded model, ready to run or to train.

    Attributes:
        module: normalised float32 pixels [N, 3, H, W] to pooled features [N, D], not of unit
            length; in eval mode, on the CPU.
        preprocessing: from picture to pixels uint8 [H, W, 3].
        dimensions: D.
        input: from pixels to the module's input: mean, std, scale; NCHW.
        pooling: which output of the model is the vector, see `pooling`.
        name: `owner/name`, or the folder's name.
        source: `hf:owner/name@commit` or `hf:/folder`, which loads exactly this model again.
        sha256: of the weights.
        folder: that holds the model's files.
    """

    module: PooledModel
    preprocessing: Preprocessing
    dimensions: int
    input: Input
    pooling: str
    name: str
    source: str
    sha256: str
    folder: Path


def load_torch(name: str) -> HubModel:
    """Load a vision model by `hf:owner/name[@revision]` or `hf:./folder`.

    Files come from the folder, else from the local cache, else from the hub. Loads only
    safetensors, and runs only the code of transformers itself.

    Raises:
        EncoderError: the extra is missing; or the model does not exist, can't be reached, is not a
            vision model, lacks trained weights, or needs preprocessing that lookalike can't do.
    """
    _require_extra()
    snapshot = find_snapshot(name)
    from .image_processor import read_image_processor

    with _load_lock, _quiet_transformers():
        model, untrained = _load_model(snapshot)
        preprocessing, normalisation = read_image_processor(snapshot.folder, snapshot.name)
    module, dimensions = _add_pooling(model, snapshot.name, preprocessing, untrained)
    return HubModel(
        module=module,
        preprocessing=preprocessing,
        dimensions=dimensions,
        input=normalisation,
        pooling=module.pooling,
        name=snapshot.name,
        source=snapshot.source,
        sha256=snapshot.sha256(),
        folder=snapshot.folder,
    )


class HubEncoder:
    """Runs a Hugging Face model over pictures, and over texts if it has a text tower.

    `encode` sets torch's thread count for the thread that calls it, and restores it.
    """

    def __init__(self, name: str, *, device: str = "auto") -> None:
        """Load the model, see `load_torch`, for a device as in `encoders.load`.

        Raises:
            EncoderError: the model can't be loaded.
        """
        self._hub = hub = load_torch(name)
        self.name, self.source, self.sha256 = hub.name, hub.source, hub.sha256
        self.dimensions = hub.dimensions
        self.preprocessing = hub.preprocessing.to_dict() | {
            "input": hub.input.to_dict(),
            "pooling": hub.pooling,
        }
        self._requested_device = device
        self._device = ""
        self._tokenizer: Any = None
        self._lock = threading.Lock()

    def __reduce__(self) -> tuple[Callable[..., Encoder], tuple[str]]:
        """Let another process load the same model."""
        return partial(load, device=self._requested_device), (self.source,)

    @property
    def device(self) -> str:
        """What the model runs on: `cpu` or `cuda`; the first use moves the model there.

        Raises:
            EncoderError: `cuda` was requested and can't be used.
        """
        with self._lock:
            if not self._device:
                self._device = torch_device(self._requested_device)
                self._hub.module.to(self._device)
            return self._device

    def prepare(self, picture: Picture) -> NDArray[np.uint8]:
        """Convert a picture as the model's own image processor does: uint8 [H, W, 3]."""
        return self._hub.preprocessing.apply(picture)

    def encode(
        self, inputs: Sequence[NDArray[np.uint8]], *, threads: int = 0
    ) -> NDArray[np.float32]:
        """Encode prepared pictures.

        Args:
            inputs: N arrays uint8 [H, W, 3].
            threads: cores for this one call; 0 for all, 1 where many calls run in parallel.

        Returns:
            float32 [N, D], unit length.

        Raises:
            EncoderError: the network can't run, or returns numbers that are not finite.
        """
        import numpy as np
        import torch

        vectors, device = np.empty((len(inputs), self.dimensions), np.float32), self.device
        for start in range(0, len(inputs), BATCH):
            batch = slice(start, start + BATCH)
            try:
                pixels = torch.from_numpy(self._hub.input.normalise(np.stack(inputs[batch])))
                with torch.inference_mode(), _torch_threads(threads):
                    vectors[batch] = self._hub.module(pixels.to(device)).float().cpu().numpy()
            except (RuntimeError, ValueError) as error:
                raise EncoderError(f"The encoder {self.name} can't run: {error}") from error
        return _finite_unit_rows(vectors, self.name)

    def encode_text(self, text: str) -> NDArray[np.float32]:
        """Encode a text to float32 [D], unit length, in the space of the pictures.

        Raises:
            EncoderError: the model has no text tower, or its tokenizer can't be loaded.
        """
        import numpy as np
        import torch

        from .pooling import has_text_tower

        model = self._hub.module.model
        if not has_text_tower(model):
            raise EncoderError(no_text_tower_message(self.name))
        device = self.device
        tokens = {n: t.to(device) for n, t in self._tokenize(text, model.config).items()}
        try:
            with torch.inference_mode(), _torch_threads(0):
                vector = self._hub.module.text(**tokens).float().cpu().numpy()  # [1, D]
        except (RuntimeError, ValueError, IndexError) as error:
            raise EncoderError(
                f"The encoder {self.name} can't encode that text: {error}"
            ) from error
        return _finite_unit_rows(np.asarray(vector, np.float32), self.name)[0]  # type: ignore[no-any-return]

    def _tokenize(self, text: str, config: Any) -> dict[str, torch.Tensor]:
        with self._lock:
            if self._tokenizer is None:
                self._tokenizer = _load_tokenizer(self._hub.folder, self.name)
        limit = getattr(config.text_config, "max_position_embeddings", MAX_TEXT_TOKENS)
        options, names = {}, ["input_ids", "attention_mask"]
        if config.model_type in _PADS_TEXT:
            # They were also trained on lower case, which not every tokenizer file says.
            text, names = text.lower(), ["input_ids"]
            options = {"padding": "max_length", "padding_side": "right"}
        tokens = self._tokenizer(
            [text], max_length=limit, truncation=True, return_tensors="pt", **options
        )
        return {name: tokens[name] for name in names if name in tokens}


def _require_extra() -> None:
    """Check for the packages without importing them, which takes seconds."""
    for name in ("torch", "transformers"):
        if importlib.util.find_spec(name) is None:
            raise EncoderError(
                f"Encoders from Hugging Face need {name}; install it with: "
                "pip install 'lookalike[hub]'"
            )


def _load_model(snapshot: Snapshot) -> tuple[Any, set[str]]:
    """Load a model in float32; return it and the names of the parameters that its file lacks."""
    import torch
    from transformers import AutoModel

    try:
        model, report = AutoModel.from_pretrained(
            snapshot.folder,
            dtype=torch.float32,
            use_safetensors=True,
            trust_remote_code=False,
            local_files_only=True,
            output_loading_info=True,
        )
    except Exception as error:  # from the config, the weights, or packages that a model needs
        raise _unusable(snapshot.name, error) from error
    return model, set(report["missing_keys"])


def _add_pooling(
    model: Any, name: str, preprocessing: Preprocessing, untrained: set[str]
) -> tuple[PooledModel, int]:
    """Choose the pooling and try it; return the module and D."""
    import torch

    from .pooling import PooledModel, choose_pooling

    shape = (2, 3, preprocessing.height, preprocessing.width)
    probe = torch.linspace(-1, 1, 2 * 3 * shape[2] * shape[3]).reshape(shape)
    try:
        with torch.no_grad():  # tensors of inference mode could not be trained
            model.eval()
            module = PooledModel(model, choose_pooling(model, probe, untrained)).eval()
            features, alone = module(probe), module(probe[1:])
    except Exception as error:  # a model that needs more than pictures may raise anything
        raise _unusable(name, error) from error
    missing = sorted(key for key in untrained if "pooler" not in key)
    if missing:
        raise EncoderError(
            f"The weights of {name} lack {', '.join(missing[:3])} ({len(missing)} in all), which "
            "would be random; choose a model that was saved completely."
        )
    if features.ndim != _FEATURE_AXES or not torch.isfinite(features).all():
        raise EncoderError(
            f"{name} returns {list(features.shape)} or numbers that are not finite, not one vector "
            "for each picture; choose a model for whole pictures."
        )
    if (features[1:] - alone).norm() > _BATCH_TOLERANCE * features[1:].norm():
        raise EncoderError(
            f"{name} returns another vector each time, so vectors can't be compared; choose "
            "another model."
        )
    return module, features.shape[1]


def _load_tokenizer(folder: Path, name: str) -> Any:
    from transformers import AutoTokenizer

    try:
        with _load_lock, _quiet_transformers():
            return AutoTokenizer.from_pretrained(
                folder, local_files_only=True, trust_remote_code=False
            )
    except Exception as error:
        reason = " ".join(str(error).split())[:300]
        raise EncoderError(
            f"The tokenizer of {name} can't be loaded ({reason}); check that its folder has the "
            "tokenizer's files, or try: pip install sentencepiece"
        ) from error


def _unusable(name: str, error: Exception) -> EncoderError:
    reason = " ".join(str(error).split())[:300]
    return EncoderError(
        f"{name} can't be used as an encoder ({type(error).__name__}: {reason}); choose a vision "
        "model that transformers loads by itself, such as hf:facebook/dinov2-small."
    )


def _finite_unit_rows(vectors: NDArray[np.float32], name: str) -> NDArray[np.float32]:
    import numpy as np

    if not np.isfinite(vectors).all():
        raise EncoderError(f"The encoder {name} returned numbers that are not finite.")
    return unit_rows(vectors)


@contextlib.contextmanager
def _torch_threads(count: int) -> Iterator[None]:
    """Let torch use `count` cores in this thread, all for 0."""
    import torch

    before, cores = torch.get_num_threads(), count or os.cpu_count() or 1
    if before == cores:
        yield
        return
    torch.set_num_threads(cores)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextlib.contextmanager
def _quiet_transformers() -> Iterator[None]:
    """Silence transformers; lookalike reports the same problems itself."""
    from transformers.utils import logging

    verbosity, bar = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
        if bar:
            logging.enable_progress_bar()  # type: ignore[no-untyped-call]
