"""An encoder that is a Hugging Face vision model, run by torch in float32, on the CPU or a GPU.

`load_torch(name) -> HubModel` is the model itself, for whoever trains from it; `HubEncoder` is the
same as an `Encoder`. Needs `pip install 'lookalike[hub]'`.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..errors import EncoderError
from .devices import torch_device
from .encoder import no_text_tower
from .snapshot import find

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import numpy as np
    import torch
    from numpy.typing import NDArray

    from ..types import Picture
    from .card import Input, Preprocessing
    from .pooling import Pooled
    from .snapshot import Snapshot

BATCH = 32  # pictures at a time, so that memory is bounded
MAX_TEXT_TOKENS = 4096  # where a tokenizer and its model don't tell theirs
_SAME = 1e-3  # a vector of one picture may differ so much in another batch, of its length
_PADDED = ("siglip", "siglip2")  # trained on texts filled up to their full length, without a mask
_loading = threading.Lock()  # transformers keeps its verbosity in globals


@dataclass(frozen=True, slots=True)
class HubModel:
    """A model, ready to be run or trained.

    Attributes:
        module: normalised float32 pixels [N, 3, H, W] to pooled features [N, D], not of unit
            length; in eval mode, on the CPU.
        preprocessing: from picture to pixels uint8 [H, W, 3].
        dimensions: D.
        input: from pixels to the module's input: mean, std, scale; NCHW.
        pooling: which of the model's outputs is taken, see `pooling`.
        name: `owner/name`, or the folder's.
        source: `hf:owner/name@commit` or `hf:/folder`, which finds exactly this one again.
        sha256: of the weights.
        folder: where its files lie.
    """

    module: Pooled
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

    Files come from the folder, else from the local cache, else from the hub. Only safetensors, and
    only code of transformers itself, are run.

    Raises:
        EncoderError: the extra is missing; the model is nowhere, can't be reached, is no vision
            model, lacks trained weights, or asks for preprocessing that lookalike can't do.
    """
    _require_extra()
    snapshot = find(name)
    from .processor import read_processor

    with _loading, _quiet():
        model, untrained = _load(snapshot)
        preprocessing, normalisation = read_processor(snapshot.folder, snapshot.name)
    module, dimensions = _pooled(model, snapshot.name, preprocessing, untrained)
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
    """Run a Hugging Face model over pictures, and over texts where it has a tower for them.

    `encode` sets torch's threads for the thread that calls it, and sets them back.
    """

    def __init__(self, name: str, *, device: str = "auto") -> None:
        """Load the model, see `load_torch`, for a device as in `encoders.load`.

        Raises:
            EncoderError: it can't be.
        """
        self._hub = hub = load_torch(name)
        self.name, self.source, self.sha256 = hub.name, hub.source, hub.sha256
        self.dimensions = hub.dimensions
        self.preprocessing = hub.preprocessing.to_dict() | {
            "input": hub.input.to_dict(),
            "pooling": hub.pooling,
        }
        self._wanted_device = device
        self._device = ""
        self._tokenizer: Any = None
        self._lock = threading.Lock()

    @property
    def device(self) -> str:
        """What the model runs on: `cpu` or `cuda`, to which it is moved when first needed.

        Raises:
            EncoderError: `cuda` was asked for and can't be used.
        """
        with self._lock:
            if not self._device:
                self._device = torch_device(self._wanted_device)
                self._hub.module.to(self._device)
            return self._device

    def prepare(self, picture: Picture) -> NDArray[np.uint8]:
        """Make the network's pixels, as the model's own image processor does: uint8 [H, W, 3]."""
        return self._hub.preprocessing.apply(picture)

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
            EncoderError: the network can't run, or gives numbers that are not finite.
        """
        import numpy as np
        import torch

        vectors, device = np.empty((len(inputs), self.dimensions), np.float32), self.device
        for start in range(0, len(inputs), BATCH):
            part = slice(start, start + BATCH)
            try:
                pixels = torch.from_numpy(self._hub.input.normalise(np.stack(inputs[part])))
                with torch.inference_mode(), _threads(threads):
                    vectors[part] = self._hub.module(pixels.to(device)).float().cpu().numpy()
            except (RuntimeError, ValueError) as error:
                raise EncoderError(f"The encoder {self.name} can't run: {error}") from error
        return _unit(vectors, self.name)

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
            raise EncoderError(no_text_tower(self.name))
        device = self.device
        tokens = {n: t.to(device) for n, t in self._tokens(text, model.config).items()}
        try:
            with torch.inference_mode(), _threads(0):
                vector = self._hub.module.text(**tokens).float().cpu().numpy()
        except (RuntimeError, ValueError, IndexError) as error:
            raise EncoderError(f"The encoder {self.name} can't read that: {error}") from error
        return _unit(np.asarray(vector, np.float32), self.name)[0]  # type: ignore[no-any-return]

    def _tokens(self, text: str, config: Any) -> dict[str, torch.Tensor]:
        with self._lock:
            if self._tokenizer is None:
                self._tokenizer = _load_tokenizer(self._hub.folder, self.name)
        family = config.model_type
        length = getattr(config.text_config, "max_position_embeddings", MAX_TEXT_TOKENS)
        # The lower case, too, is what those two were trained on; not every tokenizer file says so.
        options = {"padding": "max_length", "padding_side": "right"} if family in _PADDED else {}
        asked = text.lower() if family in _PADDED else text
        tokens = self._tokenizer(
            [asked], max_length=length, truncation=True, return_tensors="pt", **options
        )
        names = ["input_ids"] if family in _PADDED else ["input_ids", "attention_mask"]
        return {name: tokens[name] for name in names if name in tokens}


def _require_extra() -> None:
    """Look for the packages without importing them, which takes seconds."""
    for name in ("torch", "transformers"):
        if importlib.util.find_spec(name) is None:
            raise EncoderError(
                f"Encoders of Hugging Face need {name}; install it with: "
                "pip install 'lookalike[hub]'"
            )


def _load(snapshot: Snapshot) -> tuple[Any, set[str]]:
    """Load a model in float32; give it and the names of the parameters that its file lacks."""
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
    except Exception as error:  # of the config, of the weights, of packages a model asks for
        raise _unusable(snapshot.name, error) from error
    return model, set(report["missing_keys"])


def _pooled(
    model: Any, name: str, preprocessing: Preprocessing, untrained: set[str]
) -> tuple[Pooled, int]:
    """Choose the pooling and try it; give the module and D."""
    import torch

    from .pooling import Pooled, choose

    shape = (2, 3, preprocessing.height, preprocessing.width)
    probe = torch.linspace(-1, 1, 2 * 3 * shape[2] * shape[3]).reshape(shape)
    try:
        with torch.no_grad():  # what inference mode leaves behind could not be trained
            model.eval()
            module = Pooled(model, choose(model, probe, untrained)).eval()
            features, again = module(probe), module(probe[1:])
    except Exception as error:  # a model that wants more than pictures raises anything
        raise _unusable(name, error) from error
    lost = sorted(key for key in untrained if "pooler" not in key)
    if lost:
        raise EncoderError(
            f"The weights of {name} lack {', '.join(lost[:3])} ({len(lost)} in all), which would "
            "be random; choose a model that was saved whole."
        )
    if features.ndim != 2 or not torch.isfinite(features).all():  # noqa: PLR2004
        raise EncoderError(
            f"{name} gives {list(features.shape)} or numbers that are not finite, not one vector "
            "of each picture; choose a model for whole pictures."
        )
    if (features[1:] - again).norm() > _SAME * features[1:].norm():
        raise EncoderError(
            f"{name} answers otherwise when it is asked again, so that vectors can't be compared; "
            "choose another model."
        )
    return module, features.shape[1]


def _load_tokenizer(folder: Path, name: str) -> Any:
    from transformers import AutoTokenizer

    try:
        with _loading, _quiet():
            return AutoTokenizer.from_pretrained(
                folder, local_files_only=True, trust_remote_code=False
            )
    except Exception as error:
        why = " ".join(str(error).split())[:300]
        raise EncoderError(
            f"The tokenizer of {name} can't be loaded ({why}); see that its folder has the "
            "tokenizer's files, or try: pip install sentencepiece"
        ) from error


def _unusable(name: str, error: Exception) -> EncoderError:
    why = " ".join(str(error).split())[:300]
    return EncoderError(
        f"{name} can't be used as an encoder ({type(error).__name__}: {why}); choose a vision "
        "model that transformers loads by itself, such as hf:facebook/dinov2-small."
    )


def _unit(vectors: NDArray[np.float32], name: str) -> NDArray[np.float32]:
    import numpy as np

    if not np.isfinite(vectors).all():
        raise EncoderError(f"The encoder {name} gave numbers that are not finite.")
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.maximum(lengths, 1e-12)  # type: ignore[no-any-return]


@contextlib.contextmanager
def _threads(count: int) -> Iterator[None]:
    """Let torch use so many cores in this thread, all for 0."""
    import torch

    before, wanted = torch.get_num_threads(), count or os.cpu_count() or 1
    if before == wanted:
        yield
        return
    torch.set_num_threads(wanted)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep transformers from reporting what is said better here."""
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
