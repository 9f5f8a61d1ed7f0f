"""The verb `solve`: from a model to a decision rule of stated accuracy.

Steady state, first-order start, training on simulated states, tests on never-reset paths, certificate. What happened is
told as an `Outcome`; a run that did not converge never looks like one that did.
"""

import dataclasses
import platform
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh

from saddlepath._version import __version__
from saddlepath.accuracy import TestPaths, default_test
from saddlepath.checking import require_sound
from saddlepath.economy import Economy, economy
from saddlepath.errors import ConfigError
from saddlepath.model import Model
from saddlepath.network import Network
from saddlepath.outcome import Outcome
from saddlepath.prior import Box
from saddlepath.quadrature import Quadrature
from saddlepath.rule import NetworkRule
from saddlepath.solution import Solution
from saddlepath.solvers.collocation import Collocation
from saddlepath.solvers.conditions import check_two_draws, has_complementarity
from saddlepath.solvers.devices import gathered, leads, mesh_for
from saddlepath.solvers.endogenous_grid import EndogenousGrid
from saddlepath.solvers.first_order import FirstOrder
from saddlepath.solvers.homotopy import Homotopy
from saddlepath.solvers.household import backward
from saddlepath.solvers.ladder import Request
from saddlepath.solvers.levenberg_marquardt import LevenbergMarquardt
from saddlepath.solvers.passages import Passages
from saddlepath.solvers.problem import Problem
from saddlepath.solvers.refinement import collocate, is_small
from saddlepath.solvers.sampling import Paths, Sampler
from saddlepath.solvers.solver import Solver, default_batch
from saddlepath.solvers.start import blank_rule, first_order_rule, initial_rule, linear_of, silenced
from saddlepath.solvers.training import (
    SETTLED,
    Budget,
    Judge,
    Log,
    Progress,
    TrainState,
    compile_chunk,
    in_background,
    over_devices,
    start_state,
    test_keys,
    train,
    verdict,
)
from saddlepath.steady import LinearSolution

TOLERANCE = 1e-5
"""Default tolerance of models without kinks, in Euler-error units [-]."""
KINKED_TOLERANCE = 1e-4
"""Default tolerance where a complementarity condition is present [-]."""
WARM_UP = FirstOrder(optimizer="adam", learning_rate=1e-3, schedule="constant", steps=400)
"""Put before the solver in the last attempt after explosions."""

AnySolver = Solver | Collocation | EndogenousGrid


@dataclasses.dataclass(frozen=True)
class Attempt:
    """One start: which rule to begin with, which solvers, and the offset of the seed."""

    start: str | Solution
    stages: tuple[Solver, ...]
    seed: int


@dataclasses.dataclass
class Checkpoint:
    """Where a run stands: enough to go on bit for bit.

    Attributes:
        attempt: Number of the start.
        stage: Number of the solver.
        state: What changes from step to step.
        progress: Tests so far, best rule.
        earlier: Best solution of the starts before this one, or None.
    """

    attempt: int
    stage: int
    state: TrainState
    progress: Progress
    earlier: Solution | None = None


