from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from lookalike import encoders
from lookalike.errors import EncoderError
from lookalike.finetune.export import add_card, export_float32, make_card
from lookalike.finetune.network import CLASS_DIMENSIONS, EmbeddingNetwork
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
    assert packaged.dimensions == 512
    images = [draw(seed, (300, 200)).resize((224, 224)) for seed in range(8)]
    pixels = [np.asarray(image) for image in images]
    with torch.inference_mode():
        features = network.trunk(torch.from_numpy(np.stack(pixels)))
        general, copies = network.general_vector(features), network.copies_vector(features)
    theirs = packaged.encode(pixels)
    for ours, part in ((general, theirs[:, :384]), (copies, theirs[:, 384:])):
        cosines = (ours.numpy() * part).sum(axis=1) / np.linalg.norm(part, axis=1)
        assert cosines.mean() > 0.9  # the packaged one computes in int8


def test_a_file_made_from_the_packaged_encoder_keeps_its_heads_and_loses_its_classes(
    tmp_path: Path,
) -> None:
    start, _, _ = pretrained_network(encoders.DEFAULT_ENCODER, classes=3)
    start.normalise_proxies()
    file = tmp_path / "mine.onnx"
    file.write_bytes(add_card(export_float32(start), make_card(start, name="mine")))
    network, origin, _ = pretrained_network(str(file), classes=5)
    assert origin.startswith("mine")
    assert network.proxies.shape == (5, CLASS_DIMENSIONS)
    for name, tensor in start.state_dict().items():
        if name not in {"proxies", "embed_class.weight"}:
            assert torch.equal(network.state_dict()[name], tensor)


def test_a_hub_model(hub_model: Callable[[str], Path]) -> None:
    network, origin, _ = pretrained_network(f"hf:{hub_model('resnet')}", classes=2)
    assert origin.startswith("hf:")
    assert network.trunk.dimensions == 16
    assert len([*network.trunk.trained_parameters()]) > 4


def test_another_network_is_refused(tmp_path: Path) -> None:
    other = EmbeddingNetwork(TinyTrunk(), classes=2)
    file = tmp_path / "other.onnx"
    file.write_bytes(add_card(export_float32(other), make_card(other, name="other")))
    for start in (str(file), "lookalike-2"):
        with pytest.raises(
            EncoderError, match="can't be trained further; start from 'lookalike-3'"
        ):
            pretrained_network(start, classes=2)
    with pytest.raises(EncoderError, match="no encoder 'nonsense'"):
        pretrained_network("nonsense", classes=2)
