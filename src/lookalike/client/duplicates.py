"""The methods of `Gallery` about duplicates over HTTP."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from ..sources import absolute, is_id
from . import serialization
from .connection import Connection

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ..duplicates import Group, KeepRules, NotDuplicate


class ClientDuplicates(Connection):
    """The methods of `Client` about duplicates."""

    def duplicates(
        self,
        *paths: str | os.PathLike[str],
        kind: str = "copies",
        keep: KeepRules | None = None,
        on_progress: Callable[[str, int, int], None] = lambda _stage, _done, _of: None,
        on_left_out: Callable[[str], None] = lambda _: None,
    ) -> list[Group]:
        """Group the files that show the same picture, of the whole gallery.

        See `Gallery.duplicates`; a server does not accept paths, or rules for one run only.

        Example:
            >>> from lookalike import Client
            >>> with Client("http://127.0.0.1:8000") as client:
            ...     client.duplicates(kind="exact")
            []
        """
        if paths:
            self._not_over_http("Finding duplicates under some paths")
        if keep is not None:
            self._not_over_http("Choosing what to keep for one run")
        values = {"kind": kind, "refresh": "true"}
        result = self._request("GET", "/duplicates", params=values)
        if result["status"] == "running":

            def on_job(progress: dict[str, Any]) -> None:
                on_progress(progress["stage"], progress["done"], progress["todo"])

            self._wait_for_job(result["job"], on_job)
            result = self._request("GET", "/duplicates", params={"kind": kind})
        for path in result["left_out"]:
            on_left_out(path)
        return list(map(serialization.group_from_json, result["groups"]))

    def keep_rules(self) -> KeepRules:
        """Return the gallery's rules for which of several files to keep.

        Example:
            >>> from lookalike import Client
            >>> with Client("http://127.0.0.1:8000") as client:
            ...     client.keep_rules()
            KeepRules(prefer=(), protect=(), keep=None)
        """
        return serialization.rules_from_json(self._request("GET", "/duplicates/rules"))

    def set_keep_rules(self, rules: KeepRules) -> None:
        """Let `duplicates` follow these rules from now on; see `Gallery.set_keep_rules`.

        Example:
            >>> from lookalike import Client, KeepRules
            >>> with Client("http://127.0.0.1:8000") as client:
            ...     client.set_keep_rules(KeepRules(keep="oldest"))
            ...     client.set_keep_rules(KeepRules())
        """
        self._request("PUT", "/duplicates/rules", json=rules.as_json())

    def mark_not_duplicates(self, *paths: str | os.PathLike[str]) -> None:
        """Remember that pictures are no duplicates; see `Gallery.mark_not_duplicates`.

        Example:
            >>> from lookalike import Client
            >>> with Client("http://127.0.0.1:8000") as client:
            ...     one, other = client.browse(top=2).entries
            ...     client.mark_not_duplicates(one.id, other.id)
            ...     client.forget_not_duplicates(one.id)
        """
        self._request("POST", "/duplicates/not", json={"pictures": _pictures(paths)})

    def not_duplicates(self) -> list[tuple[NotDuplicate, ...]]:
        """List the sets of pictures that are marked as no duplicates of each other.

        Example:
            >>> from lookalike import Client
            >>> with Client("http://127.0.0.1:8000") as client:
            ...     client.not_duplicates()
            []
        """
        result = self._request("GET", "/duplicates/not")
        return [
            tuple(map(serialization.not_duplicate_from_json, pictures))
            for pictures in result["not_duplicates"]
        ]

    def forget_not_duplicates(self, *paths: str | os.PathLike[str]) -> None:
        """Undo what `mark_not_duplicates` remembered; see `Gallery.forget_not_duplicates`.

        Example:
            >>> from lookalike import Client
            >>> with Client("http://127.0.0.1:8000") as client:
            ...     client.forget_not_duplicates(client.browse(top=1).entries[0].id)
            Traceback (most recent call last):
            lookalike.errors.ArgumentError: These files are not marked ...
        """
        self._request("POST", "/duplicates/not/forget", json={"pictures": _pictures(paths)})


def _pictures(names: Sequence[str | os.PathLike[str]]) -> list[str]:
    """Make paths absolute: they are the server's; ids stay."""
    texts = [os.fspath(name) for name in names]
    return [name if is_id(name) else absolute(name) for name in texts]
