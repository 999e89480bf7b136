from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from lookalike.duplicates import report
from lookalike.duplicates.groups import Duplicate, Group
from lookalike.duplicates.members import Member
from lookalike.duplicates.report import write_report
from lookalike.duplicates.verdicts import Verdict
from lookalike.errors import ArgumentError
from lookalike.types import Match

from ..conftest import busy

MATCH = Match(
    ((1.0, 0, 0), (0, 1.0, 0), (0, 0, 1.0)),
    20,
    0.2,
    1,
    0.987,
    1,
    0.5,
    False,
    np.zeros((20, 4), np.float32),
)


class Tags(HTMLParser):
    """Checks that every tag is closed, and collects the tags with their attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open = list[str]()
        self.found = list[tuple[str, dict[str, str | None]]]()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in {"meta", "img", "wbr"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def member(path: Path) -> Member:
    return Member(str(path), 1_234_567, 5, b"x" * 16, 1200, 900)


def groups(folder: Path, count: int = 1, others: int = 2) -> list[Group]:
    picture = folder / "a & b.png"
    busy(1, (1200, 900)).save(picture)
    crop = Verdict("stays", "it is a crop of the original")
    copies = [Duplicate(member(picture), "copy", ("cropped to 50%",), MATCH, verdict=crop)]
    copies += [Duplicate(member(folder / "gone.jpg"), "exact")] * (others - 1)
    return [Group("copy", member(picture), "the oldest", tuple(copies))] * count


def test_the_report_is_complete_small_and_readable(tmp_path: Path) -> None:
    seen = list[tuple[str, int, int]]()
    size = write_report(
        groups(tmp_path), tmp_path / "out.html", on_progress=lambda *v: seen.append(v)
    )
    text = (tmp_path / "out.html").read_text("utf-8")
    assert size == len(text.encode())
    assert size < 40_000
    assert seen == [("Drawing groups", 1, 1)]
    tags = Tags(text)
    assert tags.open == []
    names = [name for name, _ in tags.found]
    assert (names.count("h1"), names.count("h2"), names.count("script")) == (1, 1, 0)
    assert ("html", {"lang": "en"}) in tags.found
    images = [attributes for name, attributes in tags.found if name == "img"]
    assert [image["alt"] for image in images] == ["original: a & b.png", "copy: a & b.png"]
    assert all(len(image["src"] or "") < 12_000 for image in images)
    assert not re.search(r'(href|src)="(?!data:|#)', text)  # nothing comes from elsewhere
    for text_part in (
        "1 group of duplicates",
        "<b>2 duplicates</b>; at most <b>1.2&nbsp;MB</b> to free",
        "3 files; at most <b>1.2&nbsp;MB</b> to free",
        "cropped to 50%; confidence 0.987",
        "Kept: it is a crop of the original",
        "1200 &times; 900, 1.2&nbsp;MB",
        ">not available<",
        "prefers-color-scheme: dark",
    ):
        assert text_part in text


def test_only_the_first_of_many_groups_are_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report, "MAX_GROUPS", 2)
    monkeypatch.setattr(report, "MAX_OTHERS", 3)
    write_report(groups(tmp_path, count=5, others=9), tmp_path / "out.html")
    text = (tmp_path / "out.html").read_text("utf-8")
    assert text.count('<section class="group"') == 2
    assert "5 groups of duplicates" in text
    assert "Only the 2 groups that free most space are shown." in text
    assert "and 6 more" in text
    write_report([], tmp_path / "none.html")
    assert "No picture in the gallery is a duplicate" in (tmp_path / "none.html").read_text("utf-8")
    with pytest.raises(ArgumentError, match="can't be written"):
        write_report([], tmp_path)
