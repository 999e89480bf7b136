from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

import lookalike
from lookalike.errors import ArgumentError, EncoderError


def test_the_package_is_callable(tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match="does not exist"):
        lookalike.finetune(tmp_path / "nowhere", tmp_path / "mine.onnx")


def test_a_missing_extra_names_its_pip_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "onnxscript" else find(name)
    )
    with pytest.raises(EncoderError, match=r"onnxscript; install with: pip install 'lookalike\[tr"):
        lookalike.finetune(tmp_path, tmp_path / "mine.onnx")
