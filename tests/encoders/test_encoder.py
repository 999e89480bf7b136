from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from lookalike import encoders
from lookalike.encoders.encoder import MORE_ENCODERS
from lookalike.errors import EncoderError


def test_the_default_is_packaged_and_unknown_names_are_refused() -> None:
    encoder = encoders.load()
    assert encoder.name == encoder.source == encoders.DEFAULT_ENCODER
    assert len(encoder.sha256) == 64
    for name in ("none", "../lookalike-3", "", "x.onnx"):
        with pytest.raises(EncoderError):
            encoders.load(name)


def test_an_encoder_of_the_other_package_says_where_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert encoders.packaged_file("lookalike-2") is not None
    for name in MORE_ENCODERS:
        assert encoders.packaged_file(name) is None
        with pytest.raises(EncoderError, match=r"pip install lookalike-encoders"):
            encoders.load(name)


def test_an_encoder_of_the_other_package_is_found_there(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    package = tmp_path / "lookalike_encoders"
    package.mkdir()
    (package / "__init__.py").touch()
    shutil.copy(encoders.packaged_file("lookalike-2") or "", package / "lookalike-3-large.onnx")
    monkeypatch.syspath_prepend(tmp_path)
    found = encoders.load("lookalike-3-large")
    assert (found.name, found.source) == ("lookalike-2", "lookalike-3-large")
    assert encoders.packaged_file("../lookalike_encoders/lookalike-3-large") is None


def test_the_earlier_default_can_be_loaded_by_name() -> None:
    earlier = encoders.load("lookalike-2")
    assert (earlier.name, earlier.dimensions) == ("lookalike-2", 512)
    pixels = np.full((224, 224, 3), 99, np.uint8)
    assert earlier.encode([pixels]).shape == (1, 512)


def test_a_rebuild_replaces_an_earlier_default_and_keeps_what_was_chosen() -> None:
    for source in ("lookalike-0", "lookalike-2", "random"):
        assert encoders.successor(source) == encoders.DEFAULT_ENCODER
    for source in (
        *(encoders.DEFAULT_ENCODER, "lookalike-3-large"),
        *("/a/own.onnx", "hf:owner/lookalike-2", "hf:owner/name@0123"),
    ):
        assert encoders.successor(source) == source


def test_an_encoder_without_a_text_tower_says_so() -> None:
    with pytest.raises(EncoderError, match=r"lookalike-3 can't encode text.*--encoder hf:google"):
        encoders.encode_text(encoders.load(), "a red bicycle")
