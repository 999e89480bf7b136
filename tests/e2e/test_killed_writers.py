"""Every verb that writes, killed at and between its commits: nothing is lost, and it goes on."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import random
import shutil
import signal
import sys
import threading
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest

from lookalike import Gallery, KeepRules
from lookalike.errors import ArgumentError
from lookalike.storage import Manifest, Table

from ..conftest import RandomEncoder, fill, soak

pytestmark = pytest.mark.skipif(os.name == "nt", reason="kill -9 is POSIX's")
KILLS = soak(1, 15)  # of each verb
Verb = Callable[[Gallery, Path], object]


def index(gallery: Gallery, place: Path) -> None:
    gallery.index(place / "p", place / "late")


def rebuild(gallery: Gallery, _: Path) -> None:
    encoder = RandomEncoder(24)
    Gallery.open(gallery.folder, encoder=encoder, rebuild=True).index()


def import_(gallery: Gallery, place: Path) -> None:
    gallery.import_(place / "rows.parquet")


def remove(gallery: Gallery, place: Path) -> None:
    gallery.remove(place / "p" / "b")


def prune(gallery: Gallery, place: Path) -> None:
    shutil.rmtree(place / "p" / "b", ignore_errors=True)
    gallery.prune()


def relocate(gallery: Gallery, place: Path) -> None:
    if (place / "p").exists():
        (place / "p").rename(place / "q")
    with contextlib.suppress(ArgumentError):  # all had moved when it was killed
        gallery.relocate(place / "p", place / "q")


def trash(gallery: Gallery, _: Path) -> None:
    gallery.trash(gallery.check_duplicates(gallery.duplicates(kind="exact")))


def undo_trash(gallery: Gallery, place: Path) -> None:
    trash(gallery, place)
    gallery.undo_trash()


def repair(gallery: Gallery, place: Path) -> None:
    if not (place / "damaged").exists():
        (place / "damaged").touch()
        for file in sorted((place / "g").glob("*.lance/data/*.lance"))[::2]:
            os.truncate(file, file.stat().st_size // 2)
    assert not gallery.check(repair=True).lost_rows


def decide(gallery: Gallery, place: Path) -> None:
    for number in range(3):
        gallery.mark_not_duplicates(*(place / "p" / "a" / f"000{number + k}.jpg" for k in (0, 1)))
        gallery.set_keep_rules(KeepRules(keep="oldest", prefer=(str(place / "p" / "b"),)))


VERBS = (index, rebuild, import_, remove, prune, relocate, trash, undo_trash, repair, decide)


def reopen(place: Path) -> Gallery:
    dimensions = Manifest.read(place / "g").encoder.dimensions
    return Gallery.open(place / "g", encoder=RandomEncoder(dimensions))


def paths(gallery: Gallery) -> list[str]:
    entries = gallery.browse(top=1_000).entries
    return sorted(path for entry in entries for path in entry.paths)


def work(sender: Connection, verb: Verb, place: Path, strike: int, delay: float) -> None:
    """Run a verb, and be killed some seconds after its start, 0, or its commit 1, 2, ... began."""
    commits, inner = -1, Table._committing

    def die() -> None:
        time.sleep(delay)
        os.kill(os.getpid(), signal.SIGKILL)

    def count() -> None:
        nonlocal commits
        commits += 1
        if commits == strike:
            threading.Thread(target=die, daemon=True).start()

    def committing(table: Table) -> Any:
        count()
        return inner(table)

    os.environ["XDG_DATA_HOME"] = str(place / "data")  # of the trash
    gallery, started = reopen(place), time.monotonic()
    Table._committing = committing  # type: ignore[method-assign]
    count()
    verb(gallery, place)
    sender.send((commits, time.monotonic() - started))


def run(verb: Verb, place: Path, strike: int = -1, delay: float = 0.0) -> tuple[int, float] | None:
    """Return the number of commits and seconds of a verb that ended; None if it was killed."""
    context = multiprocessing.get_context("forkserver")  # imports once; no thread is forked
    context.set_forkserver_preload([__name__])
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=work, args=(sender, verb, place, strike, delay))
    process.start()
    sender.close()
    process.join(120)
    if process.exitcode == 0:
        result: tuple[int, float] = receiver.recv()
        return result
    assert process.exitcode == -signal.SIGKILL, process.exitcode
    return None


class House:
    """A place that can be put back to how it was."""

    def __init__(self, place: Path, kept: Path) -> None:
        fill(place / "p" / "a", 8)
        fill(place / "p" / "b", 8, start=8)
        fill(place / "late", 6, start=16)
        for number in range(3):
            (place / "p" / "twins").mkdir(exist_ok=True)
            shutil.copy(place / "p" / "a" / f"000{number}.jpg", place / "p" / "twins")
        fill(place / "more", 6, start=30)
        other = Gallery.open(kept / "other", encoder=RandomEncoder())
        other.index(place / "more")
        other.export(place / "rows.parquet")
        gallery = Gallery.open(place / "g", encoder=RandomEncoder())
        gallery.index(place / "p" / "a", place / "p" / "twins")
        gallery.index(place / "p")  # two fragments
        self.place, self.kept = place, kept / "place"
        shutil.copytree(place, self.kept)
        self.before = paths(gallery)
        self.twins = [path for path in self.before if "twins" in path]

    def restore(self) -> None:
        shutil.rmtree(self.place)
        shutil.copytree(self.kept, self.place)


@pytest.mark.parametrize("verb", VERBS)
def test_a_killed_verb_loses_nothing_and_can_be_run_again(verb: Verb, tmp_path: Path) -> None:
    house = House(tmp_path / "place", tmp_path / "kept")
    place, seed = house.place, random.randrange(10**6)
    rng = random.Random(seed)
    ended = run(verb, place)
    assert ended, "killed by another"
    commits, seconds = ended
    after, pictures = paths(reopen(place)), sorted(place.rglob("*.jpg"))
    away = set(house.twins) if verb is undo_trash else set()  # meanwhile
    kills = between = 0
    for _ in range(10 * KILLS):
        house.restore()
        if run(verb, place, rng.randint(0, commits), rng.random() * seconds / (commits + 1)):
            seconds /= 2  # the first run of a verb is slower
            continue
        kills += 1
        gallery = reopen(place)
        if verb is not repair:
            assert gallery.check().damaged == ()
            found = set(paths(gallery))
            between += found not in (set(house.before), set(after))
            assert (set(house.before) & set(after)) - away <= found <= {*house.before, *after}
            (path,) = place.glob("[pq]/a/0005.jpg")
            (hit,) = gallery.search(path, top=1)
            assert (hit.kind, os.path.basename(hit.path)) == ("exact", path.name)
        assert run(verb, place)
        gallery = reopen(place)
        assert paths(gallery) == after
        assert gallery.check().damaged == ()
        assert sorted(place.rglob("*.jpg")) == pictures
        if kills == KILLS:
            break
    sys.stdout.write(
        f"seed {seed}: {verb.__name__} has {commits} commits; of {kills} kills {between} left rows "
        "that are neither those before nor those after\n"
    )
    assert kills == KILLS
