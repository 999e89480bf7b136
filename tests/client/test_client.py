"""`lookalike.Client`, and the command line with the URL of a server."""

from __future__ import annotations

import inspect
import io
import json
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from lookalike import Client, Filter, Gallery
from lookalike.cli import main
from lookalike.errors import (
    ArgumentError,
    GalleryBusyError,
    GalleryNotFoundError,
    PictureError,
    ServerError,
)
from lookalike.storage.lock import write_lock
from lookalike.types import Refusal

from ..conftest import busy, draw, fill, run
from ..servers import Server


def test_it_has_the_methods_of_a_gallery() -> None:
    methods = {
        name
        for kind in Gallery.__mro__
        for name, value in vars(kind).items()
        if not name.startswith("_") and inspect.isfunction(value)
    }
    # A server uses these for its own responses, or they describe its machine.
    only_there = {"labels", "rows", "device", "likely_device"}
    assert methods - only_there <= {name for name in dir(Client) if not name.startswith("_")}
    for name in ("search", "prune", "browse", "index"):
        here, there = (inspect.signature(getattr(kind, name)) for kind in (Gallery, Client))
        assert list(here.parameters) == list(there.parameters)


def test_search_many(server: Server, collection: Path) -> None:
    queries = [collection / "pictures" / "cats" / "0003.jpg", b"nothing", busy(2, (480, 360))]
    here = Gallery.open(collection / "gallery").search_many(queries, top=3)
    with Client(server.url) as client:
        first, refusal, last = client.search_many(iter(queries), top=3)
        for one, other in zip((first, last), (next(here), list(here)[-1]), strict=True):
            assert [(h.path, h.kind) for h in one] == [(h.path, h.kind) for h in other]
    assert isinstance(refusal, Refusal)
    assert refusal.path == "bytes"


def test_search_has_the_same_results_as_a_gallery(server: Server, collection: Path) -> None:
    gallery = Gallery.open(collection / "gallery")
    crop = busy(2, (480, 360)).crop((60, 45, 480, 360))
    with Client(server.url) as client:
        for query in (
            collection / "pictures" / "cats" / "0003.jpg",
            str(collection / "pictures" / "busy" / "1.png"),
            (collection / "pictures" / "dogs" / "0013.jpg").read_bytes(),
            io.BytesIO((collection / "pictures" / "dogs" / "0014.jpg").read_bytes()),
            crop,
            np.asarray(crop),
        ):
            here = gallery.search(query, top=7)
            if hasattr(query, "seek"):
                query.seek(0)
            there = client.search(query, top=7)
            assert [(h.path, h.kind, h.id) for h in there] == [(h.path, h.kind, h.id) for h in here]
            assert [h.score for h in there] == pytest.approx([h.score for h in here], abs=1e-3)
            assert there.version == here.version
        limited = client.search(crop, where=Filter(label="cats"), region=(0, 0, 0.5, 0.5), top=20)
        assert len(limited) == 12
        assert limited[0].mtime_ns // 10**9 == gallery.get(limited[0].id).mtime_ns // 10**9  # type: ignore[union-attr]
        assert client.search(crop, min_score=1.0, copies=False).hits == ()


def _of_mode(mode: str) -> Image.Image:
    image = busy(2, (480, 360))
    if mode in ("I;16", "I;16B", "I", "F"):
        grey = np.asarray(image.convert("L"))
        kinds = {"I;16": "<u2", "I;16B": ">u2", "I": "i4", "F": "f4"}
        return Image.fromarray(grey.astype(kinds[mode]))
    if mode in ("RGBA", "LA", "PA"):
        image.putalpha(Image.linear_gradient("L").resize(image.size))
    if mode in ("La", "RGBa"):
        image = image.convert("LA" if mode == "La" else "RGBA")
    return image if mode == "RGB" else image.convert(mode)


def _turned() -> Image.Image:
    image = busy(2, (480, 360)).transpose(Image.Transpose.ROTATE_90)
    image.getexif()[0x0112] = 6
    return image


