"""Where a gallery is kept: a folder of this machine, or a prefix of an object store's bucket."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from ..errors import ArgumentError, GalleryBusyError, StorageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from obstore.store import ObjectStore

TABLE_SUFFIX = ".lance"
TIMEOUT_SECONDS = 30  # for one request
CONNECT_SECONDS = 5
MAX_RETRIES = 5
RETRY_SECONDS = 60  # after which a request is not tried again
KEPT_VERSIONS_MINUTES = 10  # in an object store: servers elsewhere may still read them
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):/")
_ADDRESS = re.compile(r"(s3|gs|az)://[A-Za-z0-9._-]+(/[A-Za-z0-9._=+-]+)*")
# What an object store says, by what its clients write of it, and what to do.
_SAID = (
    (
        "NoSuchBucket|ContainerNotFound|bucket does not exist",
        "there is no such bucket; make it, or see the name",
    ),
    (
        r"InvalidAccessKeyId|SignatureDoesNotMatch|ExpiredToken|InvalidToken|AuthenticationFailed|\b401\b|redential|169\.254\.169\.254",
        "the credentials are missing, wrong or too old; set AWS_ACCESS_KEY_ID and its like",
    ),
    (r"AccessDenied|Forbidden|\b403\b|lacks the necessary", "this is not allowed; see its rights"),
    (
        r"SlowDown|Too Many|Internal Server|Unavailable|Bad Gateway|\b(429|50\d)\b",
        "the store fails or has too much to do; run the command again in a while",
    ),
    (
        "[Tt]ime[d-]? ?out|[Cc]onnect|error sending request|dns|operation was slow",
        "the store can't be reached; see the network, and AWS_ENDPOINT_URL if you set it",
    ),
)


class StoredFile(NamedTuple):
    """A small file as it was read.

    Attributes:
        data: its bytes.
        stamp: what names this state of it in an object store; None in a folder.
    """

    data: bytes
    stamp: dict[str, str] | None


class Folder:
    """A gallery's place on this machine."""

    kept_versions = timedelta(0)

    def __init__(self, path: Path) -> None:
        """Name it; it need not be there."""
        self.path = path

    def read(self, name: str) -> StoredFile | None:
        """Read a small file; None where there is none.

        Raises:
            StorageError: it can't be read.
        """
        try:
            return StoredFile((self.path / name).read_bytes(), None)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise StorageError(
                f"{self.path / name} can't be read ({error.strerror}); see its rights."
            ) from error

    def write(self, name: str, data: bytes, _after: dict[str, str] | None) -> None:
        """Put a small file in place in one step, so that it is never half written.

        Raises:
            StorageError: the disk is full or read-only.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=self.path, prefix=name, delete=False) as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            Path(file.name).replace(self.path / name)
        except OSError as error:
            raise StorageError(
                f"The gallery {self.path} can't be written ({error.strerror}); see its disk's "
                "space and rights, or choose another folder with --gallery."
            ) from error

    def tables(self) -> list[str]:
        """Name the tables that are there."""
        return [path.name for path in self.path.glob("*" + TABLE_SUFFIX)]

    def delete(self, table: str) -> None:
        """Delete a table, as far as that can be done."""
        shutil.rmtree(self.path / table, ignore_errors=True)

    def size(self) -> int:
        """Sum up the sizes of all files, in bytes."""
        total = 0
        for folder, _, names in os.walk(self.path):
            for name in names:
                with contextlib.suppress(OSError):  # a writer has just replaced it
                    total += os.lstat(os.path.join(folder, name)).st_size
        return total

    def cache_folder(self) -> Path:
        """Name the folder for what a server makes of the gallery, and can make again."""
        return self.path

    def storage_options(self) -> dict[str, str] | None:
        """Give Lance's settings for the place."""
        return None

    def check(self) -> None:
        """See that commits are still allowed: the system's lock does not get lost."""


