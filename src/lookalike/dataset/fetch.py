"""Fetch a public data set: find or download the archive, check it, unpack it, rename the folder."""

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
from .download import download, file_size

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    OnProgress = Callable[[str, int, int], None]

CHUNK_BYTES = 2**20
_DISK_FULL = {errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)}


@dataclass(frozen=True, slots=True)
class DataSet:
    """A published archive: a zip that holds a tar.gz with one folder of labelled pictures.

    Attributes:
        name: as users call it; letters and digits.
        url: of the publisher's zip, http or https.
        md5: of the zip, hexadecimal, as published.
        bytes: of the zip.
        tar: member of the zip that holds the pictures.
        folder: folder of the tar that holds them; the unpacked folder has the same name.
        pictures: number of pictures.
        protocol: the usual protocol of `lookalike evaluate` for it.
        licence: name and address.
        citation: as its authors ask to be cited.

    Example:
        >>> from lookalike.dataset import DATA_SETS
        >>> caltech101 = DATA_SETS["caltech101"]
        >>> caltech101.pictures, caltech101.protocol
        (9144, 'test3')
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

    @property
    def archive_name(self) -> str:
        """File name of the zip."""
        return os.path.basename(urlsplit(self.url).path)


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
    on_progress: OnProgress | None = None,
) -> Path:
    """Fetch a data set's pictures into a folder; return the folder that holds the label folders.

    The pictures appear there only when they are complete. Until then everything is in one hidden
    folder beside them, from which a later call resumes. If they are complete already, nothing
    happens, and `on_progress` is never called.

    Args:
        name: one of `DATA_SETS`, or a data set of your own.
        folder: to put the pictures in; created if it does not exist.
        source: the archive, as a path or a URL (http, https, file). None for the publisher's, or
            for the archive that `keep_archive` left in `folder`. Your own file is only read.
        keep_archive: keep a downloaded archive in `folder`.
        on_progress: called with the stage, the bytes done and the total.

    Raises:
        ArgumentError: the name is unknown, or the source is of an unsupported kind.
        DataSetError: the data set can't be fetched, is not as published, or the disk is full.
        KeyboardInterrupt: stopped; what was downloaded stays.

    Example:
        Caltech-101 is 137 MB, so this example is not tested::

            folder = fetch("caltech101", "data")
            lookalike.evaluate(folder, protocol="test3")
    """
    data_set = name if isinstance(name, DataSet) else _named(name)
    folder = Path(folder)
    try:
        return _fetch(
            data_set,
            folder,
            source,
            keep_archive=keep_archive,
            on_progress=on_progress or (lambda *_: None),
        )
    except OSError as error:
        raise _disk_error(error, folder) from error


def _fetch(
    data_set: DataSet,
    folder: Path,
    source: str | os.PathLike[str] | None,
    *,
    keep_archive: bool,
    on_progress: OnProgress,
) -> Path:
    pictures = folder / data_set.folder
    if _is_complete(pictures, data_set):
        return pictures
    local, url = _locate(source, folder, data_set)
    kept = folder / data_set.archive_name
    if local:
        _require_published(local, data_set, on_progress)
    elif keep_archive and os.path.lexists(kept):
        raise DataSetError(f"{kept} already exists; move it away, or leave out --keep-archive.")
    with _work_folder(folder, data_set.name) as work:
        part, unpacked = work / f"{kept.name}.part", work / data_set.folder
        shutil.rmtree(unpacked, ignore_errors=True)  # left by a killed run
        remaining = 0 if local else max(data_set.bytes - file_size(part), 0)
        _require_space(work, remaining + data_set.bytes)  # pictures hardly shrink in an archive
        if not local:
            _download_checked(url, part, data_set, on_progress)
        archive = local or part
        count = unpack(archive, data_set.tar, data_set.folder, unpacked, on_progress=on_progress)
        if count != data_set.pictures:
            raise DataSetError(
                f"{archive} holds {count:,} pictures instead of {data_set.pictures:,}; name "
                "another copy with --from."
            )
        unpacked.rename(pictures)
        if keep_archive and not local:
            part.rename(kept)
        for file in work.glob(f"{kept.name}.*"):
            file.unlink()
    return pictures


def _named(name: str) -> DataSet:
    if name not in DATA_SETS:
        raise ArgumentError(f"There is no data set {name!r}; use one of: {', '.join(DATA_SETS)}.")
    return DATA_SETS[name]


def _is_complete(pictures: Path, data_set: DataSet) -> bool:
    """Check whether all pictures are there; files that a power cut left empty do not count."""
    if not os.path.lexists(pictures):
        return False
    count = 0
    for parent, _, names in os.walk(pictures):
        count += sum(os.path.getsize(os.path.join(parent, n)) > 0 for n in names if is_picture(n))
    if count < data_set.pictures:
        raise DataSetError(
            f"{pictures} already exists, with {count:,} of {data_set.pictures:,} pictures; move it "
            "away, or name another folder."
        )
    return True


def _locate(
    source: str | os.PathLike[str] | None, folder: Path, data_set: DataSet
) -> tuple[Path | None, str]:
    """Return the path of the archive on this machine, or else None and its URL."""
    if source is None:
        kept = folder / data_set.archive_name
        return (kept if os.path.lexists(kept) else None), data_set.url
    address = os.fspath(source)
    if "://" not in address:
        return Path(address), ""
    try:
        parts = urlsplit(address)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme in {"http", "https"} and parts.hostname:
        return None, address
    if parts.scheme == "file" and parts.netloc in {"", "localhost"}:
        return Path(url2pathname(parts.path)), ""
    raise ArgumentError(f"{address} can't be fetched; name a file, or an http or https URL.")


@contextlib.contextmanager
def _work_folder(folder: Path, name: str) -> Iterator[Path]:
    """Lock the hidden folder of unfinished files; remove it once it is empty."""
    from filelock import FileLock, Timeout

    work = folder / f".lookalike-{name}"
    work.mkdir(parents=True, exist_ok=True)
    lock = FileLock(work / "lock", timeout=0)
    try:
        lock.acquire()
    except Timeout as error:
        raise DataSetError(
            f"Another lookalike is fetching {name} into {folder}; run this again when it is done."
        ) from error
    try:
        yield work
    finally:
        lock.release()
        with contextlib.suppress(OSError):  # another process uses it, or it holds a download
            (work / "lock").unlink(missing_ok=True)
            work.rmdir()


def _download_checked(url: str, part: Path, data_set: DataSet, on_progress: OnProgress) -> None:
    """Download the archive, or resume its download, and check it."""
    for resumed in (file_size(part) > 0, False):
        download(url, part, data_set.bytes, on_progress=on_progress)
        md5 = _md5(part, on_progress)
        if md5 == data_set.md5:
            return
        if not resumed:
            break
        part.unlink()  # its halves may be of two versions: download it once more, in one go
    wrong = part.replace(part.with_suffix(".wrong"))
    raise DataSetError(
        f"The file at {url} is not {data_set.name} as published (MD5 {md5}, not {data_set.md5}); "
        f"it is saved as {wrong}. Run the same command again to download it again, or name another "
        "copy with --from."
    )


def _require_space(work: Path, needed: int) -> None:
    free = shutil.disk_usage(work).free
    if free < needed:
        raise DataSetError(
            f"{work.parent} has {free / 1e6:,.0f} MB free but needs {needed / 1e6:,.0f} MB; free "
            "some space, or name a folder on another disk."
        )


def _require_published(path: Path, data_set: DataSet, on_progress: OnProgress) -> None:
    try:
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        size = path.stat().st_size
        actual, published = f"{size:,} bytes", f"{data_set.bytes:,} bytes"
        if size == data_set.bytes:
            actual, published = f"MD5 {_md5(path, on_progress)}", f"MD5 {data_set.md5}"
    except OSError as error:
        raise DataSetError(
            f"{path} can't be read ({error.strerror}); name another copy with --from."
        ) from error
    if actual != published:
        raise DataSetError(
            f"{path} is not {data_set.name} as published ({actual}, not {published}), and stays as "
            "it is; move it away to download the archive, or name another copy with --from."
        )


def _md5(path: Path, on_progress: OnProgress) -> str:
    import hashlib

    digest, done, size = hashlib.md5(usedforsecurity=False), 0, path.stat().st_size
    with path.open("rb") as file:
        while data := file.read(CHUNK_BYTES):
            digest.update(data)
            done += len(data)
            on_progress("Checking", done, size)
    return digest.hexdigest()


def _disk_error(error: OSError, folder: Path) -> DataSetError:
    if error.errno in _DISK_FULL:
        return DataSetError(
            f"The disk of {folder} is full ({error.strerror}); free some space and run the same "
            "command again to continue, or name a folder on another disk."
        )
    return DataSetError(
        f"{error.filename or folder} can't be read or written ({error.strerror}); check its "
        "permissions, or name another folder."
    )
