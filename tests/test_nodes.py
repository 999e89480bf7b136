from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from lookalike.errors import ArgumentError
from lookalike.nodes import connected


@pytest.mark.parametrize("address", ["", "photos", "ray://host:10001", "/a/b:1", "host:", ":6379"])
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(ArgumentError, match="HOST:PORT"), connected(address):
        pass


def test_without_ray_the_pip_line_is_named(tmp_path: Path) -> None:
    code = "import sys; sys.modules['ray'] = None; from lookalike.cli import main; main()"
    command = [sys.executable, "-c", code, "index", str(tmp_path), "--ray", "local"]
    done = subprocess.run(
        [*command, "--gallery", str(tmp_path / "g")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "pip install 'lookalike[cluster]'" in done.stderr


def test_a_cluster_that_is_not_there(tmp_path: Path) -> None:
    pytest.importorskip("ray", reason="Ray is not to be had for this Python")
    code = "from lookalike.cli import main; main()"
    command = [sys.executable, "-c", code, "index", str(tmp_path), "--ray", "auto"]
    done = subprocess.run(
        [*command, "--gallery", str(tmp_path / "g")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "There is no Ray cluster at auto" in done.stderr
    assert "Traceback" not in done.stderr
