"""Groups of duplicates as one HTML file, without network or script."""

from __future__ import annotations

import os
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

from ..report import data_uri, escape, open_thumbnail, write_document
from ..sources import format_size
from .verdicts import UNCHECKED

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .groups import Duplicate, Group
    from .members import Member

MAX_GROUPS = 500
MAX_OTHERS = 24  # of one group
SIDE_PIXELS = 160  # longer side of a thumbnail, about 5 kB
_QUALITY = 70
_HERE = Path(__file__).parent


def write_report(
    groups: Sequence[Group],
    out: str | os.PathLike[str],
    *,
    on_progress: Callable[[str, int, int], None] = lambda _stage, _done, _of: None,
) -> int:
    """Write the report; return its size in bytes.

    Args:
        groups: as `Gallery.duplicates` returns them; the first `MAX_GROUPS` are shown.
        out: the file to write.
        on_progress: called with the stage, and the number of groups drawn, and of all.

    Raises:
        ArgumentError: the file can't be written.
    """
    cards = []
    shown = groups[:MAX_GROUPS]
    for number, group in enumerate(shown, 1):
        cards.append(_card(number, group))
        on_progress("Drawing groups", number, len(shown))
    duplicates = sum(len(group.others) for group in groups)
    heading = f"{len(groups):,} {'group' if len(groups) == 1 else 'groups'} of duplicates"
    body = Template((_HERE / "report.html").read_text("utf-8")).substitute(
        heading=heading,
        duplicates=f"{duplicates:,} {'duplicate' if duplicates == 1 else 'duplicates'}",
        freed=_size(sum(group.bytes_freed for group in groups)),
        remark=_remark(len(groups)),
        groups="".join(cards),
    )
    style = (_HERE / "report.css").read_text("utf-8")
    return write_document(out, title=heading, style=style, body=body)


def _remark(groups: int) -> str:
    if not groups:
        return '<p class="remark">No picture in the gallery is a duplicate of another.</p>'
    if groups <= MAX_GROUPS:
        return ""
    return (
        f'<p class="remark">Only the {MAX_GROUPS:,} groups that free most space are shown. For '
        "all of them, run <code>lookalike duplicates --json</code>.</p>"
    )


def _card(number: int, group: Group) -> str:
    files = len(group.others) + 1
    original = _figure(group.kept, "original", escape(group.why), "")
    others = "".join(_other(other) for other in group.others[:MAX_OTHERS])
    hidden = len(group.others) - MAX_OTHERS
    rest = f'<li class="rest">and {hidden:,} more; --json lists all</li>' if hidden > 0 else ""
    return (
        f'<section class="group" aria-labelledby="g{number}"><h2 id="g{number}">'
        f"<bdi>{escape(os.path.basename(group.kept.path))}</bdi></h2>"
        f'<p class="facts">{files:,} files; at most <b>{_size(group.bytes_freed)}</b> to free</p>'
        f'<ul class="files">{original}{others}{rest}</ul></section>'
    )


def _other(other: Duplicate) -> str:
    note = ""
    if other.state != UNCHECKED:
        verdict = f"Kept: {other.stays}" if other.stays else "Can go"
        note = f'<span class="{other.state}">{escape(verdict)}</span>'
    confidence = f"; confidence {other.match.confidence:.3f}" if other.match else ""
    return _figure(other.member, other.kind, f"{escape(other.how)}{confidence}", note)


def _figure(member: Member, kind: str, description: str, note: str) -> str:
    name = escape(os.path.basename(member.path))
    uri = _thumbnail(member.path)
    gone = '<span class="gone">not available</span>'
    image = f'<img src="{uri}" alt="{kind}: {name}">' if uri else gone
    # A long path may wrap after a separator.
    path = escape(member.path).replace("/", "/<wbr>").replace("\\", "\\<wbr>")
    return (
        f'<li class="{kind}"><figure><div class="frame">{image}</div><figcaption>'
        f'<span class="kind">{kind}</span> <span class="how">{description}</span>{note}'
        f'<span class="size">{member.width} &times; {member.height}, {_size(member.size)}</span>'
        f'<bdi class="path">{path}</bdi></figcaption></figure></li>'
    )


def _thumbnail(path: str) -> str:
    """Return the whole picture, small, as a `data:` URI; empty if it can't be read."""
    small = open_thumbnail(path, min_side=SIDE_PIXELS)
    if small is None:
        return ""
    small.thumbnail((SIDE_PIXELS, SIDE_PIXELS))
    return data_uri(small, "JPEG", quality=_QUALITY)


def _size(size_bytes: int) -> str:
    return format_size(size_bytes).replace(" ", "&nbsp;")
