from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from lookalike.encoders.card import Preprocessing
from lookalike.errors import ArgumentError, PictureError
from lookalike.finetune.data import (
    Batches,
    LabelledSet,
    Reader,
    find_usable,
    hold_out,
    labelled_set,
    prepare_batches,
)
from lookalike.sources import LabelledPicture, list_labelled
from tests.conftest import save

READER = Reader(Preprocessing(width=32, height=32))


def pictures_of(**counts: int) -> LabelledSet:
    listed = [LabelledPicture(f"/{name}/{n}", name) for name, c in counts.items() for n in range(c)]
    return labelled_set(listed)


def test_labels_become_numbers_and_unlabelled_ones_minus_one() -> None:
    listed = [LabelledPicture(f"/{name}", name) for name in ("cat", "dog", "other", "cat")]
    result = labelled_set(listed, unlabelled=["other"])
    assert result.names == ("cat", "dog")
    assert result.labels == (0, 1, -1, 0)


@pytest.mark.parametrize("unlabelled", [[], ["dog"]])
def test_one_label_is_refused(unlabelled: list[str]) -> None:
    listed = [LabelledPicture("/a", "cat")]
    listed += [LabelledPicture("/b", "dog")] if unlabelled else []
    with pytest.raises(ArgumentError, match=r"needs at least two, such as FOLDER/cat/1\.jpg"):
        labelled_set(listed, unlabelled=unlabelled)


def test_a_missing_folder_can_not_be_unlabelled() -> None:
    listed = [LabelledPicture("/a", "cat"), LabelledPicture("/b", "dog")]
    with pytest.raises(ArgumentError, match="no folder 'bird'"):
        labelled_set(listed, unlabelled=["bird"])


def test_at_least_two_pictures_of_a_label_are_held_out_and_none_of_a_small_one() -> None:
    pictures = pictures_of(large=100, middle=8, small=5, single=1)
    train, held = hold_out(pictures, share=0.1, seed=0)
    assert sorted(train + held) == list(range(114))
    counts = np.bincount([pictures.labels[i] for i in held], minlength=4)
    assert dict(zip(pictures.names, counts.tolist(), strict=True)) == {
        "large": 10,
        "middle": 2,
        "single": 0,
        "small": 0,
    }
    assert hold_out(pictures, share=0.1, seed=0) == (train, held)
    assert hold_out(pictures, share=0.1, seed=1)[1] != held
    assert hold_out(pictures, share=0.0, seed=0)[1] == []


def test_rare_labels_are_sampled_more_often_than_their_share() -> None:
    batches = Batches(pictures_of(common=900, rare=100), READER, seed=0)
    share = sum(w for w, y in zip(batches.weights, batches.pictures.labels, strict=True) if y == 1)
    assert share == pytest.approx(0.25)  # the root of 1 to 9


def test_ten_thousand_labels() -> None:
    pictures = pictures_of(**{f"label{n:05}": 2 for n in range(10_000)})
    batches = Batches(pictures, READER, seed=0)
    assert len(batches) == 417
    assert batches.weights.sum() == pytest.approx(1)


def test_a_batch_depends_on_seed_and_step_alone(labelled: Callable[..., Path]) -> None:
    pictures = labelled_set(list_labelled(labelled(red=4, green=3)))
    first = [*Batches(pictures, READER, seed=5).prefetch(0, 3)]
    again = [*Batches(pictures, READER, seed=5).prefetch(2, 3)]
    assert len(first) == 3
    assert np.array_equal(first[2].first_views, again[0].first_views)
    assert np.array_equal(first[2].second_views, again[0].second_views)
    assert not np.array_equal(first[1].first_views, first[2].first_views)
    assert not np.array_equal(
        first[2].first_views, Batches(pictures, READER, seed=6).batch(2).first_views
    )
    assert first[0].first_views.shape == (7 + 1, 32, 32, 3)  # seven, and a synthetic one
    assert sorted(first[0].labels.tolist()) == [-1, 0, 0, 0, 1, 1, 1, 1]


def test_a_picture_damaged_during_training_only_loses_its_label(
    labelled: Callable[..., Path],
) -> None:
    folder = labelled(red=3, green=3)
    pictures = labelled_set(list_labelled(folder))
    (folder / "red" / "000.png").write_bytes(b"no more")
    (folder / "red" / "001.png").unlink()
    batch = Batches(pictures, READER, seed=0).batch(0)
    assert sorted(batch.labels.tolist()) == [-1, -1, -1, 0, 0, 0, 1]


def test_unusable_files_have_a_reason(tmp_path: Path) -> None:
    good = save(tmp_path / "good.jpg", 1)
    bad = tmp_path / "bad.jpg"
    bad.write_bytes(good.read_bytes()[:200])
    done = []
    paths = [str(bad), str(good), str(tmp_path / "gone.jpg")]
    rows, refused = find_usable(paths, on_file=done.append)
    assert rows == [1]
    assert [path for path, _ in refused] == [paths[0], paths[2]]
    assert "no longer there" in refused[1][1]
    assert done == [1, 2, 3]


def test_prepared_pictures_are_as_the_encoder_sees_them(tmp_path: Path) -> None:
    paths = [str(save(tmp_path / f"{n}.png", n)) for n in range(5)]
    batches = [*prepare_batches(paths, READER, 2)]
    assert [len(batch) for batch in batches] == [2, 2, 1]
    assert np.array_equal(batches[2][0], READER.prepare(paths[4]))
    edited = np.concatenate([*prepare_batches(paths, READER, 2, edit_seed=1)])
    assert edited.shape == (5, 32, 32, 3)
    assert not np.array_equal(edited, np.concatenate(batches))
    with pytest.raises(PictureError):
        next(prepare_batches([str(tmp_path / "gone.png")], READER, 2))
