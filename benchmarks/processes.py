"""Work spread over all cores, as a process each."""

from __future__ import annotations

import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor
from typing import TYPE_CHECKING, TypeVar

from benchmarks.report import Progress

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

JOBS_AT_ONCE = 4  # that a process takes
Job, Result = TypeVar("Job"), TypeVar("Result")


def in_processes(
    work: Callable[[Job], Result], jobs: Sequence[Job], *, label: str
) -> Iterator[Result]:
    """Do the jobs, and yield the results in order; on one core, in this process.

    Args:
        work: is pickled, as are jobs and results.
        jobs: what to do.
        label: of the progress.
    """
    progress, cores = Progress(label, len(jobs)), os.cpu_count() or 1
    if cores == 1:
        for job in jobs:
            yield work(job)
            progress.advance(1)
        return
    context = multiprocessing.get_context("spawn")  # Lance has threads, which don't survive a fork
    with ProcessPoolExecutor(cores, mp_context=context) as pool:
        for result in pool.map(work, jobs, chunksize=JOBS_AT_ONCE):
            yield result
            progress.advance(1)
