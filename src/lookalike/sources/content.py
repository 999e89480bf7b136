"""Checks of a file's first bytes and size, and the hash of its content."""

from __future__ import annotations

import hashlib
import os
import re
from typing import IO

from ..decode import HEAD_BYTES, check_supported, sniff
from ..errors import ArgumentError, NotAPictureError, PictureError

MAX_FILE_BYTES = 2**30
STREAM_CHUNK_BYTES = 2**20
CONTENT_HASH_BYTES = 16  # of SHA-256's 32; among 10^9 pictures two collide with a chance of 10^-21
TRY_AGAIN = -1  # as a refusal's mtime: the disk failed, not the file, so the next run retries
PICTURE_SUFFIXES = frozenset(
    {
        ".jpg",
        ".jpeg",
        ".jpe",
        ".jfif",
        ".png",
        ".apng",
        ".webp",
        ".gif",
        ".bmp",
        ".dib",
        ".tif",
        ".tiff",
        ".avif",
        ".avifs",
        ".heic",
        ".heif",
        ".hif",
        ".jp2",
        ".j2k",
        ".jpx",
        ".jpf",
        ".j2c",
        ".jpc",
        ".ico",
    }
)
# Pictures that are refused by their kind, which takes a look at the content; most are raw files.
_UNSUPPORTED_SUFFIXES = frozenset(
    {
        *(".bpg", ".dcm", ".dds", ".djvu", ".exr", ".fits", ".hdr", ".jxl", ".jxr", ".mng", ".psb"),
        *(".psd", ".qoi", ".wdp", ".xcf"),
        *(".3fr", ".arw", ".cr2", ".cr3", ".crw", ".dcr", ".dng", ".erf", ".iiq", ".kdc", ".mef"),
        *(".mos", ".mrw", ".nef", ".nrw", ".orf", ".pef", ".raf", ".raw", ".rw2", ".rwl", ".sr2"),
        *(".srf", ".srw", ".x3f"),
    }
)
MAX_METADATA_BYTES = 65_536  # of a picture, as JSON


def check_head(head: bytes, name: str) -> None:
    """Check that a file begins like a picture.

    Raises:
        NotAPictureError: neither the content nor the name is a picture's.
        UnsupportedFormatError: it is a picture in a format that can't be read.
        PictureError: only the name is a picture's.
    """
    if sniff(head[:HEAD_BYTES]) is None:
        check_supported(head[:HEAD_BYTES], is_named_as_picture=has_picture_suffix(name))
        if has_picture_suffix(name):
            raise PictureError("not a picture, despite its name" if head else "the file is empty")
        raise NotAPictureError("not a picture that lookalike knows")


def check_size(size: int) -> None:
    """Check that a file is not too large.

    Raises:
        PictureError: it is.
    """
    if size > MAX_FILE_BYTES:
        raise PictureError(f"too large: over {MAX_FILE_BYTES // 2**20} MiB")


def has_picture_suffix(name: str) -> bool:
    """Check whether a name has a picture's suffix."""
    return os.path.splitext(name)[1].lower() in PICTURE_SUFFIXES


def may_be_picture(name: str) -> bool:
    """Check whether a name has a picture's suffix, one that can only be named, or none.

    It is asked before a costly look at the content.
    """
    suffix = os.path.splitext(name)[1].lower()
    return not suffix or suffix in PICTURE_SUFFIXES or suffix in _UNSUPPORTED_SUFFIXES


def tagged_mtime_ns(seconds: float, *tags: object) -> int:
    """Return a modification time in nanoseconds whose digits below a second are a hash of tags.

    So a new entity tag or checksum shows a change that size and time do not show.
    """
    text = "\0".join(map(str, tags)).encode("utf-8", "surrogateescape")
    digits = int.from_bytes(hashlib.sha256(text).digest()[:8], "big") % 10**9
    return max(int(seconds), 0) * 10**9 + digits


def read_stream(file: IO[bytes]) -> bytes:
    """Read a binary stream of unknown length to its end.

    Raises:
        PictureError: it is longer than `MAX_FILE_BYTES`.
        ArgumentError: it returns text.
    """
    chunks, size = list[bytes](), 0
    while chunk := file.read(STREAM_CHUNK_BYTES):
        if not isinstance(chunk, bytes):
            raise ArgumentError("Open the query's file in binary mode, as open(path, 'rb').")
        chunks.append(chunk)
        size += len(chunk)
        check_size(size)
    return b"".join(chunks)


def format_size(count: int) -> str:
    """Format a number of bytes as kB or MB."""
    return f"{count / 1e6:,.1f} MB" if count >= 1e6 else f"{count / 1e3:,.1f} kB"  # noqa: PLR2004


def content_hash(data: bytes) -> bytes:
    """Return the first `CONTENT_HASH_BYTES` bytes of a file's SHA-256."""
    return hashlib.sha256(data).digest()[:CONTENT_HASH_BYTES]


def file_content_hash(file: IO[bytes]) -> bytes:
    """Return the `content_hash` of an open file, read from its start in chunks."""
    digest = hashlib.sha256()
    file.seek(0)
    while chunk := file.read(STREAM_CHUNK_BYTES):
        digest.update(chunk)
    return digest.digest()[:CONTENT_HASH_BYTES]


def is_id(text: str) -> bool:
    """Check whether a text may be the id of a picture."""
    return bool(re.fullmatch(r"[0-9a-f]{32}", text))


def check_id(picture_id: str) -> None:
    """Check that a text is the id of a picture: its content hash in hexadecimal digits.

    Raises:
        ArgumentError: it is not.
    """
    if not is_id(picture_id):
        raise ArgumentError(f"{picture_id[:80]!r} is not an id; an id has 32 hexadecimal digits.")
