"""Collocation: the residuals of the model are zero at the nodes of a grid over the states.

Unknowns are the policy coordinates at every node and in every Markov regime; between the nodes the rule is a Chebyshev
polynomial, a cubic spline or piecewise linear. Newton's method takes the exact Jacobian of all conditions, through next
period's states and decisions; time iteration solves every node by itself for today's policy, with tomorrow's rule held
fixed (Judd, 1992, J. Econ. Theory; Coleman, 1990, J. Bus. Econ. Stat.). For up to three continuous states and one
calibration: the number of nodes is a power of the number of states.
"""

import math
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from saddlepath.economy import Economy, decided, flat_residuals, state_from_features
from saddlepath.errors import ConfigError
from saddlepath.grid import BASES, FEWEST, Grid
from saddlepath.prior import Box
from saddlepath.rule import GridRule

METHODS = ("newton", "time_iteration")
MOST_STATES = 3
"""Most continuous states; the number of nodes is a power of it."""
MOST_UNKNOWNS = 5000
"""Most policies at nodes for which Newton's method keeps a dense Jacobian, 200 MB."""
STEP_SIZES = np.array([1.0, 0.5, 0.25, 0.1, 0.03, 0.01, 1e-3])
"""Shares of a Newton step that are tried; the best is taken [-]."""
NODE_STEPS = 12
"""Most Newton steps at one node within a step of time iteration."""
REGION_POINTS = 2048
"""Uniform draws at which a rule is looked at over the whole region of its grid."""
SWEEPS = 25
"""Steps of time iteration between two looks at their progress."""


class Collocation(eqx.Module):
    """The referee: a spectral solver for up to three continuous states, Markov regimes and kinks included.

    Attributes:
        nodes: Nodes per continuous state, one number or one per entry in the order of `State`; default: more and more
            until the Euler errors meet the tolerance.
        basis: `chebyshev`, `spline` (cubic), `linear`, or `auto`: Chebyshev polynomials, and splines where a
            complementarity condition is present.
        method: `newton` on all conditions at once, or `time_iteration`, which needs no Jacobian of them.
        box: Bounds by name of the state, in levels; a state left out gets the default, the simulated range of the
            economy and the cloud of starting states, widened. [units of the model]
    """

    nodes: int | tuple[int, ...] | None = eqx.field(static=True, default=None)
    basis: str = eqx.field(static=True, default="auto")
    method: str = eqx.field(static=True, default="newton")
    box: Box | None = None

    def __check_init__(self) -> None:
        for name, value, valid in (
            ("basis", self.basis, ("auto", *BASES)),
            ("method", self.method, METHODS),
        ):
            if value not in valid:
                raise ConfigError(f"{name} of a Collocation must be one of {', '.join(valid)}, got {value!r}.")
        given = () if self.nodes is None else self.nodes if isinstance(self.nodes, tuple) else (self.nodes,)
        least = FEWEST.get(self.basis, max(FEWEST.values()))
        if any(isinstance(n, bool) or not isinstance(n, int) or n < least for n in given):
            raise ConfigError(
                f"nodes of a Collocation must be whole numbers of at least {least} for the basis {self.basis!r}, got "
                f"{self.nodes!r}; give one number, or one per continuous state."
            )


class System(eqx.Module):
    """The conditions of an economy at the nodes of a grid, as functions of the policy coordinates there.

    Attributes:
        economy: The economy, at one calibration.
        grid: The grid, in state features.
    """

    economy: Economy
    grid: Grid

    @property
    def shape(self) -> tuple[int, int, int]:
        """Shape of the values: nodes, combinations of regimes, coordinates."""
        n_regimes = math.prod(n for _, n in self.economy.states.regimes)
        return self.grid.n_nodes, n_regimes, self.economy.coordinates.size

    @property
    def n_unknowns(self) -> int:
        return int(np.prod(self.shape))

    def points(self) -> Float[Array, "n_nodes n_regimes n_points"]:
        """The points at which the conditions hold."""
        regimes = jnp.arange(self.shape[1], dtype=jnp.int32)
        return jax.vmap(lambda f: jax.vmap(lambda n: self.point(f, n))(regimes))(self.grid.nodes())

    def point(self, features: Float[Array, " n_continuous"], regime: Array) -> Float[Array, " n_points"]:
        """The point of state features and a combination of regimes, as `joint_regime` counts them."""
        eco, regimes = self.economy, {}
        for name, n in reversed(eco.states.regimes):
            regimes[name], regime = regime % n, regime // n
        return eco.join(state_from_features(eco.model, features, eco.states, regimes), jnp.zeros(0))

    def rule(self, values: Float[Array, "n_nodes n_regimes n_coordinates"]) -> GridRule:
        """The rule with these values at the nodes."""
        return GridRule(self.grid, self.grid.coefficients(values))

    def values(self, rule: Any) -> Float[Array, "n_nodes n_regimes n_coordinates"]:
        """Policy coordinates of another rule at the nodes."""

        def at(y: Array) -> Array:
            model, s = self.economy.split(y)
            return rule.coordinates(self.economy, model, s, jnp.zeros(0))

        return jax.vmap(jax.vmap(at))(self.points())

    def residuals(self, values: Array) -> Float[Array, "n_nodes n_regimes n_coordinates"]:
        """All conditions at all nodes, under the rule with these values."""
        rule = self.rule(values)
        return jax.vmap(jax.vmap(lambda y: self.economy.residuals(rule, y)))(self.points())

    def linearised(self, values: Array) -> tuple[Float[Array, " n_unknowns"], Float[Array, "n_unknowns n_unknowns"]]:
        """All conditions, and their derivative with respect to all values."""

        def one(y: Array) -> tuple[Array, Array]:
            def twice(v: Array) -> tuple[Array, Array]:
                r = self.economy.residuals(self.rule(v), y)
                return r, r

            return jax.jacrev(twice, has_aux=True)(values)

        jacobian, residuals = jax.vmap(jax.vmap(one))(self.points())
        return residuals.ravel(), jacobian.reshape(self.n_unknowns, self.n_unknowns)

    def today(self, own: Float[Array, " n_coordinates"], y: Array, rule: GridRule) -> Float[Array, " n_coordinates"]:
        """Conditions at a point as a function of today's policy coordinates, tomorrow's rule held fixed."""
        eco = self.economy
        model, s = eco.split(y)
        x = decided(model, model.known(s), own, eco.coordinates)
        _, _, _, expectation = eco.expectation(rule, y, today=x)
        return flat_residuals(model.residuals(s, x, expectation))


