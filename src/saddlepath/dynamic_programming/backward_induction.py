"""Value functions of planners whose life ends, one Gaussian process or two for every date, from the last to the first.

At a few states of each date the best policy is found given the value of the next date; values and, by the envelope
theorem, slopes are what the process of the date learns. Where adjustment has proportional costs the value bends at the
boundary of the region of inaction, which is found first. Returns and transitions are the same at all dates.

References:
    Gaegauf, Scheidegger and Trojani (2023), dynamic portfolio choice with transaction costs by Gaussian processes.
"""

import dataclasses
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from saddlepath.dynamic_programming.bellman import (
    Bellman,
    Value,
    bellman,
    count_lost,
    policies_of,
    solve_at,
    values_and_slopes,
    values_at,
)
from saddlepath.dynamic_programming.design import FRESH_POINTS, FRESH_SEED, first_policies, spread_points
from saddlepath.dynamic_programming.inaction import BAND, After, Joined, Region, outer_points, region_of_inaction
from saddlepath.dynamic_programming.interior_point import Maximum
from saddlepath.dynamic_programming.sloped_process import SlopedProcess, fit, labelled_points
from saddlepath.errors import ConfigError, ModelError
from saddlepath.model import Model
from saddlepath.prior import Box
from saddlepath.quadrature import Quadrature
from saddlepath.simulation import require_whole
from saddlepath.surrogate.kernels import Matern, Radial
from saddlepath.table import Table, table

SETTLED = 1e-6
"""Relative gain in likelihood at which the search for parameters ends; it begins at those of the next date [-]."""
WITHIN = 0.25
"""Share of the points that lie in the region of inaction and the band around it [-]."""


class Terminal(Value):
    """The value when life is over.

    Attributes:
        problem: The Bellman problem.
    """

    problem: Bellman

    def coordinates(self, s: Float[Array, " n_states"]) -> Float[Array, " n_states"]:
        """The state itself."""
        return s

    def at(self, z: Float[Array, " n_states"]) -> Float[Array, ""]:
        """The value of a state."""
        value = self.problem.problem.terminal_value(self.problem.states.unflatten(z))
        assert value is not None  # `backward_induction` looks at it first
        return value


@dataclasses.dataclass(frozen=True, eq=False)
class Dated:
    """What belongs to one date.

    Attributes:
        value: The value of a state.
        region: Where nobody adjusts; None if it was not looked for.
        lost: Points whose maximisation failed. [-]
        slope: Largest violation of the first-order conditions at the others, per unit of the value. [-]
    """

    value: SlopedProcess | Joined
    region: Region | None
    lost: int
    slope: float


