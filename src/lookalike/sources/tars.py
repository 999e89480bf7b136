"""The members of tar archives, with the metadata of a WebDataset."""

from __future__ import annotations

import json
import lzma
import os
import re
import tarfile
import zlib
from dataclasses import replace
from typing import IO, TYPE_CHECKING, Any

from ..errors import PictureError
from ..types import Source
from .addresses import bad_name, member_of
from .content import MAX_METADATA_BYTES, has_picture_suffix, may_be_picture, tagged_mtime_ns
from .metadata import metadata_from_json
from .temporary_files import open_archive

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MAX_SAMPLE_PICTURES = 64  # members whose names differ only in their suffixes
MAX_HEADER_BYTES = 2**20  # long names and the like
_SIBLINGS = {".json", ".txt", ".cls"}  # files beside a picture in a WebDataset's sample


def members(archive: Source, chunks: Callable[[], Iterator[bytes]]) -> Iterator[Source]:
    """List the members with a picture's name; see `archives.members`."""
    sample, siblings, pictures = "", dict[str, Any](), list[Source]()
    failure: Exception | None = None
    with open_archive(archive, chunks) as file:
        for info in _headers(file):
            if isinstance(info, Exception):
                failure = info
                break
            key = re.sub(r"\.[^/]*$", "", info.name)
            if key != sample or len(pictures) >= MAX_SAMPLE_PICTURES:
                yield from _with_metadata(pictures, siblings)
                sample, siblings, pictures = key, {}, []
            suffix = os.path.splitext(info.name)[1].lower()
            if suffix in _SIBLINGS and info.isreg() and info.size <= MAX_METADATA_BYTES:
                file.seek(info.offset_data)
                siblings |= _sibling(suffix, file.read(info.size))
            if info.isdir() or not may_be_picture(info.name):
                continue
            objection = bad_name(info.name)
            if not info.isreg():
                if not has_picture_suffix(info.name):
                    continue
                objection = "links and devices in archives are not followed"
            elif info.issparse():
                objection = "sparse members of archives are not read"
            pictures.append(
                Source(
                    member_of(archive.path, info.name),
                    info.size,
                    # A tar has no checksums: the tar's own size and time show a change.
                    tagged_mtime_ns(
                        info.mtime or archive.mtime_ns // 10**9, archive.size, archive.mtime_ns
                    ),
                    at=info.offset_data,
                    objection=objection,
                )
            )
    yield from _with_metadata(pictures, siblings)
    if failure:
        raise failure


def _headers(file: IO[bytes]) -> Iterator[tarfile.TarInfo | Exception]:
    """Read the headers one after another; an error comes last, as a value."""
    try:
        with tarfile.open(fileobj=_HeaderFile(file), mode="r:") as tar:  # type: ignore[call-overload]
            for info in tar:
                tar.members = []  # tarfile would keep all of them
                yield info
    except (OSError, EOFError, zlib.error, lzma.LZMAError, tarfile.TarError, PictureError) as error:
        yield error


def _with_metadata(pictures: list[Source], siblings: dict[str, Any]) -> Iterator[Source]:
    text, has_nulls = None, False
    if siblings:
        values, has_nulls = metadata_from_json(json.dumps(siblings))
        text = json.dumps(values, ensure_ascii=False)
        if len(text.encode("utf-8", "replace")) > MAX_METADATA_BYTES:
            text, has_nulls = None, False
    for picture in pictures:
        yield replace(picture, metadata=text, has_nulls=has_nulls)


def _sibling(suffix: str, data: bytes) -> dict[str, Any]:
    """Read a file beside a picture of a WebDataset."""
    try:
        text = data.decode("utf-8")
        if suffix == ".txt":
            return {"txt": text}
        value = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    if suffix == ".cls":
        return {"cls": value} if isinstance(value, (int, str)) else {}
    return value if isinstance(value, dict) else {}


class _HeaderFile:
    """A file that keeps tarfile from reading an endless name into memory."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.seek, self.tell = file.seek, file.tell

    def read(self, count: int) -> bytes:
        if count > MAX_HEADER_BYTES:
            raise tarfile.ReadError("a header is too long")
        return self._file.read(count)
