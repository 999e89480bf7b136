"""Pictures in object stores: s3://, gs:// and az://, read with obstore.

Lance reads its object stores with the same client, so credentials and endpoints come from the same
environment variables: AWS_ACCESS_KEY_ID, AWS_ENDPOINT_URL, GOOGLE_APPLICATION_CREDENTIALS,
AZURE_STORAGE_ACCOUNT_NAME... Where a store is busy, obstore retries with growing pauses.
"""

from __future__ import annotations

import contextlib
import errno
import functools
import os
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from ..errors import ArgumentError
from ..types import Root, Source
from .addresses import scheme_of, split_bucket
from .content import may_be_picture, tagged_mtime_ns

if TYPE_CHECKING:
    from collections.abc import Iterator

SCHEMES = frozenset({"s3", "gs", "az"})
MAX_RETRIES = 4
RETRY_SECONDS = 60
CONNECT_SECONDS = 10
REQUEST_SECONDS = 60
LIST_CHUNK_OBJECTS = 1_000
STREAM_CHUNK_BYTES = 2**20
_SUPPORTED = "a folder, s3://, gs://, az://, http:// or https://"
_PIP_LINE = "pip install 'lookalike[remote]'"


def walk(address: str, *, all_names: bool = False) -> Iterator[Source]:
    """List the objects at or below an address that have a picture's name, page by page.

    Args:
        address: such as `s3://bucket/prefix`.
        all_names: whether to list objects with other names, too.

    Raises:
        OSError: the store can't be reached, or denies access.
    """
    store, key = _locate(address)
    base = address[: len(address) - len(key)].rstrip("/")
    with _store_errors():
        for page in store.list(prefix=key or None, chunk_size=LIST_CHUNK_OBJECTS):
            for meta in page:
                name = meta["path"]
                if all_names or may_be_picture(name):
                    yield _source(f"{base}/{name}", meta)


def stat_object(address: str) -> Source:
    """Return one object's size and time.

    Raises:
        FileNotFoundError: it is certainly gone.
        OSError: the store can't be reached, or denies access.
    """
    store, key = _locate(address)
    if not key:
        raise IsADirectoryError(errno.EISDIR, "it is a bucket, not an object")
    with _store_errors():
        return _source(address, store.head(key))


def chunks(address: str, start: int = 0) -> Iterator[bytes]:
    """Read an object in pieces, from byte `start` on.

    Raises:
        FileNotFoundError: it is certainly gone.
        OSError: the store can't be reached, or denies access.
    """
    store, key = _locate(address)
    with _store_errors():
        options = {"range": {"offset": start}} if start else {}
        for piece in store.get(key, options=options).stream(min_chunk_size=STREAM_CHUNK_BYTES):
            yield bytes(piece)


def check_root(address: str) -> Root:
    """Check whether an object or prefix can be read now; an empty prefix counts as offline."""
    try:
        store, key = _locate(address)
        with _store_errors():
            if any(store.list(prefix=key or None, chunk_size=1)):
                return Root(address, online=True)
            with contextlib.suppress(FileNotFoundError):
                if key and store.head(key):
                    return Root(address, online=True)
        return Root(address, online=False, reason="the bucket has nothing at this address")
    except (OSError, ArgumentError) as error:
        return Root(address, online=False, reason=getattr(error, "strerror", None) or str(error))


def check_address(address: str) -> None:
    """Check that this machine has what it takes to read an object store; send nothing.

    Raises:
        ArgumentError: obstore is missing, or the address is of no known kind.
    """
    _locate(address)


def _locate(address: str) -> tuple[Any, str]:
    bucket, key = split_bucket(address)
    scheme = scheme_of(address)
    if scheme not in SCHEMES:
        raise ArgumentError(f"{scheme}:// is not supported; use {_SUPPORTED}.")
    # The environment is a part of the cache's key: it may name another endpoint later.
    names = ("AWS_", "GOOGLE_", "AZURE_")
    environment = tuple(sorted(i for i in os.environ.items() if i[0].startswith(names)))
    return _store(scheme, bucket, environment), key


@functools.lru_cache(maxsize=32)
def _store(scheme: str, bucket: str, environment: tuple[tuple[str, str], ...]) -> Any:
    try:
        from obstore import store
    except ImportError as error:
        raise ArgumentError(
            f"Reading {scheme}:// needs obstore; install it with: {_PIP_LINE}"
        ) from error
    kinds = {"s3": store.S3Store, "gs": store.GCSStore, "az": store.AzureStore}
    has_http_endpoint = any(
        "ENDPOINT" in name and "http://" in value for name, value in environment
    )
    try:
        return kinds[scheme](
            bucket,
            client_options={
                "allow_http": has_http_endpoint,  # only where the user chose one
                "connect_timeout": timedelta(seconds=CONNECT_SECONDS),
                "timeout": timedelta(seconds=REQUEST_SECONDS),
            },
            retry_config={
                "max_retries": MAX_RETRIES,
                "retry_timeout": timedelta(seconds=RETRY_SECONDS),
            },
        )
    except Exception as error:
        raise ArgumentError(f"{scheme}://{bucket} can't be used: {_reason(error)}") from error


def _source(address: str, meta: Any) -> Source:
    modified = meta["last_modified"].timestamp()
    return Source(
        address, meta["size"], tagged_mtime_ns(modified, meta["e_tag"] or meta["last_modified"])
    )


@contextlib.contextmanager
def _store_errors() -> Iterator[None]:
    """Turn the errors of a store into an OSError whose `strerror` is one clause."""
    from obstore.exceptions import BaseError

    try:
        yield
    except FileNotFoundError as error:
        raise FileNotFoundError(errno.ENOENT, "the object does not exist") from error
    except (BaseError, OSError, ValueError) as error:
        raise OSError(errno.EIO, _reason(error)) from error


def _reason(error: Exception) -> str:
    text = " ".join(str(error).partition("\n\nDebug source")[0].split())
    return text[:300] or type(error).__name__
