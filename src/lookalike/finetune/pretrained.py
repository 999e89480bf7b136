"""The network that training starts from: the packaged encoder, a file of yours, or a hub model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import torch

from .. import encoders
from ..errors import EncoderError
from .efficientnet_lite import EfficientNetLite2
from .network import EmbeddingNetwork, HubTrunk

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from .network import Trunk

_CLASS_HEAD = ("embed_class.weight", "proxies")  # trained from scratch


def pretrained_network(init: str | Trunk, *, classes: int) -> tuple[EmbeddingNetwork, str, str]:
    """Build the network to train; return it, its source, and its licence.

    The packaged encoder is int8. Its float weights are the numbers that the integers represent:
    each integer times the scale of its channel. So no other file is needed, and weights that are
    not trained are exported again bit by bit. docs/benchmarks/encoder.md says what that costs.

    Args:
        init: the packaged encoder's name, an .onnx file that `finetune` wrote, `hf:owner/name`, or
            a trunk, whose heads are not fitted yet.
        classes: number of labels to learn.

    Raises:
        EncoderError: it can't be read, or has another architecture.
    """
    torch.manual_seed(0)
    if not isinstance(init, str):
        return EmbeddingNetwork(init, classes=classes), init.name, "Apache-2.0"
    if init.startswith(encoders.HUB_PREFIX):
        hub = encoders.load_torch(init)
        trunk = HubTrunk(
            hub.module,
            dimensions=hub.dimensions,
            preprocessing=hub.preprocessing,
            input_=hub.input,
        )
        trunk.name = hub.name
        return EmbeddingNetwork(trunk, classes=classes), hub.source, "that of the source"
    from .export import read_weights

    encoder = encoders.load(init)
    path = encoders.packaged_file(init) or Path(init)
    weights = read_weights(path.read_bytes())
    network = EmbeddingNetwork(EfficientNetLite2(), classes=classes)
    try:
        _load_weights(network, weights)
    except (KeyError, RuntimeError) as error:
        raise EncoderError(
            f"{init} can't be trained further; start from {encoders.DEFAULT_ENCODER!r}, from a "
            "file that `lookalike finetune` made from it, or from "
            f"{encoders.HUB_PREFIX}owner/name."
        ) from error
    return network, f"{encoder.name} ({encoder.sha256[:12]})", "Apache-2.0"


def _load_weights(network: EmbeddingNetwork, weights: Mapping[str, NDArray[np.float32]]) -> None:
    """Load all weights but those of the class head, which is trained from scratch."""
    state = network.state_dict()
    for name in state.keys() - _CLASS_HEAD:
        state[name] = torch.from_numpy(weights[name].copy())
    network.load_state_dict(state)