def solve(
    model: Model,
    solver: AnySolver | Sequence[AnySolver] = LevenbergMarquardt(),
    *,
    over: Box | None = None,
    tol: float | None = None,
    network: Network = Network(),
    sampling: Sampler | None = None,
    quadrature: Quadrature | None = None,
    start: str | Solution = "auto",
    homotopy: Homotopy | None = None,
    steps: int = 2000,
    seconds: float | None = None,
    every: int = 50,
    test: TestPaths | None = None,
    precision: str = "float64",
    mesh: Mesh | None = None,
    seed: int = 0,
    attempts: int = 4,
    throw: bool = False,
    log: Log | None = None,
    save: Callable[[Checkpoint], None] | None = None,
    resume: Checkpoint | None = None,
) -> Solution:
    """Solve a model globally.

    Args:
        model: The model.
        solver: How to step; several are stages, each but the last with its steps. `Collocation` and
            `EndogenousGrid` train no network.
        over: Parameters that the rule takes as inputs.
        tol: Mean Euler error to reach, with ten times as much for the 99 % quantile; default 1e-5, 1e-4 where
            a complementarity condition is present; 1e-8 and 1e-5 for a `Collocation`, 1e-5 for an `EndogenousGrid`. [-]
        network: Size and kind of the network.
        sampling: Which states to train on; default `Paths()`, in calendar time `Passages()`.
        quadrature: Rule for the expectation; default by the number of shocks.
        start: `auto`, `linear`, `steady`, `random`, or a solution of the same model to start from.
        homotopy: Easier parameter values to solve for first.
        steps: Most steps per attempt.
        seconds: Most wall time. [s]
        every: Steps between tests.
        test: Size of the tests; in calendar time the default is the whole horizon from the first date.
        precision: `float64`, or `float32` for the training steps.
        mesh: Devices that share the batch; default all, those of other processes too.
        seed: Seed of all random keys.
        attempts: Most starts after explosions.
        throw: Raise instead of returning a solution that did not converge.
        log: Called with a record of every attempt, its first steps, every test, its end; in the first process alone.
        save: Called with a checkpoint after every test; in the first process alone.
        resume: Checkpoint to go on from.

    Returns:
        The best rule found, with its certificate and how the run ended.

    Raises:
        ConfigError: An argument does not fit the model.
        ModelError: A method of the model cannot be evaluated, or names, shapes or counts do not fit.
        ConvergenceError: No steady state; or no convergence and `throw` is set.
    """
    with jax.enable_x64(True):
        if homotopy is not None:
            easier = lambda calibration, begin: solve(
                calibration, solver, over=over, tol=tol, network=network, sampling=sampling, quadrature=quadrature,
                start=begin, steps=steps, seconds=seconds, every=every, test=test, precision=precision, mesh=mesh,
                seed=seed, attempts=attempts, log=log,
            )  # fmt: skip
            start = homotopy.climb(model, start, easier)
        eco = economy(model, over=over, quadrature=quadrature)
        require_sound(eco)
        test = test or default_test(eco)
        report = log if log and leads() else (lambda record: None)
        if isinstance(solver, Collocation | EndogenousGrid):
            _require_plain(solver, network, sampling, precision, mesh, resume)
            request = Request(eco, quadrature is not None, tol, start, steps, seconds, test, seed, report, _versions())
            solution = collocate(request, solver) if isinstance(solver, Collocation) else backward(request, solver)
        else:
            plan = Plan(eco, stages_of(solver), network, sampling_of(eco, sampling), test, precision, mesh, seed)
            budget = Budget(tol or default_tolerance(eco), steps, seconds, every, plan.stages[-1].patience)
            solution = _attempt_all(plan, budget, start, attempts, report, save, resume)
    return solution.require_converged() if throw else solution


@dataclasses.dataclass(frozen=True)
class Plan:
    """What stays the same over all attempts of a run."""

    economy: Economy
    stages: tuple[Solver, ...]
    network: Network
    sampling: Sampler
    test: TestPaths
    precision: str
    mesh: Mesh | None
    seed: int

    def __post_init__(self) -> None:
        if self.precision not in ("float64", "float32"):
            raise ConfigError(f"precision must be 'float64' or 'float32', got {self.precision!r}.")
        if not self.stages or any(stage.steps is None for stage in self.stages[:-1]):
            raise ConfigError("every solver but the last needs its number of steps; give steps=... to each stage.")
        for stage in self.stages:
            if isinstance(stage, FirstOrder) and stage.expectation == "two draws":
                check_two_draws(self.economy)


def default_tolerance(eco: Economy) -> float:
    """1e-5, or 1e-4 where a residual contains a complementarity condition."""
    return KINKED_TOLERANCE if has_complementarity(eco) else TOLERANCE


def sampling_of(eco: Economy, asked: Sampler | None) -> Sampler:
    """What was asked for, if it fits; else paths around the rest point or, in calendar time, from the first date.

    Raises:
        ConfigError: It does not fit the model.
    """
    sampler = asked or (Paths() if eco.horizon is None else Passages())
    sampler.check(eco)
    return sampler