def _opened(suffix: str) -> Image.Image:
    """A PIL image that still reads its file."""
    file = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 3
    busy(2, (480, 360)).save(file, suffix, exif=exif)
    return Image.open(file)


def _cut() -> Image.Image:
    file = io.BytesIO()
    busy(2, (480, 360)).save(file, "PNG")
    return Image.open(io.BytesIO(file.getvalue()[:20_000]))


PIXELS = np.asarray(busy(2, (480, 360)))
MODES = [
    "1",
    "L",
    "P",
    "LA",
    "PA",
    "La",
    "RGB",
    "RGBA",
    "RGBa",
    "RGBX",
    "CMYK",
    "YCbCr",
    "HSV",
    "LAB",
]
QUERIES: dict[str, Callable[[Path], Any]] = {
    **{mode: partial(lambda mode, _: _of_mode(mode), mode) for mode in [*MODES, "I", "F", "I;16"]},
    "turned": lambda _: _turned(),
    "PIL JPEG": lambda _: _opened("JPEG"),
    "PIL TIFF": lambda _: _opened("TIFF"),
    "PIL cut": lambda _: _cut(),
    "PIL empty": lambda _: Image.new("RGB", (0, 9)),
    "PIL narrow": lambda _: Image.new("RGB", (900, 2)),
    "array": lambda _: PIXELS,
    "array turned": lambda _: PIXELS[::-1, ::-1],
    "list": lambda _: [[[1, 2, 3]]],
    "ragged": lambda _: [[1, 2], [3]],
    "None": lambda _: None,
    "number": lambda _: 7,
    **{f"{kind} array": partial(lambda kind, _: PIXELS.astype(kind), kind) for kind in ("f4", "u2", "i8", "?", "O")},
    **{
        f"{shape} array": partial(lambda shape, _: np.zeros(shape, np.uint8), shape)
        for shape in [(0,), (9, 9), (0, 0, 3), (0, 9, 3), (9, 0, 3), (9, 9, 1), (9, 9, 4), (9, 9, 0), (2, 9, 9, 3)]
    },
    "path": lambda path: path,
    "text": str,
    "missing": lambda path: path / "nothing.jpg",
    "folder": lambda path: path.parent,
    "null": lambda _: "a\0b.jpg",
    "bytes": lambda path: path.read_bytes(),
    "bytearray": lambda path: bytearray(path.read_bytes()),
    "no bytes": lambda _: b"",
    "other bytes": lambda _: b"%PDF-1.7",
    "file": lambda path: path.open("rb"),
    "stream": lambda path: io.BytesIO(path.read_bytes()),
    "text file": lambda _: io.StringIO("text"),
}  # fmt: skip


@pytest.mark.parametrize("name", QUERIES)
def test_it_takes_what_a_gallery_takes(server: Server, collection: Path, name: str) -> None:
    path = collection / "pictures" / "cats" / "0003.jpg"
    gallery = Gallery.open(collection / "gallery")
    with Client(server.url) as client:
        outcomes = []
        for opened in (gallery, client):
            query = QUERIES[name](path)
            try:
                outcomes.append(
                    [
                        (hit.path, hit.kind, round(hit.score, 3))
                        for hit in opened.search(query, top=3)
                    ]
                )
            except (ArgumentError, PictureError) as error:
                outcomes.append(type(error))
            finally:
                if hasattr(query, "close"):
                    query.close()
        here, there = outcomes
        assert here == there


def test_reading(server: Server, collection: Path) -> None:
    gallery = Gallery.open(collection / "gallery")
    client = Client(server.url)
    here, there = gallery.info(), client.info()
    assert (there.pictures, there.roots, there.encoder) == (30, here.roots, here.encoder)
    assert client.version() == gallery.version()
    page = client.browse(top=3, offset=2, where=Filter(label="dogs"))
    assert [e.id for e in page.entries] == [
        e.id for e in gallery.browse(top=3, offset=2, where=Filter(label="dogs")).entries
    ]
    assert page.total == 12
    entry = client.get(page.entries[0].id)
    assert entry == page.entries[0]
    assert client.get("0" * 32) is None
    assert list(client.refused()) == []
    two = [entry.id, page.entries[1].id]
    assert client.compare(*two)["kind"] == "different"
    pairs = [
        {Path(g.kept.path).name, *(Path(o.member.path).name for o in g.others)}
        for g in client.duplicates()
    ]
    assert {"0.png", "again.jpg"} in pairs
    client.close()


