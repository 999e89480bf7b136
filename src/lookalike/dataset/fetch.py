"""Bring a public data set onto this machine, safely.

An archive that is at hand, or a download -> checked -> unpacked aside -> renamed into its place.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from urllib.request import url2pathname

from ..errors import ArgumentError, DataSetError
from .archive import is_picture, unpack
from .download import download, length

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CHUNK_BYTES = 2**20
_NO_SPACE = {errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)}


@dataclass(frozen=True, slots=True)
class DataSet:
    """A published archive: a zip, in it a tar.gz, in it one folder of labelled pictures.

    Attributes:
        name: what users call it; letters and digits.
        url: where its publisher has the zip, http or https.
        md5: of the zip, hexadecimal, as published.
        bytes: of the zip.
        tar: the zip's member that holds the pictures.
        folder: the tar's folder that holds them, and the name under which it appears.
        pictures: how many there are.
        protocol: the one of `lookalike evaluate` by which its figures are told.
        licence: name and address.
        citation: as its authors wish to be cited.
    """

    name: str
    url: str
    md5: str
    bytes: int
    tar: str
    folder: str
    pictures: int
    protocol: str
    licence: str
    citation: str


CALTECH101 = DataSet(
    name="caltech101",
    url="https://data.caltech.edu/records/mzrjq-6wc02/files/caltech-101.zip",
    md5="3138e1922a9193bfa496528edbbc45d0",
    bytes=137_414_764,
    tar="caltech-101/101_ObjectCategories.tar.gz",
    folder="101_ObjectCategories",
    pictures=9_144,
    protocol="test3",
    licence="CC BY 4.0, https://creativecommons.org/licenses/by/4.0/",
    citation="Li, F.-F., Andreeto, M., Ranzato, M., & Perona, P. (2022). Caltech 101 (1.0) "
    "[Data set]. CaltechDATA. https://doi.org/10.22002/D1.20086",
)
DATA_SETS = {data_set.name: data_set for data_set in (CALTECH101,)}


def fetch(
    name: str | DataSet,
    folder: str | os.PathLike[str],
    *,
    source: str | os.PathLike[str] | None = None,
    keep_archive: bool = False,
    on_progress: Callable[[str, int, int], None] | None = None,
) -> Path:
    """Bring a data set's pictures into a folder; give the folder of label folders in it.

    The pictures appear there when they are complete, not before. Until then everything is in one
    hidden folder beside them, which a later call goes on with. Where they are complete already,
    nothing is done, and `on_progress` is never called.

    Args:
        name: one of `DATA_SETS`, or a data set of your own.
        folder: where to put it; made where it is not there yet.
        source: the archive, as a path or a URL (http, https, file); from its publisher if None, or
            the archive that `keep_archive` left in `folder`. A file of yours is only read.
        keep_archive: leave a downloaded archive in `folder`.
        on_progress: called with what is being done, the bytes of it that are, and all of them.

    Raises:
        ArgumentError: an unknown name, or a source of another kind.
        DataSetError: it can't be brought, is not what was published, or there is no room for it.
        KeyboardInterrupt: what came so far stays.
    """
    data_set = name if isinstance(name, DataSet) else _named(name)
    tell = on_progress or (lambda doing, done, of: None)  # noqa: ARG005
    folder = Path(folder)
    try:
        return _fetch(data_set, folder, source, keep_archive=keep_archive, tell=tell)
    except OSError as error:
        raise _refused_by_disk(error, folder) from error


def _fetch(
    data_set: DataSet,
    folder: Path,
    source: str | os.PathLike[str] | None,
    *,
    keep_archive: bool,
    tell: Callable[[str, int, int], None],
) -> Path:
    pictures = folder / data_set.folder
    if _is_there(pictures, data_set):
        return pictures
    local, url = _locate(source, folder, data_set)
    kept = folder / _file_name(data_set)
    if local:
        _require_published(local, data_set, tell)
    elif keep_archive and os.path.lexists(kept):
        raise DataSetError(f"{kept} is there already; move it away, or leave out --keep-archive.")
    with _workplace(folder, data_set.name) as work:
        part, unpacked = work / f"{kept.name}.part", work / data_set.folder
        shutil.rmtree(unpacked, ignore_errors=True)  # a killed run's
        to_come = 0 if local else max(data_set.bytes - length(part), 0)
        _require_room(work, to_come + data_set.bytes)  # pictures hardly shrink in an archive
        if not local:
            _bring(url, part, data_set, tell)
        found = unpack(local or part, data_set.tar, data_set.folder, unpacked, on_progress=tell)
        if found != data_set.pictures:
            raise DataSetError(
                f"{local or part} holds {found:,} pictures where {data_set.pictures:,} are "
                "expected; name another copy with --from."
            )
        unpacked.rename(pictures)
        if keep_archive and not local:
            part.rename(kept)
        for file in work.glob(f"{kept.name}.*"):
            file.unlink()
    return pictures


def _named(name: str) -> DataSet:
    if name not in DATA_SETS:
        raise ArgumentError(f"There is no data set {name!r}; take one of: {', '.join(DATA_SETS)}.")
    return DATA_SETS[name]


def _file_name(data_set: DataSet) -> str:
    return os.path.basename(urlsplit(data_set.url).path)


def _is_there(pictures: Path, data_set: DataSet) -> bool:
    """Tell whether the pictures are all there; files that a power cut left empty do not count."""
    if not os.path.lexists(pictures):
        return False
    found = 0
    for holder, _, names in os.walk(pictures):
        found += sum(os.path.getsize(os.path.join(holder, n)) > 0 for n in names if is_picture(n))
    if found < data_set.pictures:
        raise DataSetError(
            f"{pictures} is there already, with {found:,} of {data_set.pictures:,} pictures; move "
            "it away, or name another folder."
        )
    return True


def _locate(
    source: str | os.PathLike[str] | None, folder: Path, data_set: DataSet
) -> tuple[Path | None, str]:
    """Find the archive on this machine, or else give the URL to bring it from."""
    if source is None:
        kept = folder / _file_name(data_set)
        return (kept if os.path.lexists(kept) else None), data_set.url
    named = os.fspath(source)
    if "://" not in named:
        return Path(named), ""
    try:
        parts = urlsplit(named)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme in {"http", "https"} and parts.hostname:
        return None, named
    if parts.scheme == "file" and parts.netloc in {"", "localhost"}:
        return Path(url2pathname(parts.path)), ""
    raise ArgumentError(f"{named} can't be fetched; give a file, or a URL of http or https.")


@contextlib.contextmanager
def _workplace(folder: Path, name: str) -> Iterator[Path]:
    """Hold the hidden folder of unfinished things; it goes when it is empty."""
    from filelock import FileLock, Timeout

    work = folder / f".lookalike-{name}"
    work.mkdir(parents=True, exist_ok=True)
    lock = FileLock(work / "lock", timeout=0)
    try:
        lock.acquire()
    except Timeout as error:
        raise DataSetError(
            f"Another lookalike is bringing {name} into {folder}; run this again when it is done."
        ) from error
    try:
        yield work
    finally:
        lock.release()
        with contextlib.suppress(OSError):  # another process, or what came so far
            (work / "lock").unlink(missing_ok=True)
            work.rmdir()


def _bring(url: str, part: Path, data_set: DataSet, tell: Callable[[str, int, int], None]) -> None:
    """Download the archive, or go on with what came of it, and check it."""
    for resumed in (length(part) > 0, False):
        download(url, part, data_set.bytes, on_progress=tell)
        md5 = _md5(part, tell)
        if md5 == data_set.md5:
            return
        if not resumed:
            break
        part.unlink()  # two halves that don't fit: once more, in one go
    wrong = part.replace(part.with_suffix(".wrong"))
    raise DataSetError(
        f"What {url} sent is not {data_set.name} as published (MD5 {md5}, not {data_set.md5}); it "
        f"is left at {wrong}. Run the same command again to fetch it anew, or name another copy "
        "with --from."
    )


def _require_room(work: Path, needed: int) -> None:
    free = shutil.disk_usage(work).free
    if free < needed:
        raise DataSetError(
            f"{work.parent} has {free / 1e6:,.0f} MB free, and {needed / 1e6:,.0f} MB are needed; "
            "make room, or name a folder on another disk."
        )


def _require_published(
    path: Path, data_set: DataSet, tell: Callable[[str, int, int], None]
) -> None:
    try:
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        size = path.stat().st_size
        found = f"MD5 {_md5(path, tell)}" if size == data_set.bytes else f"{size:,} bytes"
    except OSError as error:
        raise DataSetError(
            f"{path} can't be read ({error.strerror}); name another copy with --from."
        ) from error
    wanted = f"MD5 {data_set.md5}" if size == data_set.bytes else f"{data_set.bytes:,} bytes"
    if found != wanted:
        raise DataSetError(
            f"{path} is not {data_set.name} as published ({found}, not {wanted}), and was left as "
            "it is; move it away to fetch the archive anew, or name another copy with --from."
        )


def _md5(path: Path, tell: Callable[[str, int, int], None]) -> str:
    import hashlib

    digest, done, size = hashlib.md5(usedforsecurity=False), 0, path.stat().st_size
    with path.open("rb") as file:
        while data := file.read(CHUNK_BYTES):
            digest.update(data)
            done += len(data)
            tell("Checking", done, size)
    return digest.hexdigest()


def _refused_by_disk(error: OSError, folder: Path) -> DataSetError:
    if error.errno in _NO_SPACE:
        return DataSetError(
            f"{folder} has no room left ({error.strerror}); make some and run the same command "
            "again to go on, or name a folder on another disk."
        )
    return DataSetError(
        f"{error.filename or folder} can't be read or written ({error.strerror}); see its rights, "
        "or name another folder."
    )
