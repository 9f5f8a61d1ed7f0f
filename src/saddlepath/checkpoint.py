"""Checkpoints: where a run stands, on disk, so that it goes on bit for bit after any interruption.

A checkpoint holds weights, their average, the solver's state, the paths, the random key, the best rule so far
and all tests; its header says which model, calibration and settings it belongs to: only that run may go on.
"""

import dataclasses
import json
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from saddlepath.container import PathLike, read_file, read_tree, understood, write_file
from saddlepath.economy import Economy
from saddlepath.errors import FileError
from saddlepath.network import Network
from saddlepath.solvers.solve import Attempt, Checkpoint, problem_of_shapes
from saddlepath.solvers.training import Progress, TrainState

KIND = "checkpoint"
_ARRAYS = ("weights", "average", "points", "rejected", "lost")
_RULES = ("best", "recent")
"""Fields of `Progress` that hold weights, or nothing yet."""


def save_checkpoint(checkpoint: Checkpoint, path: PathLike, identity: dict[str, Any], notes: dict[str, Any]) -> None:
    """Write a checkpoint to one file.

    Args:
        checkpoint: What `solve` hands to its argument `save`.
        path: Where to write; an existing file is replaced as a whole.
        identity: Model, calibration and settings, plain data; only a run that names the same may resume.
        notes: Further plain data, given back as it is.

    Raises:
        FileError: The file cannot be written.
    """
    state, progress = checkpoint.state, checkpoint.progress
    rules = {name: getattr(progress, name) for name in _RULES}
    header = {
        "identity": identity,
        "notes": notes,
        "attempt": checkpoint.attempt,
        "stage": checkpoint.stage,
        "earlier": checkpoint.earlier is not None,
        "arrays": {name: _spec(getattr(state, name)) for name in _ARRAYS},
        "rules": {name: None if rule is None else _spec(rule) for name, rule in rules.items()},
        "progress": {f.name: getattr(progress, f.name) for f in dataclasses.fields(progress) if f.name not in rules},
    }
    write_file(path, KIND, header, (state, rules))


def _spec(array: Any) -> dict[str, Any]:
    return {"shape": list(array.shape), "dtype": str(array.dtype)}


@dataclasses.dataclass(frozen=True)
class CheckpointFile:
    """A checkpoint as read from disk, before its run is known.

    Attributes:
        path: The file.
        header: Its header, verified.
        stream: Its arrays, verified.
    """

    path: PathLike
    header: dict[str, Any]
    stream: Any

    @property
    def notes(self) -> dict[str, Any]:
        return self.header["notes"]

    def require(self, identity: dict[str, Any]) -> None:
        """Refuse a checkpoint of another model, calibration or setting, and name the first difference."""
        difference = _difference(self.header["identity"], _plain(identity), "")
        if difference is not None:
            name, there, here = difference
            raise FileError(
                f"the checkpoint {self.path} belongs to another run: {name} is {there} there and {here} "
                "here; resume it with the settings it was written with, or solve into a new folder."
            )

    def restore(self, eco: Economy, network: Network, schedule: list[Attempt], precision: str) -> Checkpoint:
        """The checkpoint of a run.

        Args:
            eco: The economy that the run solves.
            network: Its network.
            schedule: Its attempts.
            precision: Precision of its steps.
        """
        header = self.header
        with understood(self.path):
            attempt = schedule[header["attempt"]]
            with jax.enable_x64(precision == "float64"):
                like = _train_state(header, eco, network, attempt)
            rules = {name: None if spec is None else np.zeros(**spec) for name, spec in header["rules"].items()}
        with jax.enable_x64(True):
            state, rules = read_tree(self.path, self.stream, (like, rules))
        with understood(self.path):
            progress = Progress(**header["progress"], **rules)
        return Checkpoint(header["attempt"], header["stage"], state, progress)


def read_checkpoint(path: PathLike) -> CheckpointFile:
    """Read a checkpoint.

    Raises:
        FileError: No such file, or truncated, damaged or of another kind.
    """
    return CheckpointFile(path, *read_file(path, KIND))


def _plain(identity: dict[str, Any]) -> dict[str, Any]:
    """The identity as it comes back from a file."""
    return json.loads(json.dumps(identity))


def _difference(one: Any, two: Any, where: str) -> tuple[str, Any, Any] | None:
    """Name of the first entry that differs, with both values."""
    if isinstance(one, dict) and isinstance(two, dict):
        for key in [*one, *(k for k in two if k not in one)]:
            found = _difference(one.get(key, "absent"), two.get(key, "absent"), f"{where}.{key}".lstrip("."))
            if found is not None:
                return found
        return None
    return None if one == two else (where, one, two)


def _train_state(header: dict[str, Any], eco: Economy, network: Network, attempt: Attempt) -> TrainState:
    """A state of the right structure and shapes, with any values."""
    arrays = {name: jnp.asarray(np.zeros(**spec)) for name, spec in header["arrays"].items()}
    problem = problem_of_shapes(eco, network, attempt.start)
    solver = eqx.filter_eval_shape(attempt.stages[int(header["stage"])].init, problem, arrays["weights"])
    return TrainState(solver=solver, key=jax.random.key(0), **arrays)
