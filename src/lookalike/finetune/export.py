"""From the trained network to one ONNX file, float32 or int8, its card inside.

torch writes the graph, ONNX Runtime quantises it: QuantizeLinear and DequantizeLinear around every
convolution and sum; activations uint8 by the ranges seen on training pictures, weights int8 per
channel (Jacob et al., "Quantization and Training of Neural Networks for Efficient
Integer-Arithmetic-Only Inference", 2018).
"""

from __future__ import annotations

import contextlib
import io
import logging
import os
import tempfile
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import TensorProto, numpy_helper

from ..encoders import METADATA_KEY, Card, Input

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from .network import EmbeddingNetwork

OPSET = 18  # read by every ONNX Runtime since 1.14
# Weights take 7 of their 8 bits. Processors without VNNI add pairs of uint8 x int8 products in
# int16, which saturates at 8 bits: the same picture would get another vector there.
SEVEN_BITS = True
RANGE_PERCENTILE = 99.99  # of the activations; the few beyond are cut, for finer steps below
# The heads, products of matrices, are computed in float32, for they take next to no time, and kept
# in float16, which is exact enough and halves them.
QUANTISED = ("Add", "Conv", "Relu")
HALVED_FROM = 1_024  # numbers; smaller tensors stay as they are


def float_model(network: EmbeddingNetwork) -> bytes:
    """Write the network in float32: uint8 `pixels` [N, H, W, 3] to float32 `embedding` [N, D]."""
    network = network.cpu().eval()
    side = network.trunk.preprocessing
    example = torch.zeros(2, side.height, side.width, 3, dtype=torch.uint8)
    with _quiet(), torch.no_grad():
        program = torch.onnx.export(
            network,
            (example,),
            dynamo=True,
            input_names=["pixels"],
            output_names=["embedding"],
            dynamic_shapes=({0: torch.export.Dim("N")},),
            opset_version=OPSET,
            verbose=False,
        )
    if program is None:
        raise RuntimeError("torch gave no program")
    model = program.model_proto
    for node in model.graph.node:  # notes of the tracing: paths and code of this machine
        del node.metadata_props[:]
        node.doc_string = ""
    for value in (*model.graph.value_info, *model.graph.input, *model.graph.output):
        del value.metadata_props[:]
    del model.graph.metadata_props[:]
    return bytes(model.SerializeToString(deterministic=True))


def int8_model(model: bytes, calibration: Iterable[NDArray[np.uint8]]) -> bytes:
    """Quantise a float model by the ranges of its activations over batches of pixels."""
    from onnxruntime.quantization import (
        CalibrationDataReader,
        CalibrationMethod,
        QuantFormat,
        QuantType,
        quantize_static,
    )
    from onnxruntime.quantization.shape_inference import quant_pre_process

    batches = iter(calibration)

    class Batches(CalibrationDataReader):  # type: ignore[misc]
        def get_next(self) -> dict[str, Any] | None:
            batch = next(batches, None)
            return None if batch is None else {"pixels": batch}

    with tempfile.TemporaryDirectory() as folder, _quiet():
        plain, ready, done = (os.path.join(folder, f"{n}.onnx") for n in "abc")
        Path(plain).write_bytes(model)
        quant_pre_process(plain, ready, skip_symbolic_shape=True)
        quantize_static(
            ready,
            done,
            Batches(),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=list(QUANTISED),
            per_channel=True,
            reduce_range=SEVEN_BITS,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            calibrate_method=CalibrationMethod.Percentile,
            extra_options={"CalibPercentile": RANGE_PERCENTILE},
        )
        return _halved(Path(done).read_bytes())


def _halved(model: bytes) -> bytes:
    """Keep the large float32 weights in float16; they are cast once, when the file is loaded."""
    proto = onnx.load_from_string(model)
    casts = []
    for tensor in proto.graph.initializer:
        values = numpy_helper.to_array(tensor)
        if tensor.data_type != TensorProto.FLOAT or values.size < HALVED_FROM:
            continue
        name = tensor.name
        tensor.CopyFrom(numpy_helper.from_array(values.astype(np.float16), name))
        whole = f"{name}_float32"
        for node in proto.graph.node:
            node.input[:] = [whole if given == name else given for given in node.input]
        casts.append(onnx.helper.make_node("Cast", [name], [whole], to=TensorProto.FLOAT))
    for cast in casts:
        proto.graph.node.insert(0, cast)
    del proto.graph.value_info[:]  # it tells the types from before
    return bytes(proto.SerializeToString(deterministic=True))


def with_card(model: bytes, card: Card) -> bytes:
    """Put the card into the file, where `encoders.load` finds it."""
    proto = onnx.load_from_string(model)
    proto.producer_name, proto.producer_version = "lookalike", ""
    onnx.helper.set_model_props(proto, {METADATA_KEY: card.to_json()})
    return bytes(proto.SerializeToString(deterministic=True))


def make_card(network: EmbeddingNetwork, *, name: str, **told: Any) -> Card:
    """State what the network takes and gives; `told` is licence, source and training."""
    return Card(
        name=name,
        dimensions=network.dimensions,
        preprocessing=network.trunk.preprocessing,
        input=Input(),
        **told,
    )


def embed_with(model: bytes, batches: Iterable[NDArray[np.uint8]]) -> NDArray[np.float32]:
    """Run an ONNX model over batches of pixels: float32 [N, D]."""
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    return np.concatenate([session.run(None, {"pixels": batch})[0] for batch in batches])


def read_weights(model: bytes) -> dict[str, NDArray[np.float32]]:
    """Take the weights of a file that this module wrote, by their names in the network.

    int8 and float16 weights come back as the float32 numbers that they stand for, so that exporting
    them again gives the same.
    """
    tensors = {t.name: t for t in onnx.load_from_string(model).graph.initializer}
    weights = {}
    for name, tensor in tensors.items():
        whole = name.removesuffix("_quantized")
        if whole != name:
            scale = tensors.get(f"{whole}_scale", tensors.get(f"{name}_scale"))
            if scale is not None:
                weights[whole] = _dequantised(tensor, scale)
        elif tensor.data_type in {TensorProto.FLOAT, TensorProto.FLOAT16}:
            weights.setdefault(name, numpy_helper.to_array(tensor).astype(np.float32))
    return weights


def _dequantised(integers: TensorProto, scale: TensorProto) -> NDArray[np.float32]:
    values = numpy_helper.to_array(integers).astype(np.float32)
    scales = numpy_helper.to_array(scale)
    if scales.ndim:  # per channel: the axis that has as many
        axis = values.shape.index(scales.size)
        scales = scales.reshape([-1 if n == axis else 1 for n in range(values.ndim)])
    dequantised: NDArray[np.float32] = values * scales
    return dequantised


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep the exporters' talk of missing extras and coming changes from the user."""
    level = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(level)
