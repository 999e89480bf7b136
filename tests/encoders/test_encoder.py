from __future__ import annotations

import pytest

from lookalike import encoders
from lookalike.errors import EncoderError


def test_the_default_is_packaged_and_others_are_told() -> None:
    encoder = encoders.load()
    assert encoder.name == encoder.source == encoders.DEFAULT_ENCODER
    assert len(encoder.sha256) == 64
    for name in ("none", "../lookalike-2", "", "x.onnx"):
        with pytest.raises(EncoderError):
            encoders.load(name)


def test_a_packaged_encoder_gives_way_and_a_file_stays() -> None:
    assert encoders.successor("lookalike-0") == encoders.DEFAULT_ENCODER
    for source in ("/a/own.onnx", "hf:owner/name@0123"):
        assert encoders.successor(source) == source


def test_pictures_only_is_told() -> None:
    with pytest.raises(EncoderError, match=r"lookalike-2 knows pictures only.*--encoder hf:google"):
        encoders.encode_text(encoders.load(), "a red bicycle")
