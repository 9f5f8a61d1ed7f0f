"""Run folders and checkpoints, inside one process; kills without warning are tested in test_resume.py."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import equinox as eqx
import jax
import numpy as np
import pytest
from tests.small_run import small_run

import saddlepath as sp
from saddlepath.checkpoint import read_checkpoint, save_checkpoint
from saddlepath.config import Config
from saddlepath.economy import economy
from saddlepath.events import EventFiles
from saddlepath.files import load
from saddlepath.models.growth import Growth
from saddlepath.outcome import Outcome
from saddlepath.runs import RunFolder, final_outcome, resume_run, start_run
from saddlepath.solvers.problem import Problem
from saddlepath.solvers.solve import Checkpoint, attempts_of
from saddlepath.solvers.solver import Solver
from saddlepath.solvers.start import initial_rule
from saddlepath.solvers.training import Progress, TrainState

QUICK = {"model": "growth"} | small_run(steps=15, tol=1e-12)
MOMENTUM = {"kind": "FirstOrder", "optimizer": "momentum", "schedule": "constant", "steps": 5}
STAGES = QUICK | {"solver": [MOMENTUM, {"kind": "LevenbergMarquardt"}]}

STATEFUL = QUICK | {
    "solver": {"kind": "TimeIteration", "hold": 3, "fit": {"scaling": "relobralo"}},
    "sampling": {"kind": "Replay", "memory": 3},
}


class Stopped(Exception):
    """Stands for whatever ends a process."""


class StopAfter:
    """Ends a run after so many tests, the one before the first step among them."""

    def __init__(self, tests: int):
        self.left = tests

    def __call__(self, record: dict[str, Any]) -> None:
        self.left -= record["event"] == "test"
        if self.left == 0:
            raise Stopped


def records(folder: RunFolder) -> list[dict[str, Any]]:
    """The log up to time stamps."""
    found = [json.loads(line) for line in folder.metrics.read_text().splitlines()]
    return [{key: value for key, value in r.items() if key not in ("time", "seconds")} for r in found]


def silent(record: dict[str, Any]) -> None:
    pass


# One solver, two stages (stopped in the first and in the second), a path of easier calibrations, and everything that
# carries a state of its own: tomorrow's rule, weights of equations, remembered states.
@pytest.mark.parametrize(
    ("table", "stop"),
    [
        (QUICK, 3),
        pytest.param(STAGES, 2, marks=pytest.mark.slow),
        pytest.param(STAGES, 3, marks=pytest.mark.slow),
        pytest.param(QUICK | {"homotopy": {"sigma": [0.01, 0.02]}}, 11, marks=pytest.mark.slow),
        pytest.param(STATEFUL, 3, marks=pytest.mark.slow),
    ],
)
def test_a_stopped_run_ends_like_the_whole_one(tmp_path: Path, table: dict[str, Any], stop: int) -> None:
    config = Config(table)
    whole, part = RunFolder(tmp_path / "whole"), RunFolder(tmp_path / "part")
    one = start_run(whole, config, Growth, silent)
    with pytest.raises(Stopped):
        start_run(part, config, Growth, StopAfter(stop))
    assert final_outcome(part) is None and part.checkpoint.exists()
    two = resume_run(part, part.require_run(), Growth, silent)
    assert eqx.tree_equal(one.rule, two.rule)
    assert records(whole) == records(part)
    assert whole.accuracy.read_bytes() == part.accuracy.read_bytes()
    assert json.loads(part.accuracy.read_text())["drift"] > 0
    assert final_outcome(part) is Outcome.EXHAUSTED


def test_a_log_without_its_last_line_is_mended(tmp_path: Path) -> None:
    """Killed between the checkpoint and its line in the log, or in the middle of that line."""
    folder = RunFolder(tmp_path)
    with pytest.raises(Stopped):
        start_run(folder, Config(QUICK), Growth, StopAfter(3))
    before = records(folder)
    text = folder.metrics.read_text()
    folder.metrics.write_text(text[: text.rstrip().rfind("\n") + 20])
    resume_run(folder, Config(QUICK), Growth, silent)
    assert records(folder)[: len(before)] == before


def test_an_interrupted_run_keeps_its_best_rule(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from saddlepath.solvers import training

    chunk, calls = training._chunk, []

    def interrupted(*arguments: Any) -> Any:
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return chunk(*arguments)

    monkeypatch.setattr(training, "_chunk", interrupted)
    folder = RunFolder(tmp_path / "run")
    assert start_run(folder, Config(QUICK), Growth, silent).outcome is Outcome.INTERRUPTED
    assert final_outcome(folder) is None  # there is something left to do
    assert resume_run(folder, Config(QUICK), Growth, silent).outcome is Outcome.EXHAUSTED
    whole = start_run(RunFolder(tmp_path / "whole"), Config(QUICK), Growth, silent)
    assert eqx.tree_equal(load(folder.solution).rule, whole.rule)


def small_problem() -> Problem:
    return Problem(economy(Growth()), initial_rule(economy(Growth()), sp.Network(width=4), "steady", 0)[0])


def state(solver: Any) -> TrainState:
    points, weights = jax.numpy.ones((5, 2)), jax.numpy.arange(13.0)
    zero = jax.numpy.zeros((), dtype=int)
    return TrainState(weights, 2 * weights, solver, points, jax.random.key(7), zero, zero + 3)


@pytest.mark.parametrize("best", [None, np.arange(3.0)])
def test_a_checkpoint_comes_back_bit_for_bit(tmp_path: Path, best: np.ndarray | None) -> None:
    tests, means = [{"mean": 0.1}], [0.1, 1e-300]
    recent = None if best is None else np.stack([best, -best])
    progress = Progress(1, 8, best, best_mean=float("inf"), recent=recent, means=means, passes=1, tests=tests)
    inner = sp.LevenbergMarquardt(damping=0.25).init(small_problem(), jax.numpy.arange(13.0))
    here = Checkpoint(1, 0, state(inner), progress)
    save_checkpoint(here, tmp_path / "c", {"seed": 1}, {"lines": 3})
    found = read_checkpoint(tmp_path / "c")
    assert found.notes == {"lines": 3}
    again = found.restore(economy(Growth()), sp.Network(width=4), attempts_of(), "float64")
    assert eqx.tree_equal(again.state, here.state)
    assert (again.attempt, again.stage) == (1, 0)
    for field in dataclasses.fields(progress):
        assert np.array_equal(getattr(again.progress, field.name), getattr(progress, field.name))


def test_tensorboard_is_optional(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    events = EventFiles(tmp_path / "tensorboard")
    events.add({"event": "attempt"})
    events.add({"event": "test", "mean": 0.1, "step": 1, "time": 0.0})
    events.close()
    assert not (tmp_path / "tensorboard").exists()


@pytest.mark.parametrize(
    "solver",
    [
        *(sp.FirstOrder(optimizer=name) for name in ("adam", "lbfgs", "muon")),
        sp.FirstOrder(scaling="relobralo"),
        sp.LevenbergMarquardt(scaling=sp.Relobralo(memory=0.9)),
        sp.TimeIteration(fit=sp.LevenbergMarquardt(scaling="relobralo")),
    ],
    ids=["adam", "lbfgs", "muon", "balanced adam", "balanced", "time iteration"],
)
def test_the_state_of_every_solver_comes_back(tmp_path: Path, solver: Solver) -> None:
    problem, schedule = small_problem(), attempts_of(solver=solver)
    weights = problem.weights()
    # A loss that is not known yet is NaN, which equals nothing.
    inner = jax.tree.map(lambda leaf: jax.numpy.nan_to_num(leaf) + 1, schedule[0].stages[0].init(problem, weights))
    here = Checkpoint(0, 0, dataclasses.replace(state(inner), weights=weights, average=weights), Progress())
    save_checkpoint(here, tmp_path / "c", {}, {})
    again = read_checkpoint(tmp_path / "c").restore(problem.economy, sp.Network(width=4), schedule, "float64")
    assert eqx.tree_equal(again.state, here.state)
