from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from lookalike import Gallery
from lookalike.errors import FeatureListError, StorageError
from lookalike.gallery import feature_list

from ..conftest import CountingEncoder, busy


def test_round_trip_without_encoding_again(tmp_path: Path, gallery: Gallery) -> None:
    assert gallery.export(tmp_path / "out.parquet") == 12
    encoder = CountingEncoder()
    other = Gallery.open(tmp_path / "other", encoder=encoder)
    assert other.import_(tmp_path / "out.parquet") == 12
    report = other.index(tmp_path / "pictures")
    assert (report.added, report.updated, report.unchanged) == (0, 0, 12)
    assert encoder.encoded == 0
    query = tmp_path / "pictures" / "a" / "0003.jpg"
    theirs, ours = gallery.search(query), other.search(query)
    assert [hit.path for hit in theirs] == [hit.path for hit in ours]
    scores = [hit.score for hit in theirs]  # the bits may depend on the order of the rows
    assert [hit.score for hit in ours] == pytest.approx(scores, abs=1e-5)
    assert ours[0].kind == "exact"
    other.export(tmp_path / "again.parquet")
    tables = [pq.read_table(tmp_path / name) for name in ("out.parquet", "again.parquet")]
    assert tables[0].sort_by("path") == tables[1].sort_by("path")


def test_the_columns(tmp_path: Path, gallery: Gallery) -> None:
    gallery.export(tmp_path / "out.parquet")
    table = pq.read_table(tmp_path / "out.parquet")
    d = gallery.info().encoder["dimensions"]
    assert table.schema.field("vector").type == pa.list_(pa.float32(), d)
    assert table.column_names[:6] == [
        "path",
        "content_hash",
        "width",
        "height",
        "vector",
        "encoder",
    ]
    row = table.to_pylist()[0]
    assert len(row["content_hash"]) == 32
    assert (row["width"], row["height"]) == (160, 120)
    assert np.linalg.norm(row["vector"]) == pytest.approx(1, abs=1e-2)


def test_only_the_required_columns_are_needed(tmp_path: Path, gallery: Gallery) -> None:
    gallery.export(tmp_path / "out.parquet")
    table = pq.read_table(tmp_path / "out.parquet").drop_columns(["size", "mtime_ns"])
    pq.write_table(table, tmp_path / "short.parquet")
    encoder = CountingEncoder()
    other = Gallery.open(tmp_path / "other", encoder=encoder)
    assert other.import_(tmp_path / "short.parquet") == 12
    report = other.index(tmp_path / "pictures")  # the files are read, none is encoded
    assert (report.added, report.updated) == (0, 12)
    assert encoder.encoded == 0


