"""What is removed leaves nothing behind: not its fingerprint, its thumbnails, its row."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from lookalike import Gallery

from ..conftest import RandomEncoder, busy, fill
from ..traces import fingerprint_thumbnail, is_on_disk

SIZE = (240, 180)
Removal = Callable[[Gallery, Path], object]


def remove(gallery: Gallery, path: Path) -> None:
    assert gallery.remove(path) == 1


def prune(gallery: Gallery, path: Path) -> None:
    path.unlink()
    assert gallery.prune().removed == (str(path),)


@pytest.fixture
def gallery(tmp_path: Path) -> Gallery:
    (tmp_path / "p").mkdir()
    for seed in range(10):
        busy(seed, SIZE).save(tmp_path / "p" / f"{seed}.png")
    gallery = Gallery.open(tmp_path / "gallery", encoder=RandomEncoder())
    gallery.index(tmp_path / "p")
    return gallery


def traces(gallery: Gallery, seed: int) -> list[bytes]:
    """Return the thumbnail in a picture's fingerprint, and its path."""
    path = Path(str(gallery.folder)).parent / "p" / f"{seed}.png"
    hit = gallery.search(path, top=1, copies=False)[0]
    return [fingerprint_thumbnail(gallery.folder, hit.id), os.fsencode(path)]


@pytest.mark.parametrize("removal", [remove, prune])
@pytest.mark.parametrize("seed", [0, 4, 9])
def test_a_removed_picture_leaves_nothing_behind(
    removal: Removal, seed: int, gallery: Gallery, tmp_path: Path
) -> None:
    removed, kept = traces(gallery, seed), traces(gallery, 5)
    ids = [gallery.search(tmp_path / "p" / f"{n}.png", top=1)[0].id for n in (seed, 5)]
    stored = [tmp_path / "gallery" / "thumbnails" / i[:2] / f"{i}-320.webp" for i in ids]
    for path in stored:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    foreign = stored[0].with_name("ab-320.webp")
    foreign.touch()
    assert all(is_on_disk(gallery.folder, trace) for trace in removed + kept)
    removal(gallery, tmp_path / "p" / f"{seed}.png")
    assert [is_on_disk(gallery.folder, trace) for trace in removed + kept] == [False] * 2 + [
        True
    ] * 2
    assert [path.exists() for path in (*stored, foreign)] == [False, True, True]
    assert gallery.info().fingerprints == 9


def test_the_others_are_found_as_before_and_later_ones_too(
    gallery: Gallery, tmp_path: Path
) -> None:
    """Also after the first row went, and the rows were rewritten in another order."""
    kept = set(range(10))
    for seed in (0, 7, 1):
        gallery.remove(tmp_path / "p" / f"{seed}.png")
        kept.discard(seed)
        if seed == 7:  # a later row, after rows that went
            busy(20, SIZE).save(tmp_path / "p" / "20.png")
            gallery.index(tmp_path / "p" / "20.png")
            kept.add(20)
        index = gallery._reading().snapshot().fingerprints
        for asked in range(10):
            part = busy(asked, SIZE).crop((0, 0, 180, 180))
            hits = [h for h in gallery.search(np.asarray(part.convert("RGB"))) if h.kind == "copy"]
            assert [Path(hit.path).stem for hit in hits] == [str(asked)] * (asked in kept)
        assert len(index.numbers()) == len(kept)
    busy(5, SIZE).save(tmp_path / "p" / "5.jpg", quality=80)
    gallery.index(tmp_path / "p" / "5.jpg")
    (group,) = gallery.duplicates()
    assert {Path(group.kept.path).name, Path(group.others[0].member.path).name} == {
        "5.png",
        "5.jpg",
    }


def test_what_a_reader_reads_goes_after_it(
    gallery: Gallery, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lookalike.storage.readers.WAIT_SECONDS", 0)
    removed = traces(gallery, 3)
    reading = gallery._reading().snapshot()
    gallery.remove(tmp_path / "p" / "3.png")
    assert gallery.info().pictures == gallery.info().fingerprints == 9
    assert is_on_disk(gallery.folder, removed[0])
    assert len([*itertools.chain.from_iterable(reading.records())]) == 10
    assert len([*reading.fingerprints.hashes()]) == 10
    del reading
    gallery._erase_at = 0  # the next time
    assert gallery.info().pictures == 9  # the next command, whichever
    assert not any(is_on_disk(gallery.folder, trace) for trace in removed)
    fill(tmp_path / "p", 1)  # for the next of all
    gallery.index(tmp_path / "p" / "0000.jpg")
    assert gallery.info().pictures == 10
