"""Which duplicates may go, decided before anything is offered."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from lookalike.duplicates import Group, VerdictCache, check_groups, known_verdicts
from lookalike.duplicates.check import MAX_HOLDERS, judge
from lookalike.duplicates.groups import Duplicate
from lookalike.duplicates.members import Member
from lookalike.duplicates.verdicts import GOES, STAYS, UNCHECKED
from lookalike.sources import content_hash

from ..conftest import busy

SIZE = (240, 180)


def member(path: Path | str, size: tuple[int, int] = SIZE, content: str = "") -> Member:
    """A member for a real file, or for a name with a content of its own."""
    if isinstance(path, str):
        return Member(f"/p/{path}", 9, 9, (content or path).encode().ljust(16), *size)
    data, status = path.read_bytes(), path.stat()
    return Member(str(path), status.st_size, status.st_mtime_ns, content_hash(data), *size)


def group(kept: Member, *others: Member | Duplicate) -> Group:
    as_duplicates = (
        one if isinstance(one, Duplicate) else Duplicate(one, "copy") for one in others
    )
    return Group("copy", kept, "the oldest", tuple(as_duplicates))


def verdicts(judged: Group) -> list[tuple[str, str]]:
    """State and reason, or holder, of each duplicate."""
    of_all = (other.verdict for other in judged.others)
    return [(one.state, one.reason or one.holder.removeprefix("/p/")) for one in of_all]


def test_a_file_goes_if_one_that_stays_holds_all_of_it() -> None:
    """The kept one comes first, then those that stay because nothing holds them."""
    holds = {("kept", "small"), ("captioned", "captioned small")}
    names = ["captioned", "small", "captioned small"]
    calls = list[tuple[str, str]]()

    def compare(holder: Member, other: Member) -> str:
        pair = holder.path.removeprefix("/p/"), other.path.removeprefix("/p/")
        calls.append(pair)
        return "" if pair in holds else f"{pair[0]} lacks it"

    judged = judge(group(member("kept"), *map(member, names)), compare)
    assert verdicts(judged) == [
        (STAYS, "kept lacks it"),
        (GOES, "kept"),
        (GOES, "captioned"),
    ]
    assert calls == [
        ("kept", "captioned"),
        ("kept", "small"),
        ("kept", "captioned small"),
        ("captioned", "captioned small"),
    ]


def test_what_goes_never_holds_anything() -> None:
    """`b` is in `a`, which goes; only files that stay count."""

    def compare(holder: Member, other: Member) -> str:
        names = holder.path[-1] + other.path[-1]
        return "" if names in {"ka", "ab"} else "no"

    assert verdicts(judge(group(member("k"), member("a"), member("b")), compare)) == [
        (GOES, "k"),
        (STAYS, "no"),
    ]


def test_what_is_unknown_stays_unknown() -> None:
    """Also for a file that an unchecked one might hold."""
    known = {"ka": None, "kb": "no", "kc": "no", "kd": ""}

    def compare(holder: Member, other: Member) -> str | None:
        return known.get(holder.path[-1] + other.path[-1])

    others = (member("a"), member("b"), member("c", (9000, 9000)), member("d"))
    assert verdicts(judge(group(member("k"), *others), compare)) == [
        (UNCHECKED, ""),
        (UNCHECKED, ""),  # `a` may hold it
        (STAYS, "no"),  # `a` is smaller
        (GOES, "k"),
    ]


def test_cheap_reasons_need_no_comparison() -> None:
    others = [
        Duplicate(replace(member("a"), path="/p/a.zip!/a.png"), "copy"),
        Duplicate(member("near"), "near"),
        Duplicate(replace(member("linked"), names=2), "copy"),
        Duplicate(member("safe"), "copy", is_protected=True),
    ]

    def compare(_holder: Member, _other: Member) -> str:
        raise AssertionError("nothing is read")

    assert [reason for _, reason in verdicts(judge(group(member("k"), *others), compare))] == [
        "it is in an archive, or not on this machine",
        "it is another picture of the same thing",
        "its file has 2 names, so removing one frees no space",
        "it is in a protected folder",
    ]


def test_few_files_are_compared_in_full() -> None:
    calls = list[str]()

    def compare(_holder: Member, other: Member) -> str:
        calls.append(other.path)
        return "no"

    count = 30
    judge(group(member("k"), *(member(f"{n}") for n in range(count))), compare)
    assert len(calls) <= count * (MAX_HOLDERS + 1)
    twins = [member(f"{n}", content="same") for n in range(count)]
    judge(group(member("k"), *twins), lambda holder, _: "no" if holder.path == "/p/k" else "")


def test_pairs_are_read_once_and_remembered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    busy(1, SIZE).save(tmp_path / "kept.png")
    busy(1, SIZE).save(tmp_path / "same.bmp")
    busy(2, SIZE).save(tmp_path / "other.png")
    (tmp_path / "twin.png").write_bytes((tmp_path / "kept.png").read_bytes())
    kept, *others = (
        member(tmp_path / name) for name in ("kept.png", "same.bmp", "other.png", "twin.png")
    )
    groups = [group(kept, *others)]
    cache = VerdictCache(tmp_path)
    unknown = known_verdicts(groups, cache)
    assert verdicts(unknown[0]) == [(UNCHECKED, "")] * 3
    steps = list[tuple[str, int, int]]()
    checked = check_groups(groups, cache, on_progress=lambda *step: steps.append(step))
    assert [state for state, _ in verdicts(checked[0])] == [GOES, STAYS, GOES]
    assert steps == [("Checking files", done, 3) for done in (1, 2, 3)]
    assert checked[0].bytes_freed == others[0].size + others[2].size

    def no_reading(_: object) -> bytes:
        raise AssertionError("it was compared before")

    monkeypatch.setattr("lookalike.duplicates.check.read", no_reading)
    for again in (check_groups(groups, VerdictCache(tmp_path)), known_verdicts(groups, cache)):
        assert again == checked
    # The rules have changed since.
    monkeypatch.setattr("lookalike.duplicates.verdicts.RULES_VERSION", -1)
    assert known_verdicts(groups, VerdictCache(tmp_path)) == unknown


def test_a_file_that_can_not_be_checked_stays_and_is_checked_again(tmp_path: Path) -> None:
    busy(1, SIZE).save(tmp_path / "kept.png")
    busy(1, SIZE).save(tmp_path / "cut.bmp")
    data = (tmp_path / "cut.bmp").read_bytes()
    (tmp_path / "cut.bmp").write_bytes(data[:-9000])
    (tmp_path / "gone.bmp").write_bytes(data)
    groups = [group(*(member(tmp_path / name) for name in ("kept.png", "cut.bmp", "gone.bmp")))]
    (tmp_path / "gone.bmp").unlink()
    cache = VerdictCache(tmp_path)
    (cut, _), (gone, reason) = verdicts(check_groups(groups, cache)[0])
    assert (cut, gone) == (STAYS, STAYS)
    assert reason == "it can't be checked: No such file or directory"
    (tmp_path / "kept.png").unlink()
    reasons = [reason for _, reason in verdicts(check_groups(groups, cache)[0])]
    assert set(reasons) == {"the kept file can't be checked: No such file or directory"}


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write everywhere")
def test_what_the_system_would_not_move_stays(tmp_path: Path) -> None:
    folder = tmp_path / "p"
    folder.mkdir()
    for name in ("kept.png", "twin.png"):
        busy(1, SIZE).save(folder / name)
    groups = [group(*(member(folder / name) for name in ("kept.png", "twin.png")))]
    (folder / "twin.png").chmod(0o444)
    (checked,) = check_groups(groups, VerdictCache(tmp_path))
    assert verdicts(checked) == [(STAYS, "the file is read-only")]
    folder.chmod(0o555)
    (checked,) = check_groups(groups, VerdictCache(tmp_path))
    folder.chmod(0o755)
    assert verdicts(checked) == [(STAYS, "its folder is read-only")]


def test_ctrl_c_keeps_what_was_found(tmp_path: Path) -> None:
    names = ["kept.png", *(f"{n}.png" for n in range(2, 12))]
    for seed, name in enumerate(names):
        busy(seed, SIZE).save(tmp_path / name)
    groups = [group(*(member(tmp_path / name) for name in names))]

    def stop(_stage: str, done: int, _of: int) -> None:
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        check_groups(groups, VerdictCache(tmp_path), on_progress=stop)
    known = verdicts(known_verdicts(groups, VerdictCache(tmp_path))[0])
    assert sum(state == STAYS for state, _ in known[:3]) >= 1
