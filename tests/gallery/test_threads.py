"""A gallery that several threads and processes use at once, while one of them changes it."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import warnings
from collections import Counter
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lookalike import Gallery, KeepRules
from lookalike.encoders import Encoder, load
from lookalike.errors import ArgumentError

from ..beside import call_beside
from ..conftest import RandomEncoder, draw, fill, save, soak

THREADS = 4
SEARCHES = soak(60, 500)  # of each thread, beside each verb
Verb = Callable[[Gallery, Path], object]


def index(gallery: Gallery, place: Path) -> None:
    number = sum(1 for _ in (place / "p" / "new").glob("*"))
    gallery.index(save(place / "p" / "new" / f"{number}.jpg", 1_000 + number))


def rebuild(gallery: Gallery, place: Path) -> None:
    Gallery.open(gallery.folder, encoder=RandomEncoder(), rebuild=True).index()


def import_(gallery: Gallery, place: Path) -> None:
    gallery.export(place / "rows.parquet")
    gallery.import_(place / "rows.parquet")


def remove(gallery: Gallery, place: Path) -> None:
    gallery.remove(place / "p" / "b")
    gallery.index(place / "p" / "b")


def prune(gallery: Gallery, place: Path) -> None:
    gone = save(place / "p" / "a" / "gone.jpg", 999)
    gallery.index(gone)
    gone.unlink()
    assert gallery.prune().removed == (str(gone),)


def trash(gallery: Gallery, place: Path) -> None:
    shutil.copy(place / "p" / "a" / "0001.jpg", place / "p" / "a" / "copy.jpg")
    gallery.index(place / "p" / "a")
    groups = gallery.check_duplicates(gallery.duplicates(kind="exact"))
    assert len(gallery.trash(groups).moved) == len(gallery.undo_trash().restored) == 1


def decide(gallery: Gallery, place: Path) -> None:
    one, other = (place / "p" / "a" / f"000{n}.jpg" for n in range(2))
    gallery.mark_not_duplicates(one, other)
    gallery.forget_not_duplicates(one)
    gallery.set_keep_rules(KeepRules(keep="oldest"))


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))  # of the trash
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    fill(tmp_path / "p" / "a", 12)
    fill(tmp_path / "p" / "b", 12, start=12)
    return tmp_path


@pytest.mark.parametrize("verb", [index, rebuild, import_, remove, prune, trash, decide])
def test_threads_search_beside_every_verb(verb: Verb, place: Path) -> None:
    gallery = Gallery.open(place / "gallery", encoder=RandomEncoder())
    gallery.index(place / "p")
    query = np.asarray(draw(3))
    failures = Counter[str]()

    def search(number: int) -> None:
        for k in range(SEARCHES):
            try:
                (hit,) = gallery.search(query, top=1, copies=(k + number) % 4 == 0)
                assert hit.path.endswith("0003.jpg"), hit.path
            except BaseException as error:  # noqa: BLE001  Lance's panics, too
                failures[f"{type(error).__name__}: {str(error)[:200]}"] += 1

    call_beside(lambda: verb(gallery, place), search, THREADS)
    assert failures == Counter()


def search_in(gallery: Gallery) -> tuple[str, int]:
    """Search, add a picture and search again, as a process that got a gallery does."""
    query = np.asarray(draw(3))
    path = gallery.search(query, top=1)[0].path
    index(gallery, gallery.folder.parent)  # type: ignore[arg-type]
    assert gallery.search(query, top=1)[0].path == path
    return path, gallery.info().pictures


def answer(sender: Connection, gallery: Gallery) -> None:
    try:
        sender.send(search_in(gallery))
    except ArgumentError as error:
        sender.send(str(error))


def in_process(method: str, gallery: Gallery) -> object:
    """Return what `answer` sends from a process that was started in some way."""
    context: Any = multiprocessing.get_context(method)
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=answer, args=(sender, gallery))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Lance's and Python's, of forks
        process.start()
    try:
        assert receiver.poll(120), "the process hangs"
        return receiver.recv()
    finally:
        process.kill()
        process.join()


@pytest.mark.parametrize("encoder", [None, load()], ids=["own", "loaded"])
def test_a_gallery_goes_on_in_a_spawned_process(encoder: Encoder | None, place: Path) -> None:
    gallery = Gallery.open(place / "gallery", encoder=encoder, device="cpu")
    gallery.index(place / "p")
    expected = gallery.search(np.asarray(draw(3)), top=1)[0].path
    assert in_process("spawn", gallery) == (expected, 25)
    assert search_in(gallery) == (expected, 26)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_a_forked_process_is_refused_and_the_gallery_goes_on(place: Path) -> None:
    gallery = Gallery.open(place / "gallery", encoder=RandomEncoder())
    gallery.index(place / "p")
    path, _ = search_in(gallery)
    assert "was forked" in str(in_process("fork", gallery))
    again = Gallery.open(place / "gallery", encoder=RandomEncoder())
    assert "was forked" in str(in_process("fork", again))  # the same threads are missing
    assert search_in(gallery) == (path, 26)
