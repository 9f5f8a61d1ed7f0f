"""From a one-asset household to a rule whose Euler errors meet the tolerance, by endogenous grid points.

The grid is as long as it must be: it is doubled until the richest household of every regime no longer saves more, so
that assets stay within it for ever, and then cut. Nodes are doubled until the Euler errors on never-reset paths meet
the tolerance.
"""

import dataclasses
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from saddlepath.accuracy import point_errors, summarise
from saddlepath.cloud import Cloud
from saddlepath.economy import Economy, policy_coordinates
from saddlepath.errors import ConfigError, ConvergenceError
from saddlepath.histogram import level_of, n_regimes, own_field, own_range, state_of, stationary
from saddlepath.outcome import Outcome
from saddlepath.ranges import Interval, NonNegative, Positive, Unit
from saddlepath.rule import ConstantRule, EndogenousRule
from saddlepath.solution import Solution
from saddlepath.solvers.domain import require_box
from saddlepath.solvers.endogenous_grid import ABOVE, SWEEPS, Backward, EndogenousGrid, Knots, first_step, sweep
from saddlepath.solvers.ladder import Candidate, Ladder, Request
from saddlepath.steady import first_point

LADDER = (200, 800, 2400)
"""States of tomorrow, tried in turn; each size is compiled, which takes longer than 200 nodes do."""
MOST_FIRST_NODES = 400
"""Nodes with which the length of the grid is found, at most."""
TOLERANCE = 1e-5
"""Default tolerance, in Euler-error units [-]."""
SMALLEST_TARGET = 1e-11
ROUGH = 1e-4
"""Residual at the nodes at which the length of a grid is judged [-]."""
FIRST_LENGTH = 10.0
"""The first grid is so many times as long as what can be saved within one period from its lower end [-]."""
DOUBLINGS = 12
"""A grid on which some household goes on saving is doubled so many times at most."""
BEYOND = 1.1
"""The final grid is so much longer than the state at which the last household ceases to save more [-]."""
DENSE = 0.1
"""Nodes lie at equal steps of the logarithm of the distance to a bound, where the rule bends most, plus this share of
what can be saved within one period [-]."""
PATIENCE, FALL = 10, 0.99
"""So many looks in a row without a fall of the residual to this share end a solve."""
HISTOGRAM = 400
"""Nodes of the histogram from which the centre and scale of the states are taken."""
LEAST_SCALE = 0.01
"""Least scale of the states [widths of the grid]."""
REGION_POINTS = 2048


@dataclasses.dataclass
class Found(Candidate):
    """An endogenous grid's rule, and the states of its long run."""

    system: Backward
    knots: Knots
    cloud: Cloud


def require_household(eco: Economy) -> None:
    """Refuse a model that endogenous grid points cannot solve.

    Raises:
        ConfigError: More than one continuous state or decision, or the shock moves the continuous state.
    """
    name, own = type(eco.model).__name__, own_field(eco)
    if eco.coordinates.size != 1:
        raise ConfigError(
            f"endogenous grid points are for one decision, and {name} leaves {', '.join(eco.coordinates.entries)} to "
            "the rule; complete all but one, or use Collocation()."
        )
    if getattr(eco.model.state_range(), own).shape != ():
        raise ConfigError(f"endogenous grid points need a scalar State.{own}; declare it as sp.Scalar.")
    levels = np.asarray(_spread(eco, jax.tree.map(jnp.asarray, first_point(eco))))
    if np.ptp(levels) > 1e-9 * (1 + np.max(np.abs(levels))):
        raise ConfigError(
            f"endogenous grid points need a State.{own} that today's decision sets, and the shock moves it in {name}; "
            "let it be what is saved, before the shock, and keep the shock's level as a regime."
        )


