from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lookalike import Gallery, sources
from lookalike.errors import ArgumentError, PictureError
from lookalike.sources import lists
from lookalike.types import Refusal, Source

from ..conftest import fill, save
from .conftest import Bucket, Web


def listed(path: Path | str, **options: Any) -> tuple[list[Source], list[str]]:
    told: list[Refusal] = []
    found = list(sources.walk(str(path), on_unreadable=told.append, **options))
    return found, [refusal.reason for refusal in told]


def write(path: Path, text: str) -> Path:
    path.write_bytes(text.encode())
    return path


def test_a_csv_has_paths_and_metadata(tmp_path: Path) -> None:
    (a, b) = fill(tmp_path / "p", 2)
    text = f'\ufeffid,path,caption\n1,p/{a.name},"a ship, large"\n2,{b},\n'
    found, told = listed(write(tmp_path / "l.csv", text))
    assert [s.path for s in found] == [str(a), str(b)]
    assert json.loads(found[0].metadata or "") == {"id": "1", "caption": "a ship, large"}
    assert found[0].size == a.stat().st_size
    assert told == []


def test_a_text_file_has_one_path_a_line(tmp_path: Path) -> None:
    (a,) = fill(tmp_path / "p", 1)
    found, told = listed(write(tmp_path / "l.txt", f"# ours\n\np/{a.name}\r\nnone.jpg"))
    assert [s.path for s in found] == [str(a)]
    assert found[0].metadata is None
    assert told == ["none.jpg does not exist"]


def test_a_parquet_keeps_plain_columns(tmp_path: Path) -> None:
    (a,) = fill(tmp_path, 1)
    rows = {"URL": [str(a), None], "n": [7, 8], "tags": [["x"], []], "v": [[0.5], [1.0]]}
    pq.write_table(
        pa.table({**rows, "when": [pa.scalar(0, pa.timestamp("s")).as_py()] * 2}),
        tmp_path / "l.parquet",
    )
    found, told = listed(tmp_path / "l.parquet")
    assert json.loads(found[0].metadata or "") == {
        "n": 7,
        "tags": ["x"],
        "when": "1970-01-01T00:00:00",
    }
    assert told == ["the address is empty"]
    write(tmp_path / "bad.parquet", "no parquet")
    assert "not a Parquet file" in listed(tmp_path / "bad.parquet")[1][0]


def test_the_column_may_be_chosen_and_must_exist(tmp_path: Path) -> None:
    (a,) = fill(tmp_path, 1)
    path = write(tmp_path / "l.tsv", f"Where\tpath\n{a}\tnone.jpg\n")
    assert [s.path for s in listed(path, column="where")[0]] == [str(a)]
    for text, column in (("a,b\n1,2\n", None), ("path\nx\n", "nope")):
        with pytest.raises(ArgumentError, match="--column"):
            listed(write(tmp_path / "m.csv", text), column=column)


def test_bad_rows_do_not_affect_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lists, "MAX_REPORTED_ROWS", 4)
    (a,) = fill(tmp_path, 1)
    bad = [
        "ftp://host/a.jpg",
        "https://me:pw@host/a.jpg",
        "s3:///key",
        '"x\ny"',
        "none",
        "a.zip!/b.jpg",
    ]
    huge = "x" * (lists.MAX_METADATA_BYTES + 1)
    text = "path,more\n" + "\n".join(f"{one}," for one in bad) + f"\n{a},{huge}\n{a},ok\n"
    found, told = listed(write(tmp_path / "l.csv", text))
    assert [s.path for s in found] == [str(a)]
    assert len(told) == 5
    assert told[-1] == "3 more rows can't be used"
    assert "ftp:// is not supported" in told[0]


def test_a_file_that_is_no_list_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lists, "MAX_LINE_CHARACTERS", 100)
    found, told = listed(write(tmp_path / "l.txt", "x" * 1000))
    assert (found, len(told)) == ([], 1)


def test_a_remote_list_may_not_name_local_files() -> None:
    here = os.path.abspath("l.csv")
    assert lists.resolve("a.jpg", here) == os.path.abspath("a.jpg")
    assert lists.resolve("../a.jpg", here) == os.path.abspath("../a.jpg")
    assert lists.resolve("s3://b/a.jpg", here) == "s3://b/a.jpg"
    there = "s3://b/lists/l.csv"
    assert lists.resolve("p/a.jpg", there) == "s3://b/lists/p/a.jpg"
    assert lists.resolve("s3://b/a.jpg", there) == "s3://b/a.jpg"
    assert lists.resolve("https://h/a.jpg", there) == "https://h/a.jpg"
    for wrong in (
        "/etc/x.jpg",
        "file:///etc/x.jpg",
        "../../x.jpg",
        "s3://other/x.jpg",
        "gs://b/x.jpg",
        "a\0b",
    ):
        with pytest.raises(PictureError):
            lists.resolve(wrong, there)


