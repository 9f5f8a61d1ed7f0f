"""A run folder: everything that a solve leaves on disk, complete in itself and resumable at any moment.

`run.toml` with every setting, `environment.json`, `metrics.jsonl` and TensorBoard events, `checkpoint.saddle`
after every test, and at the end `solution.saddle`, `accuracy.json`; the report joins them. A run that was
killed continues from its checkpoint: logs are cut back to it, and what follows is bit for bit what would have
followed. Of several processes that solve together, the first alone writes.
"""

import dataclasses
import json
import os
import platform
from collections.abc import Callable
from pathlib import Path
from typing import Any

import equinox
import jax
import numpy as np
import tomli_w

from saddlepath._version import __version__
from saddlepath.checkpoint import CheckpointFile, read_checkpoint, save_checkpoint
from saddlepath.config import Config, read_config
from saddlepath.container import PathLike, read_file, write_atomically, write_json
from saddlepath.economy import economy
from saddlepath.errors import FileError
from saddlepath.events import EventFiles, append_line, stamped
from saddlepath.files import KIND as SOLUTION
from saddlepath.files import load, model_header, save, write_accuracy
from saddlepath.model import Model
from saddlepath.network import Network
from saddlepath.outcome import Outcome
from saddlepath.solution import Solution
from saddlepath.solvers.devices import leads
from saddlepath.solvers.solve import Checkpoint, attempts_of, solve

FREE = ("tol", "steps", "seconds", "attempts")
"""Keys of [solve] that may change when a run is resumed: they say when to stop, not how to go."""

Show = Callable[[dict[str, Any]], None]


class RunFolder:
    """The files of one run.

    Attributes:
        path: The folder.
    """

    def __init__(self, path: PathLike):
        self.path = Path(path)
        self.config = self.path / "run.toml"
        self.environment = self.path / "environment.json"
        self.metrics = self.path / "metrics.jsonl"
        self.tensorboard = self.path / "tensorboard"
        self.checkpoint = self.path / "checkpoint.saddle"
        self.earlier = self.path / "earlier.saddle"
        self.solution = self.path / "solution.saddle"
        self.accuracy = self.path / "accuracy.json"
        self.report = self.path / "report.html"

    def require_empty(self) -> None:
        """Refuse to write over another run.

        Raises:
            FileError: The folder holds a run already, or is no folder.
        """
        if self.path.is_file():
            raise FileError(f"cannot write a run to {self.path}: it is a file, not a folder; choose another --out.")
        if self.config.exists():
            raise FileError(
                f"{self.path} already holds a run; continue it with: saddlepath resume {self.path}, or "
                "choose "
                "another --out."
            )

    def require_run(self) -> Config:
        """The settings of the run in this folder.

        Raises:
            FileError: There is no run here.
        """
        if not self.config.is_file():
            raise FileError(f"{self.path} is not a run folder: it has no run.toml; give the folder of a run.")
        return read_config(self.config)


def start_run(folder: RunFolder, config: Config, cls: type[Model], show: Show) -> Solution:
    """Solve into a new folder.

    Args:
        folder: Where to write.
        config: The run file.
        cls: The class that it names.
        show: Called with every record, for the progress line.
    """
    arguments = config.arguments(cls)
    model = config.build_model(cls)
    if leads():
        folder.require_empty()
        write_atomically(folder.config, tomli_w.dumps(config.resolved(cls)).encode())
        write_json(folder.environment, _environment(arguments))
    return _run(folder, config, model, arguments, show, None)


def resume_run(folder: RunFolder, config: Config, cls: type[Model], show: Show) -> Solution:
    """Continue the run of a folder from its checkpoint, or from its beginning where there is none yet.

    Raises:
        FileError: The checkpoint belongs to another model, calibration or setting.
    """
    arguments = config.arguments(cls)
    model = config.build_model(cls)
    found = read_checkpoint(folder.checkpoint) if folder.checkpoint.exists() else None
    if found is not None:
        found.require(_identity(config, model))
    if leads():
        write_atomically(folder.config, tomli_w.dumps(config.resolved(cls)).encode())
    return _run(folder, config, model, arguments, show, found)


