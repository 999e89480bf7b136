from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from PIL import Image

from lookalike.errors import NotAPictureError, PictureError, UnsupportedFormatError
from lookalike.ingest.chunk import process_chunk, refused_format
from lookalike.ingest.claims import Claim
from lookalike.ingest.ledger import Outcome
from lookalike.types import Source

from ..conftest import RandomEncoder, busy

SIZE = (160, 120)


def png(image: Image.Image, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, "PNG", **options)
    return out.getvalue()


def still() -> bytes:
    return png(busy(1, SIZE))


def transparent() -> bytes:
    image = busy(1, SIZE).convert("RGBA")
    image.putalpha(Image.linear_gradient("L").resize(SIZE))
    return png(image)


def animation() -> bytes:
    frames = [busy(seed, SIZE) for seed in range(3)]
    return png(frames[0], save_all=True, append_images=frames[1:])


def pages() -> bytes:
    out = io.BytesIO()
    busy(1, SIZE).save(out, "TIFF", save_all=True, append_images=[busy(2, SIZE)])
    return out.getvalue()


def outcome_of(data: bytes, claim: Claim, *, copies: bool = True) -> Outcome:
    (outcome,) = process_chunk(
        [Source("/x", len(data), 1)],
        RandomEncoder(),
        lambda _content, _path: claim,
        copies=copies,
        read=lambda _source: data,
    )
    return outcome


@pytest.mark.parametrize("needs_fingerprint", [False, True])
@pytest.mark.parametrize("data", [still, transparent, animation, pages])
def test_what_is_made_of_a_content(data: Callable[[], bytes], needs_fingerprint: bool) -> None:
    """A vector if no row has one, or if it may be of pixels that are decoded differently now."""
    new = Claim(True, needs_fingerprint, has_vector=False, has_properties=False)
    for claim, has_vector in (
        (new, True),
        (new._replace(has_vector=True), data != still),
        (new._replace(has_vector=True, has_properties=True), False),
    ):
        record = outcome_of(data(), claim).record
        assert record
        assert (record.vector is not None) == has_vector
        assert (record.fingerprint is not None) == needs_fingerprint
        assert record.properties
        assert outcome_of(data(), claim, copies=False).record.fingerprint is None  # type: ignore[union-attr]


def test_an_unsupported_picture_is_refused_with_its_format() -> None:
    claim = Claim(True, True, False, False)
    outcome = outcome_of(b"\0\0\0\x0cJXL \r\n\x87\n" + bytes(99), claim)
    assert (outcome.format, outcome.record) == ("JXL", None)
    assert outcome.reason
    damaged = outcome_of(still()[:200], claim)
    assert (damaged.format, damaged.record) == ("", None)
    assert damaged.reason


def test_a_variant_of_a_supported_format_is_a_format_of_its_own() -> None:
    """Else it would be tried again by each run."""
    assert refused_format(UnsupportedFormatError("no", "NEF")) == "NEF"
    assert refused_format(UnsupportedFormatError("no", "TIFF")) == "TIFF-variant"
    assert refused_format(PictureError("no")) == refused_format(NotAPictureError("no")) == ""
