"""The methods of a client that decide which duplicates go, move them, and bring them back."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..duplicates import TrashReport, UndoReport
from ..sources import absolute
from . import serialization
from .duplicates import ClientDuplicates

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Collection, Sequence

    from ..duplicates import Group
    from ..types import Refusal


class TrashClient(ClientDuplicates):
    """The methods of `Client` that use the trash of the server's machine."""

    def check_duplicates(
        self,
        groups: Sequence[Group],
        *,
        on_progress: Callable[[str, int, int], None] = lambda _stage, _done, _of: None,
    ) -> list[Group]:
        """Decide which duplicates may go; see `Gallery.check_duplicates`.

        Example:
            >>> from lookalike import Client
            >>> with Client("http://127.0.0.1:8000") as client:
            ...     client.check_duplicates(client.duplicates())
            []
        """
        paths = [other.member.path for group in groups for other in group.others]
        if not paths:
            return list(groups)

        def on_job(progress: dict[str, Any]) -> None:
            on_progress(progress["stage"], progress["done"], progress["todo"])

        kind = self._run_job("/duplicates/check", {"paths": paths}, on_job)["kind"]
        stored = self._request("GET", "/duplicates", params={"kind": kind})["groups"]
        checked = {group.kept.path: group for group in map(serialization.group_from_json, stored)}
        return [_with_verdicts(group, checked.get(group.kept.path)) for group in groups]

    def trash(
        self,
        groups: Sequence[Group],
        *,
        paths: Collection[str] | None = None,
        on_progress: Callable[[str, int, int], None] = lambda _stage, _done, _of: None,
    ) -> TrashReport:
        """Move the duplicates that go to the trash of the server's machine; see `Gallery.trash`.

        Example:
            >>> from lookalike import Client
            >>> with Client("http://127.0.0.1:8000") as client:
            ...     client.trash(client.check_duplicates(client.duplicates()))
            TrashReport(moved=(), left=(), bytes_freed=0)
        """
        asked = [
            other.member.path
            for group in groups
            for other in group.others
            if paths is None or other.member.path in paths
        ]
        if not asked:
            return TrashReport((), (), 0)
        values = self._request("POST", "/duplicates/trash", json={"paths": asked}, timeout=None)
        on_progress("Moving files", len(asked), len(asked))
        return TrashReport(tuple(values["moved"]), _refusals(values), values["frees"])

    def undo_trash(
        self,
        *paths: str | os.PathLike[str],
        on_progress: Callable[[str, int, int], None] = lambda _stage, _done, _of: None,
    ) -> UndoReport:
        """Bring files back from the trash of the server's machine; see `Gallery.undo_trash`.

        Example:
            >>> from lookalike import Client
            >>> with Client("http://127.0.0.1:8000") as client:
            ...     client.undo_trash()
            UndoReport(restored=(), left=())
        """

        def on_job(progress: dict[str, Any]) -> None:
            on_progress(progress["stage"], progress["done"], progress["todo"])

        body = {"paths": [absolute(path) for path in paths]}
        values = self._run_job("/duplicates/undo", body, on_job)
        return UndoReport(tuple(values["restored"]), _refusals(values))


def _with_verdicts(group: Group, checked: Group | None) -> Group:
    """Return a group with the verdicts of the same group on the server."""
    verdicts = {other.member.path: other.verdict for other in checked.others} if checked else {}
    others = (
        replace(other, verdict=verdicts.get(other.member.path, other.verdict))
        for other in group.others
    )
    return replace(group, others=tuple(others))


def _refusals(values: dict[str, Any]) -> tuple[Refusal, ...]:
    return tuple(map(serialization.refusal_from_json, values["left"]))