@eqx.filter_jit
def _spread(eco: Economy, point: tuple[Any, Any]) -> Array:
    """Next period's continuous state from one point, by shock."""
    model, own = eco.model, own_field(eco)
    s = state_of(eco, jnp.asarray(getattr(point[0], own), dtype=jnp.result_type(float)), jnp.asarray(0, jnp.int32))
    shocks, weights = model.shocks().nodes(s, eco.quadrature)
    x = ConstantRule(policy_coordinates(model, point[1]))(eco, model, eco.join(s, jnp.zeros(0)))
    after = jax.vmap(lambda shock: getattr(model.transition(s, x, shock), own))(shocks)
    return jnp.broadcast_to(after, weights.shape)


def backward(request: Request, solver: EndogenousGrid) -> Solution:
    """Solve a model by endogenous grid points.

    Args:
        request: Economy, tolerance (default 1e-5), start (a solution of the same model, or anything else for the rule
            that keeps the state as it is), budget and tests. A step is one period backward in time.
        solver: Nodes, interpolation and region.

    Raises:
        ConfigError: The model has more than one continuous state or decision, or its grid has no ends.
        ConvergenceError: Some household goes on saving for ever.
    """
    eco, start = request.economy, request.start
    require_household(eco)
    if solver.box is not None:
        require_box(eco, solver.box)
    if isinstance(start, Solution) and start.economy.states != eco.states:
        raise ConfigError(
            f"start must be a solution of {type(eco.model).__name__} at one calibration, got one of "
            f"{type(start.model).__name__}."
        )
    return _Households(request, solver).run()


