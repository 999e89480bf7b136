"""From the torch network and a projection to one ONNX file, float32 or int8.

The graph is written node by node instead of traced: names stay readable, TensorFlow's uneven
padding goes into the convolutions, and the file holds nothing of the machine that made it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, cast

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from training.mobilenet_edgetpu import IMAGE_SIZE, PIXEL_SCALE, PIXEL_ZERO

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from training.mobilenet_edgetpu import Block, ConvLayer, MobileNetEdgeTpu

OPSET = 17  # read by every ONNX Runtime since 1.12
IR_VERSION = 8  # the one of that time
# Weights take 7 of their 8 bits. Processors without VNNI add pairs of uint8 x int8 products in
# int16, which saturates at 8 bits: the same picture would get another vector there.
WEIGHT_LIMIT = 64  # 2 * 255 * 64 < 2**15


class Activation(NamedTuple):
    """What quantisation needs to know of one tensor [N, C, H, W] of the float model."""

    low: float
    high: float
    mean: NDArray[np.float32]  # [C]


class _Graph:
    """A float32 graph, collected node by node on the way from the input to the output."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def constant(self, name: str, value: NDArray[np.generic] | np.generic) -> str:
        self.constants.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def node(
        self,
        kind: str,
        inputs: list[str],
        output: str,
        **attributes: Any,
    ) -> str:
        self.nodes.append(helper.make_node(kind, inputs, [output], name=output, **attributes))
        return output

    def convolution(self, name: str, x: str, layer: ConvLayer) -> str:
        weight, bias = self.weights(name, x, layer)
        output = self.node(
            "Conv",
            [x, weight, bias],
            f"{name}.linear" if layer.relu else name,
            kernel_shape=list(layer.conv.kernel_size),
            strides=list(layer.conv.stride),
            pads=[layer.before, layer.before, layer.after, layer.after],
            group=layer.conv.groups,
        )
        if layer.relu:
            output = self.node("Relu", [output], name)
        return self.activation(output)

    def add(self, name: str, a: str, b: str) -> str:
        return self.activation(self.node("Add", [a, b], name))

    def weights(self, name: str, _x: str, layer: ConvLayer) -> tuple[str, str]:
        weight, bias = layer.parameters_in_numpy()
        return self.constant(f"{name}.weight", weight), self.constant(f"{name}.bias", bias)

    def activation(self, x: str) -> str:
        """Return the name under which later nodes read tensor `x`."""
        return x


class _QuantisedGraph(_Graph):
    """The same graph with QuantizeLinear and DequantizeLinear around every convolution and sum.

    Jacob et al., "Quantization and Training of Neural Networks for Efficient
    Integer-Arithmetic-Only Inference" (2018): activations uint8 per tensor, weights int8 per
    channel and symmetric, biases int32 at the product of both scales.
    """

    def __init__(self, statistics: Mapping[str, Activation]) -> None:
        super().__init__()
        self.statistics = statistics
        self.scales = {"normalised": np.float32(PIXEL_SCALE)}  # of what later nodes read
        self.means = {"normalised": np.zeros(3, np.float32)}  # [C]

    def weights(self, name: str, x: str, layer: ConvLayer) -> tuple[str, str]:
        weight, bias = layer.parameters_in_numpy()
        x_scale, x_mean = self.scales[x], self.means[x]
        scale = np.abs(weight).max(axis=(1, 2, 3)) / WEIGHT_LIMIT
        scale = np.maximum(scale, np.abs(bias) / (x_scale * 2**30))  # the bias must fit int32
        integers = np.rint(weight / scale[:, None, None, None]).astype(np.int8)
        # Rounding shifts a channel's mean by error . mean(x); the bias takes that back (Nagel et
        # al., "Data-Free Quantization Through Weight Equalization and Bias Correction", 2019).
        error = (integers * scale[:, None, None, None] - weight).sum(axis=(2, 3))
        depthwise = layer.conv.groups > 1
        bias = bias - (error[:, 0] * x_mean if depthwise else error @ x_mean)
        bias_scale = scale * x_scale
        bias = np.rint(bias / bias_scale).astype(np.int32)
        return (
            self.dequantised(f"{name}.weight", integers, scale),
            self.dequantised(f"{name}.bias", bias, bias_scale),
        )

    def dequantised(
        self, name: str, integers: NDArray[np.integer], scale: NDArray[np.float32]
    ) -> str:
        inputs = [
            self.constant(f"{name}.integers", integers),
            self.constant(f"{name}.scale", scale),
            self.constant(f"{name}.zero", np.zeros(len(scale), integers.dtype)),
        ]
        return self.node("DequantizeLinear", inputs, name, axis=0)

    def activation(self, x: str) -> str:
        low, high, mean = self.statistics[x]
        scale = np.float32((high - low) / 255)
        zero = np.uint8(np.rint(-low / scale))
        constants = [self.constant(f"{x}.scale", scale), self.constant(f"{x}.zero", zero)]
        integers = self.node("QuantizeLinear", [x, *constants], f"{x}.integers")
        self.scales[f"{x}.read"], self.means[f"{x}.read"] = scale, mean
        return self.node("DequantizeLinear", [integers, *constants], f"{x}.read")


