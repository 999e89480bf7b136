"""The device that an encoder runs on: the CPU, or an NVIDIA GPU through CUDA."""

from __future__ import annotations

import contextlib
import importlib.util
from typing import Any

from ..errors import ArgumentError, EncoderError

DEVICES = ("auto", "cpu", "cuda")
CPU_PROVIDER, CUDA_PROVIDER = "CPUExecutionProvider", "CUDAExecutionProvider"
# Not the exhaustive search, which would run again for every new batch size.
CUDA_OPTIONS = {"cudnn_conv_algo_search": "HEURISTIC"}


def check_device(device: str) -> None:
    """Check that `device` is the name of a device.

    Raises:
        ArgumentError: it is not.
    """
    if device not in DEVICES:
        raise ArgumentError(f"There is no device {device!r}; use one of {', '.join(DEVICES)}.")


def execution_providers(device: str) -> list[Any]:
    """Return ONNX Runtime's execution providers for a device, as a session takes them.

    Raises:
        EncoderError: `device` is `cuda`, and this ONNX Runtime is for the CPU only.
    """
    import onnxruntime

    has_cuda = CUDA_PROVIDER in onnxruntime.get_available_providers()
    if device == "cuda" and not has_cuda:
        raise EncoderError(
            "This ONNX Runtime has no CUDA; replace it: pip uninstall onnxruntime && "
            "pip install 'onnxruntime-gpu[cuda,cudnn]'. Or use --device cpu."
        )
    if device == "cpu" or not has_cuda:
        return [CPU_PROVIDER]
    with contextlib.suppress(Exception):  # where the system installed CUDA, nothing needs loading
        onnxruntime.preload_dlls()
    return [(CUDA_PROVIDER, CUDA_OPTIONS), CPU_PROVIDER]


def session_device(session: Any, device: str) -> str:
    """Return what a session really runs on: `cpu` or `cuda`.

    Raises:
        EncoderError: `device` is `cuda`, and CUDA did not start.
    """
    if session.get_providers()[0] == CUDA_PROVIDER:
        return "cuda"
    if device == "cuda":
        raise EncoderError(no_gpu_message("ONNX Runtime"))
    return "cpu"


def torch_device(device: str) -> str:
    """Return what torch will run on: `cpu` or `cuda`.

    Raises:
        EncoderError: `device` is `cuda`, and torch can't use one.
    """
    import torch

    if device != "cpu" and torch.cuda.is_available():
        return "cuda"
    if device == "cuda":
        raise EncoderError(
            no_gpu_message("torch")
            if torch.version.cuda
            else "This torch has no CUDA; install a CUDA build (see "
            "https://pytorch.org/get-started/locally): pip install --force-reinstall torch. "
            "Or use --device cpu."
        )
    return "cpu"


def no_gpu_message(library: str) -> str:
    """Say that a library can't start a GPU."""
    return (
        f"{library} finds no usable GPU; check that `nvidia-smi` lists one and that its driver "
        "matches CUDA: pip install 'onnxruntime-gpu[cuda,cudnn]'. Or use --device cpu."
    )


def likely_device(device: str, *, hub: bool) -> str:
    """Return the device that an encoder would run on, without loading the encoder.

    Args:
        device: as in `load`.
        hub: whether the encoder is a Hugging Face model.

    Returns:
        `cpu`, `cuda`, or `none: ` and the reason.
    """
    library = "torch" if hub else "onnxruntime"
    if device == "cpu" or importlib.util.find_spec(library) is None:
        return "cpu"
    try:
        likely = torch_device(device) if hub else execution_providers(device)[0]
    except EncoderError as error:
        return f"none: {error}"
    return "cpu" if likely in ("cpu", CPU_PROVIDER) else "cuda"
