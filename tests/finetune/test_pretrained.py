from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from lookalike.finetune.start import starting_network

from lookalike import encoders
from lookalike.errors import EncoderError
from tests.conftest import draw
from tests.finetune.conftest import TinyTrunk


def test_the_packaged_encoder_gives_back_its_float_weights() -> None:
    network, comes_from, licence = starting_network(encoders.DEFAULT_ENCODER, classes=7)
    assert comes_from.startswith(encoders.DEFAULT_ENCODER)
    assert licence == "Apache-2.0"
    assert network.general.weight.any()
    assert len(network.proxies) == 7
    packaged = encoders.load()
    images = [draw(seed, (300, 200)).resize((224, 224)) for seed in range(8)]
    pixels = [np.asarray(image) for image in images]
    with torch.inference_mode():
        features = network.trunk(torch.from_numpy(np.stack(pixels)))
        ours = network.general_vector(features).numpy()
    theirs = packaged.encode(pixels)[:, : ours.shape[1]]
    theirs /= np.linalg.norm(theirs, axis=1, keepdims=True)
    assert (ours * theirs).sum(axis=1).min() > 0.9  # theirs is computed in int8


def test_a_hub_model(hub_model: Callable[[str], Path]) -> None:
    network, comes_from, _ = starting_network(f"hf:{hub_model('resnet')}", classes=2)
    assert comes_from.startswith("hf:")
    assert network.trunk.groups == (16,)
    assert len([*network.trunk.trained()]) > 4


def test_a_file_of_another_network_is_refused(tmp_path: Path) -> None:
    from lookalike.finetune.export import float_model, make_card, with_card
    from lookalike.finetune.network import EmbeddingNetwork

    other = EmbeddingNetwork(TinyTrunk(), classes=2)
    file = tmp_path / "other.onnx"
    file.write_bytes(with_card(float_model(other), make_card(other, name="other")))
    with pytest.raises(EncoderError, match="no network that can be trained further; start from"):
        starting_network(str(file), classes=2)
    with pytest.raises(EncoderError, match="no encoder 'nonsense'"):
        starting_network("nonsense", classes=2)
