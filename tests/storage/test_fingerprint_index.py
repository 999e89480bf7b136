from __future__ import annotations

import functools
import threading
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from lookalike.copies.fingerprint import Fingerprint, fingerprint, mirror, stored_fingerprint
from lookalike.copies.packed import pack, unpack
from lookalike.decode import from_image
from lookalike.storage import fingerprint_index as prints_module
from lookalike.storage.fingerprint_index import MAX_BITS, FingerprintIndex
from lookalike.storage.table import MAX_SMALL_FRAGMENTS

from ..conftest import busy

SIZE = (320, 240)


def content(seed: int) -> bytes:
    return seed.to_bytes(16, "big")


def packed(seed: int) -> bytes:
    return pack(stored_fingerprint(from_image(busy(seed, SIZE))))


def asked(image: Image.Image) -> Fingerprint:
    return fingerprint(from_image(image))


def synthetic(pdq: np.ndarray) -> bytes:
    """Pack a fingerprint that has nothing but a hash."""
    data, start = blank()
    return data[:start] + pdq.tobytes() + data[start + 32 :]


@functools.cache
def blank() -> tuple[bytes, int]:
    """Pack the fingerprint of a blank picture; return it, and where its hash begins."""
    found = stored_fingerprint(from_image(Image.new("RGB", (9, 9))))
    data = pack(found)
    return data, data.index(found.pixels_hash) - 32


def flipped(pdq: np.ndarray, bits: int) -> np.ndarray:
    mask = np.zeros(256, np.uint8)
    mask[np.random.default_rng(bits).permutation(256)[:bits]] = 1
    return pdq ^ np.packbits(mask)


@pytest.fixture
def prints(tmp_path: Path) -> FingerprintIndex:
    return FingerprintIndex(tmp_path)


@pytest.fixture(scope="module")
def twelve() -> dict[bytes, bytes]:
    return {content(seed): packed(seed) for seed in range(12)}


def test_an_index_is_empty_before_the_first_write(prints: FingerprintIndex, tmp_path: Path) -> None:
    query = asked(busy(1, SIZE))
    prints.add({})
    prints.optimize()
    assert list(prints.hashes()) == []
    assert prints.get([content(1)]) == {}
    assert prints.search_words([query], 5) == {}
    assert prints.search_hash([query.pdq], 5) == {}
    assert not (tmp_path / "fingerprints.lance").exists()


def test_fingerprints_are_read_by_content(
    prints: FingerprintIndex, twelve: dict[bytes, bytes]
) -> None:
    prints.add(twelve)
    assert [c for c, _ in prints.hashes()] == [*twelve]
    some = [content(3), content(99), content(7)]
    assert prints.get(some) == {content(3): twelve[content(3)], content(7): twelve[content(7)]}
    assert prints.get(content(seed) for seed in range(2_000)) == twelve
    assert prints.get([]) == {}


def test_a_part_finds_the_whole_by_words(
    prints: FingerprintIndex, twelve: dict[bytes, bytes]
) -> None:
    prints.add(twelve)
    assert prints.search_words([asked(busy(1, SIZE))], 5) == {}  # not before it is optimized
    prints.optimize()
    for seed in range(12):
        crop = asked(busy(seed, SIZE).crop((0, 60, 200, 240)))
        ((found, (view, data)),) = prints.search_words([crop, mirror(crop)], 1).items()
        assert (found, view, data) == (content(seed), 0, twelve[found])
    seen = asked(ImageOps.mirror(busy(4, SIZE)))
    found = prints.search_words([seen, mirror(seen)], 3)
    assert next(iter(found)) == content(4)
    assert found[content(4)][0] == 1


