"""The value function of a planner's problem by policy iteration on a Gaussian process.

At a few points of a box the best policy is found given the value of tomorrow; the envelope theorem gives the slopes of
the value there. The posterior mean of the process is linear in values and slopes, so that those of keeping to the
policies forever solve a linear system. Where it has no sensible solution, one step of value iteration is taken.

References:
    Scheidegger and Bilionis (2019, Journal of Computational Science), Gaussian processes and active subspaces in
    dynamic programming; Puterman and Brumelle (1979, Mathematics of Operations Research), policy iteration.
"""

import dataclasses
from collections.abc import Callable
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from saddlepath.dynamic_programming.bellman import (
    Bellman,
    bellman,
    count_lost,
    policies_of,
    solve_at,
    values_and_slopes,
    values_at,
)
from saddlepath.dynamic_programming.design import FRESH_POINTS, FRESH_SEED, first_policies, spread_points
from saddlepath.dynamic_programming.interior_point import Maximum
from saddlepath.dynamic_programming.sloped_process import SlopedProcess, fit, labelled_points
from saddlepath.errors import ConfigError
from saddlepath.model import Model, nearest_names
from saddlepath.outcome import Outcome
from saddlepath.prior import Box
from saddlepath.quadrature import Quadrature
from saddlepath.simulation import require_whole
from saddlepath.surrogate.coordinates import Coordinates
from saddlepath.surrogate.kernels import SquaredExponential
from saddlepath.surrogate.subspace import active_subspace
from saddlepath.table import Table, table

TEST_POINTS = 10_000
"""Points at which the change of the value is measured."""
TEST_SEED = 1
"""Seed of these points; those of the solution have another."""
FROZEN = 1e-3
"""Average change below which length scales and directions stay as they are, so that the iteration can settle [-]."""
PATIENCE = 8
"""Iterations without a smaller change after which a run has stalled."""
POWERS = 200
"""Applications of an evaluation by which it is judged to contract or not."""


@dataclasses.dataclass(frozen=True)
class Change:
    """How far an iteration moved the value, as shares of its range over the test points.

    Attributes:
        mean: Average. [-]
        most: Largest. [-]
        lost: Points whose maximisation failed. [-]
        coordinates: Number of coordinates that the process sees. [-]
        evaluated: Whether the policies' values were solved for; else the iteration was one step of value iteration.
    """

    mean: float
    most: float
    lost: int
    coordinates: int
    evaluated: bool


