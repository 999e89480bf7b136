from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lookalike.copies.fingerprint import stored_fingerprint
from lookalike.copies.packed import pack
from lookalike.decode import from_image
from lookalike.ingest.claims import Claim, ContentClaims
from lookalike.ingest.seen import SeenFiles
from lookalike.storage import Record
from lookalike.storage.store import Store
from lookalike.types import Properties, Source

from ..conftest import draw

NEW, COMPLETE, UNDESCRIBED, UNFINGERPRINTED, NEITHER, ORPHAN = (bytes([n]) * 16 for n in range(6))


@pytest.fixture
def claims(tmp_path: Path) -> ContentClaims:
    """Claims on a gallery with contents that lack different things."""
    store = Store(tmp_path, "pictures.lance", 4)
    vector = np.array([1, 0, 0, 0], np.float16)
    fingerprint, held = pack(stored_fingerprint(from_image(draw(1)))), Properties()
    rows = [
        Record(Source("/complete", 1, 1), COMPLETE, 4, 3, vector, fingerprint, held),
        Record(Source("/undescribed", 1, 1), UNDESCRIBED, 4, 3, vector, fingerprint),
        Record(Source("/unfingerprinted", 1, 1), UNFINGERPRINTED, 4, 3, vector, None, held),
        Record(Source("/neither", 1, 1), NEITHER, 4, 3, vector),
        Record(Source("/same", 1, 1), COMPLETE, 4, 3, vector),  # its twin tells what it holds
    ]
    store.add(rows, replace=False)
    store.fingerprints.add({ORPHAN: fingerprint})
    return ContentClaims(SeenFiles(store))


@pytest.mark.parametrize(
    ("content", "answer"),
    [
        (NEW, Claim(True, True, False, False)),
        (COMPLETE, Claim(False, False, False, False)),
        (UNDESCRIBED, Claim(True, False, True, False)),
        (UNFINGERPRINTED, Claim(True, True, True, True)),
        (NEITHER, Claim(True, True, True, False)),
        (ORPHAN, Claim(True, False, False, False)),
    ],
)
def test_a_claim_says_what_the_gallery_has(
    claims: ContentClaims, content: bytes, answer: Claim
) -> None:
    assert claims.claim(content, "/x") == answer


def test_a_content_is_granted_to_one_file_until_it_is_refused(claims: ContentClaims) -> None:
    assert claims.claim(NEITHER, "/a").granted
    assert claims.claim(NEITHER, "/a").granted  # it asks again
    assert not claims.claim(NEITHER, "/b").granted
    assert claims.claimed_by("/a") == [NEITHER]
    assert claims.is_pending(NEITHER)
    claims.resolve(NEITHER, delivered=False)
    assert claims.claim(NEITHER, "/b").granted
    claims.resolve(NEITHER, delivered=True)
    assert not claims.claim(NEITHER, "/c").granted
    assert not claims.is_pending(NEITHER)