def test_a_hash_finds_pictures_within_a_distance(prints: FingerprintIndex) -> None:
    rng = np.random.default_rng(0)
    pdq = rng.integers(0, 256, 32, np.uint8)
    bits = [0, 10, MAX_BITS - 1, MAX_BITS, MAX_BITS + 1, 128]
    prints.add({content(n): synthetic(flipped(pdq, n)) for n in bits})
    assert [*prints.search_hash([pdq], 10)] == [content(n) for n in bits if n <= MAX_BITS]
    assert [*prints.search_hash([pdq], 2)] == [content(0), content(10)]
    assert prints.search_hash([~flipped(pdq, 0)], 10) == {}
    form, data = prints.search_hash([pdq], 1)[content(0)]
    assert form == 0
    assert (unpack(data).pdq == pdq).all()


def test_the_hash_index_finds_as_much_as_a_scan(
    prints: FingerprintIndex, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(prints_module, "INDEX_FROM_ROWS", 3_000)
    rng = np.random.default_rng(1)
    hashes = rng.integers(0, 256, (4_600, 32), np.uint8)
    made = {content(n): synthetic(pdq) for n, pdq in enumerate(hashes)}
    rows = [*made.items()]
    for start, end in ((0, 2_000), (2_000, 4_000), (4_000, 4_600)):
        prints.add(dict(rows[start:end]))
        prints.optimize()
        dataset = prints.table.dataset()
        assert dataset
        named = {index.name for index in dataset.describe_indices()}
        assert (prints_module.HASH_INDEX in named) == (end > 3_000)
    assert dataset.stats.index_stats(prints_module.HASH_INDEX)["num_unindexed_rows"] == 0
    reader = FingerprintIndex(tmp_path)
    for n in (0, 1_999, 2_000, 4_599):
        assert [*reader.search_hash([flipped(hashes[n], 30)], 5)] == [content(n)]
        assert reader.get([content(n)]) == {content(n): made[content(n)]}
    assert reader.search_hash([~hashes[0]], 5) == {}


def test_positions_keep_identifying_the_same_fingerprint(
    prints: FingerprintIndex, twelve: dict[bytes, bytes], tmp_path: Path
) -> None:
    """However many small additions are merged."""
    rows = [*twelve.items()]
    rng = np.random.default_rng(2)
    fillers = [synthetic(rng.integers(0, 256, 32, np.uint8)) for _ in range(40)]
    expected: list[bytes] = []
    for n, data in enumerate(fillers):
        added = {content(1_000 + n): data, **dict(rows[n : n + 1])}
        prints.add(added)
        expected += added
        if n % 7 == 3:
            prints.optimize()
            places = np.arange(len(expected))
            found = prints.table.take(places, ["content_hash"])["content_hash"].to_pylist()
            assert found == expected
    prints.optimize()
    dataset = prints.table.dataset()
    assert dataset
    assert len(dataset.get_fragments()) <= MAX_SMALL_FRAGMENTS + 1
    assert prints.visual_words.picture_count() == len(expected) == 52
    reader = FingerprintIndex(tmp_path)
    for seed in range(12):
        found = reader.search_words([asked(busy(seed, SIZE).crop((0, 0, 220, 240)))], 1)
        assert [*found] == [content(seed)]
        assert found[content(seed)][1] == twelve[content(seed)]


def test_orphans_are_deleted_and_others_are_found_as_before(
    prints: FingerprintIndex, twelve: dict[bytes, bytes]
) -> None:
    prints.add(twelve)
    prints.optimize()
    kept = {content(seed) for seed in (1, 4, 5, 11)}
    prints.drop_unused(kept | {content(99)})
    assert {c for c, _ in prints.hashes()} == kept
    assert prints.visual_words.picture_count() == 4
    for seed in range(12):
        query = asked(busy(seed, SIZE).crop((0, 0, 220, 240)))
        best = next(iter(prints.search_words([query], 1)), None)
        assert (best == content(seed)) == (content(seed) in kept)
        by_hash = prints.search_hash([asked(busy(seed, SIZE)).pdq], 5)
        assert [*by_hash] == ([content(seed)] if content(seed) in kept else [])
    prints.add({content(0): twelve[content(0)]})
    prints.optimize()
    query = asked(busy(0, SIZE).crop((0, 0, 220, 240)))
    assert [*prints.search_words([query], 1)] == [content(0)]


def test_all_fingerprints_can_be_deleted_and_added_again(
    prints: FingerprintIndex, twelve: dict[bytes, bytes]
) -> None:
    prints.add(twelve)
    prints.optimize()
    prints.drop_unused(set())
    query = asked(busy(3, SIZE))
    assert prints.table.count() == prints.visual_words.picture_count() == 0
    assert prints.search_words([query], 5) == prints.search_hash([query.pdq], 5) == {}
    prints.add(twelve)
    prints.optimize()
    assert next(iter(prints.search_words([query], 5))) == content(3)


def test_a_stop_while_dropping_orphans_is_repaired(
    prints: FingerprintIndex, twelve: dict[bytes, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    prints.add(twelve)
    prints.optimize()

    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    query = asked(busy(4, SIZE))
    for step in ("overwrite", "merge_fragments"):
        with monkeypatch.context() as patch:
            patch.setattr(prints.table, step, stopped)
            with pytest.raises(KeyboardInterrupt):
                prints.drop_unused({content(4), content(5)})
        assert {*prints.search_words([query], 5)} <= {*twelve}  # no place that is not there
        prints.optimize()
        assert next(iter(prints.search_words([query], 5))) == content(4)


def test_readers_continue_while_a_writer_works(tmp_path: Path) -> None:
    """Reads meanwhile find the right picture or nothing, and never fail."""
    writer, reader = FingerprintIndex(tmp_path), FingerprintIndex(tmp_path)
    rng = np.random.default_rng(3)
    first = {content(seed): packed(seed) for seed in range(3)}
    writer.add(first)
    writer.optimize()
    query = asked(busy(1, SIZE).crop((0, 0, 220, 240)))
    done = threading.Event()
    failures: list[BaseException] = []
    looks: list[int] = []

    def read() -> None:
        try:
            while not done.is_set():
                found = reader.search_words([query], 3)
                assert next(iter(found), content(1)) == content(1)
                assert len(reader.get(first)) == 3
                looks.append(len(found))
        except BaseException as error:  # noqa: BLE001
            failures.append(error)

    thread = threading.Thread(target=read)
    thread.start()
    for n in range(30):
        data = synthetic(rng.integers(0, 256, 32, np.uint8))
        writer.add({content(1_000 + n): data})
        if n % 2:
            writer.optimize()
        if n % 10 == 9:
            writer.drop_unused({*first, *map(content, range(1_000, 1_100, 2))})
    done.set()
    thread.join()
    assert failures == []
    assert len(looks) > 5


def test_filtered_pictures_do_not_count_as_results(
    prints: FingerprintIndex, twelve: dict[bytes, bytes]
) -> None:
    prints.add(twelve)
    prints.optimize()
    views = [unpack(data) for data in twelve.values()]
    ranked = [*prints.search_words(views[:1], len(twelve))]
    assert len(ranked) > 4
    asked = list[set[bytes]]()

    def last_two(contents: Iterable[bytes]) -> set[bytes]:
        asked.append(set(contents))
        return asked[-1] & set(ranked[-2:])

    assert [*prints.search_words(views[:1], 1, last_two)] == ranked[-2:-1]
    assert [*prints.search_words(views[:1], 3, last_two)] == ranked[-2:]
    assert set().union(*asked) == set(ranked)
    assert len(asked) > 3  # a few at a time
    alike = {bytes([n]) * 16: next(iter(twelve.values())) for n in range(100, 120)}
    prints.add(alike)
    one = bytes([110]) * 16
    found = prints.search_hash([views[0].pdq], 2, lambda contents: {one} & set(contents))
    assert [*found] == [one]


def test_a_snapshot_has_every_fingerprint_that_its_words_point_to(
    tmp_path: Path, twelve: dict[bytes, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    writer, reader = FingerprintIndex(tmp_path), FingerprintIndex(tmp_path)
    some = [{key: twelve[key] for key in map(content, n)} for n in (range(6), range(6, 9), [9])]
    writer.add(some[0])
    writer.optimize()
    frozen = reader.snapshot()
    assert next(iter(frozen.search_words([asked(busy(1, SIZE))], 9))) == content(1)
    writer.add(some[1])
    writer.optimize()
    query = asked(busy(7, SIZE))
    assert {*frozen.search_words([query], 9)} <= {*some[0]}  # and nothing fails
    freeze = reader.visual_words.snapshot

    def freeze_and_write() -> object:
        twin = freeze()
        writer.add(some[2])
        writer.optimize()
        return twin

    monkeypatch.setattr(reader.visual_words, "snapshot", freeze_and_write)
    later = reader.snapshot()
    assert later.table.count() == 10  # the fingerprints come after the words that name them
    assert next(iter(later.search_words([query], 9))) == content(7)
    assert reader.visual_words._frequency is later.visual_words._frequency  # read once for both


def earlier(data: bytes) -> bytes:
    """Return a fingerprint as one of an earlier format, which only its first byte tells."""
    return bytes([data[0] - 1]) + data[1:]


def test_the_newest_fingerprint_of_a_content_counts(
    prints: FingerprintIndex, twelve: dict[bytes, bytes]
) -> None:
    """Before and after it is in the index of words, and once the older ones are gone."""
    prints.add({key: earlier(data) for key, data in twelve.items()})
    prints.optimize()
    renewed = dict([*twelve.items()][::-1][:8])
    newest = {key: renewed.get(key, earlier(data)) for key, data in twelve.items()}
    prints.add(renewed)
    query = asked(busy(6, SIZE))
    allowed = {content(seed) for seed in range(3, 12)}
    steps = [(lambda: None, 20), (prints.optimize, 20), (lambda: prints.drop_unused({*twelve}), 12)]
    for step, rows in steps:
        step()
        assert prints.table.count() == rows
        assert prints.content_count() == 12
        assert prints.get(twelve) == newest
        current = [c for some in prints.up_to_date_contents() for c in some.to_pylist()]
        assert {*current} == {*renewed}
        by_words = prints.search_words([query], 12)
        assert next(iter(by_words)) == content(6)
        assert {key: data for key, (_, data) in by_words.items()}.items() <= newest.items()
        assert len(prints.search_words([query], 3)) == 3
        filtered = prints.search_words([query], 5, allowed.intersection)
        assert len(filtered) == 5
        assert {*filtered} <= allowed
        assert prints.search_hash([query.pdq], 1) == {content(6): (0, newest[content(6)])}
    prints.drop_unused({content(11), content(0)})
    assert prints.get(twelve) == {key: newest[key] for key in (content(11), content(0))}


def test_a_table_without_formats_has_only_earlier_ones(
    prints: FingerprintIndex, twelve: dict[bytes, bytes], tmp_path: Path
) -> None:
    prints.add(twelve)
    prints.optimize()
    dataset = prints.table.dataset()
    assert dataset
    dataset.drop_columns(["format"])
    prints = FingerprintIndex(tmp_path)
    assert prints.get(twelve) == twelve
    assert prints.content_count() == 12
    assert list(prints.up_to_date_contents()) == []
    assert next(iter(prints.search_words([asked(busy(6, SIZE))], 1))) == content(6)
    prints.add({content(6): twelve[content(6)]})
    (current,) = (some.to_pylist() for some in prints.up_to_date_contents() if len(some))
    assert current == [content(6)]
    prints.drop_unused({*twelve})
    assert prints.get(twelve) == twelve
    assert prints.table.count() == 12
