from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
import torch

from lookalike import encoders
from lookalike.finetune.bias_correction import with_corrected_biases
from lookalike.finetune.export import (
    MIN_INT8_VALUES,
    add_card,
    embed_with,
    export_float32,
    export_int8,
    make_card,
    read_weights,
)
from lookalike.finetune.network import EmbeddingNetwork
from tests.finetune.conftest import TinyTrunk

CLASSES = 20


@pytest.fixture(scope="module")
def network() -> EmbeddingNetwork:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = EmbeddingNetwork(TinyTrunk(), classes=CLASSES)
        network.general.weight.data = torch.linalg.qr(torch.randn(12, 12))[0]
        network.copies.weight.data = torch.randn(12, 12)
        network.normalise_proxies()
    return network.eval()


@pytest.fixture(scope="module")
def pixels() -> np.ndarray:
    random = np.random.default_rng(0)
    flat = random.integers(0, 256, (24, 1, 1, 3))
    return (flat * random.uniform(0.3, 1, (24, 32, 32, 1))).astype(np.uint8)


@pytest.fixture(scope="module")
def exact(network: EmbeddingNetwork) -> bytes:
    return export_float32(network)


@pytest.fixture(scope="module")
def quantised(network: EmbeddingNetwork, pixels: np.ndarray) -> bytes:
    return export_int8(network, [pixels[:12], pixels[12:]])


def test_the_float32_file_computes_the_same_as_torch(
    network: EmbeddingNetwork, exact: bytes, pixels: np.ndarray
) -> None:
    with torch.inference_mode():
        expected = network(torch.from_numpy(pixels)).numpy()
    assert np.allclose(embed_with(exact, [pixels[:20], pixels[20:]]), expected, atol=1e-5)


def test_int8_stays_close_and_uses_seven_bits(
    exact: bytes, quantised: bytes, pixels: np.ndarray
) -> None:
    cosines = (embed_with(exact, [pixels]) * embed_with(quantised, [pixels])).sum(axis=1)
    assert cosines.min() > 0.97
    proto = onnx.load_from_string(quantised)
    weights = [t for t in proto.graph.initializer if t.name == "trunk.second.weight_quantized"]
    assert [t.data_type for t in weights] == [onnx.TensorProto.INT8]
    assert np.abs(onnx.numpy_helper.to_array(weights[0])).max() <= 64


def test_int8_has_corrected_biases(
    network: EmbeddingNetwork, quantised: bytes, pixels: np.ndarray
) -> None:
    written = read_weights(quantised)["trunk.second.bias"]
    expected = with_corrected_biases(network, pixels).state_dict()["trunk.second.bias"].numpy()
    before = network.state_dict()["trunk.second.bias"].numpy()
    assert np.abs(written - expected).max() < 0.1 * np.abs(before - expected).max()


def test_large_float_weights_are_stored_as_float16_and_computed_in_float32(
    quantised: bytes,
) -> None:
    proto = onnx.load_from_string(quantised)
    kinds = {t.name: t.data_type for t in proto.graph.initializer}
    assert kinds["proxies_float16"] == onnx.TensorProto.FLOAT16
    assert kinds["general.weight"] == onnx.TensorProto.FLOAT
    casts = {
        node.input[0]: node.attribute[0].i for node in proto.graph.node if node.op_type == "Cast"
    }
    assert casts["proxies_float16"] == onnx.TensorProto.FLOAT
    onnx.checker.check_model(proto, full_check=True)


def test_large_matrices_are_stored_as_int8_and_computed_in_float32(pixels: np.ndarray) -> None:
    rows = MIN_INT8_VALUES // TinyTrunk.dimensions + 1
    network = EmbeddingNetwork(TinyTrunk()).eval()
    network.general = torch.nn.Linear(TinyTrunk.dimensions, rows, bias=False)
    torch.nn.init.eye_(network.copies.weight)
    file = export_int8(network, [pixels[:12], pixels[12:]])
    proto = onnx.load_from_string(file)
    onnx.checker.check_model(proto, full_check=True)
    kinds = {t.name: t.data_type for t in proto.graph.initializer}
    assert kinds["general.weight_quantized"] == onnx.TensorProto.INT8
    found = torch.from_numpy(read_weights(file)["general.weight"])
    largest = network.general.weight.abs().amax(dim=1, keepdim=True)
    assert ((found - network.general.weight).abs() <= largest / 254 + 1e-6).all()
    cosines = (embed_with(export_float32(network), [pixels]) * embed_with(file, [pixels])).sum(1)
    assert cosines.min() > 0.95


def test_weights_read_back_give_the_same_integers_again(
    network: EmbeddingNetwork, exact: bytes, quantised: bytes, pixels: np.ndarray
) -> None:
    state = network.state_dict()
    for name, tensor in read_weights(exact).items():
        if name in state:
            assert np.array_equal(tensor, state[name].numpy())
    again = EmbeddingNetwork(TinyTrunk(), classes=CLASSES)
    weights = read_weights(quantised)
    assert set(again.state_dict()) - set(weights) == set()
    again.load_state_dict({k: torch.from_numpy(weights[k].copy()) for k in again.state_dict()})
    twice = read_weights(export_int8(again, [pixels[:12], pixels[12:]]))
    for name in ("trunk.first.weight", "trunk.second.weight", "copies.weight", "proxies"):
        assert np.allclose(twice[name], weights[name], atol=1e-7)


def test_the_card_is_inside_and_the_file_is_an_encoder(
    network: EmbeddingNetwork, quantised: bytes, pixels: np.ndarray, tmp_path: Path
) -> None:
    card = make_card(network, name="tiny", license="mine", training={"epochs": 3})
    (tmp_path / "moved.onnx").write_bytes(add_card(quantised, card))
    encoder = encoders.load(str(tmp_path / "moved.onnx"))
    assert (encoder.name, encoder.dimensions) == ("tiny", network.dimensions)
    assert np.allclose(encoder.encode([*pixels]), embed_with(quantised, [pixels]), atol=1e-6)


def test_the_file_holds_no_paths_of_this_machine(exact: bytes) -> None:
    assert str(Path.cwd()).encode() not in exact
    assert b"site-packages" not in exact
    assert b".py" not in exact
