from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from lookalike.errors import ArgumentError
from lookalike.ingest.nodes import connected


@pytest.mark.parametrize("address", ["", "photos", "ray://host:10001", "/a/b:1", "host:", ":6379"])
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(ArgumentError, match="HOST:PORT"), connected(address):
        pass


def test_without_ray_the_pip_line_is_named(tmp_path: Path) -> None:
    code = "import sys; sys.modules['ray'] = None; from lookalike.cli.main import main; main()"
    command = [sys.executable, "-c", code, "index", str(tmp_path), "--ray", "local"]
    done = subprocess.run(
        [*command, "--gallery", str(tmp_path / "g")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "pip install 'lookalike[cluster]'" in done.stderr


def test_a_cluster_that_is_not_there(tmp_path: Path) -> None:
    pytest.importorskip("ray", reason="Ray is not to be had for this Python")
    code = "from lookalike.cli.main import main; main()"
    command = [sys.executable, "-c", code, "index", str(tmp_path), "--ray", "auto"]
    done = subprocess.run(
        [*command, "--gallery", str(tmp_path / "g")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "There is no Ray cluster at auto" in done.stderr
    assert "Traceback" not in done.stderr


INDEX = """
import sys
import numpy as np
from pathlib import Path
from lookalike.nodes import connected, index_builder
from lookalike.store import Store
from lookalike.types import Record, Source
store = Store(Path(sys.argv[1]), "pictures.lance", 64, copies=False)
vectors = np.random.default_rng(0).normal(size=(9_000, 64)).astype(np.float16)
for part in range(3):
    numbers = range(part * 3_000, part * 3_000 + 3_000)
    records = [Record(Source(str(n), n, 1), n.to_bytes(16, "big"), 1, 1, vectors[n]) for n in numbers]
    store.add(records, replace=False)
with connected("local") as ray:
    for _ in range(2):  # anew in place of the first
        store.optimize(build=index_builder(ray, store.pictures))
state = store.index_state()
assert (state["kind"], state["indexed_rows"], state["unindexed_rows"]) == ("IVF_RQ", 9_000, 0)
store.add([Record(Source("x", 1, 1), b"x" * 16, 1, 1, vectors[0])] * 600, replace=False)
store.optimize()
state = store.index_state()
assert (state["indexed_rows"], state["unindexed_rows"]) == (9_600, 0)
unit = vectors[77].astype(np.float32) / np.linalg.norm(vectors[77].astype(np.float32))
assert max(store.nearest(unit, 3), key=lambda row: row["score"])["path"] == "77"
print("well")
"""


def test_all_nodes_build_the_index(tmp_path: Path) -> None:
    pytest.importorskip("lance_ray", reason="lance-ray is not to be had for this Python")
    command = [sys.executable, "-c", INDEX, str(tmp_path / "g")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("well\n", "")