def float_model(trunk: MobileNetEdgeTpu, projection: NDArray[np.float32]) -> onnx.ModelProto:
    """Return the encoder in float32; see `_model` for input and output."""
    return _model(_Graph(), trunk, projection)


def int8_model(
    trunk: MobileNetEdgeTpu,
    projection: NDArray[np.float32],
    statistics: Mapping[str, Activation],
) -> onnx.ModelProto:
    """Return the encoder with int8 convolutions; `statistics` are `activation_statistics`."""
    return _model(_QuantisedGraph(statistics), trunk, projection)


def _model(
    graph: _Graph, trunk: MobileNetEdgeTpu, projection: NDArray[np.float32]
) -> onnx.ModelProto:
    """Write the encoder: uint8 RGB `pixels` [N, 224, 224, 3] to float32 `embedding` [N, D].

    `projection` is float32 [1280, D]; the embedding has unit length. DequantizeLinear on the pixels
    is the network's own normalisation, so the int8 graph begins with no work at all.
    """
    x = graph.node("Transpose", ["pixels"], "pixels.nchw", perm=[0, 3, 1, 2])
    scale = graph.constant("pixels.scale", np.float32(PIXEL_SCALE))
    zero = graph.constant("pixels.zero", np.uint8(PIXEL_ZERO))
    x = graph.node("DequantizeLinear", [x, scale, zero], "normalised")
    x = graph.convolution("stem", x, trunk.stem)
    for number, block in enumerate(cast("list[Block]", list(trunk.blocks))):
        shortcut = x
        for name, layer in block.layers():
            x = graph.convolution(f"block{number}.{name}", x, layer)
        if block.residual:
            x = graph.add(f"block{number}.sum", shortcut, x)
    x = graph.convolution("head", x, trunk.head)
    x = graph.node("GlobalAveragePool", [x], "pooled")
    x = graph.node("Flatten", [x], "features")
    # Stored in half precision, which halves the file's largest tensor; folded when it is loaded.
    half = graph.constant("projection.half", projection.astype(np.float16))
    matrix = graph.node("Cast", [half], "projection", to=TensorProto.FLOAT)
    x = graph.node("MatMul", [x, matrix], "projected")
    length = graph.node("ReduceL2", [x], "length", axes=[1], keepdims=1)
    floor = graph.constant("length.floor", np.float32(1e-12))  # a zero vector stays zero
    length = graph.node("Max", [length, floor], "length.positive")
    graph.node("Div", [x, length], "embedding")

    shape: list[str | int] = ["N", IMAGE_SIZE, IMAGE_SIZE, 3]
    pixels = helper.make_tensor_value_info("pixels", TensorProto.UINT8, shape)
    embedding = _float_output("embedding", ["N", projection.shape[1]])
    model = helper.make_model(
        helper.make_graph(graph.nodes, "lookalike", [pixels], [embedding], graph.constants),
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="lookalike",
    )
    onnx.checker.check_model(model, full_check=True)
    return model


def _float_output(name: str, shape: list[str | int] | None = None) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)


def activation_statistics(
    model: onnx.ModelProto, batches: Iterable[Sequence[NDArray[np.uint8]]], *, quantile: float
) -> dict[str, Activation]:
    """Measure range and mean of every activation of the float model.

    Of each picture the least and the greatest value are taken, and of these, over all pictures, the
    `quantile` (1.0: the extremes seen). A picture is uint8 RGB [224, 224, 3]. Zero lies in every
    range, as padding needs it.
    """
    names = [node.output[0] for node in model.graph.node if node.op_type in ("Conv", "Relu", "Add")]
    probe = onnx.ModelProto()
    probe.CopyFrom(model)
    probe.graph.output.extend(_float_output(name) for name in names)
    session = onnxruntime.InferenceSession(
        probe.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    space = (2, 3)
    lows, highs, means = [], [], []  # per batch and tensor
    for batch in batches:
        tensors = session.run(names, {"pixels": np.stack(batch)})
        lows.append([x.min(axis=(1, *space)) for x in tensors])
        highs.append([x.max(axis=(1, *space)) for x in tensors])
        means.append([x.mean(axis=space) for x in tensors])
    statistics = {}
    for i, name in enumerate(names):
        low = np.quantile(np.concatenate([row[i] for row in lows]), 1 - quantile)
        high = np.quantile(np.concatenate([row[i] for row in highs]), quantile)
        mean = np.concatenate([row[i] for row in means]).mean(axis=0)
        statistics[name] = Activation(min(float(low), 0), max(float(high), 1e-6), mean)
    return statistics
