"""Endogenous grid points: the state of today that leads to a given state of tomorrow.

For a household with one asset, next period's asset and income say everything about tomorrow. Hold them fixed and the
expectation in the Euler equation is known; left are today's decision, which solves the equation, and today's asset,
from which that decision leads to the given one (Carroll, 2006, Econ. Lett.). No maximum and no root is sought in which
tomorrow's rule is evaluated again and again, and the asset at which a borrowing limit ceases to bind is a node.

Both unknowns are found from the model's own `residuals` and `transition` by safeguarded Newton steps in one number
each, so that a model needs no inverse of its marginal utility. Conditions: one continuous state, which moves by the
decision alone and not by the shock; one decision; any Markov chains. A limit is written as a complementarity condition
or in `complete`, as for every other solver.
"""

import math
from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from saddlepath.economy import Economy, decided, flat_residuals
from saddlepath.errors import ConfigError
from saddlepath.expectation import Expectation
from saddlepath.histogram import level_of, n_regimes, own_field, own_range, state_of
from saddlepath.prior import Box
from saddlepath.ranges import Completed, Range, Real
from saddlepath.rule import DecisionRule, EndogenousRule

INTERPOLATIONS = ("cubic", "linear")
FEWEST_NODES = 10
CONSTRAINED = 8
"""Nodes below the state at which the constraint ceases to bind."""
ABOVE = 1e-13
"""The lowest state of tomorrow lies so far above its bound, where today's is unique [widths of the grid]."""
BEYOND = 10.0
"""Today's state is sought up to so far beyond the grid [widths of the grid]."""
REACH, REAL_REACH = 40.0, 1e8
"""Coordinates among which a decision is sought: of ranges with a bound, and of any real number [-]."""
ROOT_STEPS = 80
ROUNDING = 4e-15
"""A root is found when a step is below this, relative to its size [-]."""
SWEEPS = 10
"""Steps backward in time between two looks at their progress."""

Conditions = Callable[[Array, Array], Float[Array, "2"]]
"""Euler residual and tomorrow's state less a target, of today's state feature and decision."""


class EndogenousGrid(eqx.Module):
    """The solver for one-asset households: backward in time on endogenous grid points.

    Attributes:
        nodes: States of tomorrow per regime; default: more and more until the Euler errors meet the tolerance.
        interpolation: `cubic` (monotone, a kink stays a kink) or `linear` between the nodes.
        box: Lowest and highest state, in levels; default: from the bound of the state's range up to where no
            household saves more. [units of the model]
    """

    nodes: int | None = eqx.field(static=True, default=None)
    interpolation: str = eqx.field(static=True, default="cubic")
    box: Box | None = None

    def __check_init__(self) -> None:
        if self.interpolation not in INTERPOLATIONS:
            raise ConfigError(
                f"interpolation of an EndogenousGrid must be one of {', '.join(INTERPOLATIONS)}, got "
                f"{self.interpolation!r}."
            )
        nodes = self.nodes
        if nodes is not None and (isinstance(nodes, bool) or not isinstance(nodes, int) or nodes < FEWEST_NODES):
            raise ConfigError(
                f"nodes of an EndogenousGrid must be a whole number of at least {FEWEST_NODES}, got {nodes!r}."
            )


class Knots(eqx.Module):
    """A rule at its nodes, constrained ones first, as the steps backward in time carry it on.

    Attributes:
        features: State features `[n_regimes, n_nodes]`.
        coordinates: The decision's coordinate there `[n_regimes, n_nodes]`.
    """

    features: Array
    coordinates: Array