@dataclasses.dataclass(frozen=True, eq=False)
class ValuePath:
    """Value functions and best policies at all dates.

    Attributes:
        problem: The Bellman problem.
        box: Bounds of the states.
        dates: From the first date to the last at which something is chosen.
        start: A policy of a state from which maximisations begin.
    """

    problem: Bellman
    box: Box
    dates: tuple[Dated, ...]
    start: Callable[[Any], Any] | None

    def __call__(self, states: Any, date: int = 0) -> Float[np.ndarray, " n"]:
        """The value of a date at states `[n, n_states]`. [units of the period return]"""
        with jax.enable_x64(True):
            return np.asarray(values_at(self._date(date).value, jnp.asarray(states, dtype=float)))

    def policy(self, states: Any, date: int = 0) -> Any:
        """Best policies of a date at states `[n, n_states]`: `Policy`, every field with a leading axis `n`.

        Raises:
            ConvergenceError: A maximisation failed.
        """
        with jax.enable_x64(True):
            s = jnp.asarray(states, dtype=float)
            return policies_of(self.problem, s, self._solved(s, date))

    def bellman_errors(self, states: Any = None, date: int = 0) -> Float[np.ndarray, " n"]:
        """Distance between the two sides of the Bellman equation of a date, as a share of the value.

        States at which the maximisation failed are not a number.

        Args:
            states: Where `[n, n_states]`; default: fresh points that fill the box. [units of the states]
            date: The date.
        """
        with jax.enable_x64(True):
            fresh = spread_points(self.problem, self.box, FRESH_POINTS, FRESH_SEED) if states is None else states
            s = jnp.asarray(fresh, dtype=float)
            solved = self._solved(s, date)
            gap = np.abs(self(s, date) / np.asarray(solved.value) - 1)
            return np.where(np.asarray(solved.solved), gap, np.nan)

    def _solved(self, s: Array, date: int) -> Maximum:
        self._date(date)
        last = date == len(self.dates) - 1
        later = Terminal(self.problem) if last else self.dates[date + 1].value
        return solve_at(self.problem, later, s, first_policies(self.problem, s, self.start))

    def _date(self, date: int) -> Dated:
        if not 0 <= date < len(self.dates):
            raise ConfigError(f"dates run from 0 to {len(self.dates) - 1}, got {date}; ask for one of these.")
        return self.dates[date]

    def table(self) -> Table:
        """By date: points lost, first-order conditions and the region of inaction."""
        rows = {str(i): self._row(dated) for i, dated in enumerate(self.dates)}
        return table(rows, "date", title="Value functions by backward induction", note=self._note())

    def _row(self, dated: Dated) -> dict[str, Any]:
        row: dict[str, Any] = {"points lost": dated.lost, "largest slope": dated.slope}
        if dated.region is None:
            return row
        low, high = dated.region.vertices.min(axis=0), dated.region.vertices.max(axis=0)
        spans = zip(self.box.entries, low, high, strict=True)
        return row | {f"{name} at rest": f"{a:.4f} to {b:.4f}" for name, a, b in spans}

    def _note(self) -> str:
        note = "slopes are violations of first-order conditions, per unit of the value."
        return note if self.dates[0].region is None else f"{note} At rest: states that nobody adjusts."

    def __str__(self) -> str:
        return str(self.table())

    def _repr_html_(self) -> str:
        return self.table().to_html()


def backward_induction(
    model: Model,
    box: Box,
    *,
    points: int | None = None,
    inaction: After | None = None,
    kernel: Radial | None = None,
    start: Callable[[Any], Any] | None = None,
    quadrature: Quadrature | None = None,
    seed: int = 0,
    log: Callable[[Dated], None] | None = None,
) -> ValuePath:
    """Solve a planner's problem with a last date for its value functions.

    Args:
        model: A model that gives a period return, a discount factor, a `horizon`, the `terminal_value` after it and, if
            any, constraints; no Markov chains.
        box: Bounds of all states, by name and in the order of `State`. [units of the states]
        points: Where the Bellman problem is solved at each date; default: fifty per state.
        inaction: Where adjustment has proportional costs: a function of model, state and policy that returns the state
            at which the adjustment ends. The region of inaction is then found, with a process inside and one outside.
        kernel: Covariance of the values, default `Matern(2.5)`; it has to have slopes.
        start: A policy of a state to begin with, allowed everywhere in the box; default: that of `steady_guess`.
        quadrature: Rule for the expectation; default by number of shocks.
        seed: Of the points.
        log: Called with every date, from the last to the first.

    Returns:
        The value functions, with policies and regions of inaction.

    Raises:
        ModelError: The model is no planner's problem, or does not end.
        ConfigError: The box is not that of the states, or the first policy is not allowed somewhere.
        ConvergenceError: Maximisations fail at more than a tenth of the points, or no region of inaction exists.
    """
    with jax.enable_x64(True):
        problem = bellman(model, box, quadrature)
        horizon = _horizon(model)
        count = 50 * box.size if points is None else points
        require_whole("points", count, 8 * 2**box.size)
        outer = np.zeros((0, box.size)) if inaction is None else outer_points(problem, box)
        sweep = _Sweep(problem, box, inaction, outer, kernel or Matern(2.5), start, count, seed)
        later, dates = Terminal(problem), []
        for _ in range(horizon):
            dates.append(sweep.date(later, dates[-1] if dates else None))
            later = dates[-1].value
            if log is not None:
                log(dates[-1])
    return ValuePath(problem, box, tuple(reversed(dates)), start)


