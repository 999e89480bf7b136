from __future__ import annotations

from pathlib import Path

import numpy as np

from benchmarks.collection import Collection, collect

from ..conftest import draw, fill


def names(collection: Collection) -> list[str]:
    return ["/".join(Path(source.path).parts[-2:]) for source in collection.sources]


def chosen(collection: Collection, seed: int = 0) -> list[str]:
    of = names(collection)
    return [of[k] for k in collection.chosen(np.random.default_rng(seed))]


def test_files_of_the_same_bytes_are_one_picture_and_bad_ones_none(tmp_path: Path) -> None:
    first, second = fill(tmp_path / "a", 2)
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "again.jpg").write_bytes(first.read_bytes())
    (tmp_path / "b" / "cut.jpg").write_bytes(second.read_bytes()[:500])
    (tmp_path / "b" / "words.txt").write_text("no picture")
    collection = collect(tmp_path, test3=False, whole=False, threads=2)
    assert names(collection) == ["a/0000.jpg", "a/0001.jpg"]
    assert collection.may_ask.all()


def test_the_same_shot_saved_anew_is_not_asked_with(tmp_path: Path) -> None:
    fill(tmp_path / "a", 6)
    draw(3).resize((130, 100)).save(tmp_path / "a" / "anew.jpg", quality=50)
    collection = collect(tmp_path, test3=False, whole=False, threads=2)
    assert len(collection.sources) == 7
    assert sorted(chosen(collection)) == [f"a/000{k}.jpg" for k in (0, 1, 2, 4, 5)]


def test_the_order_hangs_on_the_seed(tmp_path: Path) -> None:
    fill(tmp_path, 12)
    collection = collect(tmp_path, test3=False, whole=False, threads=2)
    assert chosen(collection) == chosen(collection)
    assert chosen(collection) != chosen(collection, seed=1)
    assert sorted(chosen(collection)) == sorted(names(collection))


def test_test3_takes_test_pictures_and_the_background(tmp_path: Path) -> None:
    number = 0
    for folder, count in (("ant", 6), ("BACKGROUND_Google", 3)):
        (tmp_path / folder).mkdir()
        for k in range(1, count + 1):
            number += 1
            draw(number).save(tmp_path / folder / f"image_{k:04}.jpg")
    collection = collect(tmp_path, test3=True, whole=False, threads=1)
    background = [f"BACKGROUND_Google/image_000{k}.jpg" for k in (1, 2, 3)]
    assert sorted(names(collection)) == [*background, "ant/image_0003.jpg", "ant/image_0006.jpg"]
    tests = ["BACKGROUND_Google/image_0003.jpg", "ant/image_0003.jpg", "ant/image_0006.jpg"]
    assert sorted(chosen(collection)) == tests
    everything = collect(tmp_path, test3=True, whole=True, threads=1)
    assert len(names(everything)) == 9
    assert sorted(chosen(everything)) == tests


def test_an_empty_folder(tmp_path: Path) -> None:
    assert chosen(collect(tmp_path, test3=False, whole=False, threads=1)) == []
