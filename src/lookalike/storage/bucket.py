"""A gallery in an object store: a prefix of a bucket, such as `s3://bucket/name`."""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import os
import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from ..errors import ArgumentError, GalleryBusyError, GalleryFormatError, StorageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from obstore.store import ObjectStore

TABLE_SUFFIX = ".lance"
MAX_FILE_BYTES = 32 * 2**20  # of a small file, such as the manifest
TIMEOUT_SECONDS = 30  # for one request
CONNECT_SECONDS = 5
MAX_RETRIES = 5
RETRY_SECONDS = 60  # after which a request is not retried
RETENTION_MINUTES = 10  # of old versions: servers elsewhere may still read them
_ADDRESS = re.compile(r"(s3|gs|az)://[A-Za-z0-9._-]+(/[A-Za-z0-9._=+-]+)*")
# Patterns in the messages of object stores and their clients, and the advice for each.
_ADVICE = (
    (
        "NoSuchBucket|ContainerNotFound|bucket does not exist",
        "there is no such bucket; create it, or check the name",
    ),
    (
        r"InvalidAccessKeyId|SignatureDoesNotMatch|ExpiredToken|InvalidToken|AuthenticationFailed|\b401\b|redential|169\.254\.169\.254",
        "the credentials are missing, wrong or expired; set AWS_ACCESS_KEY_ID and the like",
    ),
    (
        r"AccessDenied|Forbidden|\b403\b|lacks the necessary",
        "access is denied; check the bucket's permissions",
    ),
    (
        r"SlowDown|Too Many|Internal Server|Unavailable|Bad Gateway|\b(429|50\d)\b",
        "the store fails or is overloaded; run the command again later",
    ),
    (
        "[Tt]ime[d-]? ?out|[Cc]onnect|error sending request|dns|operation was slow",
        "the store can't be reached; check the network, and AWS_ENDPOINT_URL if you set it",
    ),
)


class StoredFile(NamedTuple):
    """A small file as it was read.

    Attributes:
        data: its bytes.
        revision: identifies this state of an object in a store; None in a folder.
    """

    data: bytes
    revision: dict[str, str] | None


