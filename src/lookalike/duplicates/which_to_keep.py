"""Which file of a group is the original, to be kept, and why.

The order is strict, so that the same files always give the same groups: each criterion decides
only between files that all criteria before it call equal.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from ..copies import FULL_OVERLAP
from ..types import UNKNOWN
from .details import FileDetails
from .edited import find_edits, pixels, show_the_same
from .keep_rules import ORDERS, KeepRules

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .groups import Duplicate
    from .members import Member
    from .pairs import Pair

# Of lossy files, those of formats that cameras write come before those that only software writes.
LOSSY_FORMATS = ("HEIF", "JPEG")
MAX_NAMED = 3  # kinds of metadata in a reason
# What decided between a file and the next best, by the field of `Standing`.
WHY = {
    "is_unread": "the only one that could be read",
    "pages": "the most pages: {details.pages}",
    "frames": "the most frames: {details.frames}",
    "is_opaque": "it has transparency",
    "bits": "the most bits per channel: {details.bit_depth}",
    "has_no_video": "it has a video",
    "is_grey": "in colour; the next best is black and white",
    "is_edited": "unedited, as far as can be told; the next best is not",
    "has_no_camera": "it names its camera",
    "is_enlarged": "not enlarged, unlike one of {size_of_rival} pixels",
    "pixels": "the largest: {kept.width} x {kept.height} pixels",
    "is_lossy": "lossless: {details.format}",
    "is_unprotected": "in a protected folder",
    "preferred": "in a preferred folder",
    "chosen": "its path matches {rules.keep}",
    "format": "of a format that cameras write: {details.format}",
    "quality": "the least compressed: JPEG quality {details.quality}; the next has {rival.quality}",
    "age": "the oldest",
    "path": "as good and as old as the others; its path comes first",
}
BY_RULE = {"is_unprotected", "preferred", "chosen"}


class Standing(NamedTuple):
    """How good a file is to keep: compared field by field, the lower, the better.

    First comes what a file holds, then what people want among files that hold the same, then how
    well it is kept.
    """

    is_unread: bool
    pages: int
    frames: int
    is_opaque: bool
    bits: int
    has_no_video: bool
    written: int
    is_grey: bool
    is_edited: bool
    has_no_camera: bool
    is_enlarged: bool
    pixels: int
    is_lossy: bool
    is_unprotected: bool
    preferred: int
    chosen: tuple[float, ...]
    format: int
    quality: int
    age: int
    path: str


class Ranking:
    """Files by how good they are to keep.

    Attributes:
        contents: files of the same bytes, the best first, for each content, the best first.
    """

    def __init__(
        self,
        members: Sequence[Member],
        pairs: Sequence[Pair] = (),
        details: Mapping[bytes, FileDetails] | None = None,
        rules: KeepRules | None = None,
    ) -> None:
        """Order files.

        Args:
            members: files, each once.
            pairs: pairs of different bytes.
            details: what the files hold, by content; a file without comes after those with.
            rules: what people want among files that hold the same.
        """
        self._details = details or {}
        self._rules = rules or KeepRules()
        by_content: defaultdict[bytes, list[Member]] = defaultdict(list)
        for member in members:
            by_content[member.content_hash].append(member)
        self._edits = find_edits(members, pairs, by_content, self._details)
        self.contents = [sorted(twins, key=self.standing) for twins in by_content.values()]
        self.contents.sort(key=lambda twins: self.standing(twins[0]))

    def standing(self, member: Member) -> Standing:
        """Return how good a file is to keep."""
        known = self._details.get(member.content_hash)
        details = known or FileDetails()
        is_unprotected, preferred, chosen = self._rules.rank(member)
        return Standing(
            is_unread=known is None,
            pages=-details.pages,
            frames=-details.frames,
            is_opaque=not details.has_alpha,
            bits=-details.bit_depth,
            has_no_video=not details.has_video,
            written=-len(details.written),
            is_grey=member.content_hash in self._edits.grey,
            is_edited=member.content_hash in self._edits.outvoted,
            has_no_camera=not details.has_camera,
            is_enlarged=member.content_hash in self._edits.enlarged,
            pixels=-pixels(member),
            is_lossy=not details.is_lossless,
            is_unprotected=is_unprotected,
            preferred=preferred,
            chosen=chosen,
            format=_format(details),
            quality=-details.quality,
            age=sys.maxsize if member.mtime_ns == UNKNOWN else member.mtime_ns,
            path=member.path,
        )

    def why_kept(self, kept: Member, others: Sequence[Duplicate]) -> str:
        """Say in one clause what decided that a file is the one to keep.

        Args:
            kept: the file.
            others: the others of its group, the best first.
        """
        twins = [other.member for other in others if other.same_bytes]
        copies = [other for other in others if other.kind != "near" and not other.same_bytes]
        whole = [c.member for c in copies if c.match is None or show_the_same(c.match)]
        parts = [other.match for other in copies if other.match and not show_the_same(other.match)]
        if twins and self._decides(kept, twins[0]) in BY_RULE:
            return self._why_before(kept, twins[0])
        if whole or not (twins or parts):
            return self._why_before(kept, whole[0] if whole else others[0].member)
        if twins:
            return self._why_before(kept, twins[0])
        if all(match.query_overlap >= FULL_OVERLAP for match in parts):
            return "the whole picture; the others are crops of it"
        return "the one that shows their common part largest"

    def _decides(self, kept: Member, rival: Member) -> str:
        """Return the first field of `Standing` in which two files differ."""
        fields = zip(Standing._fields, self.standing(kept), self.standing(rival), strict=True)
        return next(name for name, one, other in fields if one != other)

    def _why_before(self, kept: Member, rival: Member) -> str:
        """Say what a file has before the next best."""
        name = self._decides(kept, rival)
        details, of_rival = (
            self._details.get(member.content_hash, FileDetails()) for member in (kept, rival)
        )
        if name == "written":
            return f"it says more: {_named(details.written, of_rival.written)}"
        if name == "chosen" and self._rules.keep in ORDERS:
            return f"the {self._rules.keep}, as you chose"
        if name == "quality" and of_rival.quality < 0:
            name = "format"
        return WHY[name].format(
            kept=kept,
            details=details,
            rival=of_rival,
            size_of_rival=f"{rival.width} x {rival.height}",
            rules=self._rules,
        )


def _format(details: FileDetails) -> int:
    if details.is_lossless or details.format not in LOSSY_FORMATS:
        return 0 if details.is_lossless else len(LOSSY_FORMATS)
    return LOSSY_FORMATS.index(details.format)


def _named(written: Mapping[str, str], of_rival: Mapping[str, str]) -> str:
    """Name what a file says that another does not."""
    names = sorted(name for name, value in written.items() if of_rival.get(name) != value)
    more = f" and {len(names) - MAX_NAMED} more" if len(names) > MAX_NAMED else ""
    return ", ".join(names[:MAX_NAMED]) + more
