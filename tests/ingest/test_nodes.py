from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from lookalike.errors import ArgumentError
from lookalike.ingest.nodes import connect


@pytest.mark.parametrize("address", ["", "photos", "ray://host:10001", "/a/b:1", "host:", ":6379"])
def test_an_invalid_address_is_refused(address: str) -> None:
    with pytest.raises(ArgumentError, match="HOST:PORT"), connect(address):
        pass


def index(code: str, address: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the command after some code, where Ray finds nothing of other processes."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("RAY_")}
    arguments = ["index", str(folder), "--ray", address, "--gallery", str(folder / "g")]
    return subprocess.run(
        [sys.executable, "-c", f"{code}; from lookalike.cli.main import main; main()", *arguments],
        env={**environment, "RAY_TMPDIR": str(folder)},  # where `ray start` leaves its address
        capture_output=True,
        text=True,
        check=False,
    )


def test_without_ray_the_pip_line_is_named(tmp_path: Path) -> None:
    done = index("import sys; sys.modules['ray'] = None", "local", tmp_path)
    assert done.returncode == 1
    assert "pip install 'lookalike[cluster]'" in done.stderr


def test_a_cluster_that_is_not_there(tmp_path: Path) -> None:
    pytest.importorskip("ray", reason="There is no Ray for this Python")
    # With `auto`, Ray also looks through all processes of the machine: show it none.
    alone = "import ray, psutil; psutil.process_iter = lambda *_, **__: iter(())"
    done = index(alone, "auto", tmp_path)
    assert done.returncode == 1
    assert "There is no Ray cluster at auto" in done.stderr
    assert "Traceback" not in done.stderr
