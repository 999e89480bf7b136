"""What the files of groups hold, read once for each content and cached in the gallery's folder."""

from __future__ import annotations

import hashlib
import json
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from ..decode import LARGE_PIXELS, decode, inspect
from ..errors import GalleryError, PictureError
from ..sources import content_hash, is_local, read
from ..storage import open_place
from ..types import Source
from .detail import measure_detail

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
    from pathlib import Path

    from .members import Member

FOLDER, FILE_NAME = "duplicates", "details.json"
FORMAT_VERSION = 1  # of the cache, and of what `inspect` finds
MAX_CONTENTS = 50_000  # in the cache, about 400 bytes each
DIGEST_BYTES = 8
FILES_AT_ONCE = 16
MIN_REACH = 0.001
_large_picture_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class FileDetails:
    """What a file holds, as far as it decides which file to keep.

    Attributes:
        format: such as `JPEG`; empty if the file was not read.
        is_lossless: whether its compression keeps every pixel.
        quality: of a JPEG, estimated, 0..100; -1 for other formats.
        pages: of a document.
        frames: of an animation.
        has_alpha: whether anything is transparent.
        bit_depth: bits of a channel.
        has_video: whether a video is embedded.
        has_camera: whether it names the camera that took it.
        written: what people and cameras wrote, by name: digests of the values.
        reach: of its detail, see `Detail`; 0.0 if it was not measured.
        distinct: likewise.
    """

    format: str = ""
    is_lossless: bool = False
    quality: int = -1
    pages: int = 1
    frames: int = 1
    has_alpha: bool = False
    bit_depth: int = 8
    has_video: bool = False
    has_camera: bool = False
    written: Mapping[str, str] = field(default_factory=dict)
    reach: float = 0.0
    distinct: float = 0.0


def inspect_file(data: bytes, *, measure: bool = False) -> FileDetails:
    """Find what a file holds.

    Args:
        data: the whole file.
        measure: whether to measure its detail, which needs all its pixels.

    Raises:
        PictureError: it is damaged.
        MemoryError: there is not enough memory now.
    """
    details = inspect(data)
    properties = details.properties
    return FileDetails(
        details.format,
        details.is_lossless,
        -1 if details.quality is None else details.quality,
        properties.pages,
        properties.frames,
        properties.has_alpha,
        properties.bit_depth,
        properties.has_video,
        properties.camera is not None,
        {name: _digest(value) for name, value in details.metadata.items()},
        *(_measure(data) if measure else ()),
    )


def read_details(
    members: Iterable[Member],
    cache: Path | None = None,
    *,
    measured: Collection[bytes] = (),
    on_progress: Callable[[str, int, int], None] = lambda _stage, _done, _of: None,
) -> dict[bytes, FileDetails]:
    """Read what files hold, one file of each content; unreadable ones are left out.

    Files that are not on this machine, and members of archives, are not read.

    Args:
        members: files; those of the same bytes are read once.
        cache: the folder for what can be made again; None to read all.
        measured: contents whose detail is needed.
        on_progress: called with the stage, and the number of files read, and of all.
    """
    files: dict[bytes, list[Member]] = {}
    for member in members:
        if is_local(member.path):
            files.setdefault(member.content_hash, []).append(member)
    known = _load(cache) if cache else {}
    found = {
        content: known[content]
        for content in files
        if content in known and (known[content].reach or content not in measured)
    }
    todo = [
        (twins, content in measured) for content, twins in files.items() if content not in found
    ]
    if not todo:
        return found
    on_progress("Reading files", 0, len(todo))
    try:
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            for start in range(0, len(todo), FILES_AT_ONCE):  # all that Ctrl-C waits for
                some = todo[start : start + FILES_AT_ONCE]
                for (twins, _), details in zip(some, pool.map(_read_first, some), strict=True):
                    if details:
                        found[twins[0].content_hash] = details
                on_progress("Reading files", start + len(some), len(todo))
    finally:  # what was read before Ctrl-C need not be read again
        if cache:
            _save(cache, {**known, **found})
    return found


def _read_first(todo: tuple[Sequence[Member], bool]) -> FileDetails | None:
    """Read the first of several files of the same bytes that can be read."""
    twins, measure = todo
    for member in twins:
        try:
            data = read(Source(member.path, member.size, member.mtime_ns))
            if content_hash(data) == member.content_hash:
                return inspect_file(data, measure=measure)
        except (OSError, PictureError, MemoryError):
            continue
    return None


def _measure(data: bytes) -> tuple[float, float]:
    picture = decode(data)
    is_large = picture.width * picture.height > LARGE_PIXELS
    with _large_picture_lock if is_large else nullcontext():  # one at a time
        whole = decode(data, min_side=max(picture.width, picture.height))
        reach, distinct = measure_detail(whole.pixels)
    return max(reach, MIN_REACH), distinct


def _digest(value: str) -> str:
    """Hide what people wrote: the cache may outlive the file."""
    data = value.encode("utf-8", "surrogatepass")
    return hashlib.blake2b(data, digest_size=DIGEST_BYTES).hexdigest()


def _load(cache: Path) -> dict[bytes, FileDetails]:
    """Read the cache; nothing if it is damaged, or of another version."""
    try:
        stored = open_place(cache / FOLDER).read(FILE_NAME)
        values = json.loads(stored.data) if stored else {}
        if values.get("format_version") != FORMAT_VERSION:
            return {}
        return {bytes.fromhex(key): _parse(one) for key, one in values["contents"].items()}
    except (GalleryError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return {}


def _parse(values: dict[str, Any]) -> FileDetails:
    details = FileDetails(**values)
    defaults = asdict(FileDetails())
    for name, value in asdict(details).items():
        if type(value) is not type(defaults[name]):
            raise TypeError(name)
    if not all(isinstance(text, str) for item in details.written.items() for text in item):
        raise TypeError("written")
    if not all(0 <= value <= 1 for value in (details.reach, details.distinct)):  # NaN, too
        raise ValueError("reach")
    return details


def _save(cache: Path, contents: dict[bytes, FileDetails]) -> None:
    latest = dict(list(contents.items())[-MAX_CONTENTS:])
    values = {
        "format_version": FORMAT_VERSION,
        "contents": {content.hex(): asdict(details) for content, details in latest.items()},
    }
    try:
        open_place(cache / FOLDER).write(FILE_NAME, json.dumps(values).encode("ascii"), None)
    except GalleryError:  # a read-only gallery
        return
