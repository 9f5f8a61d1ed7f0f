"""The training loop: chunks of steps in one compiled scan, a test on never-reset paths after each.

Judged on test paths that are never reset and drawn with keys of their own: one key selects the best rule, another
decides when to stop, a third is kept for the published certificate.
"""

import dataclasses
import math
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh
from jaxtyping import Array, PRNGKeyArray
from threadpoolctl import threadpool_limits

from saddlepath.accuracy import (
    REST_BOUND,
    Accuracy,
    TestPaths,
    assess,
    point_errors,
    point_extents,
    rest_extents,
    rule_distance,
    split,
    summarise,
    tested,
    walk,
)
from saddlepath.errors import ModelError
from saddlepath.outcome import Outcome
from saddlepath.rule import SATURATION, NetworkRule
from saddlepath.solvers.devices import agreed, along, everywhere, gathered, put
from saddlepath.solvers.problem import Problem
from saddlepath.solvers.sampling import Sampler
from saddlepath.solvers.solver import Solver

AVERAGING = 0.98
"""Decay of the running average of the weights, which is tested beside the last weights [1/step]."""
REJECTIONS = 30
"""So many refused steps in a row draw a new batch from the start cloud and reset the solver."""
SETTLED = 1e-3
"""Mean Euler error below which restarts become rare and a mixture includes its box [-]."""
STALL_GAIN = 0.8
"""A run stalls when the best mean error is above this share of what it was `Solver.patience` tests ago [-]."""
UNDEFINED_SHARE = 0.5
"""A run stops with a sentence when more than this share of the states of a chunk has no finite residual [-]."""
EXPLODED_TESTS = 4
"""So many tests in a row with lost paths end an attempt."""
REGION_POINTS = 2048
TEST_KEYS = 7_919
"""Keeps the keys of the tests apart from those of the training."""

Log = Callable[[dict[str, Any]], None]


class TrainState(eqx.Module):
    """Everything that changes from step to step, and therefore everything that a checkpoint holds."""

    weights: Array
    average: Array
    solver: Any
    points: Array
    key: PRNGKeyArray
    rejected: Array
    lost: Array


class StepTrace(eqx.Module):
    """Per step: loss, acceptance, rate, undefined states, loss by equation; one entry per step of a chunk."""

    loss: Array
    accepted: Array
    rate: Array
    undefined: Array
    losses: Array


@eqx.filter_jit
def start_state(problem: Problem, solver: Solver, sampler: Sampler, batch: int, key: PRNGKeyArray) -> TrainState:
    """State before the first step."""
    points_key, key = jax.random.split(key)
    weights = problem.weights()
    points = sampler.start(problem, batch, points_key)
    zero = jnp.zeros((), dtype=int)
    return TrainState(weights, weights, solver.init(problem, weights), points, key, zero, zero)


def over_devices(state: TrainState, mesh: Mesh | None) -> TrainState:
    """The state with its batch of paths spread over devices, everything else on each of them."""
    if mesh is None:
        return state
    arrays, rest = eqx.partition(state, eqx.is_array)
    whole = eqx.combine(put(arrays, everywhere(mesh)), rest)
    return dataclasses.replace(whole, points=put(state.points, along(mesh)))


@eqx.filter_jit
def train_chunk(
    problem: Problem,
    solver: Solver,
    sampler: Sampler,
    state: TrainState,
    settled: Array,
    steps: int,
    mesh: Mesh | None,
) -> tuple[TrainState, StepTrace]:
    """`steps` steps in one compiled scan."""

    def step(state: TrainState, _: None) -> tuple[TrainState, StepTrace]:
        return _step(problem, solver, sampler, state, settled)

    state, trace = jax.lax.scan(step, state, None, length=steps)
    if mesh is None:
        return state, trace
    lie = jax.lax.with_sharding_constraint
    whole, trace = jax.tree.map(lambda leaf: lie(leaf, everywhere(mesh)), (state, trace))
    return dataclasses.replace(whole, points=lie(state.points, along(mesh))), trace


def compile_chunk(
    problem: Problem, solver: Solver, sampler: Sampler, batch: int, key: PRNGKeyArray, steps: int
) -> None:
    """Compile `start_state` and `train_chunk` for problems of the structure and shapes of this one."""
    state = start_state(problem, solver, sampler, batch, key)
    jitted: Any = train_chunk  # typed as the function that it wraps
    jitted.lower(
        problem, solver.compiled(state.weights.dtype), sampler, state, jnp.asarray(False), steps, None
    ).compile()


