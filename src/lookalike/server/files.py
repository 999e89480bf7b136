"""Open the file of a picture of the gallery; no other file is ever served."""

from __future__ import annotations

import io
import os
import stat
from typing import IO, TYPE_CHECKING

from .. import sources
from ..decode import HEAD_BYTES, sniff
from ..errors import ArgumentError, OfflineError, PictureError
from ..sources import (
    MAX_FILE_BYTES,
    content_hash,
    file_content_hash,
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

MEDIA_TYPES = {  # by the format that `sniff` returns
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
INLINE_FORMATS = {"JPEG", "PNG", "WEBP", "GIF", "BMP", "AVIF", "ICO"}  # browsers show these


def open_file(entry: Entry, roots: Sequence[str]) -> tuple[IO[bytes], str]:
    """Open a file of a picture, after checking that the file still belongs to the gallery.

    With all links resolved, the file is inside a root of the gallery, and its bytes are those that
    were indexed: a file that was replaced by another file or by a link is not opened. Members of
    archives, objects and URLs are read into memory and checked in the same way; a URL from a list
    must be on the public web.

    Args:
        entry: the picture.
        roots: absolute paths of the gallery's folders.

    Returns:
        The file, at its start, and its format as `sniff` names it.

    Raises:
        OfflineError: no file of the picture can be reached.
        PictureError: its files have changed, or are no longer inside the gallery's folders.
    """
    real_roots = [os.path.realpath(root_folder(root)) for root in roots if is_local(root)]
    problem = ""
    for path in entry.paths:
        if not is_local(path):
            data = _read_into_memory(path, roots, real_roots)
            if data is None:
                continue
            kind = sniff(data[:HEAD_BYTES])
            if kind and content_hash(data).hex() == entry.id:
                return io.BytesIO(data), kind
            problem = "has changed since it was indexed"
            continue
        real = os.path.realpath(path)
        if not any(is_under(real, root) for root in real_roots):
            problem = "is now outside the gallery's folders"
            continue
        try:
            file = _open_without_links(real)
        except OSError:
            continue
        kind = _format_if_unchanged(file, entry.id)
        if kind:
            return file, kind
        file.close()
        problem = "has changed since it was indexed"
    name = name_of(entry.paths[0])
    if problem:
        raise PictureError(f"The file {name} {problem}; index its folder again.")
    raise OfflineError(f"The file {name} can't be reached; connect its disk and try again.")


def read(entry: Entry, roots: Sequence[str]) -> bytes:
    """Read the file that `open_file` opens; raises the same errors, and OSError."""
    file, _ = open_file(entry, roots)
    with file:
        return file.read(MAX_FILE_BYTES + 1)


def _read_into_memory(path: str, roots: Sequence[str], real_roots: Sequence[str]) -> bytes | None:
    """Read a member, an object or a URL; None if it can't be read, or must not be."""
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


def _open_without_links(path: str) -> IO[bytes]:
    flags = os.O_RDONLY
    for name in ("O_BINARY", "O_NONBLOCK", "O_NOFOLLOW", "O_CLOEXEC"):
        flags |= getattr(os, name, 0)
    return open(os.open(path, flags), "rb")


def _format_if_unchanged(file: IO[bytes], picture_id: str) -> str | None:
    """Return the format of a file with this content hash; None for any other file."""
    status = os.fstat(file.fileno())
    if not stat.S_ISREG(status.st_mode) or status.st_size > MAX_FILE_BYTES:
        return None
    kind = sniff(file.read(HEAD_BYTES))
    if kind is None:
        return None
    is_same = file_content_hash(file).hex() == picture_id
    file.seek(0)
    return kind if is_same else None
