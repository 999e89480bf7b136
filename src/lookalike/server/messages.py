"""Messages between the server and its child processes: JSON and bytes, never a pickle.

A child decodes pictures of strangers. Should one take it over, what it sends must not be able to
run anything in the server.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from .. import errors

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

MAX_MESSAGE_BYTES = 2**30
FAULT = "fault"  # in place of an error's name: what we did not think of
_LENGTH_BYTES = 4


def send(connection: Connection, values: dict[str, Any], blob: bytes = b"") -> None:
    """Send an object of JSON with some bytes.

    Raises:
        OSError: the other side is gone.
    """
    head = json.dumps(values).encode()
    connection.send_bytes(len(head).to_bytes(_LENGTH_BYTES, "little") + head + blob)


def receive(connection: Connection) -> tuple[dict[str, Any], bytes]:
    """Wait for a message.

    Raises:
        EOFError: the other side is gone.
        OSError: likewise, or the message is too long.
        ValueError: it is no message.
    """
    data = connection.recv_bytes(MAX_MESSAGE_BYTES)
    end = _LENGTH_BYTES + int.from_bytes(data[:_LENGTH_BYTES], "little")
    values = json.loads(data[_LENGTH_BYTES:end])
    if not isinstance(values, dict):
        raise ValueError("a message is an object")  # noqa: TRY004  it is malformed data
    return values, data[end:]


def error_as_json(error: errors.LookalikeError) -> dict[str, str]:
    """Write an error so that `error_from_json` makes the same one."""
    return {"error": type(error).__name__, "message": str(error)}


def error_from_json(values: dict[str, Any]) -> errors.LookalikeError:
    """Make the error that the other side told of."""
    kind = getattr(errors, str(values.get("error")), None)
    is_ours = isinstance(kind, type) and issubclass(kind, errors.LookalikeError)
    return (kind if is_ours and kind else errors.LookalikeError)(str(values.get("message")))
