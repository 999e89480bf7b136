"""The journal of the trash: each move is written down before it happens, and again after it.

A file of JSON lines in the gallery, written under the gallery's lock. A line begins a move, or says
how one of an earlier line ended. After a crash the last lines tell what to look for.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from ..errors import StorageError
from ..sources import CONTENT_HASH_BYTES, is_local
from ..storage import write_atomically

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FILE_NAME = "trash.jsonl"
STARTED, MOVED, BACK = "started", "moved", "back"
MAX_MOVES = 50_000  # that are remembered, about 100 MB; the oldest are forgotten first
MAX_LINE_BYTES = 2**20


@dataclass(frozen=True, slots=True)
class Move:
    """A file that was moved to the trash, or was about to be.

    Attributes:
        id: of the move.
        run: of all moves of one call.
        path: where it was.
        content_hash: of its bytes.
        holder: path of the file that holds all that it held.
        holder_hash: of that file's bytes.
        row: the gallery's row of it, as JSON, see `rows`; None if it had none.
        encoder: SHA-256 of the weights that the row's vector is from.
        state: `started`, `moved`, or `back`: it is where it was, whether or not it was moved.
        trashed: where in the trash it is; empty if the system does not say.
    """

    id: str
    run: str
    path: str
    content_hash: bytes
    holder: str
    holder_hash: bytes
    row: dict[str, Any] | None
    encoder: str
    state: str = STARTED
    trashed: str = ""


class Journal:
    """The moves of a gallery; whoever writes holds the gallery's lock."""

    def __init__(self, folder: Path) -> None:
        """Read the journal in a folder."""
        self._path = folder / FILE_NAME
        self._moves: dict[str, Move] = {}
        self._ended: set[str] = set()  # runs whose rows are removed
        for values in _lines(self._path):
            self._take(values)
        self.run = ""

    def moves(self) -> list[Move]:
        """List all moves, the oldest first."""
        return list(self._moves.values())

    def unfinished(self) -> list[Move]:
        """List the moves of runs that were stopped before their rows were removed."""
        return [move for move in self._moves.values() if move.run not in self._ended]

    def last_run(self) -> list[Move]:
        """List the moves of the last run that moved a file, the oldest first."""
        runs = [move.run for move in self._moves.values() if move.state == MOVED or move.trashed]
        return [move for move in self._moves.values() if move.run in runs[-1:]]

    def begin_run(self) -> None:
        """Begin a run; the oldest moves are forgotten if there are too many."""
        if len(self._moves) > MAX_MOVES:
            kept = self.moves()[-MAX_MOVES // 2 :]
            lines = [_line(_as_json(move)) for move in kept]
            ended = {move.run for move in kept} & self._ended
            lines += [_line({"ended": run}) for run in sorted(ended)]
            with _writing(self._path):
                write_atomically(self._path, "".join(lines).encode("ascii"))
            self._moves = {move.id: move for move in kept}
        now = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        self.run = f"{now}-{secrets.token_hex(4)}"

    def start(self, move: Move) -> None:
        """Write down a move that is about to happen.

        Raises:
            StorageError: the journal can't be written, so the move must not happen.
        """
        self._append(_as_json(move))

    def finish(self, move: Move, state: str, trashed: str = "") -> None:
        """Write down how a move ended.

        Raises:
            StorageError: the journal can't be written.
        """
        self._append({"id": move.id, "state": state, "trashed": trashed or move.trashed})

    def end_runs(self) -> None:
        """Write down that the rows of all moved files are removed.

        Raises:
            StorageError: the journal can't be written.
        """
        for run in dict.fromkeys(move.run for move in self.unfinished()):
            self._append({"ended": run})

    def _append(self, values: dict[str, Any]) -> None:
        with _writing(self._path):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("ab+") as file:
                file.seek(max(file.tell() - 1, 0))
                torn = file.read(1) not in {b"", b"\n"}  # by a crash in the middle of a line
                file.write(b"\n" * torn + _line(values).encode("ascii"))
                file.flush()
                os.fsync(file.fileno())
        self._take(values)

    def _take(self, values: dict[str, Any]) -> None:
        """Apply a line; one that lookalike does not write counts for nothing."""
        run, move_id = values.get("ended"), values.get("id")
        if isinstance(run, str):
            self._ended.add(run)
        elif "path" in values:
            move = _from_json(values)
            if move:
                self._moves[move.id] = move
        elif isinstance(move_id, str) and move_id in self._moves:
            state, trashed = values.get("state"), values.get("trashed")
            if state in {MOVED, BACK} and isinstance(trashed, str):
                move = replace(self._moves[move_id], state=str(state), trashed=trashed)
                self._moves[move_id] = move


def new_move_id() -> str:
    """Return a new id of a move."""
    return secrets.token_hex(8)


def _as_json(move: Move) -> dict[str, Any]:
    hashes = {name: getattr(move, name).hex() for name in ("content_hash", "holder_hash")}
    return {**asdict(move), **hashes}


def _from_json(values: dict[str, Any]) -> Move | None:
    """Read a move; None if it is not what lookalike writes."""
    try:
        hashes = {name: bytes.fromhex(values[name]) for name in ("content_hash", "holder_hash")}
        move = Move(**{field.name: values[field.name] for field in fields(Move)} | hashes)
    except (KeyError, TypeError, ValueError):
        return None
    texts = (move.id, move.run, move.path, move.holder, move.encoder, move.state, move.trashed)
    is_valid = (
        all(isinstance(text, str) for text in texts)
        and {len(content) for content in hashes.values()} == {CONTENT_HASH_BYTES}
        and isinstance(move.row, dict | None)
        and move.state in {STARTED, MOVED, BACK}
        and all(_is_path(path) for path in (move.path, move.holder))
    )
    return move if is_valid else None


def _is_path(path: str) -> bool:
    return is_local(path) and os.path.isabs(path) and "\0" not in path


def _line(values: dict[str, Any]) -> str:
    return json.dumps(values) + "\n"


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    """Read the objects of a journal, whatever else is in it."""
    try:
        with path.open("rb") as file:
            while line := file.readline(MAX_LINE_BYTES):
                try:
                    values = json.loads(line)
                except (ValueError, RecursionError):
                    continue
                if isinstance(values, dict):
                    yield values
    except FileNotFoundError:
        return
    except OSError as error:
        raise _error(path, error) from error


@contextlib.contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise _error(path, error) from error


def _error(path: Path, error: OSError) -> StorageError:
    return StorageError(
        f"The journal {path} can't be used ({error.strerror}), so no file is moved; check the "
        "gallery's disk space and permissions."
    )
