"""Devices, as far as a machine without a GPU can test them."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from lookalike import Gallery, encoders
from lookalike.encoders.devices import (
    CPU_PROVIDER,
    CUDA_PROVIDER,
    execution_providers,
    likely_device,
    session_device,
)
from lookalike.errors import ArgumentError, EncoderError
from lookalike.ingest.chunk import CHUNK_PICTURES, GPU_CHUNK_PICTURES, chunk_pictures

from ..conftest import RandomEncoder, fill, run_commands


def session(*names: str) -> SimpleNamespace:
    return SimpleNamespace(get_providers=lambda: list(names))


@pytest.fixture
def without_cuda() -> None:
    import onnxruntime

    if CUDA_PROVIDER in onnxruntime.get_available_providers():
        pytest.skip("this ONNX Runtime has CUDA")


def test_unknown_devices_are_refused(tmp_path: Path) -> None:
    for make in (lambda: encoders.load(device="gpu"), lambda: Gallery.open(tmp_path, device="tpu")):
        with pytest.raises(ArgumentError, match="auto, cpu, cuda"):
            make()


def test_available_providers_are_used() -> None:
    import onnxruntime

    assert execution_providers("cpu") == [CPU_PROVIDER]
    names = [one if isinstance(one, str) else one[0] for one in execution_providers("auto")]
    assert names[-1] == CPU_PROVIDER
    assert (CUDA_PROVIDER in names) == (CUDA_PROVIDER in onnxruntime.get_available_providers())


def test_the_device_of_a_session() -> None:
    assert session_device(session(CUDA_PROVIDER, CPU_PROVIDER), "cuda") == "cuda"
    assert session_device(session(CUDA_PROVIDER, CPU_PROVIDER), "auto") == "cuda"
    assert session_device(session(CPU_PROVIDER), "auto") == "cpu"
    with pytest.raises(EncoderError, match="nvidia-smi"):  # CUDA is installed but can't start
        session_device(session(CPU_PROVIDER), "cuda")


@pytest.mark.usefixtures("without_cuda")
def test_requesting_missing_cuda_names_the_pip_line() -> None:
    encoder = encoders.load(device="cuda")  # the device is not needed yet
    for ask in (lambda: encoder.device, lambda: encoder.encode([None])):
        with pytest.raises(EncoderError, match=r"pip install 'onnxruntime-gpu\[cuda,cudnn\]'"):
            ask()
    assert encoders.load().device == "cpu"
    assert likely_device("auto", hub=False) == "cpu"
    assert likely_device("cuda", hub=False).startswith("none: This ONNX Runtime has no CUDA")


def test_torch_without_cuda_says_so() -> None:
    import torch

    if torch.cuda.is_available():
        pytest.skip("this torch has CUDA")
    with pytest.raises(EncoderError, match="--device cpu"):
        encoders.devices.torch_device("cuda")
    assert encoders.devices.torch_device("auto") == "cpu"


def test_a_gpu_gets_larger_chunks() -> None:
    assert chunk_pictures(RandomEncoder()) == CHUNK_PICTURES  # an encoder without `device`
    on_gpu = RandomEncoder()
    on_gpu.device = "cuda"
    assert chunk_pictures(on_gpu) == GPU_CHUNK_PICTURES


@pytest.mark.usefixtures("without_cuda")
def test_the_commands_name_the_device(tmp_path: Path) -> None:
    fill(tmp_path / "p", 2)
    picture = tmp_path / "p" / "0000.jpg"
    index, info, *with_cuda = run_commands(
        ("index", tmp_path / "p", "--device", "auto"),
        ("info",),
        ("index", tmp_path / "p", "--device", "cuda"),
        ("search", picture, "--device", "cuda"),
        ("serve", "--port", "0", "--device", "cuda"),
        LOOKALIKE_GALLERY=str(tmp_path / "g"),
    )
    assert "The encoder runs on: cpu" in index.stderr
    assert "device       cpu" in info.stdout
    for done in with_cuda:
        assert done.returncode == 1
        assert "onnxruntime-gpu[cuda,cudnn]" in done.stderr
