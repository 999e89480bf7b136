from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from lookalike.copies import Hashes
from lookalike.duplicates import equal_pixels as equal_module
from lookalike.duplicates.equal_pixels import equal_fingerprints, equal_pixels, read_equal_pixels
from lookalike.duplicates.members import Member
from lookalike.sources.content import content_hash

from ..conftest import draw


def member(path: Path) -> Member:
    status = path.stat()
    content = content_hash(path.read_bytes())
    return Member(str(path), status.st_size, status.st_mtime_ns, content, 160, 120)


def saved(folder: Path, name: str, image: Image.Image, **options: object) -> Member:
    image.save(folder / name, **options)
    return member(folder / name)


def ignore(_done: int, _of: int) -> None:
    pass


def test_hashes_pair_equal_pixels_and_what_may_be_equal() -> None:
    known = [Hashes(b"", 0, digest, b"z") for digest in (b"a", b"", b"a", b"", b"b", b"a")]
    assert equal_pixels(known, range(6)) == {(0, 2), (0, 5), (2, 5)}
    assert equal_pixels(known, [2, 4, 5]) == {(2, 5)}
    assert equal_fingerprints(known, range(6)) == {(1, 3)}
    assert equal_fingerprints([*known[:2], known[1]._replace(packed_hash=b"y")], range(3)) == set()


def test_very_many_equal_pictures_are_linked_by_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(equal_module, "MAX_EQUAL", 2)
    equal = [Hashes(b"", 0, b"a", b"z")] * 5
    assert sorted(equal_pixels(equal, range(5))) == [
        *((0, other) for other in range(1, 5)),
        *((1, other) for other in range(2, 5)),
    ]


def test_the_files_decide(tmp_path: Path) -> None:
    """One level of one pixel, alpha, more pages and more bits are a difference; tags are none."""
    image, notes = draw(1), PngInfo()
    notes.add_text("Title", "holiday")
    changed = image.copy()
    changed.putpixel((5, 5), tuple(value ^ 1 for value in image.getpixel((5, 5))))
    half = image.convert("RGBA")
    half.putalpha(128)
    members = [
        saved(tmp_path, "a.png", image),
        saved(tmp_path, "tagged.png", image, pnginfo=notes),
        saved(tmp_path, "a.bmp", image),
        saved(tmp_path, "changed.png", changed),
        saved(tmp_path, "half.png", half),
        saved(tmp_path, "pages.tif", image, save_all=True, append_images=[image]),
    ]
    calls = list[tuple[int, int]]()
    pairs = [(0, other) for other in range(1, 6)]
    found = list(read_equal_pixels(members, pairs, lambda *call: calls.append(call)))
    assert found == [(0, 1), (0, 2)]
    assert calls == [(done, 5) for done in range(5)]


def test_files_that_cannot_be_read_are_equal_to_none(tmp_path: Path) -> None:
    members = [saved(tmp_path, f"{n}.bmp", draw(1)) for n in range(4)]
    (tmp_path / "1.bmp").unlink()
    (tmp_path / "2.bmp").write_bytes(b"BM")
    assert list(read_equal_pixels(members, [(0, 1), (0, 2), (1, 2)], ignore)) == []
    assert list(read_equal_pixels(members, [(0, 3)], ignore)) == [(0, 3)]


def test_a_bounded_number_of_files_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(equal_module, "MAX_READ", 2)
    members = [saved(tmp_path, f"{n}.bmp", draw(1)) for n in range(3)]
    assert list(read_equal_pixels(members, [(0, 1), (0, 2), (1, 2)], ignore)) == [(0, 1)]
