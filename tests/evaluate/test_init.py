from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import lookalike
from lookalike import evaluate
from lookalike.evaluate import Evaluation, metrics

from ..conftest import RandomEncoder


def test_the_package_is_callable(labelled: Path) -> None:
    assert evaluate is lookalike.evaluate
    assert lookalike.evaluate.metrics is metrics  # type: ignore[attr-defined]
    result = lookalike.evaluate(labelled, encoder=RandomEncoder())
    assert isinstance(result, Evaluation)
    assert lookalike.Evaluation is Evaluation


def test_the_order_of_imports_does_not_matter() -> None:
    for first in ("import lookalike.evaluate.metrics", "from lookalike import evaluate", "0"):
        code = f"import lookalike; {first}; assert callable(lookalike.evaluate); lookalike.evaluate.evaluate"
        subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_importing_it_imports_nothing_heavy() -> None:
    code = "import sys, lookalike.evaluate; print({'numpy', 'PIL', 'sklearn'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
