from __future__ import annotations

import re

from benchmarks.world.recipe import (
    HALVES,
    MAX_PER_LABEL,
    choose,
    read_labels,
    read_recipe,
    read_training,
    sample,
)

LICENCES = {"Apache-2.0", "CC BY 4.0", "CC0 1.0", "MIT", "Public Domain"}


def test_the_committed_recipe_is_whole() -> None:
    collections, training = read_recipe(), read_training()
    for c in [*collections, *training]:
        assert re.fullmatch(r"[\w.-]+/[\w.-]+", c.repository)
        assert re.fullmatch(r"[0-9a-f]{40}", c.commit)
        assert c.licence in LICENCES
        assert c.stated_in
        assert c.about
    assert len({c.name for c in [*collections, *training]}) == len(collections) + len(training)
    for c in collections:
        assert c.half in HALVES
        assert set(re.compile(c.pictures).groupindex) == {"filename" if c.labels else "label"}
    for c in training:
        assert 0 < c.most <= 600
        assert set(re.compile(c.pictures).groupindex) <= {"original"}


def test_nothing_that_is_measured_on_is_trained_on() -> None:
    training = [c.repository.lower() for c in read_training()]
    assert len(set(training)) == len(training) >= 60
    assert not {c.repository.lower() for c in read_recipe()} & set(training)


def test_the_halves_share_no_repository() -> None:
    halves = [{c.repository for c in read_recipe(half)} for half in HALVES]
    assert all(len(repositories) >= 3 for repositories in halves)
    assert not set.intersection(*halves)


def test_content_counts_once_and_with_one_label() -> None:
    files = [
        ("1", "train/cat/a.jpg"),
        ("1", "test/cat/copy of a.jpg"),
        ("2", "train/cat/b.jpg"),
        ("3", "train/cat/c.txt"),
        ("4", "train/dog/a.jpg"),
        ("5", "train/dog/b.jpg"),
        ("6", "train/dog/a cat.jpg"),
        ("6", "train/cat/a cat.jpg"),
        ("7", "train/emu/alone.jpg"),
        ("8", "docs/cat/logo.jpg"),
    ]
    assert choose(r"(?:train|test)/(?P<label>[^/]+)/.+\.jpg", files) == {
        "cat": {"1": "train/cat/a.jpg", "2": "train/cat/b.jpg"},
        "dog": {"4": "train/dog/a.jpg", "5": "train/dog/b.jpg"},
    }


def test_no_label_has_more_than_its_share() -> None:
    files = [(f"{k:03}", f"cat/{k}.jpg") for k in reversed(range(MAX_PER_LABEL + 5))]
    chosen = choose(r"(?P<label>cat)/.+", files)["cat"]
    assert list(chosen) == [f"{k:03}" for k in range(MAX_PER_LABEL)]


def test_a_table_can_name_the_labels() -> None:
    table = "filename,width,class\na.jpg,9,cat\nb.jpg,9,cat\nc.jpg,9,cat\nc.jpg,9,dog\n"
    files = [("1", "x/a.jpg"), ("2", "x/b.jpg"), ("3", "x/c.jpg"), ("4", "x/unknown.jpg")]
    chosen = choose(r"x/(?P<filename>.+)", files, read_labels(table))
    assert chosen == {"cat": {"1": "x/a.jpg", "2": "x/b.jpg"}}


def test_pictures_without_labels_are_chosen_by_content_once_for_each_original() -> None:
    files = [
        ("4", "train/cat.rf.1.jpg"),
        ("2", "valid/cat.rf.2.jpg"),
        ("3", "train/dog.rf.3.jpg"),
        ("1", "train/emu.rf.4.jpg"),
        ("1", "copy/emu again.rf.4.jpg"),
        ("0", "logo.jpg"),
    ]
    pictures = r"(?:train|valid|copy)/(?P<original>[^/]+)\.rf\.\d\.jpg"
    assert sample(pictures, files, 3) == {
        "1": "copy/emu again.rf.4.jpg",
        "2": "valid/cat.rf.2.jpg",
        "3": "train/dog.rf.3.jpg",
    }
    assert list(sample(pictures, reversed(files), 2)) == ["1", "2"]
    assert list(sample(r"train/.+", files, 9)) == ["1", "3", "4"]