@dataclasses.dataclass(frozen=True, eq=False)
class ValueFunction:
    """A value function and the policies that belong to it.

    Attributes:
        problem: The Bellman problem.
        process: The value, with an error bar.
        policies: Best policies at its points, in coordinates `[n, n_controls]`.
        changes: Of every iteration.
        outcome: How it ended.
    """

    problem: Bellman
    process: SlopedProcess
    policies: Array
    changes: tuple[Change, ...]
    outcome: Outcome

    def __call__(self, states: Any) -> Float[np.ndarray, " n"]:
        """The value at states `[n, n_states]`. [units of the period return]"""
        with jax.enable_x64(True):
            return np.asarray(values_at(self.process, jnp.asarray(states, dtype=float)))

    def sd(self, states: Any) -> Float[np.ndarray, " n"]:
        """Standard deviation of the process at states, given the values that the iteration came to rest at."""
        with jax.enable_x64(True):
            return np.asarray(jax.vmap(self.process.sd)(jnp.asarray(states, dtype=float)))

    def policy(self, states: Any) -> Any:
        """Best policies at states `[n, n_states]`: the model's `Policy`, every field with a leading axis `n`.

        Raises:
            ConvergenceError: A maximisation failed.
        """
        with jax.enable_x64(True):
            s = jnp.asarray(states, dtype=float)
            return policies_of(self.problem, s, self._solved(s))

    def _solved(self, s: Array) -> Maximum:
        """Bellman problems at states, each from the policy of the nearest point whose policy is allowed there."""
        first = _nearest_allowed(self.problem, self.process.labelled.s, self.policies, s)
        return solve_at(self.problem, self.process, s, first)

    def bellman_errors(self, n: int = FRESH_POINTS, seed: int = FRESH_SEED) -> Float[np.ndarray, " n"]:
        """Distance between the two sides of the Bellman equation at fresh points, as shares of the value's range.

        Points at which the maximisation failed are not a number.

        Args:
            n: Number of points.
            seed: Of the points.
        """
        with jax.enable_x64(True):
            s = jnp.asarray(spread_points(self.problem, self.process.box, n, seed))
            solved = self._solved(s)
            gap = np.abs(np.asarray(solved.value) - self(s))
            test = spread_points(self.problem, self.process.box, TEST_POINTS, TEST_SEED)
            return np.where(np.asarray(solved.solved), gap, np.nan) / _range(self(test))

    def table(self) -> Table:
        """Changes by iteration."""
        rows = {
            str(i): {
                "mean change": c.mean,
                "largest": c.most,
                "points lost": c.lost,
                "coordinates": c.coordinates,
                "step": "policy" if c.evaluated else "value",
            }
            for i, c in enumerate(self.changes, 1)
        }
        note = f"changes are shares of the range of the value over {TEST_POINTS:,} points. {self.sentence}"
        return table(rows, "iteration", title="Value function of a Gaussian process", note=note)

    @property
    def sentence(self) -> str:
        """How it ended, in words."""
        last, count = self.changes[-1], len(self.changes)
        if self.outcome is Outcome.CONVERGED:
            return f"Converged: iteration {count} moved the value by {last.mean:.1g} of its range on average."
        ended = "no longer fell" if self.outcome is Outcome.STALLED else "ran out of iterations"
        return f"NOT converged: after {count} iterations the changes {ended}; the last was {last.mean:.1g} on average."

    def __str__(self) -> str:
        return str(self.table())

    def _repr_html_(self) -> str:
        return self.table().to_html()


def iterate_values(
    model: Model,
    box: Box,
    *,
    points: int | None = None,
    seen: Coordinates | str | None = None,
    logs: tuple[str, ...] = (),
    tol: float = 1e-6,
    iterations: int = 60,
    start: Callable[[Any], Any] | None = None,
    quadrature: Quadrature | None = None,
    seed: int = 0,
    log: Callable[[Change], None] | None = None,
) -> ValueFunction:
    """Solve a planner's problem for its value function on a box of states.

    Args:
        model: A model that gives a period return, a discount factor and, if any, constraints; no Markov chains.
        box: Bounds of all states, by name and in the order of `State`. [units of the states]
        points: Where the Bellman problem is solved; default: ten per state.
        seen: What the value is a function of: all states (None), directions that are found from the slopes of the
            value (`active`), given ones (`Subspace`) or moments of an exchangeable group (`PooledMoments`).
        logs: Fields of the state that enter as their logarithms.
        tol: Average change between iterations, as a share of the range of the value, at which to stop. [-]
        iterations: Most iterations.
        start: A policy of a state to begin with, allowed everywhere in the box; default: that of `steady_guess`.
        quadrature: Rule for the expectation; default by number of shocks.
        seed: Of the points.
        log: Called with the change of every iteration.

    Returns:
        The value function, with how the iteration went and ended.

    Raises:
        ModelError: The model is no planner's problem.
        ConfigError: The box is not that of the states, or the first policy is not allowed somewhere.
        ConvergenceError: Maximisations fail at more than a tenth of the points.
    """
    require_whole("iterations", iterations, 1)
    if isinstance(seen, str) and seen != "active":
        raise ConfigError(f"seen must be active, coordinates such as Subspace or PooledMoments, or None, got {seen!r}.")
    for name in logs:
        if name not in box.names:
            raise ConfigError(f"logs names {name!r}; {nearest_names(name, list(box.names))}")
    with jax.enable_x64(True):
        problem = bellman(model, box, quadrature)
        s = jnp.asarray(spread_points(problem, box, points or 10 * box.size, seed))
        takes = tuple(name in logs for name, where in box.slices.items() for _ in range(where.start, where.stop))
        loop = _Iteration(problem, box, s, seen, takes, tol, log or (lambda change: None))
        return loop.run(start, iterations)


