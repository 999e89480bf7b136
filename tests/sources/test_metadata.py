"""Numbers that JSON can't hold are null at every door: index and import, Python, REST, terminal."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lookalike import Client, Gallery, sources
from lookalike.sources import metadata_from_json

from ..conftest import fill, run
from ..servers import Server

TEXT = '{"a": 1e999, "b": NaN, "c": [-Infinity, 0.5], "d": 2, "e": "NaN"}'
CLEAN = {"a": None, "b": None, "c": [None, 0.5], "d": 2, "e": "NaN"}


def dataset(folder: Path) -> Path:
    """A tar of a picture, and of what a WebDataset states about it."""
    picture = fill(folder, 1, start=70)[0].read_bytes()
    with tarfile.open(folder / "set.tar", "w") as tar:
        for name, data in (("0.jpg", picture), ("0.json", TEXT.encode())):
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return folder / "set.tar"


def strict(text: str) -> Any:
    """Read JSON as the standard has it."""

    def refuse(constant: str) -> None:
        raise ValueError(constant)

    return json.loads(text, parse_constant=refuse)


@pytest.mark.parametrize(("text", "value"), [(TEXT, CLEAN), ('{"a": 1.5}', {"a": 1.5})])
def test_a_number_that_json_can_not_hold_is_null(text: str, value: Any) -> None:
    assert metadata_from_json(text) == (value, text == TEXT)


def test_a_list_and_an_archive_have_nulls(tmp_path: Path) -> None:
    (archived,) = sources.walk(str(dataset(tmp_path / "set")))
    assert (strict(archived.metadata or ""), archived.has_nulls) == (CLEAN, True)
    path = fill(tmp_path, 1)[0]
    rows = {"path": [str(path)] * 2, "n": [np.inf, 1.0]}
    pq.write_table(pa.table(rows), tmp_path / "l.parquet")
    listed = list(sources.walk(str(tmp_path / "l.parquet")))
    assert [(source.metadata, source.has_nulls) for source in listed] == [
        ('{"n": null}', True),
        ('{"n": 1.0}', False),
    ]


def test_index_and_search_of_the_terminal(tmp_path: Path) -> None:
    archive = dataset(tmp_path / "set")
    done = run("index", archive, gallery=tmp_path / "gallery")
    assert "The metadata of 1 picture has numbers that JSON can't hold" in done.stderr
    query = tmp_path / "set" / "0070.jpg"
    found = run("search", query, "--json", gallery=tmp_path / "gallery")
    assert [hit["metadata"] for hit in strict(found.stdout)["hits"]] == [CLEAN]


def test_index_and_search_of_the_server_and_its_client(own: Server, tmp_path: Path) -> None:
    archive = dataset(tmp_path / "set")
    with Client(own.url) as client:
        assert client.index(archive).nulls == 1
        hit = client.search(tmp_path / "set" / "0070.jpg")[0]
        assert hit.metadata == CLEAN
    for answer in (own.get("/pictures"), own.get(f"/pictures/{hit.id}")):
        assert answer.status_code == 200
        strict(answer.text)


def test_import_and_what_was_stored_before(tmp_path: Path) -> None:
    gallery = Gallery.open(tmp_path / "gallery")
    (path,) = fill(tmp_path / "p", 1)
    gallery.index(path)
    gallery.export(tmp_path / "out.parquet")
    table = pq.read_table(tmp_path / "out.parquet")
    place = table.schema.get_field_index("metadata")
    pq.write_table(table.set_column(place, "metadata", [[TEXT]]), tmp_path / "in.parquet")
    told: list[int] = []
    other = Gallery.open(tmp_path / "other")
    other.import_(tmp_path / "in.parquet", on_nulls=told.append)
    assert told == [1]
    assert other.search(path)[0].metadata == CLEAN
    other.export(tmp_path / "again.parquet")
    (stored,) = pq.read_table(tmp_path / "again.parquet")["metadata"].to_pylist()
    assert strict(stored) == CLEAN
    done = run("import", tmp_path / "in.parquet", gallery=tmp_path / "third")
    assert "The metadata of 1 picture has numbers" in done.stderr


def test_a_gallery_that_has_such_numbers_gives_nulls(tmp_path: Path) -> None:
    import lance

    gallery = Gallery.open(tmp_path / "gallery")
    (path,) = fill(tmp_path / "p", 1)
    gallery.index(path)
    lance.dataset(str(tmp_path / "gallery" / "pictures.lance")).update({"metadata": f"'{TEXT}'"})
    again = Gallery.open(tmp_path / "gallery")
    hit = again.search(path)[0]
    entry = again.get(hit.id)
    assert entry is not None
    assert hit.metadata == entry.metadata == CLEAN
