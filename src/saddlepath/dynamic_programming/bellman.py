"""The Bellman problem of one state: the best policy today, given the value of tomorrow's states.

Policies are searched for in the coordinates of their ranges; constraints of the model enter as they are. The expected
value is differentiated twice by expanding tomorrow's value around every node, in the few coordinates that it depends
on, so that a process of many points is evaluated once per node and not once per policy.
"""

import abc
from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from saddlepath.derived import discount, flat_slacks, is_problem
from saddlepath.dynamic_programming.interior_point import Maximum, maximise
from saddlepath.economy import policy_from_coordinates
from saddlepath.errors import ConfigError, ConvergenceError, ModelError
from saddlepath.layout import Layout, layout_of
from saddlepath.model import Model, with_array_leaves
from saddlepath.prior import Box
from saddlepath.quadrature import Quadrature, default_quadrature
from saddlepath.ranges import NonNegative

LOST = 0.1
"""Share of points at which maximisations may fail [-]."""
BATCH = 64
"""States solved at once, whatever their number, so that another number compiles nothing."""


class Value(eqx.Module):
    """A value function as a function of a few smooth coordinates of the state."""

    @abc.abstractmethod
    def coordinates(self, s: Float[Array, " n_states"]) -> Float[Array, " n_coordinates"]:
        """What the value depends on."""

    @abc.abstractmethod
    def at(self, z: Float[Array, " n_coordinates"]) -> Float[Array, ""]:
        """The value there."""

    def __call__(self, s: Float[Array, " n_states"]) -> Float[Array, ""]:
        return self.at(self.coordinates(s))


class Bellman(eqx.Module):
    """A planner's problem, one state at a time.

    Attributes:
        problem: The model, parameters as array leaves.
        states: Order of the entries of the state.
        controls: Order of the entries of the policy.
        quadrature: Rule for the expectation.
        low: Tomorrow's state without a surprise is not below `[n_states]`. [units of the states]
        high: Nor above.
        kept: Entries of both bounds, lower ones first, that are not those of the states' own range, to which the model
            keeps by itself.
    """

    problem: Model
    states: Layout
    controls: Layout
    quadrature: Quadrature = eqx.field(static=True)
    low: Float[Array, " n_states"]
    high: Float[Array, " n_states"]
    kept: tuple[int, ...] = eqx.field(static=True)

    def point(self, s: Float[Array, " n_states"], v: Float[Array, " n_controls"]) -> tuple[Any, Any]:
        """State and policy as the model reads them; `v` are coordinates of the policy."""
        return self.states.unflatten(s), policy_from_coordinates(self.problem, v, self.controls)

    def reached(self, s: Array, v: Array) -> tuple[Array, Array]:
        """Tomorrow's states `[n_nodes, n_states]` and what a unit of their values counts today `[n_nodes]`."""
        state, policy = self.point(s, v)
        shocks, chances = self.problem.shocks().nodes(state, self.quadrature)
        move = lambda shock: self.states.flatten(self.problem.transition(state, policy, shock), "transition()")
        grown = jax.vmap(lambda shock: jnp.asarray(self.problem.value_growth(state, policy, shock)))(shocks)
        return jax.vmap(move)(shocks), discount(self.problem) * chances * grown

    def period_return(self, s: Array, v: Array) -> Float[Array, ""]:
        """Today's return."""
        found = self.problem.period_return(*self.point(s, v))
        assert found is not None  # `bellman` looks at it first
        return found

    def value(self, s: Array, v: Array, later: Value) -> Float[Array, ""]:
        """Today's return and the discounted expected value of tomorrow."""
        nodes, factors = self.reached(s, v)
        return self.period_return(s, v) + factors @ jax.vmap(later)(nodes)

    def expanded(self, s: Array, v: Array, later: Value) -> Callable[[Array], Array]:
        """The same as a function of the policy, tomorrow's value replaced by its second-order expansion.

        Value, gradient and Hessian at `v` itself are exact.
        """
        nodes, _ = self.reached(s, v)
        z = jax.vmap(later.coordinates)(nodes)
        constant, slope = jax.vmap(jax.value_and_grad(later.at))(z)
        bend = jax.vmap(jax.hessian(later.at))(z)

        def quadratic(w: Array) -> Array:
            moved, factors = self.reached(s, w)
            gap = jax.vmap(later.coordinates)(moved) - z
            worth = constant + jnp.sum(slope * gap, axis=1) + jnp.einsum("ni,nij,nj->n", gap, bend, gap) / 2
            return self.period_return(s, w) + factors @ worth

        return quadratic

    def slacks(self, s: Array, v: Array) -> Float[Array, " n_slacks"]:
        """What must not be negative: constraints of the model, and distances of tomorrow's state to bounds.

        A value that is known in a box only would else be extrapolated, and the maximum sought where it errs upward.
        """
        state, policy = self.point(s, v)
        moved = self.problem.transition(state, policy, self.problem.shocks().mean())
        expected = self.states.flatten(moved, "transition()")
        apart = jnp.concatenate([expected - self.low, self.high - expected]) / jnp.tile(self.high - self.low, 2)
        return jnp.concatenate([flat_slacks(self.problem, state, policy), apart[np.asarray(self.kept, dtype=int)]])

    def best(self, s: Float[Array, " n_states"], v: Float[Array, " n_controls"], later: Value) -> Maximum:
        """The best policy at one state, from a policy that is allowed there."""

        def second_order(v: Array) -> tuple[Array, Array, Array]:
            here = self.expanded(s, v, later)
            value, gradient = jax.value_and_grad(here)(v)
            return value, gradient, jax.hessian(here)(v)

        return maximise(lambda w: self.value(s, w, later), second_order, lambda w: self.slacks(s, w), v)


