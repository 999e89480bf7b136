from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.copies.drawn.difference import difference
from benchmarks.copies.drawn.pairs import HALVES, LEAST_QUARTER
from benchmarks.copies.drawn.sheet import OTHER, SLIP, Sheet, Template

from ....conftest import fill

DRAWN = [template for half in HALVES.values() for template in half.values()]
WIDTH = 500


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    return [str(path) for path in fill(tmp_path_factory.mktemp("photos"), 12)]


def at_a_small_size(template: Template) -> Template:
    width, height = template.sizes[0]
    return replace(template, sizes=((WIDTH, height * WIDTH // width),))


def test_no_layout_is_in_both_halves() -> None:
    assert len(HALVES["test"]) >= 24
    assert len(HALVES["development"]) >= 16
    assert not HALVES["test"].keys() & HALVES["development"].keys()
    layouts = {template.draw.__code__.co_code for template in DRAWN}
    assert len(layouts) == len(DRAWN)


@pytest.mark.parametrize("template", DRAWN, ids=lambda template: template.name)
def test_most_of_a_template_is_content(template: Template, photos: list[str]) -> None:
    template = at_a_small_size(template)
    base = Sheet(template, 1, photos)
    again = Sheet(template, 1, photos)
    other = Sheet(template, 1, photos, dict.fromkeys(base.fields, OTHER))
    assert base.image.tobytes() == again.image.tobytes()
    assert base.fields == other.fields
    found = difference(base.image, other.image)
    assert found
    assert found.share >= LEAST_QUARTER
    assert ("photo" in base.fields) == template.has_photo
    assert (base.photo_box[2] * base.photo_box[3] > 0) == template.has_photo


def test_one_field_changes_alone(photos: list[str]) -> None:
    template = at_a_small_size(HALVES["test"]["invoice"])
    base = Sheet(template, 2, photos)
    for change in (OTHER, SLIP):
        changed = Sheet(template, 2, photos, {"total due": change})
        found = difference(base.image, changed.image)
        assert found
        assert found.share < 0.05
        differs = np.asarray(base.image) != np.asarray(changed.image)
        x, y, width, height = (round(side) for side in found.box)
        differs[y - 2 : y + height + 2, x - 2 : x + width + 2] = False
        assert not differs.any()


def test_a_slip_is_one_character() -> None:
    from benchmarks.copies.drawn.content import Content

    for make in (Content.name, Content.amount, Content.date, Content.phone, Content.code):
        for seed in range(20):
            right, wrong = Content(seed), Content(seed)
            wrong.slips = True
            one, other = make(right), make(wrong)
            assert sum(a != b for a, b in zip(one, other, strict=True)) == 1
            assert right.random() == wrong.random()


def test_a_shown_photograph_is_whole(photos: list[str]) -> None:
    from ....conftest import draw

    template = at_a_small_size(HALVES["test"]["photo_app"])
    sheet = Sheet(template, 3, photos, shown=draw(70, (300, 200)))
    x, y, width, height = sheet.photo_box
    assert width / height == pytest.approx(1.5, abs=0.02)
    shown = np.asarray(sheet.image.crop((x, y, x + width, y + height)).resize((300, 200)), int)
    assert np.abs(shown - np.asarray(draw(70, (300, 200)), int)).mean() < 6
