from __future__ import annotations

import math
import os

import pytest

from benchmarks.processes import in_processes


@pytest.mark.parametrize("cores", [1, 2])
def test_results_come_in_order(cores: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: cores)
    jobs = list(range(9))
    assert list(in_processes(math.factorial, jobs, label="jobs")) == [
        math.factorial(job) for job in jobs
    ]
