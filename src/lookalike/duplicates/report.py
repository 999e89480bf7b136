"""Groups of duplicates as one HTML file that needs no network and no script."""

from __future__ import annotations

import os
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

from ..report import data_uri, escape, open_thumbnail, write_document
from ..sources import format_size

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ..types import Member
    from .groups import Duplicate, Group

MAX_GROUPS = 500
MAX_OTHERS = 24  # of one group
SIDE_PIXELS = 160  # longer side of a small picture, some 5 kB
_QUALITY = 70
_HERE = Path(__file__).parent


def write_report(
    groups: Sequence[Group],
    out: str | os.PathLike[str],
    *,
    on_progress: Callable[[str, int, int], None] = lambda _stage, _done, _of: None,
) -> int:
    """Write the page; give its size in bytes.

    Args:
        groups: as `Gallery.duplicates` gave them; the first `MAX_GROUPS` are shown.
        out: the file to write.
        on_progress: told the stage, and how many groups of how many are drawn.

    Raises:
        ArgumentError: the file can't be written.
    """
    cards = []
    shown = groups[:MAX_GROUPS]
    for number, group in enumerate(shown, 1):
        cards.append(_card(number, group))
        on_progress("Drawing groups", number, len(shown))
    files = sum(len(group.others) for group in groups)
    heading = f"{len(groups):,} {'group' if len(groups) == 1 else 'groups'} of duplicates"
    body = Template((_HERE / "report.html").read_text("utf-8")).substitute(
        heading=heading,
        files=f"{files:,}",
        freed=_size(sum(group.bytes_freed for group in groups)),
        more=_more(len(groups)),
        groups="".join(cards),
    )
    style = (_HERE / "report.css").read_text("utf-8")
    return write_document(out, title=heading, style=style, body=body)


def _more(groups: int) -> str:
    if not groups:
        return '<p class="remark">No file of the gallery is a duplicate of another.</p>'
    if groups <= MAX_GROUPS:
        return ""
    return (
        f'<p class="remark">Shown are the {MAX_GROUPS:,} groups that free most. All are in the '
        "answer of <code>lookalike duplicates --json</code>.</p>"
    )


def _card(number: int, group: Group) -> str:
    files = len(group.others) + 1
    kept = _figure(group.kept, "kept", "kept", escape(group.why), "")
    others = "".join(_other(other) for other in group.others[:MAX_OTHERS])
    hidden = len(group.others) - MAX_OTHERS
    rest = f'<li class="rest">and {hidden:,} more; --json has all</li>' if hidden > 0 else ""
    return (
        f'<section class="group" aria-labelledby="g{number}"><h2 id="g{number}">'
        f"<bdi>{escape(os.path.basename(group.kept.path))}</bdi></h2>"
        f'<p class="facts">{files:,} files; all but the kept one take '
        f"<b>{_size(group.bytes_freed)}</b></p>"
        f'<ul class="files">{kept}{others}{rest}</ul></section>'
    )


def _other(other: Duplicate) -> str:
    note = f'<span class="stays">Never trashed: {escape(other.stays)}</span>' if other.stays else ""
    sure = f"; confidence {other.match.confidence:.3f}" if other.match else ""
    return _figure(other.member, other.kind, other.kind, f"{escape(other.how)}{sure}", note)


def _figure(member: Member, style: str, kind: str, how: str, note: str) -> str:
    name = escape(os.path.basename(member.path))
    uri = _thumbnail(member.path)
    image = f'<img src="{uri}" alt="{kind}: {name}">' if uri else '<span class="gone">gone</span>'
    # A path may be broken after a separator.
    path = escape(member.path).replace("/", "/<wbr>").replace("\\", "\\<wbr>")
    return (
        f'<li class="{style}"><figure><div class="frame">{image}</div><figcaption>'
        f'<span class="kind">{kind}</span> <span class="how">{how}</span>{note}'
        f'<span class="size">{member.width} &times; {member.height}, {_size(member.size)}</span>'
        f'<bdi class="path">{path}</bdi></figcaption></figure></li>'
    )


def _thumbnail(path: str) -> str:
    """Give the whole picture, small, as a `data:` URI; empty where it can't be read."""
    small = open_thumbnail(path, min_side=SIDE_PIXELS)
    if small is None:
        return ""
    small.thumbnail((SIDE_PIXELS, SIDE_PIXELS))
    return data_uri(small, "JPEG", quality=_QUALITY)


def _size(count: int) -> str:
    return format_size(count).replace(" ", "&nbsp;")