def stages_of(solver: AnySolver | Sequence[AnySolver]) -> tuple[Solver, ...]:
    """The solvers that train a network one after the other; none for a grid.

    Raises:
        ConfigError: A solver on a grid stands among several.
    """
    if isinstance(solver, Collocation | EndogenousGrid):
        return ()
    stages = (solver,) if isinstance(solver, Solver) else tuple(solver)
    trained = tuple(stage for stage in stages if not isinstance(stage, Collocation | EndogenousGrid))
    if len(trained) < len(stages):
        raise ConfigError(
            "a Collocation or EndogenousGrid solves by itself and is no stage of several; give it alone as solver=."
        )
    return trained


def _require_plain(
    solver: AnySolver,
    network: Network,
    sampling: Sampler | None,
    precision: str,
    mesh: Mesh | None,
    resume: Checkpoint | None,
) -> None:
    """Refuse what a solver on a grid would ignore.

    Raises:
        ConfigError: Names the argument.
    """
    given = {
        "network": network != Network(),
        "sampling": sampling is not None and not eqx.tree_equal(sampling, Paths()),
        "precision": precision != "float64",
        "mesh": mesh is not None,
        "resume": resume is not None,
    }
    for name, differs in given.items():
        if differs:
            kind = "a Collocation" if isinstance(solver, Collocation) else "an EndogenousGrid"
            raise ConfigError(f"{kind} trains no network on samples, so {name} says nothing; leave it out.")


def attempts_of(
    start: str | Solution = "auto",
    solver: Solver | Sequence[Solver] = LevenbergMarquardt(),
    seed: int = 0,
    attempts: int = 4,
) -> list[Attempt]:
    """What `solve` tries in turn: the given start, the next seed, the other start, a first-order warm-up."""
    stages = stages_of(solver)
    other = "steady" if start in ("auto", "linear") else "auto"
    plan = [
        Attempt(start, stages, seed),
        Attempt(start, stages, seed + 1),
        Attempt(other, stages, seed),
        Attempt("steady", (WARM_UP, *stages), seed),
    ]
    return plan[: max(attempts, 1)]


def _attempt_all(
    plan: Plan,
    budget: Budget,
    start: str | Solution,
    attempts: int,
    log: Log,
    save: Callable[[Checkpoint], None] | None,
    resume: Checkpoint | None,
) -> Solution:
    plan = _fitted_to_memory(plan, start, log)
    best = resume.earlier if resume else None
    tests: list[dict[str, Any]] = list(resume.progress.tests) if resume else []
    schedule = attempts_of(start, plan.stages, plan.seed, attempts)
    for number in range(resume.attempt if resume else 0, len(schedule)):
        attempt = schedule[number]
        log({"event": "attempt", "attempt": number, "start": _name(attempt.start), "seed": attempt.seed})
        run = _Run(plan, budget, attempt, number, tests, log, save, best)
        solution = run.train(resume if resume and resume.attempt == number else None)
        tests = list(solution.tests)
        log({"event": "outcome", "attempt": number, "outcome": solution.outcome.name.lower()})
        best = solution if best is None or _better(solution, best) else dataclasses.replace(best, tests=tuple(tests))
        if solution.outcome not in (Outcome.EXPLODED, Outcome.REJECTED) and not _stuck(solution, attempt, budget):
            return solution
    assert best is not None  # at least one attempt is made
    return best


def _fitted_to_memory(plan: Plan, start: str | Solution, log: Log) -> Plan:
    """The plan with solvers whose steps fit into the memory that they may take; what they hold is told."""
    if not any(stage.bounded for stage in plan.stages):
        return plan
    shapes = problem_of_shapes(plan.economy, plan.network, start)
    found = [stage.prepared(shapes, _batch(stage, shapes)) for stage in plan.stages]
    for _, sentence in found:
        if sentence:
            log({"event": "memory", "sentence": sentence})
    return dataclasses.replace(plan, stages=tuple(stage for stage, _ in found))


def problem_of_shapes(eco: Economy, network: Network, start: str | Solution) -> Problem:
    """A problem with the structure and shapes of what is solved from this start, and any weights."""
    rule = start.rule if isinstance(start, Solution) else None
    return Problem(eco, rule if isinstance(rule, NetworkRule) else blank_rule(eco, network))


def _name(start: str | Solution) -> str:
    return start if isinstance(start, str) else "a solution"


