from __future__ import annotations

from pathlib import Path

import pytest

from lookalike import Gallery, encoders
from lookalike.errors import EncoderError, StorageError
from lookalike.ingest.claims import Claim
from lookalike.ingest.seen import SeenFiles
from lookalike.ingest.shard import (
    ClaimRequests,
    ClaimsActor,
    ShardConfig,
    ShardResult,
    process_shard,
)
from lookalike.sources import walk
from lookalike.storage.store import Store

from ..conftest import fill, save


class OneNode:
    """A store and the claims on its contents, without a cluster."""

    def __init__(self, folder: Path) -> None:
        encoder = encoders.load()
        self.store = Store(folder, "pictures.lance", encoder.dimensions)
        self.store.create()
        self.claims = ClaimsActor(SeenFiles(self.store))  # type: ignore[arg-type]
        self.config = ShardConfig.of(self.store, encoder, "cpu")

    def process(self, folder: Path, *, new: bool = True) -> ShardResult:
        return process_shard(self.config, [(s, new) for s in walk(str(folder))], self.request)

    def request(self, requests: ClaimRequests) -> list[Claim]:
        return self.claims.claim(requests)

    def rows(self) -> list[str]:
        return sorted(self.store.paths(self.store.pictures))


def test_a_shard_is_part_of_the_gallery_once_it_is_appended(tmp_path: Path) -> None:
    paths = fill(tmp_path / "p", 20)
    node = OneNode(tmp_path / "g")
    node.process(tmp_path / "p")  # its worker died before it could report
    result = node.process(tmp_path / "p")
    assert node.rows() == []
    assert all(outcome.written and outcome.record is None for outcome in result.outcomes)
    node.store.commit_fragments([result.fragments])
    assert node.rows() == sorted(map(str, paths))
    assert node.store.fingerprints.table.count() == 20
    for table in (node.store.pictures, node.store.fingerprints.table):
        assert len(list((table.uri / "data").iterdir())) == 2
    node.store.drop_old_versions(uncommitted=True)
    for table in (node.store.pictures, node.store.fingerprints.table):
        assert len(list((table.uri / "data").iterdir())) == 1
    assert node.rows() == sorted(map(str, paths))


def test_the_row_of_a_known_path_comes_as_a_record(tmp_path: Path) -> None:
    fill(tmp_path / "p", 2)
    result = OneNode(tmp_path / "g").process(tmp_path / "p", new=False)
    assert all(outcome.record and outcome.record.fingerprint for outcome in result.outcomes)
    assert result.fragments == ([], [])


def test_a_content_is_granted_to_one_file(tmp_path: Path) -> None:
    data = save(tmp_path / "one" / "a.jpg", 1).read_bytes()
    (tmp_path / "two").mkdir()
    (tmp_path / "two" / "b.jpg").write_bytes(data)
    node = OneNode(tmp_path / "g")
    assert node.process(tmp_path / "one").outcomes[0].written
    (other,) = node.process(tmp_path / "two").outcomes
    assert other.content
    assert not other.written
    assert node.claims.claimed_by(str(tmp_path / "one" / "a.jpg")) == [other.content]
    node.claims.resolve([other.content], delivered=True)
    assert node.claims.claimed_by(str(tmp_path / "one" / "a.jpg")) == []
    assert not node.process(tmp_path / "one").outcomes[0].written  # it is encoded now


def test_what_a_node_does_not_see_is_reported(tmp_path: Path) -> None:
    fill(tmp_path / "p", 3)
    node = OneNode(tmp_path / "g")
    sources = list(walk(str(tmp_path / "p")))
    (tmp_path / "p" / "0001.jpg").unlink()
    result = process_shard(node.config, [(source, True) for source in sources], node.request)
    assert [Path(source.path).name for source in result.missing] == ["0001.jpg"]
    assert len(result.outcomes) == 2


def test_a_gallery_or_weights_that_are_not_the_same_here(tmp_path: Path) -> None:
    fill(tmp_path / "p", 2)
    node = OneNode(tmp_path / "g")
    values = [getattr(node.config, name) for name in ShardConfig.__slots__]
    elsewhere = ShardConfig(str(tmp_path / "elsewhere"), *values[1:])
    with pytest.raises(StorageError, match="check that all nodes share the gallery"):
        process_shard(elsewhere, [(s, True) for s in walk(str(tmp_path / "p"))], node.request)
    other = ShardConfig(*values[:5], "0" * 64, "cpu")
    with pytest.raises(EncoderError, match="other weights"):
        process_shard(other, [], node.request)
    result = OneNode(tmp_path / "g2").process(tmp_path / "p")
    with pytest.raises(StorageError, match="use a gallery that all nodes share"):
        node.store.commit_fragments([result.fragments])
    assert node.rows() == []


def test_what_is_appended_is_searched(tmp_path: Path) -> None:
    paths = fill(tmp_path / "p", 3)
    gallery = Gallery.open(tmp_path / "g")
    gallery.index(paths[0])
    node = OneNode(tmp_path / "g")
    node.store.commit_fragments(
        [process_shard(node.config, _new(paths[1:]), node.request).fragments]
    )
    assert gallery.search(paths[2])[0].path == str(paths[2])
    assert gallery.search(paths[2])[0].kind == "exact"


def _new(paths: list[Path]) -> list[tuple[object, bool]]:
    return [(source, True) for path in paths for source in walk(str(path))]
