from __future__ import annotations

from pathlib import Path

import pytest

from lookalike import Gallery, encoders
from lookalike.errors import EncoderError, StorageError
from lookalike.ingest.seen import SeenFiles
from lookalike.ingest.shard import Asked, Desk, Result, Setting, work
from lookalike.sources import walk
from lookalike.storage.store import Store

from ..conftest import fill, save


class Nook:
    """A store and a desk, with nothing between them."""

    def __init__(self, folder: Path) -> None:
        encoder = encoders.load()
        self.store = Store(folder, "pictures.lance", encoder.dimensions)
        self.store.create()
        self.desk = Desk(SeenFiles(self.store))  # type: ignore[arg-type]
        names = (encoder.source, encoder.sha256, "cpu")
        self.setting = Setting(str(folder), "pictures.lance", encoder.dimensions, True, *names)

    def work(self, folder: Path, *, new: bool = True) -> Result:
        return work(self.setting, [(s, new) for s in walk(str(folder))], self.ask)

    def ask(self, asked: Asked) -> list[tuple[bool, bool]]:
        return self.desk.claim(asked)

    def rows(self) -> list[str]:
        return sorted(self.store.paths(self.store.pictures))


def test_a_shard_is_part_of_the_gallery_once_it_is_appended(tmp_path: Path) -> None:
    paths = fill(tmp_path / "p", 20)
    nook = Nook(tmp_path / "g")
    nook.work(tmp_path / "p")  # its worker died before it could tell
    result = nook.work(tmp_path / "p")
    assert nook.rows() == []
    assert all(outcome.written and outcome.record is None for outcome in result.outcomes)
    nook.store.commit_fragments([result.fragments])
    assert nook.rows() == sorted(map(str, paths))
    assert nook.store.fingerprints.table.count() == 20
    for table in (nook.store.pictures, nook.store.fingerprints.table):
        assert len(list((table.uri / "data").iterdir())) == 2
    nook.store.drop_uncommitted()
    for table in (nook.store.pictures, nook.store.fingerprints.table):
        assert len(list((table.uri / "data").iterdir())) == 1
    assert nook.rows() == sorted(map(str, paths))


def test_the_row_of_a_known_path_comes_as_a_record(tmp_path: Path) -> None:
    fill(tmp_path / "p", 2)
    result = Nook(tmp_path / "g").work(tmp_path / "p", new=False)
    assert all(outcome.record and outcome.record.fingerprint for outcome in result.outcomes)
    assert result.fragments == ([], [])


def test_a_content_is_granted_to_one_file(tmp_path: Path) -> None:
    data = save(tmp_path / "one" / "a.jpg", 1).read_bytes()
    (tmp_path / "two").mkdir()
    (tmp_path / "two" / "b.jpg").write_bytes(data)
    nook = Nook(tmp_path / "g")
    assert nook.work(tmp_path / "one").outcomes[0].written
    (other,) = nook.work(tmp_path / "two").outcomes
    assert other.content
    assert not other.written
    assert nook.desk.of(str(tmp_path / "one" / "a.jpg")) == [other.content]
    nook.desk.settle([other.content], encoded=True)
    assert nook.desk.of(str(tmp_path / "one" / "a.jpg")) == []
    assert not nook.work(tmp_path / "one").outcomes[0].written  # it is encoded now


def test_what_a_node_does_not_see_is_told(tmp_path: Path) -> None:
    fill(tmp_path / "p", 3)
    nook = Nook(tmp_path / "g")
    sources = list(walk(str(tmp_path / "p")))
    (tmp_path / "p" / "0001.jpg").unlink()
    result = work(nook.setting, [(source, True) for source in sources], nook.ask)
    assert [Path(source.path).name for source in result.missing] == ["0001.jpg"]
    assert len(result.outcomes) == 2


def test_a_gallery_or_weights_that_are_not_the_same_here(tmp_path: Path) -> None:
    fill(tmp_path / "p", 2)
    nook = Nook(tmp_path / "g")
    values = [getattr(nook.setting, name) for name in Setting.__slots__]
    elsewhere = Setting(str(tmp_path / "elsewhere"), *values[1:])
    with pytest.raises(StorageError, match="check that all nodes share the gallery"):
        work(elsewhere, [(s, True) for s in walk(str(tmp_path / "p"))], nook.ask)
    other = Setting(*values[:5], "0" * 64, "cpu")
    with pytest.raises(EncoderError, match="other weights"):
        work(other, [], nook.ask)
    result = Nook(tmp_path / "g2").work(tmp_path / "p")
    with pytest.raises(StorageError, match="use a gallery that all nodes share"):
        nook.store.commit_fragments([result.fragments])
    assert nook.rows() == []


def test_what_is_appended_is_searched(tmp_path: Path) -> None:
    paths = fill(tmp_path / "p", 3)
    gallery = Gallery.open(tmp_path / "g")
    gallery.index(paths[0])
    nook = Nook(tmp_path / "g")
    nook.store.commit_fragments([work(nook.setting, _new(paths[1:]), nook.ask).fragments])
    assert gallery.search(paths[2])[0].path == str(paths[2])
    assert gallery.search(paths[2])[0].kind == "exact"


def _new(paths: list[Path]) -> list[tuple[object, bool]]:
    return [(source, True) for path in paths for source in walk(str(path))]
