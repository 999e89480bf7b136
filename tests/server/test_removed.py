"""What a client removes leaves nothing behind, while the server goes on."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from lookalike import Gallery

from ..conftest import SOAK, busy
from ..servers import Server, serving
from ..traces import fingerprint_thumbnail, is_on_disk

# A server tries every 20 s what readers kept; here that takes as long only when soaking.
PRELUDE = """
import lookalike.gallery
lookalike.gallery.ERASE_SECONDS = lookalike.gallery.state.ERASE_SECONDS = 0.5
"""
WITHIN_SECONDS = 60  # after the last reader


@pytest.fixture(scope="module")
def erasing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("erasing")
    (folder / "pictures").mkdir()
    for seed in range(4):
        busy(seed, (240, 180)).save(folder / "pictures" / f"{seed}.png")
    Gallery.open(folder / "gallery").index(folder / "pictures")
    prelude = "" if SOAK else PRELUDE
    with serving(folder / "gallery", "--workers", "1", prelude=prelude) as server:
        yield server


def traces(server: Server, picture_id: str) -> list[bytes]:
    """Return the thumbnail that the page shows, and the one in the fingerprint."""
    shown = server.get(f"/pictures/{picture_id}/thumbnail?size=320")
    assert shown.status_code == 200
    return [shown.content, fingerprint_thumbnail(server.folder, picture_id)]


def check_gone(server: Server, picture_id: str, picture: Path) -> None:
    assert server.get(f"/pictures/{picture_id}").status_code == 404
    assert server.get(f"/pictures/{picture_id}/thumbnail").status_code == 404
    found = server.search(picture)
    assert found.status_code == 200
    assert picture_id not in {hit["id"] for hit in found.json()["hits"]}
    assert all(hit["kind"] != "exact" for hit in found.json()["hits"])


def test_a_deleted_picture_is_gone_from_the_disk(erasing: Server) -> None:
    picture = erasing.folder.parent / "pictures" / "0.png"
    picture_id, kept = erasing.picture("0.png"), erasing.picture("1.png")
    removed, others = traces(erasing, picture_id), traces(erasing, kept)
    assert erasing.search(picture).json()["hits"][0]["kind"] == "exact"
    assert all(is_on_disk(erasing.folder, trace) for trace in removed + others)
    assert erasing.ask("DELETE", f"/pictures/{picture_id}").status_code == 204
    assert not any(is_on_disk(erasing.folder, trace) for trace in removed)
    assert all(is_on_disk(erasing.folder, trace) for trace in others)
    check_gone(erasing, picture_id, picture)


def test_what_another_process_reads_goes_once_it_is_done(erasing: Server) -> None:
    """The server erases it by itself: no client asks for anything."""
    picture = erasing.folder.parent / "pictures" / "2.png"
    picture_id = erasing.picture("2.png")
    shown, fingerprint = traces(erasing, picture_id)
    reading = Gallery.open(erasing.folder)._reading().snapshot()
    assert erasing.ask("DELETE", f"/pictures/{picture_id}").status_code == 204
    check_gone(erasing, picture_id, picture)
    assert not is_on_disk(erasing.folder, shown)
    assert is_on_disk(erasing.folder, fingerprint)  # in a version that is still read
    del reading
    deadline = time.monotonic() + WITHIN_SECONDS
    while is_on_disk(erasing.folder, fingerprint):
        assert time.monotonic() < deadline, "the server erased nothing"
        time.sleep(0.2)
    check_gone(erasing, picture_id, picture)
    assert erasing.search(picture.with_name("3.png")).json()["hits"][0]["kind"] == "exact"