def test_urls_of_a_list_must_be_public_unless_allowed(web: Web, tmp_path: Path) -> None:
    url = web.put("/a.jpg", save(tmp_path / "a.jpg", 1).read_bytes())
    path = write(tmp_path / "l.txt", f"{url}\nhttp://169.254.169.254/latest/a.jpg\n")
    found, told = listed(path)
    assert found == []
    assert len(told) == 2
    assert all("private network" in reason for reason in told)
    assert not web.asked
    write(path, url)
    found, told = listed(path, private=True)
    assert sources.read(found[0]).startswith(b"\xff\xd8")
    gallery = Gallery.open(tmp_path / "gallery")
    assert gallery.index(path).refused == 1
    assert gallery.index(path, allow_private_urls=True).added == 1
    assert gallery.index(path, allow_private_urls=True).unchanged == 1
    assert list(gallery.refused()) == []
    assert web.asked["GET", "/a.jpg"] == 2
    sources.release()


def test_metadata_is_stored_shown_exported_and_updated(tmp_path: Path) -> None:
    a, b = fill(tmp_path / "p", 2)
    path = write(tmp_path / "l.csv", f"path,caption\np/{a.name},a ship\np/{b.name},\n")
    gallery = Gallery.open(tmp_path / "gallery")
    assert gallery.index(path).added == 2
    assert gallery.index(path).unchanged == 2
    assert gallery.index(tmp_path / "p").unchanged == 2

    def caption() -> Any:
        hit = gallery.search(a)[0]
        return json.loads(json.dumps(hit.as_json())).get("metadata")

    assert caption() == {"caption": "a ship"}
    assert gallery.search(b)[0].metadata is None
    write(path, f"path,caption\np/{a.name},a boat\np/{b.name},\n")
    assert gallery.index(path).updated == 1
    assert caption() == {"caption": "a boat"}
    entry = gallery.get(gallery.search(a)[0].id)
    assert entry is not None
    assert entry.metadata == {"caption": "a boat"}
    os.utime(a)
    gallery.index(tmp_path / "p")
    assert caption() == {"caption": "a boat"}
    gallery.export(tmp_path / "out.parquet")
    other = Gallery.open(tmp_path / "other")
    other.import_(tmp_path / "out.parquet")
    assert other.search(a)[0].metadata == {"caption": "a boat"}
    again = Gallery.open(tmp_path / "gallery", rebuild=True)
    again.index()
    assert again.search(a)[0].metadata == {"caption": "a boat"}


def test_a_gallery_without_the_metadata_column_is_read_and_filled(tmp_path: Path) -> None:
    import lance

    a, b = fill(tmp_path / "p", 2)
    gallery = Gallery.open(tmp_path / "gallery")
    gallery.index(a)
    lance.dataset(str(tmp_path / "gallery" / "pictures.lance")).drop_columns(["metadata"])
    gallery = Gallery.open(tmp_path / "gallery")
    assert gallery.search(a)[0].metadata is None
    gallery.export(tmp_path / "out.parquet")
    assert gallery.index(a).unchanged == 1
    path = write(tmp_path / "l.csv", f"path,caption\np/{b.name},a ship\n")
    assert gallery.index(path).added == 1
    assert gallery.search(b)[0].metadata == {"caption": "a ship"}
    assert gallery.search(a)[0].metadata is None


def test_a_list_in_a_bucket_may_name_its_objects_and_shards(bucket: Bucket, tmp_path: Path) -> None:
    import io
    import tarfile

    a, b = fill(tmp_path / "p", 2)
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as tar:
        tar.add(b, "b.jpg")
    bucket.put("p/a.jpg", a.read_bytes())
    bucket.put("s/0.tar", data.getvalue())
    url = bucket.put("l.csv", b"path\np/a.jpg\ns/0.tar\n")
    gallery = Gallery.open(tmp_path / "gallery")
    assert gallery.index(url).added == 2
    assert gallery.index(url).unchanged == 2
    bucket.store.delete("p/a.jpg")
    assert gallery.prune().removed == (f"{bucket.url}/p/a.jpg",)
