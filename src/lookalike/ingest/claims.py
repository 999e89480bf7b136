"""Claims on contents: of files with the same bytes, one is decoded and encoded."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, NamedTuple, Protocol

from .seen import content_key

if TYPE_CHECKING:
    from .seen import ContentKeys, SeenFiles


class Claim(NamedTuple):
    """The answer to a worker that has read a content; the last three are as at the start.

    Attributes:
        granted: whether to decode it; False if another file has claimed or delivered it.
        needs_fingerprint: whether the gallery had no fingerprint of it in the present format.
        has_vector: whether a row had its vector.
        has_properties: whether a row told what it holds; without that, an earlier version encoded
            it, which decoded some pictures differently.
    """

    granted: bool
    needs_fingerprint: bool
    has_vector: bool
    has_properties: bool


class PendingClaims(Protocol):
    """The claims as the ledger sees them."""

    def resolve(self, content: bytes, *, delivered: bool) -> None:
        """Note that a claimed content was delivered, or was refused."""

    def is_pending(self, content: bytes) -> bool:
        """Check whether a content is being decoded."""


class ContentClaims:
    """Which contents are done or being decoded, so that none is decoded twice."""

    def __init__(self, seen: SeenFiles | ContentKeys) -> None:
        """Start from the contents in the gallery."""
        self._seen = seen
        self._pending: dict[bytes, str] = {}
        self._lock = threading.Lock()

    def claim(self, content: bytes, path: str) -> Claim:
        """Claim a content for a file."""
        seen, key = self._seen, content_key(content)
        with self._lock:
            granted = key not in seen.contents and self._pending.setdefault(content, path) == path
        return Claim(
            granted,
            needs_fingerprint=key not in seen.fingerprinted,
            has_vector=key in seen.incomplete,
            has_properties=key in seen.incomplete and key not in seen.undescribed,
        )

    def claimed_by(self, path: str) -> list[bytes]:
        """List the contents that are being decoded from a file."""
        with self._lock:
            return [content for content, owner in self._pending.items() if owner == path]

    def resolve(self, content: bytes, *, delivered: bool) -> None:
        """Note that a claimed content was delivered, or was refused."""
        with self._lock:
            self._pending.pop(content, None)
            if delivered:
                self._seen.contents.add(content_key(content))

    def is_pending(self, content: bytes) -> bool:
        """Check whether a content is being decoded."""
        with self._lock:
            return content in self._pending
