from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from lookalike import encoders
from lookalike.errors import EncoderError, EncoderMismatchError
from lookalike.gallery.encoder_binding import bound_encoder
from lookalike.storage.manifest import EncoderCard, Manifest

from ..conftest import RandomEncoder

HERE = Path("gallery")
RANDOM = RandomEncoder()
OWN = Manifest(EncoderCard.from_encoder(encoders.load()))


def test_the_users_choice_then_the_gallerys_then_the_packaged() -> None:
    assert bound_encoder(HERE, None, wanted=RANDOM, loaded=None) is RANDOM
    of_random = Manifest(EncoderCard.from_encoder(RANDOM))
    assert bound_encoder(HERE, of_random, wanted=RANDOM, loaded=RANDOM) is RANDOM
    found = bound_encoder(HERE, None, wanted=None, loaded=None)
    assert found.name == encoders.DEFAULT_ENCODER
    assert bound_encoder(HERE, OWN, wanted=None, loaded=found) is found
    assert bound_encoder(HERE, OWN, wanted=None, loaded=RANDOM).name == encoders.DEFAULT_ENCODER


def test_what_does_not_fit_is_told_with_what_to_do() -> None:
    with pytest.raises(
        EncoderMismatchError, match=r"This is random .0{12}.. Ask without --encoder"
    ):
        bound_encoder(HERE, OWN, wanted=RANDOM, loaded=None)
    same = replace(OWN, encoder=replace(OWN.encoder, preprocessing={"width": 7}))
    with pytest.raises(EncoderMismatchError, match="the same weights, otherwise prepared"):
        bound_encoder(HERE, same, wanted=encoders.DEFAULT_ENCODER, loaded=None)
    with pytest.raises(EncoderMismatchError, match="lookalike-2 has changed since"):
        bound_encoder(HERE, same, wanted=None, loaded=None)
    gone = replace(OWN, encoder=replace(OWN.encoder, source="/none/own.onnx"))
    with pytest.raises(
        EncoderMismatchError, match=r"can't be loaded now.*/none/own\.onnx can't be"
    ):
        bound_encoder(HERE, gone, wanted=None, loaded=None)
    older = replace(OWN, encoder=replace(OWN.encoder, name="lookalike-0", source="lookalike-0"))
    with pytest.raises(EncoderMismatchError, match="of an earlier lookalike; make them anew with"):
        bound_encoder(HERE, older, wanted=None, loaded=None)
    with pytest.raises(EncoderError, match="There is no encoder 'none'"):
        bound_encoder(HERE, OWN, wanted="none", loaded=None)


def test_a_rebuild_takes_any_and_its_own_as_it_is_now() -> None:
    def rebuilt(source: str) -> str:
        other = replace(OWN, encoder=replace(OWN.encoder, source=source, sha256="0" * 64))
        return bound_encoder(HERE, other, wanted=None, loaded=None, rebuild=True).name

    assert bound_encoder(HERE, OWN, wanted=RANDOM, loaded=None, rebuild=True) is RANDOM
    assert rebuilt("lookalike-0") == encoders.DEFAULT_ENCODER  # of a version that had another
    with pytest.raises(EncoderError, match=r"/none/own\.onnx can't be read"):
        rebuilt("/none/own.onnx")