def largest(residuals: Array) -> Float[Array, ""]:
    """Largest absolute residual; infinite where one is not finite."""
    return jnp.where(jnp.all(jnp.isfinite(residuals)), jnp.max(jnp.abs(residuals)), jnp.inf)


@eqx.filter_jit
def values_of(system: System, rule: Any) -> Array:
    """Policy coordinates of another rule at the nodes."""
    return system.values(rule)


@eqx.filter_jit
def newton_step(system: System, values: Array) -> tuple[Array, Array]:
    """One damped Newton step on all conditions: new values and the largest residual that they leave."""
    rows, jacobian = system.linearised(values)
    direction = jnp.linalg.solve(jacobian, -rows).reshape(values.shape)
    try_one = lambda share: largest(system.residuals(values + share * direction))
    sizes = jax.lax.map(try_one, jnp.asarray(STEP_SIZES))
    best = jnp.argmin(jnp.where(jnp.isfinite(sizes), sizes, jnp.inf))
    return values + jnp.asarray(STEP_SIZES)[best] * direction, sizes[best]


@eqx.filter_jit
def iterate(system: System, values: Array) -> tuple[Array, Array]:
    """`SWEEPS` steps of time iteration: new values and the largest residual that they leave."""
    points = system.points()

    def sweep(values: Array, _: None) -> tuple[Array, None]:
        rule = system.rule(values)
        solve = lambda own, y: _solve_today(system, own, y, rule)
        return jax.vmap(jax.vmap(solve))(values, points), None

    values, _ = jax.lax.scan(sweep, values, None, length=SWEEPS)
    return values, largest(system.residuals(values))


def _solve_today(system: System, own: Array, y: Array, rule: GridRule) -> Array:
    """Today's policy coordinates at one node, by damped Newton steps."""
    conditions = lambda u: system.today(u, y, rule)

    def step(carry: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
        number, u, _ = carry
        move = jnp.linalg.solve(jax.jacfwd(conditions)(u), -conditions(u))
        trials = u[None] + STEP_SIZES[:3, None] * jnp.clip(jnp.nan_to_num(move), -1.0, 1.0)[None]
        sizes = jax.vmap(lambda trial: largest(conditions(trial)))(trials)
        best = jnp.argmin(sizes)
        return number + 1, trials[best], sizes[best]

    unfinished = lambda carry: (carry[0] < NODE_STEPS) & (carry[2] > 1e-13)
    return jax.lax.while_loop(unfinished, step, (jnp.asarray(0), own, largest(conditions(own))))[1]


def uniform_points(system: System) -> Float[Array, "n n_points"]:
    """Uniform draws from the region of a grid, regimes with equal chances."""
    random, grid = np.random.default_rng(0), system.grid
    units = random.uniform(-1, 1, (REGION_POINTS, len(grid.sizes)))
    features = np.asarray(grid.centre) + np.linalg.solve(np.asarray(grid.inverse), units.T).T
    regimes = random.integers(0, system.shape[1], REGION_POINTS, dtype=np.int32)
    return _points_at(system, jnp.asarray(features), jnp.asarray(regimes))


@eqx.filter_jit
def _points_at(system: System, features: Array, regimes: Array) -> Array:
    return jax.vmap(system.point)(features, regimes)