class Bucket:
    """The place of a gallery or table in an object store, written as `s3://bucket/name`.

    All writes are conditional, so they never overwrite what somebody else has written meanwhile.
    """

    version_retention = timedelta(minutes=RETENTION_MINUTES)

    def __init__(self, address: str) -> None:
        """Check the address; send nothing yet.

        Raises:
            ArgumentError: it is not the address of a bucket.
            StorageError: the library that reads object stores is not installed.
        """
        address = address.rstrip("/")
        if not _ADDRESS.fullmatch(address) or {".", ".."} & set(address.split("/")):
            raise ArgumentError(
                f"{address!r} can't hold a gallery; enter a folder, or write it as "
                "s3://bucket/name (or gs://, az://) with letters, digits and - _ . = + only."
            )
        if importlib.util.find_spec("obstore") is None:
            raise StorageError(
                f"{address} needs a library; install it with: pip install 'lookalike[remote]'"
            )
        self.address = address
        self._client: ObjectStore | None = None
        self._cache: dict[str, StoredFile] = {}
        self.commit_checks: list[Callable[[], None]] = []

    def __str__(self) -> str:
        return self.address

    def __reduce__(self) -> tuple[type[Bucket], tuple[str]]:
        """Let another process open its own connections."""
        return Bucket, (self.address,)

    def __truediv__(self, name: str) -> Bucket:
        """Return the place below; the holder of the gallery's lease holds it, too."""
        below = Bucket(f"{self.address}/{name}")
        below.commit_checks = self.commit_checks
        return below

    def read(self, name: str) -> StoredFile | None:
        """Read a small object; None where there is none. An unchanged one is not sent again.

        Raises:
            GalleryFormatError: it is larger than lookalike writes any.
            StorageError: it can't be read, or there is no such bucket.
        """
        import obstore
        from obstore.exceptions import NotModifiedError

        cached = self._cache.get(name)
        options: Any = (
            {"if_none_match": cached.revision["e_tag"]} if cached and cached.revision else {}
        )
        try:
            with self._store_errors():
                response = obstore.get(self._store(), name, options=options)
                check_size(f"{self}/{name}", response.meta["size"])
                data = bytes(response.bytes())
        except NotModifiedError:
            return cached
        except FileNotFoundError:
            return None
        self._cache[name] = StoredFile(data, _revision(response.meta))
        return self._cache[name]

    def write(self, name: str, data: bytes, after: dict[str, str] | None) -> dict[str, str]:
        """Write a small object if it is still unchanged; return its new revision.

        Args:
            name: of the object.
            data: its bytes.
            after: the revision to replace; None where there was no object.

        Raises:
            GalleryBusyError: somebody else has written it meanwhile.
            StorageError: it can't be written.
        """
        import obstore
        from obstore.exceptions import AlreadyExistsError, PreconditionError

        mode: Any = after or "create"
        try:
            with self._store_errors():
                result = obstore.put(self._store(), name, data, mode=mode, use_multipart=False)
        except (AlreadyExistsError, PreconditionError, FileNotFoundError) as error:
            # The client repeats a request whose answer was lost: then this is our own object.
            current = self.read(name)
            if current is None or current.data != data or current.revision is None:
                raise GalleryBusyError(
                    f"Another lookalike has written to {self} meanwhile; run the command again."
                ) from error
            return current.revision
        revision = _revision(result)
        self._cache[name] = StoredFile(data, revision)
        return revision

    def put(self, name: str, data: bytes) -> None:
        """Write an object whose name is its content's, so that nobody writes another there.

        Raises:
            StorageError: it can't be written.
        """
        import obstore

        with self._store_errors():
            obstore.put(self._store(), name, data)

    def tables(self) -> list[str]:
        """List the names of the tables."""
        import obstore

        with self._store_errors():
            prefixes = obstore.list_with_delimiter(self._store())["common_prefixes"]
        names = (prefix.rstrip("/").rpartition("/")[2] for prefix in prefixes)
        return [name for name in names if name.endswith(TABLE_SUFFIX)]

    def delete(self, name: str) -> None:
        """Delete an object, or a whole table."""
        import obstore

        with self._store_errors():
            with contextlib.suppress(FileNotFoundError):
                obstore.delete(self._store(), [name])
            for page in obstore.list(self._store(), name):
                obstore.delete(self._store(), [meta["path"] for meta in page])

    def size(self) -> int:
        """Return the total size of all objects, in bytes."""
        import obstore

        with self._store_errors():
            return sum(meta["size"] for page in obstore.list(self._store()) for meta in page)

    def cache_folder(self) -> Path:
        """Return a local folder for files that a server can rebuild from the gallery."""
        import platformdirs

        whole = f"{os.environ.get('AWS_ENDPOINT_URL', '')} {self.address}"
        name = hashlib.sha256(whole.encode()).hexdigest()[:16]
        return platformdirs.user_cache_path("lookalike", appauthor=False) / "galleries" / name

    def storage_options(self) -> dict[str, str]:
        """Return Lance's settings for this place; credentials come from the environment."""
        return {
            "allow_http": "true",
            "timeout": f"{TIMEOUT_SECONDS}s",
            "connect_timeout": f"{CONNECT_SECONDS}s",
            "client_max_retries": str(MAX_RETRIES),
            "client_retry_timeout": str(RETRY_SECONDS),
        }

    def check_writable(self) -> None:
        """Check that commits are still allowed.

        Raises:
            GalleryBusyError: the writer's lease was lost.
        """
        for check in self.commit_checks:
            check()

    def _store(self) -> ObjectStore:
        if self._client is None:
            from obstore.store import from_url

            self._client = from_url(
                self.address,
                client_options={
                    "allow_http": True,  # for an endpoint that the user chose
                    "timeout": f"{TIMEOUT_SECONDS}s",
                    "connect_timeout": f"{CONNECT_SECONDS}s",
                },
                retry_config={
                    "max_retries": MAX_RETRIES,
                    "retry_timeout": timedelta(seconds=RETRY_SECONDS),
                },
            )
        return self._client

    @contextlib.contextmanager
    def _store_errors(self) -> Iterator[None]:
        """Turn the store's errors into `StorageError`, except answers to conditional requests."""
        from obstore import exceptions

        try:
            yield
        except (
            exceptions.NotModifiedError,
            exceptions.AlreadyExistsError,
            exceptions.PreconditionError,
        ):
            raise
        except (exceptions.BaseError, OSError, ValueError) as error:
            reason = explain(str(error))
            if isinstance(error, FileNotFoundError) and "no such bucket" not in reason:
                raise
            raise StorageError(f"{self} can't be used: {reason}") from error


def check_size(name: str, size: int) -> None:
    """Check that a small file is one: a gallery's files may come from a stranger.

    Raises:
        GalleryFormatError: it is larger than lookalike writes any.
    """
    if size > MAX_FILE_BYTES:
        raise GalleryFormatError(
            f"{name} is larger than lookalike writes any such file; restore a copy of it, or "
            "delete it."
        )


def is_store_error(text: str) -> bool:
    """Check whether a message comes from the client of an object store."""
    return bool(re.search("Generic (S3|GCS|MicrosoftAzure)|bject at location|Error perf", text))


def explain(text: str) -> str:
    """Turn an object store's message into a sentence with advice."""
    short = " ".join(text.split("Debug source", 1)[0].split())[:300]
    for pattern, advice in _ADVICE:
        if re.search(pattern, text):
            return f"{advice} ({short})."
    return f"see docs/guides/object-stores.md ({short})."


def _revision(meta: Any) -> dict[str, str]:
    return {key: meta[key] for key in ("e_tag", "version") if meta[key]}