class Bucket:
    """A gallery's place in an object store, or a table's in it; written as `s3://bucket/name`.

    All writes are conditional: what somebody else has written meanwhile is never lost.
    """

    kept_versions = timedelta(minutes=KEPT_VERSIONS_MINUTES)

    def __init__(self, address: str) -> None:
        """Name it; nothing is asked yet.

        Raises:
            ArgumentError: it is no address of a bucket.
        """
        address = address.rstrip("/")
        if not _ADDRESS.fullmatch(address) or {".", ".."} & set(address.split("/")):
            raise ArgumentError(
                f"{address!r} is no place for a gallery; write it as s3://bucket/name (or gs://, "
                "az://), of letters, digits and - _ . = +, or name a folder."
            )
        self.address = address
        self._opened: ObjectStore | None = None
        self._known: dict[str, StoredFile] = {}
        self.guards: list[Callable[[], None]] = []

    def __str__(self) -> str:
        return self.address

    def __truediv__(self, name: str) -> Bucket:
        """Name what lies below; whoever holds the gallery holds that, too."""
        below = Bucket(f"{self.address}/{name}")
        below.guards = self.guards
        return below

    def read(self, name: str) -> StoredFile | None:
        """Read a small object; None where there is none. One that is known costs no transfer.

        Raises:
            StorageError: it can't be read, or there is no such bucket.
        """
        import obstore
        from obstore.exceptions import NotModifiedError

        known = self._known.get(name)
        asked: Any = {"if_none_match": known.stamp["e_tag"]} if known and known.stamp else {}
        try:
            with self._told():
                found = obstore.get(self._store(), name, options=asked)
                data = bytes(found.bytes())
        except NotModifiedError:
            return known
        except FileNotFoundError:
            return None
        meta = found.meta
        self._known[name] = StoredFile(data, _stamp(meta))
        return self._known[name]

    def write(self, name: str, data: bytes, after: dict[str, str] | None) -> dict[str, str]:
        """Write a small object, if it still is what it was; give its new stamp.

        Args:
            name: of the object.
            data: its bytes.
            after: the stamp it had; None where there was none.

        Raises:
            GalleryBusyError: somebody else has written it meanwhile.
            StorageError: it can't be written.
        """
        import obstore
        from obstore.exceptions import AlreadyExistsError, PreconditionError

        mode: Any = after or "create"
        try:
            with self._told():
                put = obstore.put(self._store(), name, data, mode=mode, use_multipart=False)
        except (AlreadyExistsError, PreconditionError, FileNotFoundError) as error:
            # Also where our own request was through, its answer was lost, and it was sent again.
            now = self.read(name)
            if now is None or now.data != data or now.stamp is None:
                raise GalleryBusyError(
                    f"Another lookalike has written to {self} meanwhile; run this again."
                ) from error
            return now.stamp
        stamp = _stamp(put)
        self._known[name] = StoredFile(data, stamp)
        return stamp

    def put(self, name: str, data: bytes) -> None:
        """Write an object that nobody else writes otherwise: it is named by its content.

        Raises:
            StorageError: it can't be written.
        """
        import obstore

        with self._told():
            obstore.put(self._store(), name, data)

    def tables(self) -> list[str]:
        """Name the tables that are there."""
        import obstore

        with self._told():
            found = obstore.list_with_delimiter(self._store())["common_prefixes"]
        names = (prefix.rstrip("/").rpartition("/")[2] for prefix in found)
        return [name for name in names if name.endswith(TABLE_SUFFIX)]

    def delete(self, name: str) -> None:
        """Delete an object, or all of a table."""
        import obstore

        with self._told():
            with contextlib.suppress(FileNotFoundError):
                obstore.delete(self._store(), [name])
            for some in obstore.list(self._store(), name):
                obstore.delete(self._store(), [one["path"] for one in some])

    def size(self) -> int:
        """Sum up the sizes of all objects, in bytes."""
        import obstore

        with self._told():
            return sum(one["size"] for some in obstore.list(self._store()) for one in some)

    def cache_folder(self) -> Path:
        """Name the folder of this machine for what a server makes, and can make again."""
        import platformdirs

        whole = f"{os.environ.get('AWS_ENDPOINT_URL', '')} {self.address}"
        name = hashlib.sha256(whole.encode()).hexdigest()[:16]
        return platformdirs.user_cache_path("lookalike", appauthor=False) / "galleries" / name

    def storage_options(self) -> dict[str, str]:
        """Give Lance's settings for the place; credentials are the environment's."""
        return {
            "allow_http": "true",
            "timeout": f"{TIMEOUT_SECONDS}s",
            "connect_timeout": f"{CONNECT_SECONDS}s",
            "client_max_retries": str(MAX_RETRIES),
            "client_retry_timeout": str(RETRY_SECONDS),
        }

    def check(self) -> None:
        """See that commits are still allowed.

        Raises:
            GalleryBusyError: the lease of whoever writes here was lost.
        """
        for guard in self.guards:
            guard()

    def _store(self) -> ObjectStore:
        if self._opened is None:
            try:
                from obstore.store import from_url
            except ImportError as error:
                raise StorageError(
                    f"{self} needs a library; install it with: pip install 'lookalike[remote]'"
                ) from error
            self._opened = from_url(
                self.address,
                client_options={
                    "allow_http": True,  # where an endpoint of the user's own says so
                    "timeout": f"{TIMEOUT_SECONDS}s",
                    "connect_timeout": f"{CONNECT_SECONDS}s",
                },
                retry_config={
                    "max_retries": MAX_RETRIES,
                    "retry_timeout": timedelta(seconds=RETRY_SECONDS),
                },
            )
        return self._opened

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        """Turn what the store complains of into a `StorageError`, but not what is no fault."""
        from obstore import exceptions as told

        try:
            yield
        except (told.NotModifiedError, told.AlreadyExistsError, told.PreconditionError):
            raise
        except (told.BaseError, OSError, ValueError) as error:
            said = explain(str(error))
            if isinstance(error, FileNotFoundError) and "no such bucket" not in said:
                raise
            raise StorageError(f"{self} can't be used: {said}") from error


Place: TypeAlias = Path | Bucket  # `/` and `str` are the same for both; `open_place` does the rest


def open_place(place: Place) -> Folder | Bucket:
    """Give what can be done at a place."""
    return place if isinstance(place, Bucket) else Folder(place)


def parse_place(text: str | os.PathLike[str]) -> Place:
    """Understand a gallery's address: a path, or one of an object store.

    Raises:
        ArgumentError: it is of another kind, such as `http://`.
    """
    scheme = _SCHEME.match(os.fspath(text))
    return Bucket(os.fspath(text)) if scheme else Path(os.path.abspath(text))


def is_store_error(text: str) -> bool:
    """Tell whether an error's text is that of an object store's client."""
    return bool(re.search("Generic (S3|GCS|MicrosoftAzure)|bject at location|Error perf", text))


def explain(text: str) -> str:
    """Say in a sentence what an object store complains of, and what to do."""
    short = " ".join(text.split("Debug source", 1)[0].split())[:300]
    for pattern, advice in _SAID:
        if re.search(pattern, text):
            return f"{advice} ({short})."
    return f"see docs/object-stores.md ({short})."


def _stamp(told: Any) -> dict[str, str]:
    return {key: told[key] for key in ("e_tag", "version") if told[key]}
