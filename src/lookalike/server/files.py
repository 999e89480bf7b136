"""A picture's file, opened by the picture's id: nothing else is ever read for anybody."""

from __future__ import annotations

import io
import os
import stat
from typing import IO, TYPE_CHECKING

from .. import sources
from ..decode import HEAD_BYTES, sniff
from ..errors import ArgumentError, OfflineError, PictureError
from ..sources import (
    CONTENT_HASH_BYTES,
    MAX_FILE_BYTES,
    content_hash,
    is_local,
    is_under,
    name_of,
    root_folder,
    split_member,
    stat_source,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..types import Entry

TYPES = {  # by what `sniff` says
    "JPEG": "image/jpeg",
    "PNG": "image/png",
    "WEBP": "image/webp",
    "GIF": "image/gif",
    "BMP": "image/bmp",
    "TIFF": "image/tiff",
    "AVIF": "image/avif",
    "HEIF": "image/heif",
    "JPEG2000": "image/jp2",
    "ICO": "image/x-icon",
}
SHOWN = {"JPEG", "PNG", "WEBP", "GIF", "BMP", "AVIF", "ICO"}  # which browsers can show


def opened(entry: Entry, roots: Sequence[str]) -> tuple[IO[bytes], str]:
    """Open a file that has a picture's content, and see that it is a file of the gallery.

    What is opened lies, all links followed, under a root of the gallery, and its bytes are those
    that were indexed: a file that was swapped for another, or for a link, is not given out. A
    member of an archive, or what lies elsewhere, is read into memory, and looked at likewise; what
    a URL names that a list has named must be on the public web.

    Args:
        entry: the picture.
        roots: absolute paths of the gallery's folders.

    Returns:
        the file, at its start, and its format as `sniff` names it.

    Raises:
        OfflineError: no file of it can be reached.
        PictureError: there are files, but none has that content, or none lies in the gallery.
    """
    real_roots = [os.path.realpath(root_folder(root)) for root in roots if is_local(root)]
    objection = ""
    for path in entry.paths:
        if not is_local(path):
            data = _fetched(path, roots, real_roots)
            if data is None:
                continue
            kind = sniff(data[:HEAD_BYTES])
            if kind and content_hash(data).hex() == entry.id:
                return io.BytesIO(data), kind
            objection = "has changed since it was indexed"
            continue
        real = os.path.realpath(path)
        if not any(is_under(real, root) for root in real_roots):
            objection = "lies outside of the gallery's folders by now"
            continue
        try:
            file = _opened(real)
        except OSError:
            continue
        kind = _checked(file, entry.id)
        if kind:
            return file, kind
        file.close()
        objection = "has changed since it was indexed"
    name = name_of(entry.paths[0])
    if objection:
        raise PictureError(f"The file of {name} {objection}; index its folder again.")
    raise OfflineError(f"The file of {name} can't be reached now; connect its disk.")


def read(entry: Entry, roots: Sequence[str]) -> bytes:
    """Read what `opened` opens; it raises the same, and OSError."""
    file, _ = opened(entry, roots)
    with file:
        return file.read(MAX_FILE_BYTES + 1)


def _fetched(path: str, roots: Sequence[str], real_roots: Sequence[str]) -> bytes | None:
    """Read a member, or what lies elsewhere; None where it can't be had, or must not be."""
    archive = split_member(path)[0]
    is_root = any(is_under(path, root) for root in roots)
    if is_local(archive):
        real = os.path.realpath(archive)
        if not is_root and not any(is_under(real, root) for root in real_roots):
            return None
    try:
        source = stat_source(path, private=is_root)
        return sources.read(source) if source else None
    except (OSError, PictureError, ArgumentError):
        return None


def _opened(path: str) -> IO[bytes]:
    flags = os.O_RDONLY
    for name in ("O_BINARY", "O_NONBLOCK", "O_NOFOLLOW", "O_CLOEXEC"):
        flags |= getattr(os, name, 0)
    return open(os.open(path, flags), "rb")


def _checked(file: IO[bytes], wanted: str) -> str | None:
    """Name the format of a file that has the content; None for any other file."""
    import hashlib

    status = os.fstat(file.fileno())
    if not stat.S_ISREG(status.st_mode) or status.st_size > MAX_FILE_BYTES:
        return None
    kind = sniff(file.read(HEAD_BYTES))
    if kind is None:
        return None
    file.seek(0)
    digest = hashlib.sha256()
    while chunk := file.read(2**20):
        digest.update(chunk)
    file.seek(0)
    return kind if digest.digest()[:CONTENT_HASH_BYTES].hex() == wanted else None