class Backward(eqx.Module):
    """The step backward in time of one economy.

    Attributes:
        economy: The economy, at one calibration.
        interpolation: How the rule goes on between its nodes.
        bounds: Lowest and highest state feature `[2]`.
        targets: State features of tomorrow `[n_targets]`, ascending.
    """

    economy: Economy
    interpolation: str = eqx.field(static=True)
    bounds: Array
    targets: Array

    @property
    def width(self) -> Array:
        """Width of the grid. [unit of the state feature]"""
        return self.bounds[1] - self.bounds[0]

    def state(self, feature: Float[Array, ""], regime: Array) -> Any:
        """The state of a feature and a combination of regimes; beyond the range too, where nodes may lie."""
        return state_of(self.economy, level_of(self.economy, feature), regime)

    def policy(self, s: Any, coordinate: Float[Array, ""]) -> Any:
        """The policy of a decision's coordinate at a state."""
        model = self.economy.model
        return decided(model, model.known(s), coordinate[None], self.economy.coordinates)

    def conditions(self, rule: DecisionRule, target: Array, regime: Array) -> Conditions:
        """Euler residual and tomorrow's state less the target `[2]`, as functions of today's state and decision.

        Args:
            rule: Tomorrow's rule.
            target: State feature of tomorrow, at which the expectation is taken.
            regime: Combination of today's regimes.
        """
        eco, model = self.economy, self.economy.model
        law, moves = model.shocks(), self.moves(regime)
        first = self.state(target, regime)
        shocks, _ = law.nodes(first, eco.quadrature)
        moved = jax.vmap(lambda shock: model.transition(first, self.policy(first, jnp.zeros(())), shock))(shocks)
        level = getattr(first, own_field(eco))
        s1 = moved._replace(**{own_field(eco): jnp.broadcast_to(level, getattr(moved, own_field(eco)).shape)})
        x1 = jax.vmap(lambda s: rule(eco, model, eco.join(s, jnp.zeros(0))))(s1)
        policy = lambda s: rule(eco, model, eco.join(s, jnp.zeros(0)))

        def at(feature: Array, coordinate: Array) -> Array:
            s = self.state(feature, regime)
            x = self.policy(s, coordinate)
            _, weights = law.nodes(s, eco.quadrature)
            residual = flat_residuals(model.residuals(s, x, Expectation(s1, x1, weights, policy, s, shocks)))[0]
            return jnp.stack([residual, moves(feature, coordinate) - target])

        return at

    def rule(self, knots: Knots) -> EndogenousRule:
        """The rule with these nodes."""
        r = decision_range(self.economy)
        values = jax.vmap(jax.vmap(lambda u: jnp.reshape(r.value(jnp.reshape(u, r.shape)), ())))(knots.coordinates)
        kink = knots.features.shape[1] - self.targets.size
        return EndogenousRule(self.interpolation, kink, self.bounds, knots.features, values)

    def step(self, rule: DecisionRule, guess: Knots) -> Knots:
        """One period backward: today's nodes, given tomorrow's rule; the search begins at a guess."""
        regimes = jnp.arange(n_regimes(self.economy), dtype=jnp.int32)
        split = guess.features.shape[1] - self.targets.size
        constrained = lambda v: jnp.concatenate([jnp.repeat(v[:1], split), v])  # these have the lowest target

        def one(regime: Array, features: Array, coordinates: Array) -> tuple[Array, Array]:
            at = jax.vmap(lambda target, f, u: self._today(self.conditions(rule, target, regime), f, u))
            free, directions = at(self.targets, features[split:], coordinates[split:])
            kink = free[0]
            lowest = jnp.minimum(self.bounds[0], kink - 1e-6 * self.width)
            today = jnp.concatenate([lowest + (kink - lowest) * (np.arange(split) / split), free])

            def decide(target: Array, direction: Array, f: Array, u: Array) -> Array:
                conditions = self.conditions(rule, target, regime)
                return self._decision(lambda v: conditions(f, v)[0], u, direction)

            return today, jax.vmap(decide)(constrained(self.targets), constrained(directions), today, coordinates)

        return Knots(*jax.vmap(one)(regimes, guess.features, guess.coordinates))

    def _today(self, conditions: Conditions, feature: Array, coordinate: Array) -> tuple[Array, Array]:
        """Today's state feature that leads to a target, and the direction in which the Euler residual goes there."""
        direction = self._direction(lambda u: conditions(feature, u)[0])
        with_value = lambda f, u: (conditions(f, u),) * 2

        def beyond(f: Array) -> tuple[Array, Array]:
            u = self._decision(lambda v: conditions(f, v)[0], coordinate, direction)
            (by_state, by_decision), value = jax.jacfwd(with_value, (0, 1), has_aux=True)(f, u)
            pull = jnp.where(by_decision[0] == 0, 1.0, by_decision[0])
            at_its_end = jnp.abs(u) > decision_reach(self.economy) - 1  # no decision satisfies the equation here
            return value[1], by_state[1] - jnp.where(at_its_end, 0.0, by_decision[1] * by_state[0] / pull)

        reach = BEYOND * self.width
        f = root(beyond, feature, self.bounds[0] - reach, self.bounds[1] + reach, jnp.ones(()))
        return f, direction

    def _direction(self, fn: Callable[[Array], Array]) -> Array:
        """One if a function of the decision rises between the ends of its reach, minus one if it falls."""
        reach = decision_reach(self.economy)
        at_ends = jax.vmap(fn)(jnp.asarray([-reach, reach]))
        return jnp.where(at_ends[1] < at_ends[0], -1.0, 1.0)

    def _decision(self, fn: Callable[[Array], Array], guess: Array, direction: Array) -> Array:
        """The decision at which a function of it is zero."""
        reach = decision_reach(self.economy)
        with_slope = lambda u: jax.jvp(fn, (u,), (jnp.ones_like(u),))
        return root(with_slope, guess, jnp.asarray(-reach), jnp.asarray(reach), direction)

    def stay(self) -> Knots:
        """Nodes of the rule to begin with: every household keeps the state that it has, as far as it can."""
        low = self.bounds[0] - 1e-6 * self.width * np.arange(CONSTRAINED, 0.0, -1)
        features = jnp.concatenate([low, self.targets])

        def keep(feature: Array, regime: Array) -> Array:
            at = self.moves(regime)
            gain = lambda u: at(feature, u) - feature
            u = self._decision(gain, jnp.zeros(()), self._direction(gain))
            r = decision_range(self.economy)
            return jnp.reshape(r.coordinate(r.value(jnp.reshape(u, r.shape))), ())  # off the bounds of its range

        regimes = jnp.arange(n_regimes(self.economy), dtype=jnp.int32)
        decisions = jax.vmap(lambda z: jax.vmap(lambda f: keep(f, z))(features))(regimes)
        below = jnp.repeat(decisions[:, CONSTRAINED, None], CONSTRAINED, axis=1)  # any decision keeps nothing there
        return Knots(
            jnp.broadcast_to(features, decisions.shape), jnp.concatenate([below, decisions[:, CONSTRAINED:]], axis=1)
        )

    def moves(self, regime: Array) -> Callable[[Array, Array], Array]:
        """Tomorrow's state feature as a function of today's and the decision."""
        eco, model = self.economy, self.economy.model

        def at(feature: Array, coordinate: Array) -> Array:
            s = self.state(feature, regime)
            shocks, _ = model.shocks().nodes(s, eco.quadrature)
            after = model.transition(s, self.policy(s, coordinate), jax.tree.map(lambda v: v[0], shocks))
            return own_range(eco).feature(getattr(after, own_field(eco)))

        return at

    def points(self, features: Float[Array, "n_regimes n"]) -> Float[Array, "n_regimes n n_points"]:
        """The points of features by regime."""
        regimes = jnp.arange(n_regimes(self.economy), dtype=jnp.int32)
        one = lambda f, regime: self.economy.join(self.state(f, regime), jnp.zeros(0))
        return jax.vmap(lambda fs, regime: jax.vmap(lambda f: one(f, regime))(fs))(features, regimes)


