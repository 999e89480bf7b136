from __future__ import annotations

import pytest

from lookalike import encoders
from lookalike.errors import EncoderError


def test_the_default_is_packaged_and_others_are_told() -> None:
    encoder = encoders.load()
    assert encoder.name == encoder.source == encoders.DEFAULT
    assert len(encoder.sha256) == 64
    for name in ("none", "../lookalike-1", "", "x.onnx"):
        with pytest.raises(EncoderError):
            encoders.load(name)
