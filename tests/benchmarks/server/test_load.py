from __future__ import annotations

from pathlib import Path

from benchmarks.server.load import measure_load
from lookalike import Gallery

from ...conftest import fill


def test_a_small_gallery_under_a_small_load(tmp_path: Path) -> None:
    paths = fill(tmp_path / "pictures", 6)
    Gallery.open(tmp_path / "gallery").index(tmp_path / "pictures")
    queries = [path.read_bytes() for path in paths]
    results = measure_load(tmp_path / "gallery", queries, clients=3, seconds=1, fields={"top": 5})
    assert set(results["responses"]) == {"200"}
    assert results["responses"]["200"] >= 3