def _horizon(model: Model) -> int:
    """Number of dates at which something is chosen."""
    name = type(model).__name__
    if type(model).terminal_value is Model.terminal_value:
        raise ModelError(
            f"{name} gives no terminal_value(s); write the value of a state when the horizon is over, or take "
            "iterate_values for a life without end."
        )
    horizon = getattr(model, "horizon", None)
    if horizon is None:
        raise ModelError(f"{name} gives terminal_value(s) and no horizon; add a field horizon, the number of dates.")
    require_whole(f"{name}.horizon", horizon, 1)
    return horizon


@dataclasses.dataclass(frozen=True, eq=False)
class _Sweep:
    """One date after the other."""

    problem: Bellman
    box: Box
    inaction: After | None
    outer: np.ndarray
    kernel: Radial
    start: Callable[[Any], Any] | None
    count: int
    seed: int

    def date(self, later: Value, after: Dated | None) -> Dated:
        region = None if self.inaction is None else self._region(self.inaction, later)
        points, parts = self._points(region)
        s = jnp.asarray(points)
        solved = self._solve(later, s)
        found, lost = np.asarray(solved.solved), count_lost(solved)
        labels = values_and_slopes(self.problem, later, s, solved.x, solved.multipliers)
        values, slopes = (np.asarray(label) for label in labels)
        kept = [part[found[part]] for part in parts]
        known = _processes(None if after is None else after.value, len(parts))
        fits = [self._fit(s[i], values[i], slopes[i], near) for i, near in zip(kept, known, strict=True)]
        value = fits[0] if region is None else Joined(region, *fits)
        return Dated(value, region, lost, float(np.max(np.asarray(solved.slope)[found])))

    def _solve(self, later: Value, s: Array) -> Maximum:
        return solve_at(self.problem, later, s, first_policies(self.problem, s, self.start))

    def _region(self, inaction: After, later: Value) -> Region:
        s = jnp.asarray(self.outer)
        return region_of_inaction(self.problem, self.box, inaction, s, self._solve(later, s).x)

    def _points(self, region: Region | None) -> tuple[np.ndarray, list[np.ndarray]]:
        """States, and which of them each process learns from; their numbers are the same at all dates."""
        if region is None:
            return spread_points(self.problem, self.box, self.count, self.seed), [np.arange(self.count)]
        corners, within = len(region.vertices), int(WITHIN * self.count)
        near = lambda s: region.distances(s) <= BAND
        inside = spread_points(self.problem, region.around(), within - corners, self.seed, near)
        beyond = lambda s: region.distances(s) >= -BAND
        outside = spread_points(self.problem, self.box, self.count - within - corners, self.seed, beyond)
        order = np.arange(self.count)
        parts = [order[:within], np.delete(order, slice(corners, within))]
        return np.concatenate([region.vertices, inside, self.outer, outside]), parts

    def _fit(self, s: Array, values: np.ndarray, slopes: np.ndarray, near: SlopedProcess | None) -> SlopedProcess:
        levels = (False,) * self.box.size
        labelled = labelled_points(self.box, levels, None, s)
        along = np.einsum("nrs,ns->nr", np.asarray(labelled.along), slopes)
        return fit(self.box, self.kernel, levels, None, labelled, values, along, near, SETTLED)


def _processes(value: Value | None, count: int) -> tuple[SlopedProcess | None, ...]:
    """Those of a value, the inner one first; none before the first fit."""
    if isinstance(value, Joined):
        return value.inside, value.outside
    return (value,) if isinstance(value, SlopedProcess) else (None,) * count
