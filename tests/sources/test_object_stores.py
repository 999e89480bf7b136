from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import tarfile
import time
from pathlib import Path

import pytest

from lookalike import Gallery, sources
from lookalike.errors import ArgumentError
from lookalike.search.filters import Filter
from lookalike.sources import object_stores

from ..conftest import fill, save
from .conftest import Bucket


def test_a_bucket_is_listed_by_prefix_and_name(bucket: Bucket) -> None:
    for key in ("a/1.jpg", "a/b/2.PNG", "a/none", "a/x.txt", "ab/3.jpg", "a/.hid.jpg", "ü 1.jpg"):
        bucket.put(key, key.encode())
    listed = sorted(s.path for s in sources.walk(f"{bucket.url}/a"))
    assert listed == [f"{bucket.url}/a/{key}" for key in ("1.jpg", "b/2.PNG", "none")]
    assert len(list(sources.walk(bucket.url))) == 5
    (one,) = sources.walk(f"{bucket.url}/ü 1.jpg")
    assert one == sources.stat_source(one.path)
    assert b"".join(object_stores.chunks(one.path)) == "ü 1.jpg".encode()
    assert b"".join(object_stores.chunks(one.path, 3)) == b"1.jpg"


def test_a_new_entity_tag_shows_a_change(bucket: Bucket) -> None:
    url = bucket.put("a.jpg", b"one")
    before = sources.stat_source(url)
    bucket.put("a.jpg", b"two")
    after = sources.stat_source(url)
    assert before is not None
    assert after is not None
    assert before.size == after.size
    assert before.mtime_ns != after.mtime_ns


def test_index_search_prune_and_remove(bucket: Bucket, tmp_path: Path) -> None:
    files = fill(tmp_path / "p", 6)
    urls = [bucket.put(f"p/{path.name}", path.read_bytes()) for path in files]
    gallery = Gallery.open(tmp_path / "gallery")
    assert gallery.index(f"{bucket.url}/p").added == 6
    assert gallery.index(f"{bucket.url}/p/").unchanged == 6
    assert gallery.info().roots[0].path == f"{bucket.url}/p"
    assert gallery.search(files[2], where=Filter(folder=f"{bucket.url}/p"))[0].path == urls[2]
    assert gallery.search(files[2], where=Filter(label="p"))[0].path == urls[2]
    assert not gallery.search(files[2], where=Filter(folder=f"{bucket.url}/q"))
    assert gallery.search(urls[3])[0].path == urls[3]
    bucket.store.delete("p/" + files[0].name)
    assert gallery.prune(dry_run=True).removed == (urls[0],)
    assert gallery.prune().removed == (urls[0],)
    assert gallery.remove(f"{bucket.url}/p") == 5
    assert gallery.info().roots == ()


def test_a_bucket_that_cannot_be_reached_is_offline(
    bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = bucket.put("p/a.jpg", save(tmp_path / "a.jpg", 1).read_bytes())
    gallery = Gallery.open(tmp_path / "gallery")
    gallery.index(f"{bucket.url}/p")
    monkeypatch.setattr(object_stores, "MAX_RETRIES", 0)
    with monkeypatch.context() as away:
        away.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
        report = gallery.prune()
        assert report.removed == ()
        assert [root.path for root in report.offline] == [f"{bucket.url}/p"]
        assert not sources.is_gone(url)
        assert gallery.index(f"{bucket.url}/p").offline == (f"{bucket.url}/p",)
    bucket.store.delete("p/a.jpg")  # an empty bucket is what a wrong account shows, too
    assert gallery.prune().removed == ()
    bucket.put("p/b.jpg", b"x")
    assert gallery.prune().removed == (url,)


def test_a_missing_library_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    gallery = Gallery.open(tmp_path / "gallery")
    with pytest.raises(ArgumentError, match="not supported"):
        gallery.index("ftp://host/a.jpg")
    object_stores._store.cache_clear()
    monkeypatch.setitem(sys.modules, "obstore", None)
    with pytest.raises(ArgumentError, match=r"pip install 'lookalike\[remote\]'"):
        gallery.index("s3://bucket/p")


def test_an_ingest_killed_in_an_archive_continues(bucket: Bucket, tmp_path: Path) -> None:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as tar:
        for path in fill(tmp_path / "p", 150):
            tar.add(path, path.name)
    url = bucket.put("shard-000.tar", data.getvalue())
    code = (
        "import sys\nfrom lookalike import Gallery\nfrom lookalike.ingest import ledger\nledger.COMMIT_SECONDS = 0\n"
        f"Gallery.open({str(tmp_path / 'gallery')!r}).index({url!r})"
    )
    process = subprocess.Popen([sys.executable, "-c", code])
    gallery = Gallery.open(tmp_path / "gallery")
    while process.poll() is None:
        table = tmp_path / "gallery" / "pictures.lance" / "_versions"
        if table.is_dir() and len(os.listdir(table)) >= 2:
            process.send_signal(signal.SIGKILL if os.name != "nt" else signal.SIGTERM)
            break
        time.sleep(0.01)
    process.wait()
    assert 0 < gallery.info().pictures < 150
    report = gallery.index(url)
    assert report.added + report.unchanged == 150
    assert report.added > 0
    assert gallery.info().pictures == 150
    assert gallery.index(url).unchanged == 1
