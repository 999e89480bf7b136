"""Makes the networks that are neither shipped nor downloaded: make_networks.py INT8 FOLDER.

- `rclip.onnx`: the image tower of open_clip's ViT-B-32-256, random weights, float32, exported as
  rclip's own file is: `input` [N, 3, 256, 256] to `output` [N, 512].
- `float32.onnx`: lookalike's packaged network without quantisation, to measure what int8 gains: the
  int8 weights as floats, no rounding between layers.
"""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path

import _cpu_torch  # noqa: F401 - makes torchvision importable
import numpy as np
import onnx
import onnxruntime
import open_clip
import torch

SIDE = 256


def main() -> None:
    """Make the missing networks."""
    packaged, folder = Path(sys.argv[1]), Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    with contextlib.redirect_stdout(sys.stderr):  # torch reports its steps
        if not (folder / "rclip.onnx").exists():
            make_rclip(folder / "rclip.onnx")
        make_float32(packaged, folder / "float32.onnx")
    print("{}")


def make_rclip(path: Path) -> None:
    """Export the image tower."""
    network = open_clip.create_model("ViT-B-32-256", pretrained=None).visual.eval()
    partial = path.with_suffix(".part")
    batch = torch.export.Dim("batch", min=1, max=1024)
    torch.onnx.export(
        network,
        (torch.randn(2, 3, SIDE, SIDE),),
        partial,
        input_names=["input"],
        output_names=["output"],
        dynamic_shapes=({0: batch},),
        dynamo=True,
        external_data=False,
    )
    partial.rename(path)


def make_float32(packaged: Path, path: Path) -> None:
    """Remove the quantisation: weights become floats, without rounding between layers."""
    model = onnx.load(packaged)
    graph = model.graph
    producers = {name: node for node in graph.node for name in node.output}
    constant = {tensor.name for tensor in graph.initializer}
    for node in graph.node:  # in topological order
        if node.input and all(name in constant for name in node.input):
            constant.update(node.output)
    folded = [
        node.output[0]
        for node in graph.node
        if node.op_type == "DequantizeLinear" and node.input[0] in constant
    ]
    replacements = {
        node.output[0]: producers[node.input[0]].input[0]
        for node in graph.node
        if node.op_type == "DequantizeLinear" and node.input[0] not in constant
    }
    for name, value in zip(folded, _values(model, folded), strict=True):
        graph.initializer.append(onnx.numpy_helper.from_array(value, name))
    nodes = [
        node
        for node in graph.node
        if node.op_type not in {"QuantizeLinear", "DequantizeLinear"}
        and not set(node.output) <= set(folded)
    ]
    for node in nodes:
        for position, name in enumerate(node.input):
            node.input[position] = replacements.get(name, name)
    needed = {name for node in nodes for name in node.input}
    tensors = [tensor for tensor in graph.initializer if tensor.name in needed]
    del graph.node[:], graph.initializer[:]
    graph.node.extend(nodes)
    graph.initializer.extend(tensors)
    onnx.checker.check_model(model)
    onnx.save(model, path)


def _values(model: onnx.ModelProto, names: list[str]) -> list[np.ndarray]:
    """Compute tensors that depend on no input."""
    constants = onnx.ModelProto()
    constants.CopyFrom(model)
    del constants.graph.output[:]
    constants.graph.output.extend(
        onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None) for name in names
    )
    session = onnxruntime.InferenceSession(constants.SerializeToString())
    entry = session.get_inputs()[0]
    shape = [side if isinstance(side, int) else 1 for side in entry.shape]
    return session.run(names, {entry.name: np.zeros(shape, np.uint8)})


if __name__ == "__main__":
    main()
