"""Moves duplicates to the system's trash, and brings them back; nothing is deleted.

Every move is in the journal before it happens. What a stopped run left undecided is settled by the
same run if it still can, or else by the next one.
"""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..errors import PictureError
from ..sources import content_hash, is_under
from ..storage import batched, to_text
from ..types import Refusal
from .check import compare, read_unchanged, reason_of
from .freedesktop_trash import (
    find_in_trash,
    forget_failed_moves,
    has_freedesktop_trash,
    put_back,
)
from .journal import BACK, MOVED, STARTED, Journal, Move, new_move_id
from .rows import known_paths, read_rows, write_rows
from .shots import with_parts
from .verdicts import GOES

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    from ..storage import Store
    from .groups import Duplicate, Group
    from .members import Member
    from .verdicts import VerdictCache

MOVES_AT_ONCE = 64  # whose rows are read, or written, together


@dataclass(frozen=True, slots=True)
class TrashReport:
    """What `Gallery.trash` moved.

    Attributes:
        moved: paths.
        left: the other duplicates that it was asked about, each with the reason why it stays.
        bytes_freed: the size of the moved files, freed once the trash is emptied.
    """

    moved: tuple[str, ...]
    left: tuple[Refusal, ...]
    bytes_freed: int


@dataclass(frozen=True, slots=True)
class UndoReport:
    """What `Gallery.undo_trash` brought back.

    Attributes:
        restored: paths of files that are back where they were.
        left: files that are not, each with the reason.
    """

    restored: tuple[str, ...]
    left: tuple[Refusal, ...]


@dataclass(frozen=True, slots=True)
class Trash:
    """The trash as one gallery uses it; the caller holds the gallery's lock.

    Attributes:
        journal: of its moves.
        store: its tables.
        encoder: SHA-256 of the weights that its vectors are from.
    """

    journal: Journal
    store: Store
    encoder: str

    def move(
        self,
        groups: Iterable[Group],
        cache: VerdictCache,
        *,
        paths: Collection[str] | None = None,
        on_progress: Callable[[str, int, int], None] = lambda _stage, _done, _of: None,
    ) -> TrashReport:
        """Move the duplicates whose verdict is that they go; see `Gallery.trash`.

        Args:
            groups: with verdicts.
            cache: what was compared before.
            paths: only these; None for all.
            on_progress: called with the stage, the number of files done, and of all.
        """
        self.settle()
        self.journal.begin_run()
        moved, left, freed = list[str](), list[Refusal](), 0
        asked = [
            (group, other)
            for group in groups
            for other in group.others
            if paths is None or other.member.path in paths
        ]
        try:
            for some in batched(asked, MOVES_AT_ONCE):
                going = [other.member.path for _, other in some if other.state == GOES]
                rows = read_rows(self.store, going)
                for group, other in some:
                    path = other.member.path
                    try:
                        self._move_one(_holder(group, other), other.member, rows.get(path), cache)
                        moved.append(path)
                        freed += other.bytes_freed
                    except _StaysError as reason:
                        left.append(Refusal(path, str(reason)))
                    on_progress("Moving files", len(moved) + len(left), len(asked))
        finally:
            self.settle()
        return TrashReport(tuple(moved), tuple(left), freed)

    def undo(
        self,
        paths: Sequence[str] = (),
        *,
        on_progress: Callable[[str, int, int], None] = lambda _stage, _done, _of: None,
    ) -> UndoReport:
        """Bring files and their rows back, the newest first; see `Gallery.undo_trash`."""
        self.settle()
        journal = self.journal
        moves = [
            move
            for move in reversed(journal.moves() if paths else journal.last_run())
            if move.state == MOVED
            and (not paths or any(is_under(move.path, path) for path in paths))
        ]
        restored, left = list[str](), list[Refusal]()
        for some in batched(moves, MOVES_AT_ONCE):
            back = list[Move]()
            try:
                for move in some:
                    reason = _bring_back(move)
                    if reason:
                        left.append(Refusal(move.path, reason))
                    else:
                        back.append(move)
                        restored.append(move.path)
                    on_progress("Restoring files", len(restored) + len(left), len(moves))
            finally:
                self._restore_rows(back)
                for move in back:
                    journal.finish(move, BACK)
        return UndoReport(tuple(restored), tuple(left))

    def settle(self) -> None:
        """Decide the moves that a stopped run left undecided, and remove the rows of moved files.

        A file whose move has begun is where it was, or in the trash; there, it comes back if the
        file that held all that it held is not as it was.
        """
        moved = list[str]()
        for move in self.journal.unfinished():
            state, trashed = move.state, ""
            if state == STARTED:
                trashed = find_in_trash(move.path, move.content_hash) or ""
                state = BACK if os.path.lexists(move.path) else MOVED
                if state == MOVED and trashed and not _is_intact(move.holder, move.holder_hash):
                    state = MOVED if _bring_back(move) else BACK
                self.journal.finish(move, state, trashed if state == MOVED else "")
            if state == MOVED and not os.path.lexists(move.path):
                moved.append(move.path)
        if moved:
            self.store.pictures.delete(known_paths(self.store, moved))
        self.journal.end_runs()

    def _move_one(
        self, holder: Member, member: Member, row: dict[str, Any] | None, cache: VerdictCache
    ) -> None:
        """Check two files once more, and move the second.

        Raises:
            _StaysError: it stays, or is back.
        """
        _check_again(holder, member, cache)
        move = Move(
            new_move_id(),
            self.journal.run,
            member.path,
            member.content_hash,
            holder.path,
            holder.content_hash,
            row,
            self.encoder,
        )
        self.journal.start(move)
        try:
            _send_to_trash(member.path)
        except _StaysError:
            self.journal.finish(move, BACK)
            raise
        trashed = find_in_trash(member.path, member.content_hash) or ""
        if _is_intact(holder.path, holder.content_hash):
            self.journal.finish(move, MOVED, trashed)
        elif _bring_back(move):
            self.journal.finish(move, MOVED, trashed)
            raise _StaysError(f"restore it from the trash: {holder.path} is gone or has changed")
        else:
            self.journal.finish(move, BACK)
            raise _StaysError(f"it is back from the trash: {holder.path} is gone or has changed")

    def _restore_rows(self, moves: Sequence[Move]) -> None:
        """Write the rows of files that are back, except those of another encoder's vectors."""
        rows = [
            {**move.row, "path": to_text(move.path)}
            for move in moves
            if move.row is not None and move.encoder == self.encoder
        ]
        write_rows(self.store, rows)


