from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.copies import kinds
from benchmarks.copies.kinds import DONE, SHOWN, WORDS, Said
from lookalike.edits import EDITS
from lookalike.sources import walk

from ...conftest import draw


def said(edit: str, *changes: str, kind: str = "copy") -> Said:
    return Said(edit, "light", "a.jpg", kind, list(changes))


def test_every_edit_has_its_words() -> None:
    assert {key.partition(",")[0] for key in DONE} == {*EDITS, SHOWN}
    named = {kind for done, allowed in DONE.values() for kind in {*allowed}.union(*done)}
    assert named <= WORDS.keys()


def test_what_was_done_is_recognised_in_words() -> None:
    assert said("mirrored", "mirrored", "cropped to 80%").is_named
    assert not said("mirrored", "cropped to 80%").is_named
    assert not said("disguised", "mirrored", "colours changed").is_named
    assert said("disguised", "mirrored", "rotated 9\u00b0 clockwise", "colours changed").is_named
    assert said("low-quality", "re-saved").is_named
    assert not said("low-quality").is_named
    assert said("grey", "colours changed").is_named
    strong = Said("grey", "strong", "a.jpg", "copy", ["colours changed"])
    assert not strong.is_named
    assert strong._replace(changes=["black and white"]).is_named
    assert said("captioned", "part of a larger image (80%)").is_named


def test_what_was_not_done_is_noticed() -> None:
    assert said("grey", "black and white", "mirrored").has_others
    assert not said("grey", "black and white").has_others
    assert not said("grey", "black and white", "re-saved").has_others
    assert said("low-quality", "cropped to 80%").has_others


def test_copies_of_a_picture_are_asked_about(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    for k in range(3):
        draw(k, (320, 240)).save(tmp_path / f"image_{k:04}.jpg", quality=95)
    sources = sorted(walk(str(tmp_path)), key=lambda source: source.path)
    few = {name: EDITS[name] for name in ("mirrored", "turned")}
    monkeypatch.setattr(kinds, "EDITS", few)
    found = kinds.said_of_copies(
        sources[0], hosts=sources[1:], folder=tmp_path, half="development", seed=0
    )
    assert [(s.edit, s.strength) for s in found] == [
        (edit, strength)
        for edit in ("mirrored", "turned", SHOWN)
        for strength in ("light", "medium", "strong")
    ]
    assert found[0].is_copy
    assert found[0].is_named
    kinds.print_tables(found)
    printed = capsys.readouterr().out
    assert "| mirrored | 1.000 /" in printed
    assert "Called copies over all:" in printed
