"""One model at many settings: every solve a file, in parallel, and nothing solved twice.

A job is plain data beside the class of the model: calibration and arguments of `solve` as in a run file. Its solution
is written whole or not at all, under a name that is a fingerprint of all its settings and of the model's source. So a
worker that is killed loses only what it was solving, and a sweep that is called again solves only what is missing.
"""

import concurrent.futures
import dataclasses
import hashlib
import json
import multiprocessing
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from saddlepath.accuracy import Accuracy
from saddlepath.config import Config, config_of, settable
from saddlepath.container import PathLike, read_file
from saddlepath.errors import ConfigError, ConvergenceError, ModelError
from saddlepath.files import KIND, load, model_header, save
from saddlepath.jobs import as_they_arrive
from saddlepath.model import Model, nearest_names
from saddlepath.outcome import Outcome
from saddlepath.solution import Solution
from saddlepath.solvers.solve import solve
from saddlepath.table import Table, table

Settings = Mapping[str, Any]


@dataclasses.dataclass(frozen=True)
class Sweep:
    """Solutions of one model at many settings; `sweep[i]` reads the solution of the i-th.

    Attributes:
        model: Class of the model.
        settings: What each solve changed.
        files: Solution of each.
        failures: Sentence of each solve that found no solution, by its position.
    """

    model: type[Model]
    settings: tuple[Settings, ...]
    files: tuple[Path, ...]
    failures: dict[int, str]

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, position: int) -> Solution:
        """The solution at one of the settings.

        Raises:
            ConvergenceError: There is none, and why.
        """
        position = range(len(self))[position]
        if position in self.failures:
            raise ConvergenceError(self.failures[position])
        return load(self.files[position], model=self.model)

    def table(self) -> Table:
        """Settings, outcome, mean and 99 % Euler error, steps and seconds of every solve."""
        names = list(dict.fromkeys(name for given in self.settings for name in given))
        rows = {
            str(i): {name: _cell(given.get(name)) for name in names} | self._found(i)
            for i, given in enumerate(self.settings)
        }
        title = f"{self.model.__name__}, {len(self)} solves"
        return table(rows, "solve", title=title, formats={"mean": ".1e", "99 %": ".1e", "seconds": ".1f"})

    def _found(self, position: int) -> dict[str, Any]:
        if position in self.failures:
            nothing = dict.fromkeys(("mean", "99 %", "steps", "seconds"), float("nan"))
            return {"outcome": self.failures[position]} | nothing
        header, _ = read_file(self.files[position], KIND)
        accuracy, how = Accuracy(**header["accuracy"]), header["how"]
        return {
            "outcome": header["outcome"].lower(),
            "mean": accuracy.mean,
            "99 %": accuracy.p99,
            "steps": how["steps"],
            "seconds": how["seconds"],
        }

    def __str__(self) -> str:
        return str(self.table())


def sweep(
    model: Model,
    settings: Sequence[Settings],
    folder: PathLike,
    *,
    executor: concurrent.futures.Executor | None = None,
    log: Callable[[dict[str, Any]], None] | None = None,
    **arguments: Any,
) -> Sweep:
    """Solve one model at many settings, in parallel.

    Args:
        model: The model; its class must stand in a module, from which workers import it.
        settings: Of every solve what differs: parameters of the model and arguments of `solve` by name.
        folder: Where every solution becomes a file; what is there already is not solved again. Workers on other
            machines must see it under the same path.
        executor: Who solves: processes, threads, or a cluster, `dask.distributed.Client().get_executor()`. Default: a
            new process per processor.
        log: Called when a solve has ended: its position, how many are done, its outcome.
        arguments: Arguments of `solve` that all solves share.

    Returns:
        The solutions, in the order of the settings.

    Raises:
        ConfigError: A name is neither a parameter nor an argument of `solve`, or a value cannot be written to a file.
        ModelError: A value lies outside the domain of its parameter.
        SaddlepathError: A worker process is gone.
    """
    cls = type(model)
    configs = [_config(model, dict(given), arguments) for given in settings]
    files = [Path(folder) / f"{cls.__name__}-{_fingerprint(cls, config)}.saddle" for config in configs]
    missing = {str(path): config.table for path, config in zip(files, configs, strict=True) if not path.exists()}
    ended = {path: "" for path in files if path.exists()}
    report = log or (lambda record: None)
    calls = [(cls, content, path) for path, content in missing.items()]
    for i, sentence in _outcomes(calls, executor):
        path = Path(calls[i][2])
        ended[path] = sentence
        report({"event": "solve", "position": files.index(path), "done": len(ended), "of": len(set(files))})
    failures = {i: ended[path] for i, path in enumerate(files) if ended[path]}
    return Sweep(cls, tuple(dict(given) for given in settings), tuple(files), failures)


def _config(model: Model, given: dict[str, Any], shared: dict[str, Any]) -> Config:
    """The run file of one job, which is refused here if a worker would refuse it."""
    parameters = [f.name for f in dataclasses.fields(model)]
    for name in given | shared:
        if name not in (valid := [*parameters, *settable()]):
            raise ConfigError(
                f"{name!r} is neither a parameter of {type(model).__name__} nor an argument of solve that a file can "
                f"hold; {nearest_names(name, valid)}"
            )
    own = {name: given.pop(name) for name in list(given) if name in parameters}
    config = config_of(model.replace(**own), shared | given)
    config.arguments(type(model))
    return config


def _fingerprint(cls: type[Model], config: Config) -> str:
    """Short name of everything that a solution depends on."""
    model = config.build_model(cls)
    content = config.resolved(cls) | {"source": model_header(model)["source"]}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]


def _outcomes(calls: list[tuple[Any, ...]], executor: concurrent.futures.Executor | None) -> Iterator[tuple[int, str]]:
    """Position and failure, or nothing, of every job as it ends."""
    if executor is not None or not calls:
        yield from as_they_arrive(solve_into, calls, executor)
        return
    workers = min(len(calls), len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)
    fresh = multiprocessing.get_context("spawn")  # JAX does not survive a fork
    with concurrent.futures.ProcessPoolExecutor(workers, fresh) as pool:
        yield from as_they_arrive(solve_into, calls, pool)


def solve_into(cls: type[Model], content: dict[str, Any], path: str) -> str:
    """Solve what a run file says into a solution file, unless that is there.

    Args:
        cls: The class of the model.
        content: The run file.
        path: The solution file.

    Returns:
        Why there is no solution, or nothing.
    """
    if Path(path).exists():  # the worker that wrote it was gone before it could say so
        return ""
    config = Config(content)
    try:
        solution = solve(config.build_model(cls), **config.arguments(cls))
    except (ConvergenceError, ModelError) as error:
        return str(error)
    if solution.outcome is Outcome.INTERRUPTED:
        return solution.outcome.sentence
    save(solution, path)
    return ""


def _cell(value: Any) -> Any:
    return value if isinstance(value, bool | int | float | str) else "" if value is None else str(value)