class _Iteration:
    """The loop."""

    def __init__(
        self, problem: Bellman, box: Box, s: Array, seen: Coordinates | str | None, logs: tuple[bool, ...],
        tol: float, log: Callable[[Change], None],
    ):  # fmt: skip
        self.problem, self.box, self.s, self.seen, self.logs, self.tol, self.log = problem, box, s, seen, logs, tol, log
        self.test = jnp.asarray(spread_points(problem, box, TEST_POINTS, TEST_SEED))

    def run(self, start: Callable[[Any], Any] | None, iterations: int) -> ValueFunction:
        v = first_policies(self.problem, self.s, start)
        process = self._first(v)
        changes: list[Change] = []
        outcome = Outcome.EXHAUSTED
        for _ in range(iterations):
            settled = bool(changes) and changes[-1].evaluated and changes[-1].mean < FROZEN
            process, v, change = self._step(process, v, settled)
            changes.append(change)
            self.log(change)
            if change.mean < self.tol and change.lost == 0:
                outcome = Outcome.CONVERGED
                break
            least = int(np.argmin([c.mean for c in changes]))
            if len(changes) - 1 - least >= PATIENCE:
                outcome = Outcome.STALLED
                break
        return ValueFunction(self.problem, process, v, tuple(changes), outcome)

    def _first(self, v: Array) -> SlopedProcess:
        """A process of today's return kept forever."""
        returns, gradients = jax.vmap(jax.value_and_grad(self.problem.period_return))(self.s, v)
        factors = jax.vmap(lambda s, v: jnp.sum(self.problem.reached(s, v)[1]))(self.s, v)
        forever = 1 / np.maximum(1 - np.asarray(factors), 1e-3)
        return self._fit(np.asarray(returns) * forever, np.asarray(gradients) * forever[:, None], None)

    def _step(self, process: SlopedProcess, v: Array, frozen: bool) -> tuple[SlopedProcess, Array, Change]:
        """One iteration; a point whose maximisation failed keeps its policy."""
        solved = solve_at(self.problem, process, self.s, v)
        found, lost = solved.solved, count_lost(solved)
        v = jnp.where(found[:, None], solved.x, v)
        multipliers = jnp.where(found[:, None], solved.multipliers, 0.0)
        system = _evaluation(self.problem, process, v, multipliers)
        evaluated = contracts(system.passed)
        y = np.linalg.solve(np.eye(len(system.own)) - system.passed, system.own) if evaluated else system.once
        kept = process.with_labels(y)
        new = kept
        if not frozen:
            values, gradients = values_and_slopes(self.problem, kept, self.s, v, multipliers)
            new = self._fit(np.asarray(values), np.asarray(gradients), kept)
        before, after = (np.asarray(values_at(one, self.test)) for one in (process, new))
        gap = np.abs(after - before) / _range(after)
        return new, v, Change(float(gap.mean()), float(gap.max()), lost, new.labelled.x.shape[1], evaluated)

    def _fit(
        self, values: np.ndarray, gradients: Float[np.ndarray, "n n_states"], near: SlopedProcess | None
    ) -> SlopedProcess:
        seen = self._directions(gradients) if isinstance(self.seen, str) else self.seen
        labelled = labelled_points(self.box, self.logs, seen, self.s)
        slopes = np.einsum("nrs,ns->nr", np.asarray(labelled.along), gradients)
        return fit(self.box, SquaredExponential(), self.logs, seen, labelled, values, slopes, near)

    def _directions(self, gradients: np.ndarray) -> Coordinates:
        """The active subspace. Members of an exchangeable group tell the same about each other's slopes."""
        group = [self.box.slices[name] for name in self.problem.problem.exchangeable]
        turned = [gradients]
        for shift in range(1, group[0].stop - group[0].start if group else 0):
            turned.append(gradients.copy())
            for field in group:
                turned[-1][:, field] = np.roll(gradients[:, field], shift, axis=1)
        return active_subspace(np.concatenate(turned), self.box)


