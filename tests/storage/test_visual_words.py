from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from lookalike.copies.descriptors import VOCABULARY_SIZE
from lookalike.storage.visual_words import (
    BUCKETS,
    COMMON_SHARE,
    MAX_SEGMENTS,
    MIN_PICTURES,
    VisualWords,
)

Ints = NDArray[np.int64]


def made(count: int, seed: int = 0) -> list[Ints]:
    """Make the words of pictures, some of them common; one picture has none."""
    rng = np.random.default_rng(seed)
    common = rng.integers(0, VOCABULARY_SIZE, 50)
    found = [
        np.concatenate([rng.integers(0, VOCABULARY_SIZE, 60), rng.choice(common, 15)])
        for _ in range(count)
    ]
    found[count // 2] = np.empty(0, np.int64)
    return found


def by_hand(pictures: list[Ints], asked: Ints, least: int = 0) -> NDArray[np.float64]:
    """Compute the weight of the words that each picture shares with a query."""
    held = [set(words.tolist()) for words in pictures]
    scores = np.zeros(len(pictures))
    for word in set(asked.tolist()):
        having = [word in words for words in held]
        scores += np.array(having) * np.log(max(len(pictures), least) / max(sum(having), 1)) ** 2
    return scores


def add(index: VisualWords, words: list[Ints]) -> None:
    """Add the words of the next pictures."""
    index.add(words, index.picture_count() + np.arange(len(words)))


@pytest.fixture
def index(tmp_path: Path) -> VisualWords:
    return VisualWords(tmp_path)


def test_an_empty_index(index: VisualWords) -> None:
    for _ in range(2):
        assert index.picture_count() == 0
        numbers, views = index.search([np.array([1, 2, 3])], 5)
        assert len(numbers) == len(views) == 0
        index.merge()
        lists = index.inverted_lists(np.arange(index.picture_count()))
        assert len(lists.pictures) == len(lists.total_weights()) == 0
        index.clear()
        add(index, [np.array([1, 2]), np.array([2])])
        index.clear()


def test_the_picture_that_shares_most_is_found_first(index: VisualWords) -> None:
    pictures = made(40)
    add(index, pictures[:25])
    add(index, pictures[25:])
    assert index.picture_count() == 40
    rng = np.random.default_rng(1)
    for number in (0, 24, 25, 39):
        asked = np.concatenate(
            [rng.choice(pictures[number], 20), rng.integers(0, VOCABULARY_SIZE, 20)]
        )
        numbers, views = index.search([asked], 40)
        scores = by_hand(pictures, asked)
        assert numbers[0] == number
        assert set(numbers.tolist()) == set(np.flatnonzero(scores).tolist())
        assert (np.diff(scores[numbers]) < 1e-9).all()
        assert (views == 0).all()
        few, _ = index.search([asked], 3)
        assert few.tolist() == numbers[:3].tolist()


def test_the_view_that_shares_more_is_returned(index: VisualWords) -> None:
    pictures = made(20)
    add(index, pictures)
    numbers, views = index.search([pictures[3], pictures[7]], 20)
    of = dict(zip(numbers.tolist(), views.tolist(), strict=True))
    assert (of[3], of[7]) == (0, 1)
    assert set(numbers[:2].tolist()) == {3, 7}
    same, _ = index.search([np.concatenate([pictures[3]] * 3)], 1)  # a word counts once
    assert same.tolist() == [3]


def test_queries_without_known_words_find_nothing(index: VisualWords) -> None:
    add(index, [np.array([5]), np.array([9])])
    assert len(index.search([np.empty(0, np.int64)], 3)[0]) == 0
    assert len(index.search([np.array([8])], 3)[0]) == 0
    assert index.search([np.array([9, 8])], 3)[0].tolist() == [1]


def test_merged_segments_give_the_same_answers(index: VisualWords, tmp_path: Path) -> None:
    pictures = made(60)
    at = 0
    for n in range(MAX_SEGMENTS + 1):
        end = 60 if n == MAX_SEGMENTS else at + 1 + n % 4
        add(index, pictures[at:end])
        at = end
        if n < MAX_SEGMENTS:
            index.merge()
            assert index.table.count() == (n + 1) * BUCKETS
    before = [index.search([words], 60) for words in pictures]
    index.merge()
    assert index.table.count() == BUCKETS
    assert index.picture_count() == 60
    for words, (numbers, _) in zip(pictures, before, strict=True):
        scores = by_hand(pictures, words)
        again = index.search([words], 60)[0]
        assert set(again.tolist()) == set(numbers.tolist())
        assert np.allclose(scores[again], scores[numbers])
    add(index, made(5, seed=9))
    assert index.picture_count() == 65
    assert index.search([made(5, seed=9)[4]], 1)[0].tolist() == [64]
    reader = VisualWords(tmp_path)
    assert reader.search([pictures[10]], 1)[0].tolist() == [10]


def test_the_whole_index_in_memory_agrees(index: VisualWords) -> None:
    pictures = made(30)
    add(index, pictures[:11])
    add(index, pictures[11:])
    lists = index.inverted_lists(np.arange(index.picture_count()))
    self_worth = lists.total_weights()
    for number, words in enumerate(pictures):
        assert sorted(lists.words_of(number).tolist()) == sorted(set(words.tolist()))
        shared = lists.shared_weights(number)
        assert shared == pytest.approx(by_hand(pictures, words, MIN_PICTURES))
        assert self_worth[number] == pytest.approx(shared[number])
        numbers, _ = index.search([words], 30)
        assert set(numbers.tolist()) <= set(np.flatnonzero(shared).tolist())


def test_all_words_are_stored(index: VisualWords) -> None:
    add(index, [np.arange(VOCABULARY_SIZE)] * 2 + [np.array([VOCABULARY_SIZE - 1, 0])])
    lists = index.inverted_lists(np.arange(index.picture_count()))
    assert (np.diff(lists.word_offsets)[[0, 1, VOCABULARY_SIZE - 1]] == [3, 2, 3]).all()
    assert len(lists.words_of(1)) == VOCABULARY_SIZE
    assert index.search([np.array([7])], 3)[0].tolist() == [0, 1]


def test_common_words_are_left_out_unless_they_are_all_there_is(tmp_path: Path) -> None:
    """A picture's own words find it, not those of nearly all pictures."""
    common = np.arange(150)
    pictures = [
        np.concatenate([common if k % 3 else common[:0], 1_000 + 120 * k + np.arange(120)])
        for k in range(2 * int(COMMON_SHARE * MIN_PICTURES))
    ]
    words = VisualWords(tmp_path)
    add(words, pictures)
    found, _ = words.search([pictures[7]], 3)
    assert found.tolist() == [7]  # the others share common words only
    found, _ = words.search([common], 3)
    assert len(found) == 3
