"""How a picture's place is written: a path, a URL, a member of an archive.

    /photos/a.jpg    s3://bucket/a.jpg    https://host/a.jpg    /photos/b.zip!/a.jpg

A member stands behind the `!/` that follows an archive's name; in it and in URLs, `/` parts names
on every system. Nothing here looks at a disk or a network.
"""

from __future__ import annotations

import os
import re
import urllib.parse
import urllib.request

from ..errors import ArgumentError

ARCHIVE_SUFFIXES = (".zip", ".cbz", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")
LIST_SUFFIXES = (".csv", ".tsv", ".txt", ".parquet")
_MEMBER = re.compile(
    rf"(.*?(?:{'|'.join(map(re.escape, ARCHIVE_SUFFIXES))}))!/(.*)", re.DOTALL | re.IGNORECASE
)
_REMOTE = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+)://([^/]*)(.*)", re.DOTALL)
WEB = frozenset({"http", "https"})


def absolute(place: str | os.PathLike[str]) -> str:
    """Write a place whole: a path from its root on, a URL as it is but for its ending `/`.

    Raises:
        ArgumentError: a URL without a bucket or host, or with a password in it.
    """
    text = os.fspath(place)
    if text.lower().startswith("file://"):
        parts = urllib.parse.urlsplit(text)
        if parts.netloc not in {"", "localhost"}:
            raise ArgumentError(f"{text[:200]!r} is on another machine; write its path.")
        text = urllib.request.url2pathname(parts.path)
    found = _REMOTE.fullmatch(text)
    if not found:
        archive, member = split_member(text)
        return f"{os.path.abspath(archive)}!/{member}" if member else os.path.abspath(text)
    scheme, host, path = found[1].lower(), found[2], found[3]
    if not host:
        raise ArgumentError(f"{text[:200]!r} names no bucket or host; write {scheme}://NAME/...")
    if "@" in host:
        raise ArgumentError(
            "A URL with a name or password in it would be kept in the gallery; write it without."
        )
    if scheme in WEB:
        return f"{scheme}://{host.lower()}{path.partition('#')[0] or '/'}"
    return f"{scheme}://{host}{path.rstrip('/')}"


def scheme_of(address: str) -> str:
    """Name what a URL begins with, such as `s3`; nothing for a path."""
    found = _REMOTE.match(address)
    return found[1].lower() if found else ""


def is_absolute(address: str) -> bool:
    """Tell whether it is a URL, or a path from its root on."""
    return bool(scheme_of(address)) or os.path.isabs(address)


def split_bucket(address: str) -> tuple[str, str]:
    """Split a URL into its bucket or host, and what stands below it."""
    found = _REMOTE.fullmatch(address)
    return (found[2], found[3].lstrip("/")) if found else ("", address)


def split_member(address: str) -> tuple[str, str]:
    """Split the address of a member into its archive and its name; no name where it is none."""
    found = _MEMBER.fullmatch(address)
    return (found[1], found[2]) if found else (address, "")


def is_archive(address: str) -> bool:
    """Tell by its name whether it is an archive."""
    return _path_of(address).endswith(ARCHIVE_SUFFIXES)


def is_list(address: str) -> bool:
    """Tell by its name whether it may be a list of pictures."""
    return _path_of(address).endswith(LIST_SUFFIXES)


def is_local(address: str) -> bool:
    """Tell whether it is a file of this machine's file system by itself: no URL, no member."""
    return not scheme_of(address) and not split_member(address)[1]


def below(address: str) -> tuple[str, ...]:
    """Give what the addresses of all that lies in a folder, bucket or archive begin with."""
    sep = os.sep if is_local(address) else "/"
    folder = address if address.endswith(sep) else address + sep
    return (folder, f"{address}!/") if is_archive(address) or is_list(address) else (folder,)


def is_under(address: str, root: str) -> bool:
    """Tell whether an address is a root or below it."""
    return address == root or address.startswith(below(root))


def name_of(address: str) -> str:
    """Give the last part, as a title."""
    return os.path.basename(_REMOTE.sub(lambda found: found[3], address)) or address


def member_of(archive: str, name: str) -> str:
    """Write the address of a member."""
    return f"{archive}!/{name.replace(chr(0), chr(0xFFFD))}"


def bad_name(name: str) -> str:
    """Say why a member's name is not one that an honest archive has; nothing where it may be."""
    parts = re.split(r"[/\\]", name)
    if ".." in parts or not parts[0] or "\0" in name or re.match(r"[A-Za-z]:", name):
        return "its name leads out of the archive"
    return ""


def _path_of(address: str) -> str:
    return (address.partition("?")[0] if scheme_of(address) in WEB else address).lower()
