"""Where a training starts from: the packaged encoder, one of one's own, or a hub's model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import torch

from .. import encoders
from ..errors import EncoderError
from .mobilenet_edgetpu import MobileNetEdgeTpu
from .network import EmbeddingNetwork, HubTrunk

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from .network import Trunk

_KEPT = ("concepts", "deviation", "general.weight", "mean")  # beside the trunk
_WEIGHTS = Path(encoders.__file__).parent / "weights"


def starting_network(init: str, *, classes: int) -> tuple[EmbeddingNetwork, str, str]:
    """Build the network to train, what it comes from, and its licence.

    The float weights of the packaged encoder are those that its int8 file stands for: every integer
    times its channel's scale. So nothing more need be shipped, and what is not trained comes out
    again bit by bit. What that costs is in docs/benchmarks/encoder.md.

    Args:
        init: the packaged encoder's name, an .onnx file that `finetune` wrote, or `hf:owner/name`.
        classes: labels to tell apart.

    Raises:
        EncoderError: it can't be read, or is of another architecture.
    """
    torch.manual_seed(0)
    if init.startswith(encoders.HUB_PREFIX):
        from ..encoders import load_torch

        hub = load_torch(init)
        trunk = HubTrunk(
            hub.module,
            dimensions=hub.dimensions,
            preprocessing=hub.preprocessing,
            input_=hub.input,
        )
        trunk.name = hub.name
        return EmbeddingNetwork(trunk, classes=classes), hub.source, "the start's own"
    from .export import read_weights

    encoder = encoders.load(init)
    path = _WEIGHTS / f"{init}.onnx"
    if not path.is_file():
        path = Path(init)
    weights = read_weights(path.read_bytes())
    concepts = len(weights.get("trunk.classifier.bias", ()))
    network = EmbeddingNetwork(MobileNetEdgeTpu(concepts=concepts), classes=classes)
    try:
        _fill(network, weights)
    except (KeyError, RuntimeError) as error:
        raise EncoderError(
            f"{init} is no network that can be trained further; start from "
            f"{encoders.DEFAULT_ENCODER!r}, from a file that `lookalike finetune` made of it, or "
            f"from {encoders.HUB_PREFIX}owner/name."
        ) from error
    return network, f"{encoder.name} ({encoder.sha256[:12]})", "Apache-2.0"


def network_of_trunk(trunk: Trunk, *, classes: int) -> EmbeddingNetwork:
    """Build heads on a trunk whose features nothing is known of yet."""
    torch.manual_seed(0)
    return EmbeddingNetwork(trunk, classes=classes)


def _fill(network: EmbeddingNetwork, weights: Mapping[str, NDArray[np.float32]]) -> None:
    """Take over all but the class head, which starts anew."""
    state = network.state_dict()
    for name in state:
        if name.startswith("trunk.") or name in _KEPT:
            state[name] = torch.from_numpy(weights[name].copy())
    network.load_state_dict(state)