def _run(
    folder: RunFolder,
    config: Config,
    model: Model,
    arguments: dict[str, Any],
    show: Show,
    found: CheckpointFile | None,
) -> Solution:
    identity = _identity(config, model)
    checkpoint = None if found is None else _restore(folder, found, model, arguments)
    if not leads():
        return solve(model, **arguments, resume=checkpoint)
    log = RunLog(folder, show, checkpoint, found)

    def keep(reached: Checkpoint) -> None:
        if reached.earlier is not None:
            save(reached.earlier, folder.earlier)
        save_checkpoint(reached, folder.checkpoint, identity, {"lines": log.lines})

    try:
        solution = solve(model, **arguments, log=log, save=keep, resume=checkpoint)
    finally:
        log.close()
    if solution.accuracy is not None:
        write_accuracy(solution.accuracy, folder.accuracy)
    save(solution, folder.solution)
    return solution


def _restore(folder: RunFolder, found: CheckpointFile, model: Model, arguments: dict[str, Any]) -> Checkpoint:
    with jax.enable_x64(True):
        eco = economy(model, over=arguments.get("over"), quadrature=arguments.get("quadrature"))
    plan = {key: arguments[key] for key in ("solver", "start", "seed", "attempts") if key in arguments}
    precision = arguments.get("precision", "float64")
    checkpoint = found.restore(eco, arguments.get("network", Network()), attempts_of(**plan), precision)
    earlier = load(folder.earlier, model=model) if found.header["earlier"] else None
    return dataclasses.replace(checkpoint, earlier=earlier)


def _identity(config: Config, model: Model) -> dict[str, Any]:
    """What a checkpoint must share with the run that continues from it."""
    table = config.resolved(type(model))
    table["solve"] = {key: value for key, value in table["solve"].items() if key not in FREE}
    header = model_header(model)
    calibration = table.pop("calibration")
    return {
        "model": header["class"].rpartition(":")[2],
        "calibration": calibration,
        "source": header["source"],
    } | {key: value for key, value in table.items() if key != "model"}


def _environment(arguments: dict[str, Any]) -> dict[str, Any]:
    threads = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "XLA_FLAGS")
    return {
        "versions": {
            "saddlepath": __version__,
            "python": platform.python_version(),
            "jax": jax.__version__,
            "equinox": equinox.__version__,
            "numpy": np.__version__,
        },
        "seed": arguments.get("seed", 0),
        "device": f"{len(jax.devices())} x {jax.devices()[0].device_kind}",
        "processors": os.cpu_count(),
        "platform": platform.platform(),
        "threads": {name: os.environ.get(name) for name in threads},
    }


class RunLog:
    """What `solve` reports, as JSON lines, TensorBoard events and a progress line.

    On resumption the lines after the checkpoint are cut, and those that the run repeats on its way to the
    checkpoint (easier calibrations of a homotopy, the announcement of the attempt) are not written twice.

    Attributes:
        lines: Lines written so far.
    """

    def __init__(self, folder: RunFolder, show: Show, checkpoint: Checkpoint | None, found: CheckpointFile | None):
        self.show = show
        kept, self.repeated = [], 0
        if checkpoint is not None and found is not None:
            kept = _read_lines(folder.metrics)[: found.notes["lines"]]
            self.repeated = _repeated(kept, checkpoint.attempt)
            kept.append(stamped({"event": "test", **checkpoint.progress.tests[-1]}))
        write_atomically(folder.metrics, "".join(json.dumps(line) + "\n" for line in kept).encode())
        self.lines = len(kept)
        self.path = folder.metrics
        self.events = EventFiles(folder.tensorboard)
        for line in kept:
            self.events.add(line)

    def __call__(self, record: dict[str, Any]) -> None:
        if self.repeated > 0:
            self.repeated -= 1
            return
        line = stamped(record)
        append_line(self.path, line)
        self.lines += 1
        self.events.add(line)
        self.show(record)

    def close(self) -> None:
        self.events.close()


def _read_lines(path: Path) -> list[dict[str, Any]]:
    """Lines of a log; one that was being written when the run was killed is left out."""
    if not path.exists():
        return []
    lines = []
    for text in path.read_text(encoding="utf-8").splitlines():
        try:
            lines.append(json.loads(text))
        except json.JSONDecodeError:
            break
    return lines


def _repeated(kept: list[dict[str, Any]], attempt: int) -> int:
    """How many records a resumed run repeats before it reaches its checkpoint."""
    announced = [i for i, line in enumerate(kept) if line["event"] == "attempt"]
    return announced[-1 - attempt] + 1 if len(announced) > attempt else 1


def final_outcome(folder: RunFolder) -> Outcome | None:
    """How the run of a folder ended, or None if it has not; an interrupted run has not."""
    if not folder.solution.is_file():
        return None
    outcome = Outcome[read_file(folder.solution, SOLUTION)[0]["outcome"]]
    return None if outcome is Outcome.INTERRUPTED else outcome
