from __future__ import annotations

from pathlib import Path

import numpy as np

from benchmarks.collection import Collection, collect

from ..conftest import draw, fill


def names(collection: Collection) -> list[str]:
    return ["/".join(Path(source.path).parts[-2:]) for source in collection.sources]


def queries(collection: Collection, seed: int = 0) -> list[str]:
    all_names = names(collection)
    return [all_names[k] for k in collection.shuffled_queries(np.random.default_rng(seed))]


def test_files_with_the_same_bytes_count_once_and_bad_files_not_at_all(tmp_path: Path) -> None:
    first, second = fill(tmp_path / "a", 2)
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "again.jpg").write_bytes(first.read_bytes())
    (tmp_path / "b" / "cut.jpg").write_bytes(second.read_bytes()[:500])
    (tmp_path / "b" / "words.txt").write_text("no picture")
    collection = collect(tmp_path, test3=False, whole=False, threads=2)
    assert names(collection) == ["a/0000.jpg", "a/0001.jpg"]
    assert collection.can_be_query.all()


def test_two_files_of_one_shot_are_not_queries(tmp_path: Path) -> None:
    fill(tmp_path / "a", 6)
    draw(3).resize((130, 100)).save(tmp_path / "a" / "resaved.jpg", quality=50)
    collection = collect(tmp_path, test3=False, whole=False, threads=2)
    assert len(collection.sources) == 7
    assert sorted(queries(collection)) == [f"a/000{k}.jpg" for k in (0, 1, 2, 4, 5)]


def test_the_order_depends_on_the_seed(tmp_path: Path) -> None:
    fill(tmp_path, 12)
    collection = collect(tmp_path, test3=False, whole=False, threads=2)
    assert queries(collection) == queries(collection)
    assert queries(collection) != queries(collection, seed=1)
    assert sorted(queries(collection)) == sorted(names(collection))


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
    assert sorted(queries(collection)) == tests
    everything = collect(tmp_path, test3=True, whole=True, threads=1)
    assert len(names(everything)) == 9
    assert sorted(queries(everything)) == tests


def test_an_empty_folder_has_no_queries(tmp_path: Path) -> None:
    assert queries(collect(tmp_path, test3=False, whole=False, threads=1)) == []
