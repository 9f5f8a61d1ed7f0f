"""Many calls of one function by any `concurrent.futures.Executor`: processes, threads, a cluster of Dask or MPI."""

import concurrent.futures
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from saddlepath.errors import SaddlepathError


def as_they_arrive(
    function: Callable[..., Any], calls: Sequence[tuple[Any, ...]], executor: concurrent.futures.Executor | None
) -> Iterator[tuple[int, Any]]:
    """Position and result of every call, the first to end first.

    Args:
        function: What is called; workers in other processes import it by its name.
        calls: Its arguments, plain data for workers in other processes.
        executor: Anything with `submit`; None: in this process, one after the other.

    Raises:
        SaddlepathError: A worker process is gone.
    """
    if executor is None:
        for i, arguments in enumerate(calls):
            yield i, function(*arguments)
        return
    jobs = {executor.submit(function, *arguments): i for i, arguments in enumerate(calls)}
    try:
        for job in concurrent.futures.as_completed(jobs):
            yield jobs[job], job.result()
    except concurrent.futures.BrokenExecutor as error:
        raise SaddlepathError(
            "a worker process ended without an answer, killed or out of memory; call again, with fewer workers if "
            "memory ran out: what is in files already is not computed again."
        ) from error
    finally:
        for job in jobs:
            job.cancel()