def root(
    fn: Callable[[Array], tuple[Array, Array]], guess: Array, low: Array, high: Array, sign: Array
) -> Float[Array, ""]:
    """A root of a monotone function by Newton's steps, halving where they leave the bracket.

    Args:
        fn: Value and slope; undefined values count as lying below the root.
        guess: Where to begin.
        low: Lower end of the bracket.
        high: Upper end.
        sign: One if the function rises, minus one if it falls.
    """

    def step(carry: tuple[Array, ...]) -> tuple[Array, ...]:
        number, x, low, high, _ = carry
        value, slope = fn(x)
        value, slope = sign * value, sign * slope
        low, high = jnp.where(value > 0, low, x), jnp.where(value > 0, x, high)
        change = value / jnp.where(slope == 0, jnp.nan, slope)
        small = ROUNDING * (1 + jnp.abs(x))
        done = (value == 0) | (jnp.abs(change) <= small) | (high - low <= small)
        inside = (x - change > low) & (x - change < high)
        return number + 1, jnp.where(done, x, jnp.where(inside, x - change, (low + high) / 2)), low, high, done

    unfinished = lambda carry: (carry[0] < ROOT_STEPS) & ~carry[4]
    start = (jnp.asarray(0), jnp.clip(guess, low, high), low, high, jnp.asarray(False))
    return jax.lax.while_loop(unfinished, step, start)[1]


def decision_range(eco: Economy) -> Range:
    """Range of the one policy that is not completed."""
    return next(r for r in eco.model.policy_range() if not isinstance(r, Completed) and math.prod(r.coordinate_shape))


def decision_reach(eco: Economy) -> float:
    """Largest coordinate among which the decision is sought. [-]"""
    return REAL_REACH if isinstance(decision_range(eco), Real) else REACH


@eqx.filter_jit
def first_step(system: Backward, rule: DecisionRule, knots: Knots) -> Knots:
    """One period backward from a rule of any kind."""
    return system.step(rule, knots)


@eqx.filter_jit
def sweep(system: Backward, knots: Knots) -> tuple[Knots, Array]:
    """`SWEEPS` periods backward: the nodes, and the largest residual that they leave at themselves."""
    knots, _ = jax.lax.scan(lambda k, _: (system.step(system.rule(k), k), None), knots, None, length=SWEEPS)
    after, eco = system.rule(knots), system.economy
    residuals = jax.vmap(jax.vmap(lambda y: eco.residuals(after, y)[0]))(system.points(knots.features))
    inside = knots.features >= system.bounds[0]
    return knots, jnp.max(jnp.where(inside, jnp.abs(residuals), 0.0))
