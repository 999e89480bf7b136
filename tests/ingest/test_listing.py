from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lookalike.ingest.listing import Listing
from lookalike.ingest.seen import SeenFiles
from lookalike.storage import RefusalRecord
from lookalike.storage.store import Store
from lookalike.types import Source

FILES = [Source(f"/{n}.jpg", 1, 1) for n in range(10)]


@pytest.fixture
def seen(tmp_path: Path) -> SeenFiles:
    store = Store(tmp_path, "pictures.lance", 4, copies=False)
    store.refuse([RefusalRecord(FILES[0], "damaged")])
    return SeenFiles(store)


def test_new_files_come_in_chunks(seen: SeenFiles) -> None:
    listing = Listing(iter(FILES), seen, 4)
    listing.start()
    assert list(listing) == [FILES[1:5], FILES[5:9], FILES[9:]]
    listing.check()
    assert (listing.listed, listing.todo, listing.running) == (10, 9, False)
    listing.stop()


def test_an_error_of_the_listing_ends_it(seen: SeenFiles) -> None:
    def broken() -> Iterator[Source]:
        yield FILES[1]
        raise OSError("unplugged")

    listing = Listing(broken(), seen, 4)
    listing.start()
    assert list(listing) == []
    with pytest.raises(OSError, match="unplugged"):
        listing.check()


def test_a_stopped_listing_ends(seen: SeenFiles) -> None:
    def endless() -> Iterator[Source]:
        for n in range(10**9):
            yield Source(f"/more/{n}.jpg", 1, 1)

    listing = Listing(endless(), seen, 4)
    listing.start()
    chunks = iter(listing)
    assert len(next(chunks)) == 4
    listing.stop()
    assert list(chunks) == []