def solve_at(problem: Bellman, later: Value, s: Float[Array, "n n_states"], v: Float[Array, "n n_controls"]) -> Maximum:
    """Best policies at many states, from policies in coordinates that are allowed there."""
    count = len(s)
    rows = np.arange(-(-count // BATCH) * BATCH) % count  # the last block is filled up with the first states
    solved = [_solve_block(problem, later, s[block], v[block]) for block in rows.reshape(-1, BATCH)]
    return jax.tree.map(lambda *leaves: jnp.concatenate(leaves)[:count], *solved)


@eqx.filter_jit
def _solve_block(
    problem: Bellman, later: Value, s: Float[Array, "n n_states"], v: Float[Array, "n n_controls"]
) -> Maximum:
    return jax.vmap(lambda s, v: problem.best(s, v, later))(s, v)


@eqx.filter_jit
def values_and_slopes(
    problem: Bellman, later: Value, s: Float[Array, "n n_states"], v: Float[Array, "n n_controls"],
    multipliers: Float[Array, "n n_slacks"],
) -> tuple[Float[Array, " n"], Float[Array, "n n_states"]]:  # fmt: skip
    """Values of policies kept for one period and, by the envelope theorem, their slopes in the state."""

    def one(s: Array, v: Array, z: Array) -> tuple[Array, Array]:
        value, slope = jax.value_and_grad(lambda at: problem.value(at, v, later))(s)
        return value, slope + jax.grad(lambda at: z @ problem.slacks(at, v))(s)

    return jax.lax.map(lambda row: one(*row), (s, v, multipliers))


@eqx.filter_jit
def values_at(value: Value, s: Float[Array, "n n_states"]) -> Float[Array, " n"]:
    """A value at many states."""
    return jax.lax.map(value, s, batch_size=256)


def count_lost(solved: Maximum) -> int:
    """At how many states the maximisation failed.

    Raises:
        ConvergenceError: More than a tenth.
    """
    found = np.asarray(solved.solved)
    lost = int(np.sum(~found))
    if lost > LOST * len(found):
        raise ConvergenceError(
            f"no best policy was found at {lost} of {len(found)} points; give more points, or a smaller box."
        )
    return lost


def policies_of(problem: Bellman, s: Float[Array, "n n_states"], solved: Maximum) -> Any:
    """What was found at states as the model's `Policy`, every field a NumPy array with a leading axis `n`.

    Raises:
        ConvergenceError: A maximisation failed.
    """
    lost = np.flatnonzero(~np.asarray(solved.solved))
    if lost.size:
        where = ", ".join(f"{v:.4g}" for v in np.asarray(s)[lost[0]][:6])
        raise ConvergenceError(
            f"no best policy was found at {lost.size} of {len(s)} states, the first at ({where}); ask for states "
            "inside the box."
        )
    return jax.tree.map(np.asarray, jax.vmap(lambda s, v: problem.point(s, v)[1])(s, solved.x))


def bellman(model: Model, box: Box, quadrature: Quadrature | None = None) -> Bellman:
    """The Bellman problem of a model that gives a period return.

    Args:
        model: The model; no Markov chains.
        box: Bounds of all states in the order of `State`, which tomorrow's state keeps to.
        quadrature: Rule for the expectation; default by number of shocks.

    Raises:
        ModelError: No period return or discount factor, or policies whose bounds are no constraints.
        ConfigError: The box is not that of the states.
    """
    name = type(model).__name__
    if not is_problem(model):
        raise ModelError(
            f"{name} gives no period_return(s, x); dynamic programming needs what the planner maximises, its "
            "discount factor and constraints."
        )
    model = with_array_leaves(model)
    ranges = model.policy_range()
    for field, r in zip(model.Policy._fields, ranges, strict=True):
        if isinstance(r, NonNegative):
            raise ModelError(
                f"{name}.Policy.{field} may be zero; in dynamic programming declare it Real and give "
                f"constraints(s, x) the slack {{'{field}': x.{field}}}, so that the bound has a multiplier."
            )
    if model.shocks().n_outcomes > 1:
        raise ModelError(f"{name} has discrete shocks; dynamic programming takes continuous states only.")
    states = layout_of(model.State, model.state_range())
    controls = layout_of(model.Policy, ranges)
    rule = quadrature or default_quadrature(model.shocks().n_shocks)
    if box.entries != states.entries:
        raise ConfigError(
            f"the box must give bounds of all states in the order {', '.join(states.entries)}, got "
            f"{', '.join(box.entries) or 'none'}."
        )
    low, high = jnp.asarray(box.low), jnp.asarray(box.high)
    beyond = 1e-6 * (high - low)
    own = [~_in_range(model, states, s) for s in (low - beyond, high + beyond)]
    kept = tuple(np.flatnonzero(~np.concatenate(own)).tolist())
    return Bellman(model, states, controls, rule, low, high, kept)


def are_states(problem: Bellman, s: Float[Array, "n n_states"]) -> np.ndarray:
    """Whether points lie in the states' ranges."""
    inside = jax.vmap(lambda one: jnp.asarray(_in_range(problem.problem, problem.states, one)))(s)
    return np.all(np.asarray(inside), axis=1)


def _in_range(model: Model, states: Layout, s: Array) -> Array:
    """Of every entry `[n_states]`."""
    inside = [r.contains(v) for r, v in zip(model.state_range(), states.unflatten(s), strict=True)]
    return jnp.concatenate([jnp.ravel(jnp.asarray(part)) for part in inside])