def _step(
    problem: Problem, solver: Solver, sampler: Sampler, state: TrainState, settled: Array
) -> tuple[TrainState, StepTrace]:
    key, move_key, batch_key, step_key, again_key = jax.random.split(state.key, 5)
    points, lost = sampler.advance(problem, problem.rule_with(state.weights), state.points, move_key, settled)
    batch = sampler.batch(problem, points, batch_key, settled)
    weights, inner, report = solver.step(problem, state.weights, state.solver, batch, step_key)
    average = AVERAGING * state.average + (1 - AVERAGING) * weights
    rejected = jnp.where(report.accepted, 0, state.rejected + 1)
    stuck = rejected >= REJECTIONS
    again = lambda: sampler.start(problem, points.shape[0], again_key)
    points = jax.lax.cond(stuck, again, lambda: points)  # passages are long: they begin anew only where they must
    fresh = solver.init(problem, weights)
    inner = jax.tree.map(lambda new, old: jnp.where(stuck, new, old), fresh, inner)
    rejected = jnp.where(stuck, 0, rejected)
    trace = StepTrace(report.loss, report.accepted, report.rate, report.undefined, report.losses)
    return TrainState(weights, average, inner, points, key, rejected, state.lost + lost), trace


@dataclasses.dataclass
class Progress:
    """Where a run stands on the host: what, with `TrainState`, a resumed run continues from.

    Attributes:
        attempt: Number of the start, from zero.
        step: Steps taken in this attempt.
        entered: Steps taken when the present solver of several began.
        best: Weights of the best rule so far.
        best_mean: Its mean Euler error on the selection paths.
        recent: Weights of the rules tested last, at most two `[n_tests, n_weights]`.
        means: Best mean error after every test, for the stall rule.
        passes: Consecutive tests passed.
        explosions: Consecutive tests with lost paths.
        settled: Whether the paths are settled.
        tests: One record per test, all attempts.
        seconds: Time spent.
    """

    attempt: int = 0
    step: int = 0
    best: np.ndarray | None = None
    best_mean: float = float("inf")
    recent: np.ndarray | None = None
    means: list[float] = dataclasses.field(default_factory=list)
    passes: int = 0
    explosions: int = 0
    settled: bool = False
    tests: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    seconds: float = 0.0
    entered: int = 0


@dataclasses.dataclass(frozen=True)
class Budget:
    """When to test and when to stop.

    Attributes:
        tol: Tolerance in Euler-error units. [-]
        steps: Steps per attempt.
        seconds: Wall time, or None. [s]
        every: Steps between tests.
        patience: Tests without a fall of the best error after which a run has stalled.
    """

    tol: float
    steps: int
    seconds: float | None
    every: int
    patience: int


@dataclasses.dataclass(frozen=True)
class TestKeys:
    """Three keys for three purposes."""

    select: PRNGKeyArray
    stop: PRNGKeyArray
    certify: PRNGKeyArray


def test_keys(seed: int) -> TestKeys:
    """Keys of the tests; they do not depend on the attempt."""
    return TestKeys(*split(jax.random.key(seed), 3, TEST_KEYS))


def in_background(*tasks: Callable[[], Any]) -> list[Future]:
    """Tasks one after the other in a thread of its own, in double precision."""

    def run(task: Callable[[], Any]) -> Any:
        with jax.enable_x64(True):
            return task()

    pool = ThreadPoolExecutor(1)
    futures = [pool.submit(run, task) for task in tasks]
    pool.shutdown(wait=False)
    return futures


@eqx.filter_jit
def _rule_with(problem: Problem, weights: Array) -> NetworkRule:
    return problem.rule_with(weights)


