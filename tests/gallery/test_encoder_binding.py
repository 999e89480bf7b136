from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from lookalike import encoders
from lookalike.errors import EncoderError, EncoderMismatchError
from lookalike.gallery.encoder_binding import EncoderChoice, bound_encoder
from lookalike.storage.manifest import EncoderCard, Manifest

from ..conftest import RandomEncoder

HERE = Path("gallery")
RANDOM = RandomEncoder()
OWN = Manifest(EncoderCard.from_encoder(encoders.load()))


def test_the_users_choice_then_the_gallerys_then_the_packaged() -> None:
    assert bound_encoder(HERE, None, EncoderChoice(RANDOM)) is RANDOM
    of_random = Manifest(EncoderCard.from_encoder(RANDOM))
    assert bound_encoder(HERE, of_random, EncoderChoice(RANDOM), loaded=RANDOM) is RANDOM
    found = bound_encoder(HERE, None, EncoderChoice())
    assert found.name == encoders.DEFAULT_ENCODER
    assert bound_encoder(HERE, OWN, EncoderChoice(), loaded=found) is found
    assert bound_encoder(HERE, OWN, EncoderChoice(), loaded=RANDOM).name == encoders.DEFAULT_ENCODER


def test_a_mismatch_says_what_to_do() -> None:
    with pytest.raises(EncoderMismatchError, match=r"This is random .0{12}.. Drop --encoder"):
        bound_encoder(HERE, OWN, EncoderChoice(RANDOM))
    same = replace(OWN, encoder=replace(OWN.encoder, preprocessing={"width": 7}))
    with pytest.raises(EncoderMismatchError, match="the same weights with other preprocessing"):
        bound_encoder(HERE, same, EncoderChoice(encoders.DEFAULT_ENCODER))
    with pytest.raises(EncoderMismatchError, match="lookalike-3 has changed since"):
        bound_encoder(HERE, same, EncoderChoice())
    gone = replace(OWN, encoder=replace(OWN.encoder, source="/none/own.onnx"))
    with pytest.raises(
        EncoderMismatchError, match=r"can't be loaded now.*/none/own\.onnx can't be"
    ):
        bound_encoder(HERE, gone, EncoderChoice())
    older = replace(OWN, encoder=replace(OWN.encoder, name="lookalike-0", source="lookalike-0"))
    with pytest.raises(
        EncoderMismatchError, match="of an earlier lookalike; re-encode its pictures with"
    ):
        bound_encoder(HERE, older, EncoderChoice())
    with pytest.raises(EncoderError, match="There is no encoder 'none'"):
        bound_encoder(HERE, OWN, EncoderChoice("none"))


def test_a_rebuild_takes_any_encoder_and_by_default_the_current_one() -> None:
    def rebuilt(source: str) -> str:
        other = replace(OWN, encoder=replace(OWN.encoder, source=source, sha256="0" * 64))
        return bound_encoder(HERE, other, EncoderChoice(), rebuild=True).name

    assert bound_encoder(HERE, OWN, EncoderChoice(RANDOM), rebuild=True) is RANDOM
    assert rebuilt("lookalike-0") == encoders.DEFAULT_ENCODER  # of a version that had another
    with pytest.raises(EncoderError, match=r"/none/own\.onnx can't be read"):
        rebuilt("/none/own.onnx")