class _StaysError(Exception):
    """A file stays; the message says why, as one clause."""


def _holder(group: Group, other: Duplicate) -> Member:
    """Return the file that holds all that a duplicate holds, by its verdict.

    Raises:
        _StaysError: the verdict is not that it goes.
    """
    if other.state != GOES:
        raise _StaysError(other.stays or "it has not been checked yet")
    for member in (group.kept, *(duplicate.member for duplicate in group.others)):
        if member.path == other.verdict.holder != other.member.path:
            return member
    raise _StaysError("the file that holds all that it holds is not in its group")


def _check_again(holder: Member, member: Member, cache: VerdictCache) -> None:
    """Check right before a move that both files are what they were when they were compared.

    Raises:
        _StaysError: they are not.
    """
    for role, one in (("the kept file", holder), ("it", member)):
        try:
            read_unchanged(one)
        except (OSError, PictureError, MemoryError) as error:
            raise _StaysError(f"{role} can't be checked: {reason_of(error)}") from error
        if os.path.islink(one.path):
            raise _StaysError(f"{role} is a link")
    if _is_same_file(holder.path, member.path):
        raise _StaysError("it is the same file as the kept one")
    lost = compare(*with_parts([holder, member]), cache=cache)
    if lost:
        raise _StaysError(lost)


def _is_same_file(one: str, other: str) -> bool:
    """Check whether two paths are of one file, also where two mounts give it other numbers.

    What changes the other's status then changes that of the first: its times are set to what they
    are. Without the right to do so, their numbers tell.
    """
    before, status = os.stat(one), os.stat(other)
    if (before.st_ino, before.st_ctime_ns) == (status.st_ino, status.st_ctime_ns):
        return True
    with contextlib.suppress(OSError):
        os.utime(other, ns=(status.st_atime_ns, status.st_mtime_ns))
    return os.stat(one).st_ctime_ns != before.st_ctime_ns


def _send_to_trash(path: str) -> None:
    """Move one file to the trash.

    Raises:
        _StaysError: it can't be moved.
    """
    from send2trash import send2trash

    try:
        send2trash(path)
    except Exception as error:
        if os.path.lexists(path):
            reason = f"it can't be moved to the trash: {reason_of(error)}"
            raise _StaysError(reason) from error
    finally:
        forget_failed_moves(path)  # such as to the trash of the volume, before that of the home


def _bring_back(move: Move) -> str:
    """Put a file back where it was; return why it is not there, empty if it is."""
    if os.path.lexists(move.path):
        if _is_intact(move.path, move.content_hash):
            return ""
        return "another file is where it was; move that away, then undo again"
    if not has_freedesktop_trash():
        return "lookalike can't take it out of this system's trash; restore it from there"
    trashed = find_in_trash(move.path, move.content_hash)
    if trashed is None:
        return "it is no longer in the trash"
    try:
        put_back(trashed, move.path)
    except OSError as error:
        return f"it can't be moved back from {trashed}: {reason_of(error)}"
    return ""


def _is_intact(path: str, content: bytes) -> bool:
    """Check that a file can be opened, and has a content."""
    try:
        with open(path, "rb") as file:
            return content_hash(file.read()) == content
    except OSError:
        return False
