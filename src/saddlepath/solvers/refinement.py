"""From a collocation on few nodes to one whose Euler errors meet the tolerance.

The region is found by the economy itself: the first-order rule, and after it the rule of every grid, is simulated, and
the next grid covers the simulated states. Grids grow until the Euler errors on never-reset paths meet the tolerance.
"""

import dataclasses
from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from saddlepath.accuracy import (
    COVERED,
    REST_BOUND,
    point_errors,
    point_extents,
    rest_extents,
    summarise,
    walk,
)
from saddlepath.cloud import Cloud
from saddlepath.economy import Economy, state_features
from saddlepath.errors import ConfigError
from saddlepath.grid import Grid
from saddlepath.network import Network
from saddlepath.outcome import Outcome
from saddlepath.quadrature import Quadrature, finer
from saddlepath.rule import DecisionRule, GridRule, NetworkRule
from saddlepath.solution import Solution
from saddlepath.solvers.collocation import (
    MOST_STATES,
    MOST_UNKNOWNS,
    SWEEPS,
    Collocation,
    System,
    iterate,
    newton_step,
    uniform_points,
    values_of,
)
from saddlepath.solvers.conditions import has_complementarity
from saddlepath.solvers.domain import LEAST_REACH, covering, middle_of, require_box
from saddlepath.solvers.ladder import Candidate, Ladder, Request
from saddlepath.solvers.start import initial_rule, linear_of
from saddlepath.solvers.training import STALL_GAIN
from saddlepath.steady import LinearSolution

LADDERS: dict[str, dict[int, tuple[int, ...]]] = {
    "chebyshev": {0: (1,), 1: (6, 12, 24, 48), 2: (6, 10, 16, 24, 32), 3: (5, 8, 11, 14)},
    "spline": {0: (1,), 1: (10, 40, 160, 640), 2: (8, 16, 32, 64), 3: (6, 10, 15)},
    "linear": {0: (1,), 1: (10, 40, 160, 640), 2: (8, 16, 32, 64), 3: (6, 10, 15)},
}
"""Nodes per state, tried in turn, by basis and number of continuous states."""
TOLERANCE = 1e-8
"""Default tolerance of models without kinks, in Euler-error units [-]."""
KINKED_TOLERANCE = 1e-5
"""Default tolerance where a complementarity condition is present [-]."""
FIRST_REACH = 3.0
"""Half width of the very first grid, which only simulates the first-order rule [scales of the cloud]."""
SMALLEST_TARGET = 1e-12
"""Residual at the nodes below which rounding rules [-]."""
PATIENCE = 5
"""So many steps in a row without a fall of the residual by a fifth end a solve."""
WIDENINGS = 3
"""A grid that its own paths leave is widened and solved again so many times at most."""


@dataclasses.dataclass
class Found(Candidate):
    """A collocation grid's rule, and the states from which its region was taken."""

    system: System
    sample: np.ndarray


def collocate(request: Request, solver: Collocation) -> Solution:
    """Solve a model by collocation.

    Args:
        request: Economy, tolerance (default 1e-8, 1e-5 where a complementarity condition is present), start (`auto`,
            `linear` or `steady`, or a solution of the same model), budget and tests.
        solver: Basis, nodes, method and region.

    Raises:
        ConfigError: More than three continuous states, pseudo-states, or more unknowns than the method can hold.
    """
    require_small(request.economy, solver)
    return _Refinement(request, solver).run()


def require_small(eco: Economy, solver: Collocation) -> None:
    """Refuse what a grid cannot hold.

    Raises:
        ConfigError: More than three continuous states, pseudo-states, or nodes or a box of other states.
    """
    name, n = type(eco.model).__name__, eco.states.continuous.size
    if eco.box.names:
        raise ConfigError(
            f"collocation solves one calibration, got a family over {', '.join(eco.box.names)}; leave out over=..., or "
            "train a network."
        )
    if eco.horizon is not None:
        raise ConfigError(
            f"collocation is for models that come to rest, and {name} lives in calendar time; train a network with "
            "solver=LevenbergMarquardt()."
        )
    if not is_small(eco):
        raise ConfigError(
            f"collocation is for up to {MOST_STATES} continuous states, {name} has {n}; train a network with "
            "solver=LevenbergMarquardt()."
        )
    if isinstance(solver.nodes, tuple) and len(solver.nodes) != n:
        entries = ", ".join(np.asarray(eco.states.entries)[eco.states.continuous])
        raise ConfigError(f"nodes needs {n} numbers for the states {entries}, got {solver.nodes}; give one for each.")
    if solver.box is not None:
        require_box(eco, solver.box)


def is_small(eco: Economy) -> bool:
    """Whether a grid can hold the economy: one calibration, few continuous states, a rest point amid them."""
    return eco.horizon is None and not eco.box.names and eco.states.continuous.size <= MOST_STATES


