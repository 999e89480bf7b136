"""Pictures in object stores: s3://, gs:// and az://, by obstore.

It is the client that Lance's own object stores are made of, so credentials and endpoints come from
the same environment variables: AWS_ACCESS_KEY_ID, AWS_ENDPOINT_URL, GOOGLE_APPLICATION_CREDENTIALS,
AZURE_STORAGE_ACCOUNT_NAME... It asks again by itself, with growing pauses, where a store is busy.
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
_KNOWN = "folders, s3://, gs://, az://, http:// and https://"
_PIP_LINE = "pip install 'lookalike[remote]'"


def walk(address: str, *, every: bool = False) -> Iterator[Source]:
    """List the objects at or below an address, page by page, those named like pictures.

    Args:
        address: such as `s3://bucket/prefix`.
        every: whether to list what is named otherwise, too.

    Raises:
        OSError: the store can't be reached, or does not let us in.
    """
    store, key = _of(address)
    base = address[: len(address) - len(key)].rstrip("/")
    with _told():
        for page in store.list(prefix=key or None, chunk_size=LIST_CHUNK_OBJECTS):
            for meta in page:
                name = meta["path"]
                if every or may_be_picture(name):
                    yield _source(f"{base}/{name}", meta)


def stat_object(address: str) -> Source:
    """Ask for one object's size and time.

    Raises:
        FileNotFoundError: it is certainly not there.
        OSError: the store can't be reached, or does not let us in.
    """
    store, key = _of(address)
    if not key:
        raise IsADirectoryError(errno.EISDIR, "a bucket, not an object")
    with _told():
        return _source(address, store.head(key))


def chunks(address: str, start: int = 0) -> Iterator[bytes]:
    """Read an object from some byte on, in pieces.

    Raises:
        FileNotFoundError: it is certainly not there.
        OSError: the store can't be reached, or does not let us in.
    """
    store, key = _of(address)
    with _told():
        options = {"range": {"offset": start}} if start else {}
        for piece in store.get(key, options=options).stream(min_chunk_size=STREAM_CHUNK_BYTES):
            yield bytes(piece)


def check_root(address: str) -> Root:
    """Tell whether an object or what is below it can be read now; nothing there is offline."""
    try:
        store, key = _of(address)
        with _told():
            if any(store.list(prefix=key or None, chunk_size=1)):
                return Root(address, online=True)
            with contextlib.suppress(FileNotFoundError):
                if key and store.head(key):
                    return Root(address, online=True)
        return Root(address, online=False, reason="there is nothing below it")
    except (OSError, ArgumentError) as error:
        return Root(address, online=False, reason=getattr(error, "strerror", None) or str(error))


def check(address: str) -> None:
    """See that the store can be spoken to, as far as this machine goes.

    Raises:
        ArgumentError: obstore is missing, or the address is of no store.
    """
    _of(address)


def _of(address: str) -> tuple[Any, str]:
    bucket, key = split_bucket(address)
    scheme = scheme_of(address)
    if scheme not in SCHEMES:
        raise ArgumentError(f"{scheme}:// is not known; pictures are read from {_KNOWN}.")
    # The environment is a part of the key: it may name another endpoint by now.
    names = ("AWS_", "GOOGLE_", "AZURE_")
    environment = tuple(sorted(i for i in os.environ.items() if i[0].startswith(names)))
    return _store(scheme, bucket, environment), key


@functools.lru_cache(maxsize=32)
def _store(scheme: str, bucket: str, environment: tuple[tuple[str, str], ...]) -> Any:
    try:
        from obstore import store
    except ImportError as error:
        raise ArgumentError(f"Reading {scheme}:// needs obstore: {_PIP_LINE}") from error
    kinds = {"s3": store.S3Store, "gs": store.GCSStore, "az": store.AzureStore}
    endpoint = any("ENDPOINT" in name and "http://" in value for name, value in environment)
    try:
        return kinds[scheme](
            bucket,
            client_options={
                "allow_http": endpoint,  # where the user has named one
                "connect_timeout": timedelta(seconds=CONNECT_SECONDS),
                "timeout": timedelta(seconds=REQUEST_SECONDS),
            },
            retry_config={
                "max_retries": MAX_RETRIES,
                "retry_timeout": timedelta(seconds=RETRY_SECONDS),
            },
        )
    except Exception as error:
        raise ArgumentError(f"{scheme}://{bucket} can't be used: {_said(error)}") from error


def _source(address: str, meta: Any) -> Source:
    when = meta["last_modified"].timestamp()
    return Source(
        address, meta["size"], tagged_mtime_ns(when, meta["e_tag"] or meta["last_modified"])
    )


@contextlib.contextmanager
def _told() -> Iterator[None]:
    """Turn what a store complains of into an OSError, whose `strerror` is one clause."""
    from obstore.exceptions import BaseError

    try:
        yield
    except FileNotFoundError as error:
        raise FileNotFoundError(errno.ENOENT, "there is no such object") from error
    except (BaseError, OSError, ValueError) as error:
        raise OSError(errno.EIO, _said(error)) from error


def _said(error: Exception) -> str:
    text = " ".join(str(error).partition("\n\nDebug source")[0].split())
    return text[:300] or type(error).__name__
