from __future__ import annotations

import threading
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lookalike import Progress, encoders
from lookalike.decode import decode
from lookalike.errors import ArgumentError, EncoderError
from lookalike.ingest import pool
from lookalike.ingest.embed import embed

from ..conftest import RandomEncoder, fill, save

module = import_module("lookalike.ingest.embed")  # the package has a function of this name


def assert_close(vectors: Any, expected: Any) -> None:
    """Compare vectors; the bits of a BLAS product depend on the batch and on the processor."""
    np.testing.assert_allclose(vectors, expected, atol=1e-5)


def names(paths: list[Path]) -> list[str]:
    return [str(path) for path in paths]


def test_vectors_come_in_the_order_of_the_paths(tmp_path: Path) -> None:
    paths = fill(tmp_path, 50)[::-1]
    encoder = encoders.load()
    found = embed(names(paths), encoder)
    assert found.vectors.dtype == np.float32
    assert found.vectors.shape == (50, encoder.dimensions)
    assert found.kept.dtype == np.int64
    assert found.kept.tolist() == list(range(50))
    assert found.refusals == []
    for row in (0, 17, 49):
        alone = encoder.encode([encoder.prepare(decode(paths[row].read_bytes()))])[0]
        assert found.vectors[row] @ alone > 0.999


def test_bad_files_cost_only_themselves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = fill(tmp_path, 40)
    good = embed(names(paths), RandomEncoder()).vectors
    paths[3].write_text("x")
    paths[20].write_bytes(paths[20].read_bytes()[:300])
    paths[21].unlink()
    paths[39].write_bytes(b"")
    monkeypatch.setattr(module, "MOVED_AT_ONCE_ROWS", 7)
    found = embed(names(paths), RandomEncoder(), workers=2)
    kept = [n for n in range(40) if n not in {3, 20, 21, 39}]
    assert found.kept.tolist() == kept
    assert_close(found.vectors, good[kept])
    assert [refusal.path for refusal in found.refusals] == names(
        [paths[n] for n in (3, 20, 21, 39)]
    )
    assert [refusal.reason for refusal in found.refusals] == [
        "not a picture, despite its name",
        "truncated: the JPEG ends before the picture does",
        "not there, or not a regular file",
        "the file is empty",
    ]


def test_nothing_and_nothing_usable(tmp_path: Path) -> None:
    assert embed([], RandomEncoder()).vectors.shape == (0, 16)
    found = embed([str(tmp_path / "gone.jpg")], RandomEncoder())
    assert found.vectors.shape == (0, 16)
    assert found.kept.tolist() == []
    assert len(found.refusals) == 1
    with pytest.raises(ArgumentError, match="workers"):
        embed([], RandomEncoder(), workers=-1)


def test_paths_may_repeat(tmp_path: Path) -> None:
    path = str(save(tmp_path / "1.jpg", 1))
    found = embed([path] * 20, RandomEncoder())
    assert_close(found.vectors, np.tile(found.vectors[0], (20, 1)))
    assert len(found.vectors) == 20


def test_progress_ends_with_all(tmp_path: Path) -> None:
    paths = fill(tmp_path, 20)
    paths[0].write_text("x")
    told: list[Progress] = []
    embed(names(paths), RandomEncoder(), on_progress=told.append)
    assert (told[-1].done, told[-1].todo, told[-1].refused) == (20, 20, 1)
    assert told[-1].seconds > 0


class Failing(RandomEncoder):
    """An encoder that can't run, or is stopped by Ctrl-C."""

    def __init__(self, error: type[BaseException]) -> None:
        super().__init__()
        self.error = error

    def encode(self, inputs: Any, *, threads: int = 0) -> Any:
        raise self.error("no")


@pytest.mark.parametrize("error", [EncoderError, KeyboardInterrupt])
def test_what_fails_in_a_worker_ends_it(tmp_path: Path, error: type[BaseException]) -> None:
    with pytest.raises(error, match="no"):
        embed(names(fill(tmp_path, 40)), Failing(error), workers=2)


def test_ctrl_c_leaves_no_thread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(progress: Progress) -> None:
        if progress.done:
            raise KeyboardInterrupt

    monkeypatch.setattr(module, "PROGRESS_SECONDS", -1)  # progress at every step
    monkeypatch.setattr(pool, "HALT_SECONDS", 300.0)  # as long as a busy machine needs
    before = set(threading.enumerate())
    with pytest.raises(KeyboardInterrupt):
        embed(names(fill(tmp_path, 100)), RandomEncoder(), workers=2, on_progress=stop)
    assert set(threading.enumerate()) <= before