def _kinked_quadrature(eco: Economy) -> Quadrature:
    """More nodes where the default ones would step over a kink: 17 for one normal shock, 9 x 9 for two."""
    n_shocks, rule = eco.model.shocks().n_shocks, eco.quadrature
    for _ in range({1: 2, 2: 1}.get(n_shocks, 0)):
        rule = finer(rule, n_shocks)
    return rule


def _start(eco: Economy, start: str | Solution, seed: int) -> tuple[Any, Cloud, LinearSolution | None]:
    """A rule with coordinates everywhere, the cloud of starting states, and the first-order solution."""
    if isinstance(start, str):
        rule, linear = initial_rule(eco, Network(width=1, depth=1), "auto" if start == "random" else start, seed)
        return NetworkRule(None, rule.frame, rule.cloud), rule.cloud, linear
    if not isinstance(start.rule, NetworkRule | GridRule) or start.economy.states != eco.states:
        raise ConfigError(
            f"start must be a solution of {type(eco.model).__name__} at one calibration, got one of "
            f"{type(start.model).__name__}."
        )
    return start.rule, start.cloud, linear_of(eco, start)


class _Refinement(Ladder):
    """Grids that cover the states to which the rule of the last one leads."""

    begins = "first order"

    def __init__(self, request: Request, solver: Collocation):
        eco, kinked = request.economy, has_complementarity(request.economy)
        if kinked and not request.own_quadrature:  # kinks get a finer rule than the default
            eco = eco.with_quadrature(_kinked_quadrature(eco))
        tol = request.tol or (KINKED_TOLERANCE if kinked else TOLERANCE)
        super().__init__(request, eco, tol, SMALLEST_TARGET)
        self.solver = solver
        self.basis = solver.basis if solver.basis != "auto" else "spline" if kinked else "chebyshev"
        self.first, self.cloud, self.linear = _start(eco, request.start, request.seed)

    def _ladder(self) -> list[tuple[int, ...]]:
        """Sizes of the grids: the first finds the region."""
        n = self.economy.states.continuous.size
        chosen, ladder = self.solver.nodes, [(m,) * n for m in LADDERS[self.basis][n]]
        if chosen is None:
            return [size for i, size in enumerate(ladder) if i == 0 or self._fits(size)]
        sizes = [chosen if isinstance(chosen, tuple) else (chosen,) * n]
        if not self._fits(sizes[0]):
            raise ConfigError(
                f"{' x '.join(map(str, sizes[0]))} nodes make {self._unknowns(sizes[0])} unknowns, Newton's method "
                f"takes up to {MOST_UNKNOWNS}; use fewer nodes, or method='time_iteration'."
            )
        coarse = np.prod(sizes[0]) > np.prod(ladder[0]) and not self._solved_before
        return [ladder[0], *sizes] if coarse else sizes

    @property
    def _solved_before(self) -> bool:
        """Whether the rule to start from is a solution: a coarse grid could lead from it to another equilibrium."""
        return isinstance(self.first, GridRule) or self.first.network is not None

    def _unknowns(self, size: tuple[int, ...]) -> int:
        n = self.economy.states.continuous.size
        grid = Grid(self.basis, size, jnp.zeros(n), jnp.eye(n))
        return System(self.economy, grid).n_unknowns

    def _fits(self, size: tuple[int, ...]) -> bool:
        return self.solver.method != "newton" or self._unknowns(size) <= MOST_UNKNOWNS

    def climb(self) -> Outcome:
        """The rule of every grid leads to the region of the next."""
        sizes, given = self._ladder(), self._solved_before
        rule, sample = (self.first, self._sample(self.first)) if given else self._first_order(sizes[0])
        for level, size in enumerate(sizes):
            before = self.best
            found = self._settled(size, rule, sample)
            if np.isfinite(found.node_residual):
                rule, sample = found.rule, found.sample
            if self._passes(found):
                return self._confirmed(found)
            if self.spent():
                return Outcome.EXHAUSTED
            if level > 1 and before is not None and found.accuracy.mean > STALL_GAIN * before.accuracy.mean:
                break
        assert self.best is not None  # there is at least one grid
        if self.unsolved(self.best):
            return Outcome.REJECTED
        return Outcome.EXPLODED if self.best.accuracy.lost > 0 else Outcome.STALLED

    def _first_order(self, size: tuple[int, ...]) -> tuple[GridRule, np.ndarray]:
        """The rule to start from on a wide upright grid, and the states that it leads to."""
        centre, scale = middle_of(self.cloud)
        grid = Grid(self.basis, size, jnp.asarray(centre), jnp.asarray(np.diag(1 / (FIRST_REACH * scale))))
        system = System(self.economy, grid)
        rule = system.rule(values_of(system, self.first))
        return rule, self._sample(rule)

    def _settled(self, size: tuple[int, ...], rule: Any, sample: np.ndarray) -> Found:
        """The rule on a grid of this size that covers its own paths."""
        found = self._on_grid(size, rule, sample)
        for _ in range(WIDENINGS):
            grid = found.system.grid
            units = (found.sample - np.asarray(grid.centre)) @ np.asarray(grid.inverse).T
            covered = self.solver.box is not None or np.max(np.abs(units), initial=0.0) <= COVERED
            if covered or not np.isfinite(found.node_residual) or self.spent():
                break
            sample = np.concatenate([sample, found.sample])
            found = self._on_grid(size, found.rule, sample)
        return found

    def _on_grid(self, size: tuple[int, ...], rule: Any, sample: np.ndarray) -> Found:
        system = System(self.economy, self._grid(size, sample))
        values, residual = self._solved(system, values_of(system, rule))
        return self._tested(system, system.rule(values), residual)

    def _grid(self, size: tuple[int, ...], sample: np.ndarray) -> Grid:
        return covering(self.economy, self.cloud, self.solver.box, self.basis, size, sample)

    def _solved(self, system: System, values: Array) -> tuple[Array, float]:
        """Values that satisfy the conditions at the nodes; time iteration helps where Newton's steps get stuck."""
        if self.solver.method == "time_iteration":
            return self._repeat(iterate, SWEEPS, system, values)
        values, residual = self._repeat(newton_step, 1, system, values)
        if residual > max(self.target, self.tol):
            values, _ = self._repeat(iterate, SWEEPS, system, values)
            values, residual = self._repeat(newton_step, 1, system, values)
        return values, residual

    def _repeat(self, step: Callable[..., Any], counted: int, system: System, values: Array) -> tuple[Array, float]:
        """Steps until the target is met or they no longer help; the best values and their residual."""
        best, least, idle = values, np.inf, 0
        while least > self.target and idle < PATIENCE and not self.spent():
            values, size = step(system, values)
            residual = float(size)
            self.steps += counted
            idle = idle + 1 if residual > STALL_GAIN * least or not np.isfinite(residual) else 0
            if residual < least:
                best, least = values, residual
        return best, least

    def _tested(self, system: System, rule: GridRule, residual: float) -> Found:
        """Test on the selection paths, and keep the best."""
        accuracy = self.on_paths(rule, self.cloud, self.keys.select)
        found = Found(rule, residual, accuracy, system, self._sample(rule))
        self.keep(found, "x".join(map(str, system.grid.sizes)))
        return found

    def _sample(self, rule: DecisionRule) -> Float[np.ndarray, "n n_continuous"]:
        """State features on test paths; draws from the cloud where the paths are lost."""
        keys = self.keys.select, self.keys.stop
        paths = [walk(self.judge, rule, self.cloud, key, self.request.test) for key in keys]
        points = jnp.concatenate(paths)
        extents = np.asarray(point_extents(self.economy, self.cloud, points))
        if np.mean(extents < FIRST_REACH * LEAST_REACH) > 0.9:
            return np.asarray(_features(self.economy, points))[extents < FIRST_REACH * LEAST_REACH]
        centre, scale = middle_of(self.cloud)
        return centre + scale * np.random.default_rng(0).uniform(-LEAST_REACH, LEAST_REACH, (256, centre.size))

    def _passes(self, found: Found) -> bool:
        return (
            found.node_residual <= self.target
            and found.accuracy.meets(self.tol)
            and self.on_paths(found.rule, self.cloud, self.keys.stop).meets(self.tol)
        )

    def _confirmed(self, found: Found) -> Outcome:
        """Whether paths without shocks rest, and the certificate agrees."""
        extents = rest_extents(self.economy, found.rule, self.cloud, self.keys.stop)
        if not bool(jnp.all(extents < REST_BOUND)):
            return Outcome.EXPLODED
        self.best = found
        return Outcome.CONVERGED if self.certificate(found.rule, self.cloud).meets(self.tol) else Outcome.STALLED

    def solution(self, outcome: Outcome) -> Solution:
        """The best grid, with its errors on paths and in its region."""
        found: Found = self.best
        errors = np.asarray(point_errors(self.judge, found.rule, uniform_points(found.system)))
        equations = self.judge.equations(found.rule)
        region = summarise(errors, equations, where="uniform draws from the region that the grid covers")
        first = None if self.linear is None or self._solved_before else self.first
        return Solution(
            self.economy, found.rule, self.cloud, outcome, self.certificate(found.rule, self.cloud, first), region,
            self.linear, tuple(self.tests), self._by_collocation(found) | self.how(found),
        )  # fmt: skip

    def _by_collocation(self, found: Found) -> dict[str, Any]:
        grid = found.system.grid
        return {
            "solver": f"collocation by {self.solver.method.replace('_', ' ')}",
            "basis": grid.basis,
            "nodes": " x ".join(map(str, grid.sizes)),
            "unknowns": found.system.n_unknowns,
            "spectral radius": None if self.linear is None else self.linear.spectral_radius,
        }


@eqx.filter_jit
def _features(eco: Economy, points: Float[Array, "n n_points"]) -> Float[Array, "n n_continuous"]:
    def one(y: Array) -> Array:
        model, s = eco.split(y)
        return state_features(model, s, eco.states)

    return jax.vmap(one)(points)