class _Households(Ladder):
    """Grids that no household leaves, with more and more nodes."""

    begins = "keep the state"

    def __init__(self, request: Request, solver: EndogenousGrid):
        super().__init__(request, request.economy, request.tol or TOLERANCE, SMALLEST_TARGET)
        self.solver, start = solver, request.start
        self.first = start.rule if isinstance(start, Solution) else None

    def climb(self) -> Outcome:
        """The grid is made long enough first, then finer."""
        sizes = LADDER if self.solver.nodes is None else (self.solver.nodes,)
        system, knots = self._long_enough(min(sizes[0], MOST_FIRST_NODES))
        for size in sizes:
            system, knots = self._resized(system, knots, size)
            knots, residual = self._settled(system, knots, self.target)
            found = self._tested(system, knots, residual)
            if residual <= self.target and found.accuracy.meets(self.tol):
                self.best = found
                met = self.certificate(found.rule, found.cloud).meets(self.tol)
                return Outcome.CONVERGED if met else Outcome.STALLED
            if self.spent():
                return Outcome.EXHAUSTED
            if self.unsolved(found):
                return Outcome.REJECTED
        return Outcome.EXPLODED if self.best.accuracy.lost > 0 else Outcome.STALLED

    def _long_enough(self, size: int) -> tuple[Backward, Knots]:
        """A coarse solution on a grid that no household leaves."""
        low, high = self._ends()
        system = self._system(low, high, size)
        knots = begin(system)
        knots = knots if self.first is None else first_step(system, self.first, knots)
        for _ in range(DOUBLINGS):
            knots, _ = self._settled(system, knots, max(ROUGH, self.target))
            if self.spent() or self._asked("high") is not None or not self._saves_at_the_top(system, knots):
                break
            low, width = float(system.bounds[0]), float(system.width)
            longer = self._system(low, low + 2 * width, size)
            system, knots = longer, _carried(system, longer, knots)
        else:
            raise ConvergenceError(
                f"{type(self.economy.model).__name__}: some household goes on saving at {own_field(self.economy)} = "
                f"{float(level_of(self.economy, system.bounds[1])):.4g}; its patience is too large for the interest "
                "rate, or give the upper end by EndogenousGrid(box=...)."
            )
        if self._asked("high") is not None:
            return system, knots
        low, high = (float(bound) for bound in system.bounds)
        targets = np.asarray(system.targets)
        last = np.max(np.where(np.asarray(knots.features[:, -size:]) < targets, targets, low))
        shorter = self._system(low, min(high, max(low + BEYOND * (last - low), targets[size // 2])), size)
        return shorter, _carried(system, shorter, knots)

    def _saves_at_the_top(self, system: Backward, knots: Knots) -> bool:
        """Whether a household at the upper end of the grid, in any regime, moves beyond it."""
        return bool(jnp.any(~(knots.features[:, -1] >= system.bounds[1])))

    def _resized(self, system: Backward, knots: Knots, size: int) -> tuple[Backward, Knots]:
        if system.targets.size == size:
            return system, knots
        finer = self._system(float(system.bounds[0]), float(system.bounds[1]), size)
        return finer, _carried(system, finer, knots)

    def _system(self, low: float, high: float, size: int) -> Backward:
        targets = self._spaced(low, high, size)
        targets[0] += ABOVE * (high - low)
        return Backward(self.economy, self.solver.interpolation, jnp.asarray([low, high]), jnp.asarray(targets))

    def _spaced(self, low: float, high: float, size: int) -> Float[np.ndarray, " size"]:
        """State features from one end to the other, dense above a bound of the state's range."""
        steps = np.linspace(0.0, 1.0, size)
        if isinstance(own_range(self.economy), Positive):
            return low + (high - low) * steps
        offset = DENSE * max(float(_saved_at_most(self.economy, jnp.asarray(low))), LEAST_SCALE * (high - low))
        return low + offset * np.expm1(steps * np.log1p((high - low) / offset))

    def _asked(self, end: str) -> float | None:
        """An end of the grid that was asked for, as a feature."""
        box, name, r = self.solver.box, own_field(self.economy), own_range(self.economy)
        if box is not None and name in box.names:
            bound = (box.lower if end == "low" else box.upper)[box.names.index(name)]
            return float(r.feature(jnp.asarray(bound)))
        if isinstance(r, Unit):
            return float(end == "high")
        if isinstance(r, Interval):
            return float(np.min(r.lower if end == "low" else r.upper))
        return 0.0 if isinstance(r, NonNegative) and end == "low" else None

    def _ends(self) -> tuple[float, float]:
        """Ends of the first grid, in features."""
        low, high = self._asked("low"), self._asked("high")
        if low is None:
            name = own_field(self.economy)
            raise ConfigError(
                f"the range of State.{name} has no lower bound; give EndogenousGrid(box=sp.Box({name}=(low, high)))."
            )
        if high is None and isinstance(self.first, EndogenousRule):
            high = float(self.first.bounds[1])
        if high is None:
            high = low + FIRST_LENGTH * float(_saved_at_most(self.economy, jnp.asarray(low)))
        return low, high

    def _settled(self, system: Backward, knots: Knots, target: float) -> tuple[Knots, float]:
        """Steps backward in time until the residual at the nodes meets a target or no longer falls."""
        least, idle, residual = np.inf, 0, np.inf
        while residual > target and idle < PATIENCE and not self.spent():
            knots, size = sweep(system, knots)
            residual = float(size)
            self.steps += SWEEPS
            idle = 0 if residual < FALL * least else idle + 1
            least = min(least, residual)
        return knots, residual

    def _tested(self, system: Backward, knots: Knots, residual: float) -> Found:
        """Test on the selection paths, and keep the best."""
        rule = system.rule(knots)
        cloud = self._cloud(system, rule)
        found = Found(rule, residual, self.on_paths(rule, cloud, self.keys.select), system, knots, cloud)
        self.keep(found, str(knots.features.shape[1]))
        return found

    def _cloud(self, system: Backward, rule: EndogenousRule) -> Cloud:
        """Mean and dispersion of the state in the long run."""
        low, width = float(system.bounds[0]), float(system.width)
        features = self._spaced(low, low + width, HISTOGRAM)
        try:
            mass, _, _ = stationary(self.economy, rule, np.asarray(level_of(self.economy, jnp.asarray(features))))
        except ConvergenceError:
            mass = np.full((1, HISTOGRAM), 1 / HISTOGRAM)
        own = mass.sum(axis=0)
        mean = own @ features
        scale = max(np.sqrt(own @ (features - mean) ** 2), LEAST_SCALE * width)
        return Cloud(0, jnp.asarray([[mean]]), jnp.log(jnp.asarray([[scale]])), jnp.zeros(1))

    def solution(self, outcome: Outcome) -> Solution:
        """The best grid, with its errors on paths and in its region."""
        found: Found = self.best
        errors = np.asarray(point_errors(self.judge, found.rule, _uniform(self.economy, found.system.bounds)))
        equations = self.judge.equations(found.rule)
        region = summarise(errors, equations, where="uniform draws from the region that the grid covers")
        return Solution(
            self.economy, found.rule, found.cloud, outcome, self.certificate(found.rule, found.cloud), region, None,
            tuple(self.tests), self._by_endogenous_grid(found) | self.how(found),
        )  # fmt: skip

    def _by_endogenous_grid(self, found: Found) -> dict[str, Any]:
        low, high = (float(level_of(self.economy, bound)) for bound in found.system.bounds)
        return {
            "solver": "endogenous grid points",
            "interpolation": found.system.interpolation,
            "nodes": f"{found.knots.features.shape[1]} in each of {n_regimes(self.economy)} regimes",
            "region": f"{own_field(self.economy)} from {low:.6g} to {high:.6g}",
        }


@eqx.filter_jit
def begin(system: Backward) -> Knots:
    """Nodes of the rule to begin with."""
    return system.stay()


@eqx.filter_jit
def _saved_at_most(eco: Economy, low: Array) -> Array:
    """How far above a state feature any decision leads within a period, in any regime."""
    system = Backward(eco, "linear", jnp.stack([low, low + 1]), low[None])

    after = lambda regime, coordinate: system.moves(regime)(low, coordinate) - low
    regimes = jnp.arange(n_regimes(eco), dtype=jnp.int32)
    reached = jax.vmap(lambda z: jax.vmap(lambda u: after(z, u))(jnp.asarray([-10.0, 10.0])))(regimes)
    return jnp.max(jnp.where(jnp.isfinite(reached), reached, 0.0))


def _carried(before: Backward, after: Backward, knots: Knots) -> Knots:
    """Nodes of a rule at other states of tomorrow, as a guess: beyond those before, the state is kept."""
    held = knots.features.shape[1] - before.targets.size
    old, new = np.asarray(before.targets), np.asarray(after.targets)
    gap = np.asarray(knots.features[:, held:]) - old
    features = new + np.stack([np.interp(new, old, row) for row in gap])
    free = np.stack([np.interp(new, old, row) for row in np.asarray(knots.coordinates[:, held:])])
    if new[-1] > old[-1]:
        kept = begin(after)
        features = np.where(new > old[-1], kept.features[:, held:], features)
        free = np.where(new > old[-1], kept.coordinates[:, held:], free)
    return Knots(
        jnp.concatenate([knots.features[:, :held], jnp.asarray(features)], axis=1),
        jnp.concatenate([knots.coordinates[:, :held], jnp.asarray(free)], axis=1),
    )


@eqx.filter_jit
def _uniform(eco: Economy, bounds: Float[Array, "2"]) -> Float[Array, "n n_points"]:
    """Uniform draws from the region of a grid, regimes with equal chances."""
    random = np.random.default_rng(0)
    features = bounds[0] + (bounds[1] - bounds[0]) * random.uniform(size=REGION_POINTS)
    regimes = jnp.asarray(random.integers(0, n_regimes(eco), REGION_POINTS), dtype=jnp.int32)
    at = lambda f, z: eco.join(state_of(eco, level_of(eco, f), z), jnp.zeros(0))
    return jax.vmap(at)(features, regimes)
