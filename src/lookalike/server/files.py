"""A picture's file, opened by the picture's id: nothing else is ever read for anybody."""

from __future__ import annotations

import os
import stat
from typing import IO, TYPE_CHECKING

from ..decode import HEAD_BYTES, sniff
from ..errors import OfflineError, PictureError
from ..sources import CONTENT_HASH_BYTES, MAX_FILE_BYTES
from ..sources.addresses import is_under

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
    that were indexed: a file that was swapped for another, or for a link, is not given out.

    Args:
        entry: the picture.
        roots: absolute paths of the gallery's folders.

    Returns:
        the file, at its start, and its format as `sniff` names it.

    Raises:
        OfflineError: no file of it can be reached.
        PictureError: there are files, but none has that content, or none lies in the gallery.
    """
    real_roots = [os.path.realpath(root) for root in roots]
    objection = ""
    for path in entry.paths:
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
    name = os.path.basename(entry.paths[0])
    if objection:
        raise PictureError(f"The file of {name} {objection}; index its folder again.")
    raise OfflineError(f"The file of {name} can't be reached now; connect its disk.")


def read(entry: Entry, roots: Sequence[str]) -> bytes:
    """Read what `opened` opens; it raises the same, and OSError."""
    file, _ = opened(entry, roots)
    with file:
        return file.read(MAX_FILE_BYTES + 1)


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
