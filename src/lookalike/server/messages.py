"""Messages between the server and its child processes: JSON and bytes, never a pickle.

A child decodes untrusted pictures. If one takes over a child, the child's messages must not be able
to run code in the server.
"""

from __future__ import annotations

import json
from typing import IO, TYPE_CHECKING, Any

from .. import errors

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

MAX_MESSAGE_BYTES = 2**30
FAULT = "fault"  # instead of an error's name: a bug
_LENGTH_BYTES = 4

Message = tuple[dict[str, Any], bytes]


def send(connection: Connection, values: dict[str, Any], blob: bytes | IO[bytes] = b"") -> None:
    """Send a JSON object and bytes, or all bytes of a file.

    Raises:
        OSError: the other process has ended.
    """
    head = json.dumps(values).encode()
    if not isinstance(blob, bytes):
        blob.seek(0)
        blob = blob.read()
    message = b"".join((len(head).to_bytes(_LENGTH_BYTES, "little"), head, blob))
    del blob  # a large picture is in memory once while it is sent
    connection.send_bytes(message)


def receive(connection: Connection) -> Message:
    """Wait for a message.

    Raises:
        EOFError: the other process has ended.
        OSError: the other process has ended, or the message is too long.
        ValueError: the data is not a message.
    """
    data = connection.recv_bytes(MAX_MESSAGE_BYTES)
    end = _LENGTH_BYTES + int.from_bytes(data[:_LENGTH_BYTES], "little")
    values = json.loads(data[_LENGTH_BYTES:end])
    if not isinstance(values, dict):
        raise ValueError("a message is a JSON object")  # noqa: TRY004  malformed data, not a bug
    return values, data[end:]


def error_as_json(error: errors.LookalikeError) -> dict[str, Any]:
    """Write an error for `error_from_json`."""
    return {"error": type(error).__name__, "message": str(error)}


def error_from_json(values: dict[str, Any]) -> errors.LookalikeError:
    """Make the error that the other process sent; `LookalikeError` for any unknown class."""
    kind = getattr(errors, str(values.get("error")), None)
    is_known = isinstance(kind, type) and issubclass(kind, errors.LookalikeError)
    return (kind if is_known and kind else errors.LookalikeError)(str(values.get("message")))