class Judge:
    """Applies the tests of accuracy to weights."""

    def __init__(self, problem: Problem, sampler: Sampler, keys: TestKeys, size: TestPaths):
        self.problem, self.sampler, self.keys, self.size = problem, sampler, keys, size
        self.economy = tested(problem.economy, size)
        self.equations = self.economy.equations(problem.rule)

    def rule(self, weights: Array | np.ndarray) -> NetworkRule:
        """The rule with these weights, in double precision."""
        return _rule_with(self.problem, jnp.asarray(weights, dtype=float))

    def on_paths(self, weights: np.ndarray, key: PRNGKeyArray) -> Accuracy:
        """Accuracy of weights on the paths of one key, and on the sampler's region where there is one."""
        rule = self.rule(weights)
        return worse(
            assess(self.economy, rule, rule.cloud, [key], self.size, self.equations), self._on_region(rule, key)
        )

    def in_background(self, weights: np.ndarray) -> Future[Accuracy]:
        """Accuracy on the selection paths, computed in a thread of its own, which then compiles what the end needs."""
        first, *_ = in_background(
            lambda: self.on_paths(weights, self.keys.select),
            lambda: self.rests(self.rule(weights)),
            lambda: self.drift(self.rule(weights), np.stack([weights, weights])),
        )
        return first

    def rests(self, rule: NetworkRule) -> bool:
        """Whether paths without shocks come to rest near the steady state; in calendar time, whether all stay near."""
        if self.economy.horizon is not None:
            points = walk(self.economy, rule, rule.cloud, self.keys.stop, self.size)
            return bool(np.all(np.asarray(point_extents(self.economy, rule.cloud, points)) < SATURATION))
        extents = rest_extents(self.problem.economy, rule, rule.cloud, self.keys.stop)
        return bool(np.all(np.asarray(extents) < REST_BOUND))

    def certificate(self, rule: NetworkRule, linear: NetworkRule | None = None) -> tuple[Accuracy, Accuracy | None]:
        """Accuracy on paths, and on the region, with the key kept for it; beside it that of the first-order rule."""
        keys, limits = split(self.keys.certify, self.size.repeats), self.sampler.limits()
        accuracy = assess(self.economy, rule, rule.cloud, keys, self.size, self.equations, limits, linear)
        region = self._on_region(rule, keys[0])
        return _agreed(accuracy), None if region is None else _agreed(region)

    def drift(self, rule: NetworkRule, recent: np.ndarray | None) -> float | None:
        """Largest distance of a rule from the two tested last, on the paths of the certificate."""
        if recent is None or len(recent) < 2:
            return None
        key = split(self.keys.certify, self.size.repeats)[0]
        points = walk(self.economy, rule, rule.cloud, key, self.size)
        return max(rule_distance(self.economy, rule, self.rule(w), points) for w in recent)

    def _on_region(self, rule: NetworkRule, key: PRNGKeyArray) -> Accuracy | None:
        region = self.sampler.tested_region()
        if region is None:
            return None
        points = jnp.zeros((REGION_POINTS, self.economy.n_points))
        points = region.batch(self.problem, points, key, jnp.asarray(True))
        errors = np.asarray(point_errors(self.economy, rule, points))
        return summarise(errors, self.equations, where="uniform draws from the sampling box")


def _agreed(found: Accuracy) -> Accuracy:
    """What the first process found, from which all of them decide."""
    return Accuracy(**agreed(dataclasses.asdict(found)))


def worse(a: Accuracy, b: Accuracy | None) -> Accuracy:
    """The less accurate of two; the paths' own when there is no region."""
    if b is None or a.lost > 0:
        return a
    return a if a.mean >= b.mean else b


def train(
    problem: Problem,
    solver: Solver,
    sampler: Sampler,
    judge: Judge,
    budget: Budget,
    state: TrainState,
    progress: Progress,
    log: Log,
    compiling: Future | None,
    save: Callable[[TrainState, Progress], None],
    mesh: Mesh | None,
) -> tuple[TrainState, Outcome]:
    """Train from `state` until the tolerance is met or the attempt ends; `progress` is updated in place.

    The rule before the first step is tested in a second thread, while the steps are compiled in another. Where several
    processes take the steps together they cannot be stopped by hand one by one: an interrupt ends them all.
    """
    first = judge.in_background(np.asarray(state.weights)) if progress.step == 0 else None
    if compiling is not None:
        wait([compiling])  # whatever failed there fails again below, where it is raised
    while progress.step < budget.steps:
        started, lost = time.perf_counter(), int(state.lost)
        try:
            with threadpool_limits(limits=1, user_api="blas"):
                state, trace = _chunk(problem, solver, sampler, state, progress.settled, budget.every, mesh)
                if first is not None:
                    log({"event": "begun", "step": budget.every, "loss": float(trace.loss[-1])})
                    log({"event": "test", **_summary(first.result(), "start"), "step": 0})
                    first = None
                record = _test(judge, budget, state, progress)
        except KeyboardInterrupt:
            if jax.process_count() > 1:
                raise
            return state, Outcome.INTERRUPTED
        if np.mean(np.asarray(trace.undefined)) > UNDEFINED_SHARE * state.points.shape[0]:
            _require_defined(problem, sampler, gathered(state, mesh))
        progress.step += budget.every
        progress.seconds += time.perf_counter() - started
        record |= _diagnostics(trace, progress, judge.equations) | {"restarted": int(state.lost) - lost}
        progress.tests.append(record)
        outcome = verdict(judge, budget, progress)
        save(gathered(state, mesh), progress)
        log({"event": "test", **record})
        if outcome is not None:
            return state, outcome
    return state, Outcome.EXHAUSTED


def _chunk(
    problem: Problem, solver: Solver, sampler: Sampler, state: TrainState, settled: bool, steps: int, mesh: Mesh | None
) -> tuple[TrainState, StepTrace]:
    """A chunk in the precision of the weights."""
    with jax.enable_x64(state.weights.dtype == jnp.float64):
        solver = solver.compiled(state.weights.dtype)
        return train_chunk(problem, solver, sampler, state, jnp.asarray(settled), steps, mesh)