class Evaluation(NamedTuple):
    """Labels of keeping to a policy as a linear function of themselves, `y = own + passed y`, standardised.

    Attributes:
        own: Constant part `[labels]`.
        passed: Matrix `[labels, labels]`.
        once: The right-hand side at the labels that the process has.
    """

    own: np.ndarray
    passed: np.ndarray
    once: np.ndarray


def _evaluation(problem: Bellman, process: SlopedProcess, v: Array, multipliers: Array) -> Evaluation:
    from scipy.linalg import cho_solve

    own, weights = (np.asarray(part) for part in _rows(problem, process, v, multipliers))
    passed = cho_solve((np.asarray(process.factor), True), weights.T).T
    return Evaluation(own, passed, own + weights @ np.asarray(process.alpha))


@eqx.filter_jit
def _rows(problem: Bellman, process: SlopedProcess, v: Array, multipliers: Array) -> tuple[Array, Array]:
    """Of every label: the constant part `[labels]` and the weights of the process's coefficients `[labels, labels]`."""

    def one(s: Array, along: Array, v: Array, z: Array) -> tuple[Array, Array]:
        def row(s: Array) -> tuple[Array, Array, Array]:
            nodes, factors = problem.reached(s, v)
            weights = factors @ jax.vmap(lambda node: process.weights(process.coordinates(node)))(nodes)
            today = problem.period_return(s, v) + process.centre * jnp.sum(factors)
            return today, z @ problem.slacks(s, v), weights

        def slope(direction: Array) -> tuple[Array, Array]:
            today, bound, weights = jax.jvp(row, (s,), (direction,))[1]
            return (today + bound) / process.spread, weights

        today, _, weights = row(s)
        slopes, turned = jax.vmap(slope)(along)
        own = jnp.concatenate([(today - process.centre)[None] / process.spread, slopes])
        return own, jnp.concatenate([weights[None], turned])

    known = process.labelled
    own, weights = jax.lax.map(lambda row: one(*row), (known.s, known.along, v, multipliers))
    return own.ravel(), weights.reshape(own.size, -1)


def contracts(matrix: Float[np.ndarray, "k k"]) -> bool:
    """Whether repeated application of a matrix shrinks what it is applied to."""
    v = np.random.default_rng(0).normal(size=len(matrix))
    first = last = 0.0
    for i in range(POWERS):
        v = matrix @ v
        last += np.log(max(np.linalg.norm(v), 1e-300))
        v /= max(np.linalg.norm(v), 1e-300)
        first = last if i == POWERS // 2 - 1 else first
    return bool(last - first < 0)


@eqx.filter_jit
def _nearest_allowed(
    problem: Bellman, points: Float[Array, "n n_states"], v: Float[Array, "n n_controls"], s: Float[Array, "m n_states"]
) -> Float[Array, "m n_controls"]:
    def one(s: Array) -> Array:
        apart = jnp.sum(((points - s[None]) / (problem.high - problem.low)[None]) ** 2, axis=1)
        allowed = jax.vmap(lambda w: jnp.all(problem.slacks(s, w) > 0) & jnp.isfinite(problem.period_return(s, w)))(v)
        return v[jnp.argmin(jnp.where(allowed, apart, apart + jnp.max(apart)))]

    return jax.lax.map(one, s)


def _range(values: np.ndarray) -> float:
    return float(max(values.max() - values.min(), np.finfo(float).tiny))
