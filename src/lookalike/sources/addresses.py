"""Addresses of pictures: a path, a URL, or a member of an archive.

    /photos/a.jpg    s3://bucket/a.jpg    https://host/a.jpg    /photos/b.zip!/a.jpg

A member's name follows the archive's name and `!/`; in it and in URLs, `/` separates names on every
system. Nothing here reads a disk or a network.
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


def absolute(address: str | os.PathLike[str]) -> str:
    """Return the absolute form of an address; a URL only loses its last `/`.

    Raises:
        ArgumentError: it is a URL without a bucket or host, or with a password.
    """
    text = os.fspath(address)
    if text.lower().startswith("file://"):
        parts = urllib.parse.urlsplit(text)
        if parts.netloc not in {"", "localhost"}:
            raise ArgumentError(f"{text[:200]!r} is on another machine; enter a path of this one.")
        text = urllib.request.url2pathname(parts.path)
    found = _REMOTE.fullmatch(text)
    if not found:
        archive, member = split_member(text)
        return f"{os.path.abspath(archive)}!/{member}" if member else os.path.abspath(text)
    scheme, host, path = found[1].lower(), found[2], found[3]
    if not host:
        raise ArgumentError(f"{text[:200]!r} has no bucket or host; enter {scheme}://NAME/...")
    if "@" in host:
        raise ArgumentError(
            "A gallery stores its URLs, so enter this one without a user name and password."
        )
    if scheme in WEB:
        return f"{scheme}://{host.lower()}{path.partition('#')[0] or '/'}"
    return f"{scheme}://{host}{path.rstrip('/')}"


def scheme_of(address: str) -> str:
    """Return the scheme of a URL, such as `s3`; an empty string for a path."""
    found = _REMOTE.match(address)
    return found[1].lower() if found else ""


def is_absolute(address: str) -> bool:
    """Check whether an address is a URL or an absolute path."""
    return bool(scheme_of(address)) or os.path.isabs(address)


def split_bucket(address: str) -> tuple[str, str]:
    """Split a URL into its bucket or host, and the rest of its path."""
    found = _REMOTE.fullmatch(address)
    return (found[2], found[3].lstrip("/")) if found else ("", address)


def split_member(address: str) -> tuple[str, str]:
    """Split a member's address into its archive and its name; the name is empty for a file."""
    found = _MEMBER.fullmatch(address)
    return (found[1], found[2]) if found else (address, "")


def is_archive(address: str) -> bool:
    """Check by its name whether an address is an archive."""
    return _path_of(address).endswith(ARCHIVE_SUFFIXES)


def is_list(address: str) -> bool:
    """Check by its name whether an address may be a list of pictures."""
    return _path_of(address).endswith(LIST_SUFFIXES)


def is_local(address: str) -> bool:
    """Check whether an address is a local file or folder: no URL, and no member of an archive."""
    return not scheme_of(address) and not split_member(address)[1]


def below(address: str) -> tuple[str, ...]:
    """Return the prefixes of all addresses below a folder, bucket, archive or list."""
    sep = os.sep if is_local(address) else "/"
    folder = address if address.endswith(sep) else address + sep
    return (folder, f"{address}!/") if is_archive(address) or is_list(address) else (folder,)


def is_under(address: str, root: str) -> bool:
    """Check whether an address is a root or below it."""
    return address == root or address.startswith(below(root))


def name_of(address: str) -> str:
    """Return the last part of an address, as a title."""
    return os.path.basename(_REMOTE.sub(lambda found: found[3], address)) or address


def member_of(archive: str, name: str) -> str:
    """Return the address of a member."""
    return f"{archive}!/{name.replace(chr(0), chr(0xFFFD))}"


def bad_name(name: str) -> str:
    """Return why a member's name can't be trusted; an empty string where it can."""
    parts = re.split(r"[/\\]", name)
    if ".." in parts or not parts[0] or "\0" in name or re.match(r"[A-Za-z]:", name):
        return "its name points outside the archive"
    return ""


def _path_of(address: str) -> str:
    return (address.partition("?")[0] if scheme_of(address) in WEB else address).lower()
