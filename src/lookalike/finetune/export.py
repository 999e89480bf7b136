"""Export the trained network as one ONNX file, float32 or int8, with its card inside.

torch writes the graph, and ONNX Runtime quantises it: QuantizeLinear and DequantizeLinear around
each convolution and sum; uint8 activations, with the ranges seen on training pictures; int8 weights
per channel (Jacob et al., "Quantization and Training of Neural Networks for Efficient
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
from .bias_correction import with_corrected_biases

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from .network import EmbeddingNetwork

OPSET = 18  # supported by every ONNX Runtime since 1.14
# Weights use 7 of their 8 bits. Processors without VNNI add pairs of uint8 x int8 products in
# int16, which saturates with 8 bits: they would compute a different vector for the same picture.
REDUCE_RANGE = True
# The heads are matrix products. They take hardly any time, so they run in float32; large ones are
# stored in int8, others in float16.
QUANTISED_OPERATORS = ("Add", "Clip", "Conv", "Relu")
MIN_FLOAT16_VALUES = 1_024  # smaller matrices stay float32
MIN_INT8_VALUES = 2**17
MAX_INT8 = 127
_MATRIX = 2  # dimensions
_QUANTISED, _SCALE, _FLOAT16 = "_quantized", "_scale", "_float16"  # of stored weights' names
CORRECTION_PICTURES = 64  # at most, for the biases: memory holds a layer's activations for all


def export_float32(network: EmbeddingNetwork) -> bytes:
    """Export the network: uint8 `pixels` [N, H, W, 3] to float32 `embedding` [N, D]."""
    network = network.cpu().eval()
    preprocessing = network.trunk.preprocessing
    example = torch.zeros(2, preprocessing.height, preprocessing.width, 3, dtype=torch.uint8)
    with _quiet_exporters(), torch.no_grad():
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
        raise RuntimeError("torch returned no program")
    model = program.model_proto
    for node in model.graph.node:  # traces name this machine's paths and code
        del node.metadata_props[:]
        node.doc_string = ""
    for value in (*model.graph.value_info, *model.graph.input, *model.graph.output):
        del value.metadata_props[:]
    del model.graph.metadata_props[:]
    return bytes(model.SerializeToString(deterministic=True))


def export_int8(network: EmbeddingNetwork, calibration: Sequence[NDArray[np.uint8]]) -> bytes:
    """Export the network with int8 convolutions.

    Args:
        network: as for `export_float32`.
        calibration: batches of pixels of training pictures, all of one size.
    """
    pixels = np.concatenate(calibration)
    pixels = pixels[:: -(-len(pixels) // CORRECTION_PICTURES)]
    corrected = with_corrected_biases(network.cpu().eval(), pixels)
    return quantise(export_float32(corrected), calibration)


def quantise(model: bytes, calibration: Iterable[NDArray[np.uint8]]) -> bytes:
    """Quantise a float32 model to int8, by its activations over batches of pixels."""
    from onnxruntime.quantization import (
        CalibrationDataReader,
        CalibrationMethod,
        QuantFormat,
        QuantType,
        quantize_static,
    )
    from onnxruntime.quantization.shape_inference import quant_pre_process

    batches = iter(calibration)

    class CalibrationBatches(CalibrationDataReader):  # type: ignore[misc]
        def get_next(self) -> dict[str, Any] | None:
            batch = next(batches, None)
            return None if batch is None else {"pixels": batch}

    with tempfile.TemporaryDirectory() as folder, _quiet_exporters():
        float32, preprocessed, int8 = (
            os.path.join(folder, f"{name}.onnx") for name in ("float32", "preprocessed", "int8")
        )
        Path(float32).write_bytes(model)
        quant_pre_process(float32, preprocessed, skip_symbolic_shape=True)
        quantize_static(
            preprocessed,
            int8,
            CalibrationBatches(),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=list(QUANTISED_OPERATORS),
            per_channel=True,
            reduce_range=REDUCE_RANGE,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            calibrate_method=CalibrationMethod.MinMax,
        )
        return _store_small(Path(int8).read_bytes())


def _store_small(model: bytes) -> bytes:
    """Store float32 weights in int8 or float16; loading the file computes them back once."""
    proto = onnx.load_from_string(model)
    graph, nodes = proto.graph, []
    for tensor in [*graph.initializer]:
        values = numpy_helper.to_array(tensor)
        is_large = values.ndim == _MATRIX and values.size >= MIN_FLOAT16_VALUES
        if tensor.data_type != TensorProto.FLOAT or not is_large:
            continue
        name = tensor.name
        if values.size >= MIN_INT8_VALUES:
            scale = np.abs(values).max(axis=1, keepdims=True) / MAX_INT8  # [rows, 1]
            integers = np.rint(values / np.maximum(scale, np.finfo(np.float32).tiny))
            stored, scale_name = f"{name}{_QUANTISED}", f"{name}{_SCALE}"
            tensor.CopyFrom(numpy_helper.from_array(integers.astype(np.int8), stored))
            graph.initializer.append(numpy_helper.from_array(scale, scale_name))
            nodes += [
                onnx.helper.make_node("Cast", [stored], [f"{stored}_cast"], to=TensorProto.FLOAT),
                onnx.helper.make_node("Mul", [f"{stored}_cast", scale_name], [name]),
            ]
        else:
            stored = f"{name}{_FLOAT16}"
            tensor.CopyFrom(numpy_helper.from_array(values.astype(np.float16), stored))
            nodes.append(onnx.helper.make_node("Cast", [stored], [name], to=TensorProto.FLOAT))
    for node in reversed(nodes):
        graph.node.insert(0, node)
    del graph.value_info[:]  # its types are outdated
    return bytes(proto.SerializeToString(deterministic=True))


def add_card(model: bytes, card: Card) -> bytes:
    """Put the card into the file, where `encoders.load` reads it."""
    proto = onnx.load_from_string(model)
    proto.producer_name, proto.producer_version = "lookalike", ""
    onnx.helper.set_model_props(proto, {METADATA_KEY: card.to_json()})
    return bytes(proto.SerializeToString(deterministic=True))


def make_card(network: EmbeddingNetwork, *, name: str, **origin: Any) -> Card:
    """Describe the network; `origin` is any of license, source and training."""
    return Card(
        name=name,
        dimensions=network.dimensions,
        preprocessing=network.trunk.preprocessing,
        input=Input(),
        **origin,
    )


def embed_with(model: bytes, batches: Iterable[NDArray[np.uint8]]) -> NDArray[np.float32]:
    """Run an ONNX model over batches of pixels: float32 [N, D]."""
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    return np.concatenate([session.run(None, {"pixels": batch})[0] for batch in batches])


def read_weights(model: bytes) -> dict[str, NDArray[np.float32]]:
    """Read the weights of a file that this module wrote, by their names in the network.

    int8 and float16 weights become the float32 numbers that they represent; exporting these again
    writes the same integers.
    """
    tensors = {t.name: t for t in onnx.load_from_string(model).graph.initializer}
    weights = {}
    for name, tensor in tensors.items():
        float_name = name.removesuffix(_QUANTISED)
        if float_name != name:
            scale = tensors.get(f"{float_name}{_SCALE}", tensors.get(f"{name}{_SCALE}"))
            if scale is not None:
                weights[float_name] = _dequantise(tensor, scale)
        elif tensor.data_type in {TensorProto.FLOAT, TensorProto.FLOAT16}:
            values = numpy_helper.to_array(tensor).astype(np.float32)
            weights.setdefault(name.removesuffix(_FLOAT16), values)
    return weights


def _dequantise(integers: TensorProto, scale: TensorProto) -> NDArray[np.float32]:
    values = numpy_helper.to_array(integers).astype(np.float32)
    scales = numpy_helper.to_array(scale)
    if scales.ndim:  # per channel: along the axis of the same length
        axis = values.shape.index(scales.size)
        scales = scales.reshape([-1 if n == axis else 1 for n in range(values.ndim)])
    dequantised: NDArray[np.float32] = values * scales
    return dequantised


@contextlib.contextmanager
def _quiet_exporters() -> Iterator[None]:
    """Hide the exporters' messages about missing extras and future changes."""
    level = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(level)