def _require_defined(problem: Problem, sampler: Sampler, state: TrainState) -> None:
    """Stop with a sentence where most states have no finite residual: which equation, at which state."""
    n = state.points.shape[0]
    eco, rule = problem.economy, problem.rule_with(state.weights)
    points = sampler.batch(problem, state.points, state.key, jnp.asarray(False))
    named = jax.vmap(eco.named_residuals, (None, 0))(rule, points)
    for name, values in named.items():
        wrong = ~np.isfinite(np.asarray(values).reshape(n, -1)).all(axis=1)
        if wrong.any():
            point = np.asarray(points)[np.flatnonzero(wrong)[0]]
            names = (*eco.states.entries, *eco.box.entries)
            where = ", ".join(f"{entry} = {value:.4g}" for entry, value in zip(names, point, strict=True))
            raise ModelError(
                f"the equation {name!r} is not finite at {where}, and at {wrong.mean():.0%} of the training states; "
                "check it for divisions by zero, logs or powers of negative numbers, or declare narrower ranges."
            )


def _test(judge: Judge, budget: Budget, state: TrainState, progress: Progress) -> dict[str, Any]:
    """Test the last and the average weights, keep the best, count passes and explosions."""
    candidates = {"last": np.asarray(state.weights), "average": np.asarray(state.average)}
    results = {name: _agreed(judge.on_paths(w, judge.keys.select)) for name, w in candidates.items()}
    chosen = min(results, key=lambda name: (results[name].lost, results[name].mean))
    found = results[chosen]
    tested = candidates[chosen][None]
    progress.recent = tested if progress.recent is None else np.concatenate([progress.recent[-1:], tested])
    exploded = found.lost > 0 or not np.isfinite(found.mean)
    progress.explosions = progress.explosions + 1 if exploded else 0
    if not exploded and found.mean < progress.best_mean:
        progress.best, progress.best_mean = candidates[chosen], found.mean
    progress.means.append(progress.best_mean)
    stop = lambda: _agreed(judge.on_paths(candidates[chosen], judge.keys.stop))
    passed = found.meets(budget.tol) and stop().meets(budget.tol)
    progress.passes = progress.passes + 1 if passed else 0
    progress.settled = progress.settled or (not exploded and found.mean < max(SETTLED, budget.tol))
    return _summary(found, chosen)


def _summary(found: Accuracy, tested: str) -> dict[str, Any]:
    return {"mean": found.mean, "p99": found.p99, "max": found.max, "lost": found.lost, "tested": tested}


def by_name(losses: np.ndarray, equations: dict[str, tuple[int, ...]]) -> dict[str, float]:
    """Mean loss by name of the equation, from the losses of all entries; NaN where no entry has one."""
    ends = np.cumsum([math.prod(shape) for shape in equations.values()])
    parts = dict(zip(equations, np.split(losses, ends[:-1]), strict=True))
    known = {name: part[~np.isnan(part)] for name, part in parts.items()}
    return {name: float(part.mean()) if part.size else math.nan for name, part in known.items()}


def _diagnostics(trace: StepTrace, progress: Progress, equations: dict[str, tuple[int, ...]]) -> dict[str, Any]:
    return {
        "attempt": progress.attempt,
        "step": progress.step,
        "loss": float(np.asarray(trace.loss)[-1]),
        "losses": by_name(np.asarray(trace.losses)[-1], equations),
        "rate": float(np.asarray(trace.rate)[-1]),
        "accepted": float(np.mean(np.asarray(trace.accepted))),
        "undefined": int(np.sum(np.asarray(trace.undefined))),
        "best": progress.best_mean,
        "seconds": progress.seconds,
    }


def verdict(judge: Judge, budget: Budget, progress: Progress) -> Outcome | None:
    """How the attempt ends after its last test, or None if it goes on; a resumed run asks before its first step."""
    found = _verdict(judge, budget, progress)
    name = agreed(None if found is None else found.name)
    return None if name is None else Outcome[name]


def _verdict(judge: Judge, budget: Budget, progress: Progress) -> Outcome | None:
    if progress.passes >= 2:
        assert progress.best is not None  # a test that was passed
        best = judge.rule(progress.best)
        if not agreed(judge.rests(best)):
            return Outcome.EXPLODED
        if all(a is None or a.meets(budget.tol) for a in judge.certificate(best)):
            return Outcome.CONVERGED
    if budget.seconds is not None and progress.seconds >= budget.seconds:
        return Outcome.EXHAUSTED
    if progress.explosions >= EXPLODED_TESTS:
        return Outcome.EXPLODED
    if progress.tests[-1]["accepted"] == 0.0 and progress.tests[-1]["step"] > budget.every:
        return Outcome.REJECTED
    waited = len(progress.means) > budget.patience and progress.explosions == 0
    if waited and progress.means[-1] > STALL_GAIN * progress.means[-1 - budget.patience]:
        return Outcome.STALLED
    return None
