from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from lookalike import encoders
from lookalike.errors import EncoderError
from lookalike.finetune.pretrained import pretrained_network
from tests.conftest import draw
from tests.finetune.conftest import TinyTrunk


def test_the_packaged_encoder_has_float_weights() -> None:
    network, origin, licence = pretrained_network(encoders.DEFAULT_ENCODER, classes=7)
    assert origin.startswith(encoders.DEFAULT_ENCODER)
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
    assert (ours * theirs).sum(axis=1).min() > 0.9  # the packaged encoder computes in int8


def test_a_hub_model(hub_model: Callable[[str], Path]) -> None:
    network, origin, _ = pretrained_network(f"hf:{hub_model('resnet')}", classes=2)
    assert origin.startswith("hf:")
    assert network.trunk.part_sizes == (16,)
    assert len([*network.trunk.trained_parameters()]) > 4


def test_a_file_of_another_network_is_refused(tmp_path: Path) -> None:
    from lookalike.finetune.export import add_card, export_float32, make_card
    from lookalike.finetune.network import EmbeddingNetwork

    other = EmbeddingNetwork(TinyTrunk(), classes=2)
    file = tmp_path / "other.onnx"
    file.write_bytes(add_card(export_float32(other), make_card(other, name="other")))
    with pytest.raises(EncoderError, match="can't be trained further; start from"):
        pretrained_network(str(file), classes=2)
    with pytest.raises(EncoderError, match="no encoder 'nonsense'"):
        pretrained_network("nonsense", classes=2)
