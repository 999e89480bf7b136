"""Which device encoders run on: the CPU, or an NVIDIA GPU by CUDA where one is to be had."""

from __future__ import annotations

import contextlib
import importlib.util
from typing import Any

from ..errors import ArgumentError, EncoderError

DEVICES = ("auto", "cpu", "cuda")
CPU_PROVIDER, CUDA_PROVIDER = "CPUExecutionProvider", "CUDAExecutionProvider"
# Not the exhaustive search, which would run again for every new size of a batch.
CUDA_OPTIONS = {"cudnn_conv_algo_search": "HEURISTIC"}


def check_device(device: str) -> None:
    """See that a text names a device.

    Raises:
        ArgumentError: it does not.
    """
    if device not in DEVICES:
        raise ArgumentError(f"{device!r} is no device; there are {', '.join(DEVICES)}.")


def providers(device: str) -> list[Any]:
    """Name ONNX Runtime's execution providers to try for a device, as a session takes them.

    Raises:
        EncoderError: `cuda` is asked for, and ONNX Runtime here is the CPU's.
    """
    import onnxruntime

    has_cuda = CUDA_PROVIDER in onnxruntime.get_available_providers()
    if device == "cuda" and not has_cuda:
        raise EncoderError(
            "This ONNX Runtime has no CUDA; replace it: pip uninstall onnxruntime && "
            "pip install 'onnxruntime-gpu[cuda,cudnn]'. Or take --device cpu."
        )
    if device == "cpu" or not has_cuda:
        return [CPU_PROVIDER]
    with contextlib.suppress(Exception):  # where CUDA is the system's, there is nothing to load
        onnxruntime.preload_dlls()
    return [(CUDA_PROVIDER, CUDA_OPTIONS), CPU_PROVIDER]


def device_of(session: Any, device: str) -> str:
    """Tell what a session really runs on: `cpu` or `cuda`.

    Raises:
        EncoderError: `cuda` is asked for, and could not be started.
    """
    if session.get_providers()[0] == CUDA_PROVIDER:
        return "cuda"
    if device == "cuda":
        raise EncoderError(no_gpu("ONNX Runtime"))
    return "cpu"


def torch_device(device: str) -> str:
    """Tell what torch is to run on: `cpu` or `cuda`.

    Raises:
        EncoderError: `cuda` is asked for, and torch has none.
    """
    import torch

    if device != "cpu" and torch.cuda.is_available():
        return "cuda"
    if device == "cuda":
        raise EncoderError(
            no_gpu("torch")
            if torch.version.cuda
            else "This torch has no CUDA; install one that has, see "
            "https://pytorch.org/get-started/locally: pip install --force-reinstall torch. "
            "Or take --device cpu."
        )
    return "cpu"


def no_gpu(library: str) -> str:
    """Say that a GPU can't be started."""
    return (
        f"{library} finds no GPU that it can use; see that `nvidia-smi` shows one, and that its "
        "driver and CUDA fit: pip install 'onnxruntime-gpu[cuda,cudnn]'. Or take --device cpu."
    )


def likely_device(device: str, *, hub: bool) -> str:
    """Tell what an encoder would be tried on by what is installed, without loading it."""
    library = "torch" if hub else "onnxruntime"
    if device == "cpu" or importlib.util.find_spec(library) is None:
        return "cpu"
    try:
        found = torch_device(device) if hub else providers(device)[0]
    except EncoderError as error:
        return f"none: {error}"
    return "cpu" if found in ("cpu", CPU_PROVIDER) else "cuda"