def test_a_list_says_what_files_hold(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[271], exif[272] = "Canon", "Canon EOS R6"
    (tmp_path / "p").mkdir()
    busy(1, (160, 120)).save(tmp_path / "p" / "photo.jpg", exif=exif)
    gallery = Gallery.open(tmp_path / "g")
    gallery.index(tmp_path / "p")
    gallery.export(tmp_path / "out.parquet")
    other = Gallery.open(tmp_path / "other")
    other.import_(tmp_path / "out.parquet")
    (entry,) = other.browse().entries
    assert entry.properties.camera == "Canon EOS R6"
    assert other.index(tmp_path / "p").unchanged == 1


@pytest.mark.parametrize("missing", ["pages", "fingerprint"])
def test_what_a_list_does_not_say_is_read_without_encoding(
    tmp_path: Path, gallery: Gallery, missing: str
) -> None:
    gallery.export(tmp_path / "out.parquet")
    table = pq.read_table(tmp_path / "out.parquet")
    pq.write_table(table.drop_columns([missing]), tmp_path / "short.parquet")
    encoder = CountingEncoder()
    other = Gallery.open(tmp_path / "other", encoder=encoder)
    other.import_(tmp_path / "short.parquet")
    assert other.index(tmp_path / "pictures").updated == 12
    assert other.index(tmp_path / "pictures").unchanged == 12
    assert encoder.encoded == 0
    other.export(tmp_path / "again.parquet")
    assert pq.read_table(tmp_path / "again.parquet").sort_by("path") == table.sort_by("path")


def test_hostile_lists_are_refused_and_change_nothing(tmp_path: Path, gallery: Gallery) -> None:
    gallery.export(tmp_path / "good.parquet")
    good = pq.read_table(tmp_path / "good.parquet")
    d = good.schema.field("vector").type.list_size

    def with_column(name: str, values: object) -> pa.Table:
        at = good.column_names.index(name)
        return good.set_column(at, name, pa.array(values))  # type: ignore[call-overload]

    zeros = pa.FixedSizeListArray.from_arrays(np.zeros(12 * d, np.float32), d)
    nans = pa.FixedSizeListArray.from_arrays(np.full(12 * d, np.nan, np.float32), d)
    for bad in (
        good.drop_columns(["vector"]),
        with_column("encoder", ["another:00"] * 12),
        with_column("path", ["relative.jpg"] * 12),
        with_column("path", [None] * 12),
        with_column("content_hash", ["zz"] * 12),
        with_column("content_hash", ["00"] * 12),
        with_column("width", [0] * 12),
        with_column("width", ["many"] * 12),
        with_column("size", ["x"] * 12),
        with_column("vector", [[1.0]] * 12),
        with_column("vector", zeros),
        with_column("vector", nans),
        with_column("fingerprint", [b"no fingerprint"] * 12),
        with_column("frames", [0] * 12),
        with_column("frames", [None] * 12),
        with_column("bit_depth", [99] * 12),
        with_column("latitude", [90.1] * 12),
        with_column("longitude", [float("nan")] * 12),
        with_column("taken", ["yesterday"] * 12),
    ):
        pq.write_table(bad, tmp_path / "bad.parquet")
        other = Gallery.open(tmp_path / "other")
        with pytest.raises(FeatureListError):
            other.import_(tmp_path / "bad.parquet")
    (tmp_path / "bad.parquet").write_bytes(b"PAR1 no parquet")
    for path in (tmp_path / "bad.parquet", tmp_path / "none.parquet", tmp_path):
        with pytest.raises(FeatureListError):
            gallery.import_(path)
    assert gallery.info().pictures == 12


def test_a_file_that_can_not_be_written_is_reported(tmp_path: Path, gallery: Gallery) -> None:
    with pytest.raises(StorageError, match="choose another folder"):
        gallery.export(tmp_path / "none" / "out.parquet")


def test_rows_with_one_path_are_folded_and_the_last_one_counts(
    tmp_path: Path, gallery: Gallery, monkeypatch: pytest.MonkeyPatch
) -> None:
    gallery.export(tmp_path / "good.parquet")
    good = pq.read_table(tmp_path / "good.parquet")
    twice = pa.concat_tables([good.slice(3, 1), good.slice(0, 1), good])  # in one batch, and two
    at = good.column_names.index("width")
    twice = twice.set_column(at, "width", pa.array([*range(1, 15)], pa.int32()))
    pq.write_table(twice, tmp_path / "twice.parquet")
    for rows in (4_096, 2):
        monkeypatch.setattr(feature_list, "ROWS_PER_GROUP", rows)
        other = Gallery.open(tmp_path / f"other {rows}")
        assert other.import_(tmp_path / "twice.parquet") == 12
        assert other.info().pictures == 12
        assert {entry.width for entry in other.browse(top=20).entries} == {*range(3, 15)}


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("path", None, "row 8: it has no path"),
        ("vector", None, "row 8: it has no vector"),
        ("content_hash", None, "row 8: it has no content_hash"),
        ("encoder", None, "row 8: it has no encoder"),
        ("width", None, "row 8: it has no width"),
        ("vector", [0.0], "row 8: its vector's length is not 1"),
        ("vector", [None], "row 8: it has no vector"),
        ("fingerprint", b"no fingerprint", "row 8: its fingerprint is damaged"),
        ("path", "relative.jpg", "row 8: the path 'relative.jpg' is not absolute"),
        ("content_hash", "zz", "row 8: "),
        ("metadata", "[1]", "row 8: the metadata"),
    ],
)
def test_a_row_that_can_not_be_used_is_told_by_its_number(
    tmp_path: Path,
    gallery: Gallery,
    monkeypatch: pytest.MonkeyPatch,
    *,
    name: str,
    value: object,
    says: str,
) -> None:
    monkeypatch.setattr(feature_list, "ROWS_PER_GROUP", 5)
    gallery.export(tmp_path / "list.parquet")
    good = pq.read_table(tmp_path / "list.parquet")
    values = good.column(name).to_pylist()
    values[7] = value * len(values[7]) if isinstance(value, list) else value
    at = good.column_names.index(name)
    bad = good.set_column(at, name, pa.array(values, good.schema.field(name).type))
    pq.write_table(bad, tmp_path / "list.parquet")
    with pytest.raises(FeatureListError) as caught:
        Gallery.open(tmp_path / "other").import_(tmp_path / "list.parquet")
    assert f"list.parquet is not a feature list ({says}" in str(caught.value)


def test_a_size_that_is_not_stated_is_unknown(tmp_path: Path, gallery: Gallery) -> None:
    gallery.export(tmp_path / "list.parquet")
    good = pq.read_table(tmp_path / "list.parquet")
    nulls = pa.nulls(12, pa.int64())
    bad = good.set_column(good.column_names.index("size"), "size", nulls)
    pq.write_table(bad, tmp_path / "list.parquet")
    other = Gallery.open(tmp_path / "other")
    other.import_(tmp_path / "list.parquet")
    assert {entry.size for entry in other.browse(top=20).entries} == {-1}


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path, gallery: Gallery) -> None:
    (tmp_path / "file").write_text("x")
    (tmp_path / "folder").mkdir()
    before = sorted(tmp_path.iterdir())
    for out, reason in (
        (tmp_path / "file" / "out.parquet", "Not a directory"),
        (tmp_path / ("x" * 300 + ".parquet"), "File name too long"),
        (tmp_path / "folder", "Is a directory"),
        (tmp_path / "none" / "out.parquet", "No such file or directory"),
        (Path("/proc/out.parquet"), ""),
    ):
        with pytest.raises(
            StorageError, match=rf"can't be written \({reason}.*; choose another folder"
        ):
            gallery.export(out)
    assert sorted(tmp_path.iterdir()) == before
