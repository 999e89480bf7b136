from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lookalike.duplicates import details as module
from lookalike.duplicates.details import FILE_NAME, FOLDER, FileDetails, inspect_file, read_details
from lookalike.duplicates.members import Member
from lookalike.errors import NotAPictureError
from lookalike.sources.content import content_hash
from lookalike.sources.read import stat_source

from ..conftest import busy

SIZE = (240, 180)


def saved(path: Path, seed: int = 1, **options: object) -> Member:
    busy(seed, SIZE).save(path, **options)
    return listed(path)


def listed(path: Path) -> Member:
    source = stat_source(str(path))
    assert source
    data = path.read_bytes()
    return Member(str(path), source.size, source.mtime_ns, content_hash(data), *SIZE)


def test_what_a_file_holds(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[272], exif[270] = "EOS R6", "the beach"
    path = tmp_path / "a.jpg"
    saved(path, quality=83, exif=exif)
    details = inspect_file(path.read_bytes())
    assert (details.format, details.is_lossless, details.quality) == ("JPEG", False, 83)
    assert (details.pages, details.frames, details.bit_depth) == (1, 1, 8)
    assert (details.has_camera, details.has_alpha, details.has_video) == (True, False, False)
    assert details.written.keys() == {"camera", "description"}
    assert "beach" not in str(details)  # the cache may outlive the file
    assert details.reach == 0
    assert inspect_file(path.read_bytes(), measure=True).reach > 0.5
    saved(tmp_path / "a.png")
    details = inspect_file((tmp_path / "a.png").read_bytes())
    assert (details.is_lossless, details.quality, details.has_camera) == (True, -1, False)
    with pytest.raises(NotAPictureError):
        inspect_file(b"nothing")


def test_one_file_of_each_content_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = saved(tmp_path / "a.png")
    twin = replace(one, path=str(tmp_path / "gone.png"))
    other = saved(tmp_path / "b.png", 2)
    changed = replace(saved(tmp_path / "c.png", 3), content_hash=b"x" * 16)
    away = replace(one, path="s3://bucket/a.png", content_hash=b"y" * 16)
    member = replace(one, path=f"{tmp_path}/a.zip!/a.png", content_hash=b"z" * 16)
    (tmp_path / "d.png").write_bytes((tmp_path / "b.png").read_bytes()[:60])
    damaged = listed(tmp_path / "d.png")
    counted = list[bytes]()

    def count(data: bytes, **options: bool) -> FileDetails:
        counted.append(content_hash(data))
        return inspect_file(data, **options)

    monkeypatch.setattr(module, "inspect_file", count)
    members = [twin, one, other, changed, away, member, damaged]
    found = read_details(members)
    assert found.keys() == {one.content_hash, other.content_hash}
    assert sorted(counted) == sorted([one.content_hash, other.content_hash, damaged.content_hash])


def test_the_cache_holds_what_was_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = tmp_path / "cache"
    members = [saved(tmp_path / f"{k}.png", k) for k in range(3)]
    first = read_details(members[:2], cache)
    stages = list[tuple[str, int, int]]()
    again = read_details(members, cache, on_progress=lambda *values: stages.append(values))
    assert stages == [("Reading files", 0, 1), ("Reading files", 1, 1)]
    assert again.items() > first.items()
    for member in members:
        Path(member.path).unlink()
    assert read_details(members, cache) == again
    measured = {members[0].content_hash}
    assert read_details(members[:1], cache, measured=measured) == {}  # that needs the file again


@pytest.mark.parametrize(
    "change",
    [
        lambda values: "[" * 100_000,
        lambda values: "7",
        lambda values: json.dumps({**values, "format_version": 0}),
        lambda values: json.dumps({**values, "contents": 7}),
        lambda values: json.dumps({**values, "contents": {"zz": {}}}),
        lambda values: _with(values, pages="5"),
        lambda values: _with(values, pages=True),
        lambda values: _with(values, odd=1),
        lambda values: _with(values, written={"a": 7}),
        lambda values: _with(values, reach=float("nan")),
        lambda values: _with(values, reach=-1.0),
    ],
)
def test_a_damaged_cache_is_made_again(tmp_path: Path, change: object) -> None:
    member = saved(tmp_path / "a.png")
    expected = read_details([member], tmp_path)
    path = tmp_path / FOLDER / FILE_NAME
    path.write_text(change(json.loads(path.read_text())))  # type: ignore[operator]
    stages = list[str]()
    assert read_details([member], tmp_path, on_progress=lambda s, *_: stages.append(s)) == expected
    assert stages


def _with(values: dict[str, dict[str, dict[str, object]]], **changed: object) -> str:
    for details in values["contents"].values():
        details.update(changed)
    return json.dumps(values)


def test_a_cache_that_can_not_be_written_is_done_without(tmp_path: Path) -> None:
    member = saved(tmp_path / "a.png")
    (tmp_path / FOLDER).write_text("a file in the way")
    assert read_details([member], tmp_path).keys() == {member.content_hash}


def test_ctrl_c_loses_little(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FILES_AT_ONCE", 1)
    members = [saved(tmp_path / f"{k}.png", k) for k in range(3)]

    def stop(_stage: str, done: int, _of: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        read_details(members, tmp_path, on_progress=stop)
    stages = list[tuple[str, int, int]]()
    read_details(members, tmp_path, on_progress=lambda *values: stages.append(values))
    assert stages[-1] == ("Reading files", 1, 1)


def test_detail_is_measured_at_full_size(tmp_path: Path) -> None:
    """A reduced decoding of an enlarged picture would be as sharp as any."""
    small = Image.fromarray(np.random.default_rng(0).integers(0, 256, (300, 400, 3), np.uint8))
    reach = []
    for image in (small, small.resize((1600, 1200), Image.Resampling.BICUBIC)):
        file = io.BytesIO()
        image.save(file, "PNG")
        reach.append(inspect_file(file.getvalue(), measure=True).reach)
    assert reach[1] < 0.5 * reach[0]