def _stuck(solution: Solution, attempt: Attempt, budget: Budget) -> bool:
    """Whether random first weights led to where residuals have no slope, far from the solution; others may not."""
    far = solution.accuracy is None or solution.accuracy.mean > max(SETTLED, budget.tol)
    return attempt.start == "random" and solution.outcome is Outcome.STALLED and far


def _better(a: Solution, b: Solution) -> bool:
    rank = lambda s: (s.accuracy.lost, s.accuracy.mean)
    return rank(a) < rank(b)


class _Run:
    """One attempt: from a start through all stages to a certified rule."""

    def __init__(
        self,
        plan: Plan,
        budget: Budget,
        attempt: Attempt,
        number: int,
        tests: list[dict[str, Any]],
        log: Log,
        save: Callable[[Checkpoint], None] | None,
        earlier: Solution | None,
    ):
        self.plan, self.budget, self.attempt, self.number, self.tests = plan, budget, attempt, number, tests
        self.log, self.save, self.earlier = log, save, earlier
        self.key = jax.random.key(attempt.seed)
        self.compiling = self._compile_ahead()
        rule, self.linear = _first_rule(plan, attempt)
        self.problem = Problem(plan.economy, rule)
        self.judge = Judge(self.problem, plan.sampling, test_keys(plan.seed), plan.test)
        self.trained = self._in_its_precision(self.problem)

    def _compile_ahead(self) -> Future | None:
        """Compile the first stage's steps in a second thread while this one looks for the steady state.

        Nothing that is compiled depends on what is found. Where a batch is spread over several devices, or starts
        from a solution of other shapes, the code would be another.
        """
        plan, stage = self.plan, self.attempt.stages[0]
        spread = plan.mesh is not None or jax.device_count() > 1
        if not isinstance(self.attempt.start, str) or spread:
            return None

        def work() -> None:
            problem = self._in_its_precision(problem_of_shapes(plan.economy, plan.network, self.attempt.start))
            with jax.enable_x64(plan.precision == "float64"):
                compile_chunk(problem, stage, plan.sampling, _batch(stage, problem), self.key, self.budget.every)

        (future,) = in_background(work)
        return future

    def _in_its_precision(self, problem: Problem) -> Problem:
        """The problem as its steps take it."""
        return problem if self.plan.precision == "float64" else _single(problem)

    def train(self, checkpoint: Checkpoint | None) -> Solution:
        """Train through all stages, from a checkpoint if there is one."""
        progress = checkpoint.progress if checkpoint else Progress(attempt=self.number, tests=self.tests)
        first = checkpoint.stage if checkpoint else 0
        state, outcome = (checkpoint.state if checkpoint else None), Outcome.EXHAUSTED
        for number in range(first, len(self.attempt.stages)):
            if state is None or number > first:
                state = self._enter(number, state)
                progress.entered = progress.step
            budget = dataclasses.replace(self.budget, patience=self.attempt.stages[number].patience)
            ended = verdict(self.judge, budget, progress) if checkpoint and number == first else None
            state, outcome = (state, ended) if ended else self._stage(number, state, progress)
            if outcome in (Outcome.CONVERGED, Outcome.INTERRUPTED, Outcome.EXPLODED):
                break
        assert state is not None  # a run has at least one stage
        return self._solution(state, progress, outcome)

    def _enter(self, number: int, before: TrainState | None) -> TrainState:
        """State at the start of a stage: weights, paths and key go on, the solver begins afresh.

        Where the stage has a batch of another size, paths begin afresh too.
        """
        stage = self.attempt.stages[number]
        batch = _batch(stage, self.problem)
        with jax.enable_x64(self.plan.precision == "float64"):
            if before is not None and before.points.shape[0] == batch:
                solver = eqx.filter_jit(stage.init)(self.trained, before.weights)
                return dataclasses.replace(before, average=before.weights, solver=solver)
            key = self.key if before is None else before.key
            fresh = start_state(self.trained, stage, self.plan.sampling, batch, key)
        if before is None:
            return fresh
        return dataclasses.replace(fresh, weights=before.weights, average=before.weights)

    def _stage(self, number: int, state: TrainState, progress: Progress) -> tuple[TrainState, Outcome]:
        stage, last = self.attempt.stages[number], number == len(self.attempt.stages) - 1
        end = (
            self.budget.steps if last or stage.steps is None else min(progress.entered + stage.steps, self.budget.steps)
        )
        keep = self.save if self.save and leads() else (lambda checkpoint: None)
        mesh = mesh_for(state.points.shape[0], self.plan.mesh)
        state, outcome = train(
            self.trained,
            stage,
            self.plan.sampling,
            self.judge,
            dataclasses.replace(self.budget, steps=end, patience=stage.patience),
            over_devices(state, mesh),
            progress,
            self.log,
            self.compiling,
            lambda s, p: keep(Checkpoint(self.number, number, s, p, self.earlier)),
            mesh,
        )
        return gathered(state, mesh), outcome

    def _solution(self, state: TrainState, progress: Progress, outcome: Outcome) -> Solution:
        weights = np.asarray(state.weights) if progress.best is None else progress.best
        rule = self.judge.rule(weights)
        accuracy, region = self.judge.certificate(rule, self._first_order(rule))
        drift = self.judge.drift(rule, progress.recent)
        accuracy = dataclasses.replace(accuracy, drift=drift, judged=is_small(self.plan.economy))
        if outcome is Outcome.EXHAUSTED and progress.best is None:
            outcome = Outcome.EXPLODED
        return Solution(
            self.plan.economy, rule, rule.cloud, outcome, accuracy, region, self.linear, tuple(progress.tests),
            self._how(progress),
        )  # fmt: skip

    def _first_order(self, rule: NetworkRule) -> NetworkRule | None:
        """The first-order rule to report beside a trained one: what it began with, or made from the solution."""
        if self.linear is not None and self.attempt.start in ("auto", "linear"):
            return silenced(rule)
        return first_order_rule(self.plan.economy, rule, self.linear)

    def _how(self, progress: Progress) -> dict[str, Any]:
        return {
            "solver": ", then ".join(stage.describe() for stage in self.attempt.stages),
            "start": _name(self.attempt.start),
            "network": {f.name: getattr(self.plan.network, f.name) for f in dataclasses.fields(Network)},
            "weights": sum(leaf.size for leaf in jax.tree.leaves(self.problem.rule.network)),
            "quadrature": self.plan.economy.quadrature.describe(),
            "test quadrature": self.judge.economy.quadrature.describe(),
            "tol": self.budget.tol,
            "seed": self.plan.seed,
            "steps": progress.step,
            "seconds": progress.seconds,
            "precision": self.plan.precision,
            "spectral radius": None if self.linear is None else self.linear.spectral_radius,
            **self._limits(),
            **_versions(),
        }

    def _limits(self) -> dict[str, Any]:
        """The box outside which training drew no states, where there is one."""
        box = self.plan.sampling.limits()
        if box is None:
            return {}
        bounds = zip(box.names, box.lower, box.upper, strict=True)
        return {"sampling box": {name: [low.tolist(), high.tolist()] for name, low, high in bounds}}


def _versions() -> dict[str, Any]:
    """What a solution says of the software and machine that found it."""
    return {
        "saddlepath": __version__,
        "jax": jax.__version__,
        "python": platform.python_version(),
        "device": f"{len(jax.devices())} x {jax.devices()[0].device_kind}",
    }


def _batch(stage: Solver, problem: Problem) -> int:
    return stage.batch or default_batch(problem.n_equations)


def _first_rule(plan: Plan, attempt: Attempt) -> tuple[NetworkRule, LinearSolution | None]:
    if isinstance(attempt.start, str):
        return initial_rule(plan.economy, plan.network, attempt.start, attempt.seed)
    rule = attempt.start.rule
    if not isinstance(rule, NetworkRule) or attempt.start.economy.states != plan.economy.states:
        raise ConfigError(
            f"start must be a trained solution of {type(plan.economy.model).__name__} with the same states and "
            f"pseudo-states, got one of {type(attempt.start.model).__name__}."
        )
    return rule, linear_of(plan.economy, attempt.start)


def _single(problem: Problem) -> Problem:
    """The problem with every array in single precision."""
    cast = lambda leaf: leaf.astype(jnp.float32) if eqx.is_inexact_array(leaf) else leaf
    return jax.tree.map(cast, problem)
