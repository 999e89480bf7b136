from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from lookalike import edits
from lookalike.edits.edits import (
    _DRASTIC,
    COMBINED,
    EDITS,
    HELD_OUT,
    STRENGTHS,
    TRAINED,
    random_edit,
)

from ..conftest import draw

OTHERS = [draw(100, (120, 90)), draw(101, (64, 200))]
SIZES = [(1, 1), (32, 32), (32, 300), (400, 33), (160, 120)]
ALL = [(name, strength) for name in EDITS for strength in STRENGTHS.values()]


def copy_of(image: Image.Image, name: str, strength: float, seed: int = 0) -> Image.Image:
    return EDITS[name](image, np.random.default_rng(seed), strength, OTHERS)


def test_the_table_is_complete_and_its_parts_are_disjoint() -> None:
    assert list(EDITS) == sorted(EDITS)
    assert len(EDITS) == len(TRAINED) + len(COMBINED) + len(HELD_OUT)
    assert set(HELD_OUT) == {
        "perspective", "photographed", "posterised", "screenshot", "sharpened", "sticker",
    }  # fmt: skip


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_any_size_gives_rgb_within_bounds(size: tuple[int, int]) -> None:
    image = draw(1).resize(size)
    before = image.tobytes()
    for name, strength in ALL:
        for seed in range(3):
            copy = copy_of(image, name, strength, seed)
            assert copy.mode == "RGB", name
            assert min(copy.size) >= 1, name
            # A rotation by 90 degrees swaps the sides, so compare with the longer one.
            assert max(copy.size) <= max(2 * max(size), 8), (name, strength, copy.size)
    assert image.tobytes() == before  # the input is unchanged


def test_twelve_megapixels() -> None:
    image = draw(1).resize((4000, 3000))
    for name in (
        "captioned",
        "padded",
        "pasted",
        "screenshot",
        "sticker",
    ):  # which choose their own sizes
        copy = copy_of(image, name, 1.0)
        assert 1900 < max(copy.size) <= 8000, name


@pytest.mark.parametrize("name", EDITS)
def test_the_generator_makes_every_choice(name: str) -> None:
    image = draw(2)
    for strength in STRENGTHS.values():
        first, again = (copy_of(image, name, strength, seed=5) for _ in range(2))
        assert first.tobytes() == again.tobytes()
        assert first.size != image.size or first.tobytes() != image.tobytes()


@pytest.mark.parametrize("name", EDITS)
def test_strengths_differ(name: str) -> None:
    copies = {copy_of(draw(3), name, s).tobytes() for s in STRENGTHS.values()}
    assert len(copies) == 3


def test_no_other_pictures_are_needed() -> None:
    image = draw(4)
    for name in ("collage", "pasted"):
        copy = EDITS[name](image, np.random.default_rng(0), 0.5)
        assert copy.size != (0, 0)
    assert random_edit(image, np.random.default_rng(0), others=[]).mode == "RGB"


def test_a_random_edit_never_uses_held_out_edits(monkeypatch: pytest.MonkeyPatch) -> None:
    used: list[str] = []

    def recording(name: str, edit: edits.Edit) -> edits.Edit:
        def call(*arguments: object) -> Image.Image:
            used.append(name)
            return edit(*arguments)  # type: ignore[arg-type]

        return call

    assert not {*TRAINED} & {*HELD_OUT}
    for table in (TRAINED, COMBINED, HELD_OUT, EDITS):
        for name in table:
            monkeypatch.setitem(table, name, recording(name, table[name]))
    image, random, counts = draw(5), np.random.default_rng(6), set[int]()
    for _ in range(300):
        used.clear()
        copy = random_edit(image, random, others=OTHERS)
        assert set(used) <= set(TRAINED)
        assert len(used) == len(set(used))
        assert len(set(used) & _DRASTIC) <= 1
        assert max(copy.size) <= 2 * max(image.size)
        counts.add(len(used))
    assert counts == {1, 2, 3}


def test_random_edits_vary_and_can_be_repeated() -> None:
    image = draw(7)

    def row(seed: int) -> list[bytes]:
        random = np.random.default_rng(seed)
        return [random_edit(image, random, others=OTHERS).tobytes() for _ in range(20)]

    assert row(1) == row(1)
    assert len(set(row(1) + row(2))) > 35


def test_combined_edits_are_their_parts_at_lower_strength() -> None:
    image, random = draw(8), np.random.default_rng(9)
    expected = image
    for name in ("cropped", "captioned", "low-quality"):
        expected = EDITS[name](expected, random, 0.7, OTHERS)
    assert copy_of(image, "reposted", 1.0, seed=9).tobytes() == expected.tobytes()
