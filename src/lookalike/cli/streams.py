"""Standard input and output, which may be closed, full, or unable to write most characters."""

from __future__ import annotations

import codecs
import contextlib
import io
import os
import re
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TextIO

_HANDLER = "lookalike"  # of characters that a stream can't write
# Control characters, and those that reorder text: with them a name could change a terminal, or
# show as another name. A tab separates columns. In JSON, which has no others, DEL is written so.
_CONTROLS = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")
_SURROGATES = re.compile("[\udc80-\udcff]")  # bytes of a name that are not UTF-8 (PEP 383)


class OutputError(Exception):
    """Stdout can't be written; no `OSError`, for which Typer has answers of its own."""

    def __init__(self, error: OSError) -> None:
        """Take what the system said."""
        super().__init__(
            f"The output can't be written ({error.strerror}); write it to another place."
        )
        self.is_closed = isinstance(error, BrokenPipeError)  # `head` has seen enough


class Output(io.TextIOWrapper):
    """Stdout, whose errors can be told from those of other files."""

    def write(self, text: str) -> int:
        """Write a text.

        Raises:
            OutputError: it can't be written.
        """
        with _output_errors():
            return super().write(text)

    def flush(self) -> None:
        """Write what is buffered.

        Raises:
            OutputError: it can't be written.
        """
        with _output_errors():
            super().flush()


def prepare_streams() -> None:
    """Open the streams that are closed, and let stdout and stderr write any text."""
    codecs.register_error(_HANDLER, _replacement)
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115  to the end
    if isinstance(sys.stderr, io.TextIOWrapper):
        sys.stderr.reconfigure(errors=_HANDLER)
    if isinstance(sys.stdout, io.TextIOWrapper):
        old = sys.stdout
        encoding, by_line, at_once = old.encoding, old.line_buffering, old.write_through
        stdout = Output(
            old.detach(), encoding, _HANDLER, line_buffering=by_line, write_through=at_once
        )
        for name in ("stdout", "__stdout__"):  # libraries that ask the terminal take the second
            setattr(sys, name, stdout)


def finish_streams() -> None:
    """Write what is left; what can't be written is dropped.

    Raises:
        OutputError: stdout can't be written.
    """
    try:
        sys.stdout.flush()
    except OutputError:
        _drop(sys.stdout)
        raise
    finally:
        try:
            sys.stderr.flush()
        except OSError:
            _drop(sys.stderr)


def escape(text: str, stream: TextIO) -> str:
    """Return a line of text with control characters in words, so that no name can act as one.

    Bytes that are not UTF-8 stay what they are, except on a terminal.
    """
    text = _CONTROLS.sub(_in_words, text)
    return _SURROGATES.sub(_as_byte, text) if stream.isatty() else text


def write_path(path: str, end: str) -> None:
    """Write a path for another program: the very bytes that name the file."""
    if sys.stdout.isatty() or not hasattr(sys.stdout, "buffer"):
        sys.stdout.write(escape(path, sys.stdout) + end)
        return
    try:
        name = os.fsencode(path)
    except UnicodeEncodeError:  # the name has characters that this system's names can't have
        name = path.encode("utf-8", "surrogateescape")
    sys.stdout.flush()
    with _output_errors():
        sys.stdout.buffer.write(name + end.encode())


@contextlib.contextmanager
def _output_errors() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise OutputError(error) from error


def _drop(stream: TextIO) -> None:
    """Send what a stream still has to write nowhere, so that the end of Python does not fail."""
    with contextlib.suppress(OSError):  # a stream without a file
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


def _replacement(error: UnicodeError) -> tuple[str | bytes, int]:
    """Write a byte of a name as it is, and another character in words, as code point 20ac."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    character = error.object[error.start]
    if os.name != "nt" and _SURROGATES.match(character):
        return bytes([ord(character) - 0xDC00]), error.start + 1
    return character.encode("ascii", "backslashreplace").decode(), error.start + 1


def _in_words(match: re.Match[str]) -> str:
    code = ord(match[0])
    known = {0x0A: "\\n", 0x0D: "\\r", 0x7F: "\\u007f"}
    return known.get(code, f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}")  # noqa: PLR2004  two digits


def _as_byte(match: re.Match[str]) -> str:
    return f"\\x{ord(match[0]) - 0xDC00:02x}"
