"""Makes the networks that can't be downloaded, or are not shipped: make_networks.py INT8 FOLDER.

- `rclip.onnx`: the image tower of open_clip's ViT-B-32-256, random weights, float32, exported as
  rclip's own file is: `input` [N, 3, 256, 256] to `output` [N, 512].
- `float32.onnx`: lookalike's packaged network without its quantisation, to see what int8 gains:
  weights as the int8 ones read, no rounding between layers.
"""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path

import _cpu_torch  # noqa: F401
import numpy as np
import onnx
import onnxruntime
import open_clip
import torch

SIDE = 256


def main() -> None:
    """Make what is missing."""
    packaged, folder = Path(sys.argv[1]), Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    with contextlib.redirect_stdout(sys.stderr):  # torch tells what it does
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
    """Take the quantisation out: weights become floats, rounding between layers goes."""
    model = onnx.load(packaged)
    graph = model.graph
    made_by = {name: node for node in graph.node for name in node.output}
    constant = {tensor.name for tensor in graph.initializer}
    for node in graph.node:  # which stand in the order of their use
        if node.input and all(name in constant for name in node.input):
            constant.update(node.output)
    folded = [
        node.output[0]
        for node in graph.node
        if node.op_type == "DequantizeLinear" and node.input[0] in constant
    ]
    instead = {
        node.output[0]: made_by[node.input[0]].input[0]
        for node in graph.node
        if node.op_type == "DequantizeLinear" and node.input[0] not in constant
    }
    for name, value in zip(folded, _values(model, folded), strict=True):
        graph.initializer.append(onnx.numpy_helper.from_array(value, name))
    kept = [
        node
        for node in graph.node
        if node.op_type not in {"QuantizeLinear", "DequantizeLinear"}
        and not set(node.output) <= set(folded)
    ]
    for node in kept:
        for place, name in enumerate(node.input):
            node.input[place] = instead.get(name, name)
    needed = {name for node in kept for name in node.input}
    tensors = [tensor for tensor in graph.initializer if tensor.name in needed]
    del graph.node[:], graph.initializer[:]
    graph.node.extend(kept)
    graph.initializer.extend(tensors)
    onnx.checker.check_model(model)
    onnx.save(model, path)


def _values(model: onnx.ModelProto, names: list[str]) -> list[np.ndarray]:
    """Compute tensors that hang on no input."""
    asked = onnx.ModelProto()
    asked.CopyFrom(model)
    del asked.graph.output[:]
    asked.graph.output.extend(
        onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None) for name in names
    )
    session = onnxruntime.InferenceSession(asked.SerializeToString())
    given = session.get_inputs()[0]
    shape = [side if isinstance(side, int) else 1 for side in given.shape]
    return session.run(names, {given.name: np.zeros(shape, np.uint8)})


if __name__ == "__main__":
    main()