def test_writing(own: Server, tmp_path: Path) -> None:
    fill(tmp_path / "more", 5, start=50)
    seen = []
    with Client(own.url) as client:
        report = client.index(tmp_path / "more", exclude=["0050*"], on_progress=seen.append)
        assert (report.added, report.offline) == (4, ())
        assert seen[-1].done == 4
        assert client.index().unchanged >= 8
        added = client.add(draw(500))
        assert client.search(draw(500), top=1)[0].id == added.id
        (tmp_path / "more" / "0051.jpg").unlink()
        assert client.prune(dry_run=True).removed == (str(tmp_path / "more" / "0051.jpg"),)
        assert len(client.prune().removed) == 1
        assert client.remove(tmp_path / "more") == 4
        with write_lock(own.folder), pytest.raises(GalleryBusyError, match="writing"):
            client.index(tmp_path / "more")


def test_places_and_counts_are_the_same_everywhere(own: Server, tmp_path: Path) -> None:
    """In Python, by a client, over REST and by the commands: a picture is a content."""
    first, other = tmp_path / "pictures" / "0003.jpg", tmp_path / "twins"
    other.mkdir()
    for number in range(15):
        shutil.copy2(first, other / f"{number:02}.jpg")
    with Client(own.url) as client:
        client.index(other)
        gallery = Gallery.open(own.folder)
        here, there = (one.search(first, top=10) for one in (gallery, client))
        assert len(here) == len(there) == 8
        for one in (here, there):
            assert [place.path for place in one[0].places] == [
                str(first), *sorted(map(str, other.iterdir()))
            ]  # fmt: skip
            assert {len(hit.places) for hit in one[1:]} == {1}
        times = [place.mtime_ns // 10**9 for place in here[0].places]
        assert [place.mtime_ns // 10**9 for place in there[0].places] == times
        assert [place.size for place in there[0].places] == [first.stat().st_size] * 16
        counts = {(one.info().pictures, one.info().files) for one in (gallery, client)}
        assert counts == {(8, 8 + 15)}
        assert {one.browse().total for one in (gallery, client)} == {8}
    by_rest = own.search(first, filter=json.dumps({"folder": str(other)})).json()
    assert by_rest["total"] == 1
    (hit,) = by_rest["hits"]
    assert set(hit["places"][0]) == {"path", "bytes", "mtime"}
    assert [place["path"] for place in hit["places"]] == [
        *sorted(map(str, other.iterdir())), str(first)
    ]  # fmt: skip
    assert (hit["path"], hit["label"]) == (hit["places"][0]["path"], "twins")
    for where in (own.folder, own.url):
        lines = run("search", first, "--paths", gallery=where).stdout.splitlines()
        assert (len(lines), lines[0]) == (8, str(first))
        every = run("search", first, "--paths", "--all-places", gallery=where).stdout.splitlines()
        assert every == [place.path for hit in here for place in hit.places]
        table = run("search", first, "--all-places", "--top", 1, gallery=where).stdout
        assert [line.split("\t")[0] for line in table.splitlines()] == ["1"] * 16
        info = json.loads(run("info", "--json", gallery=where).stdout)
        assert (info["pictures"], info["files"]) == (8, 23)
    done = run("index", other, gallery=own.folder)
    assert done.stdout.splitlines()[-1] == f"8 pictures (23 files) in {own.folder}"


def test_errors_are_those_of_a_gallery(
    server: Server, locked: Server, empty: Server, tmp_path: Path
) -> None:
    with Client(server.url) as client:
        with pytest.raises(PictureError):
            client.search(b"GIF89a nothing")
        with pytest.raises(PictureError, match="check the path"):
            client.search(tmp_path / "none.jpg")
        with pytest.raises(ArgumentError):
            client.search(draw(1), top=1001)
        with pytest.raises(ArgumentError):
            client.search(draw(1), region=(0, 0, 2, 2))
        with pytest.raises(ArgumentError):
            client.get("../info")
        for verb in (
            client.check,
            client.export,
            client.import_,
            client.relocate,
            client.search_text,
        ):
            with pytest.raises(ArgumentError, match=r"not available over HTTP.*where the gallery"):
                verb("x")
        with pytest.raises(ArgumentError, match="where the gallery is"):
            client.duplicates(tmp_path)
    with Client("http://127.0.0.1:1") as nobody, pytest.raises(ServerError, match="serve"):
        nobody.info()
    with pytest.raises(ArgumentError, match="not a valid server URL"):
        Client("http://host:port")
    with Client(locked.url, token="wrong one") as client, pytest.raises(ServerError):
        client.info()
    with Client(locked.url, token=locked.token) as client:
        assert client.info().pictures == 30
    with Client(empty.url) as client:
        assert client.info().pictures == 0
        with pytest.raises(GalleryNotFoundError):
            client.search(draw(1))


def test_the_command_line(server: Server, collection: Path, tmp_path: Path) -> None:
    query = collection / "pictures" / "cats" / "0003.jpg"
    there = run("search", query, "--gallery", server.url, "--top", 3, "--json")
    assert there.returncode == 0, there.stderr
    here = run("search", query, "--gallery", collection / "gallery", "--top", 3, "--json")
    names = [[hit["path"] for hit in json.loads(one.stdout)["hits"]] for one in (here, there)]
    assert names[0] == names[1]
    by_environment = run("info", gallery=server.url)
    assert "pictures     30" in by_environment.stdout
    for command in (
        ["search", "--text", "red"],
        ["check", "--repair"],
        ["export", tmp_path / "o.parquet"],
        ["relocate", collection, tmp_path],
        ["duplicates", "--html", tmp_path / "o.html"],
        ["index", collection, "--rebuild"],
        ["search", query, "--encoder", "lookalike-3"],
    ):
        refused = run(*command, "--gallery", server.url)
        assert refused.returncode == 2, command
        assert "where" in refused.stderr
    gone = run("info", "--gallery", "http://127.0.0.1:1")
    assert (gone.returncode, gone.stdout) == (1, "")
    assert "can't be reached" in gone.stderr


def test_search_options_of_the_command(collection: Path) -> None:
    query = collection / "pictures" / "busy" / "0.png"

    def paths(*options: object) -> list[str]:
        words = ["search", query, "--top", 50, "--paths", *options]
        place = {"LOOKALIKE_GALLERY": str(collection / "gallery")}
        done = CliRunner().invoke(main.app, list(map(str, words)), env=place)
        assert done.exit_code == 0, done.output
        return [Path(path).name for path in done.stdout.splitlines()]

    assert paths("--label", "copies") == ["again.jpg", "mirrored.png"]
    assert len(paths("--folder", collection / "pictures" / "dogs")) == 12
    assert len(paths("--min-width", 300, "--min-height", 300)) == 6
    assert paths("--after", "2999-01-01") == []
    assert len(paths("--before", "2999-01-01")) == 30
    assert len(paths("--min-bytes", 1, "--max-bytes", 10**9)) == 30
    assert paths("--region", "0.1,0.1,0.8,0.8")[0] in {"0.png", "again.jpg"}
    for wrong in (["--region", "1,2"], ["--region", "0,0,2,2"], ["--after", "soon"]):
        done = run("search", query, *wrong, gallery=collection / "gallery")
        assert (done.returncode, done.stdout) == (2, "")
    with Image.open(query) as image:
        assert image.size == (480, 360)
