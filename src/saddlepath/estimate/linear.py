"""The first-order solution of a model as a differentiable function of its parameters, and its state space.

The steady state is found by Newton's method and differentiated by the implicit function theorem. The linear rule comes
from cyclic reduction, which converges quadratically and, other than the ordered Schur form, has derivatives.

References:
    Bini, Latouche and Meini (2005, Numerical Methods for Structured Markov Chains), cyclic reduction; Blanchard and
    Kahn (1980, Econometrica), when the stable solution exists and is unique.
"""

import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from saddlepath.economy import Economy, decided, state_features, state_from_features
from saddlepath.errors import ConfigError
from saddlepath.estimate.kalman import LinearStateSpace
from saddlepath.estimate.log_likelihood import LogLikelihood
from saddlepath.estimate.state_space import Measurement, bounds, measured, observations
from saddlepath.model import Model
from saddlepath.prior import Box
from saddlepath.rule import DecisionRule
from saddlepath.simulation import named
from saddlepath.steady import TOLERANCE, Point, linear_solutions, newton_from

REDUCTIONS = 18
"""Steps of cyclic reduction: the gap between stable and unstable roots enters with power 2^18 [-]."""
SQUARINGS = 16
"""A root is inside the unit circle if its power 2^16 is below one [-]."""
RESIDUAL = 1e-8
"""Largest residual of the matrix equation of a linear rule that is accepted, relative to its coefficients [-]."""

AnyArray = Array | np.ndarray


class FirstOrder(eqx.Module):
    """Steady state and linear rule, in state features and policy coordinates.

    Attributes:
        centre: Features of the steady state `[n_continuous]`.
        policy: Policy coordinates there `[n_coordinates]`.
        slopes: Policy coordinates per unit of feature `[n_coordinates, n_continuous]`.
        transition: Features tomorrow per unit today `[n_continuous, n_continuous]`.
        valid: Whether steady state and rule exist and the rule is the only stable one.
    """

    centre: Array
    policy: Array
    slopes: Array
    transition: Array
    valid: Array


class FixedRule(DecisionRule):
    """The linear rule around a steady state.

    Attributes:
        first: Steady state and slopes.
    """

    first: FirstOrder

    def __call__(self, eco: Economy, model: Model, y: Float[Array, " n_points"]) -> object:
        s = eco.states.unflatten(y[: eco.states.size])
        gap = state_features(model, s, eco.states) - self.first.centre
        coordinates = self.first.policy + self.first.slopes @ gap
        return decided(model, model.known(s), coordinates, eco.coordinates)


def first_order(eco: Economy, model: Model, start: Float[AnyArray, " n"]) -> FirstOrder:
    """Steady state and linear rule of a model, differentiable in its parameters.

    Args:
        eco: The economy, for the order of states and policies.
        model: The model.
        start: Features and coordinates from which Newton's method starts, `[n_continuous + n_coordinates]`.
    """
    point, n = Point(eco.states, eco.coordinates), eco.states.continuous.size
    held = jax.lax.stop_gradient
    fixed = jax.tree.map(lambda leaf: held(leaf) if eqx.is_array(leaf) else leaf, model)
    near, size = newton_from(point, fixed, held(jnp.asarray(start)))
    near = held(near)
    slope = held(jax.jacfwd(lambda v: point.system(fixed, v))(near))
    v = near - jnp.linalg.solve(slope, point.system(model, near))  # one more step carries the derivative
    f, u = v[:n], v[n:]
    h_s, h_x = jax.jacfwd(lambda a, b: point.transition(model, a, b), (0, 1))(f, u)
    r_s, r_x, r_s1, r_x1 = jax.jacfwd(lambda *a: point.residuals(model, *a), (0, 1, 2, 3))(f, u, f, u)
    now = jnp.block([[jnp.eye(n), -h_x], [r_s1, r_x]])
    before = jnp.concatenate([-h_s, r_s])
    after = jnp.concatenate([jnp.zeros((n, u.size)), r_x1])
    solution, unique = _stable(before, now, after, n)
    return FirstOrder(f, u, solution[n:], solution[:n], held(size < TOLERANCE) & unique)


def _stable(
    before: Float[Array, "both n_states"],
    now: Float[Array, "both both"],
    after: Float[Array, "both n_policies"],
    n: int,
) -> tuple[Array, Array]:
    """`y = X s` with `before s + now y + after y1[n:] = 0`, and whether it is the only stable solution."""
    lead = jnp.concatenate([jnp.zeros((now.shape[0], n)), after], axis=1)
    lag = jnp.concatenate([before, jnp.zeros((now.shape[0], after.shape[1]))], axis=1)

    def reduce(carry: tuple[Array, ...], _: None) -> tuple[tuple[Array, ...], None]:
        a, b, c, edge = carry
        x, z = jnp.split(jnp.linalg.solve(b, jnp.concatenate([a, c], axis=1)), 2, axis=1)
        return (-a @ x, b - a @ z - c @ x, -c @ z, edge - c @ x), None

    (*_, edge), _ = jax.lax.scan(reduce, (lag, now, lead, now), None, length=REDUCTIONS)
    whole = -jnp.linalg.solve(edge, lag)
    gap = jnp.max(jnp.abs(lag + now @ whole + lead @ whole @ whole)) / jnp.max(jnp.abs(now))
    ahead = jnp.linalg.solve(now + lead @ whole, lead)
    only = _shrinks(whole) & _shrinks(ahead)
    return whole[:, :n], jax.lax.stop_gradient((gap < RESIDUAL) & only)


def _shrinks(matrix: Float[Array, "n n"]) -> Array:
    """Whether all roots of a matrix are inside the unit circle."""
    power = jax.lax.fori_loop(0, SQUARINGS, lambda _, m: m @ m, jax.lax.stop_gradient(matrix))
    return jnp.max(jnp.abs(power)) < 1.0  # false as well where powers overflowed


class LinearLikelihood(LogLikelihood):
    """The Kalman filter's log likelihood of a model's first-order solution.

    Attributes:
        economy: The economy over the box of its parameters.
        measurement: What is observed.
        data: Observations `[time, n_series]`, NaN where missing.
        start: Features and coordinates of the steady state at the centre of the box.
        low: Least values of the parameters.
        high: Largest values of the parameters.
    """

    names: tuple[str, ...] = eqx.field(static=True)
    differentiable: bool = eqx.field(static=True, default=True, init=False)
    economy: Economy
    measurement: Measurement
    data: AnyArray
    start: AnyArray
    low: AnyArray
    high: AnyArray

    def inside(self, theta: Float[Array, " size"]) -> Float[Array, ""]:
        space, valid = self.state_space(theta)
        return jnp.where(valid, space.log_likelihood(self.data), -jnp.inf)

    def state_space(self, theta: Float[Array, " size"]) -> tuple[LinearStateSpace, Array]:
        """The state space at parameters, and whether the first-order solution exists and is unique."""
        size = self.economy.box.size
        model = self.economy.at(theta[:size])
        first = first_order(self.economy, model, self.start)
        return _space(self.economy, model, first, self.measurement, theta[size:]), first.valid


def _space(
    eco: Economy, model: Model, first: FirstOrder, measurement: Measurement, sds: Float[Array, " n_unknown"]
) -> LinearStateSpace:
    """State features, followed by the levels of differenced series in the period before."""
    lagged = measurement.differenced
    n, rule = first.centre.size, FixedRule(first)
    eco = dataclasses.replace(eco, model=model, box=Box())

    def levels(f: Array) -> Array:
        s = state_from_features(model, f, eco.states, None)
        return measurement.levels(named(model, s, rule(eco, model, eco.join(s, jnp.zeros(0)))))

    def moved(normals: Array) -> Array:
        s = state_from_features(model, first.centre, eco.states, None)
        x = rule(eco, model, eco.join(s, jnp.zeros(0)))
        shock = model.shocks().realise(normals, jnp.zeros((), dtype=jnp.int32))
        return state_features(model, model.transition(s, x, shock), eco.states)

    at_rest, own = levels(first.centre), jax.jacfwd(levels)(first.centre)
    impact = jax.jacfwd(moved)(jnp.zeros(model.shocks().n_shocks))
    past = int(lagged.sum())
    transition = jnp.block([[first.transition, jnp.zeros((n, past))], [own[lagged], jnp.zeros((past, past))]])
    loading = jnp.concatenate([own, -jnp.eye(len(lagged))[:, lagged]], axis=1)
    impact = jnp.concatenate([impact, jnp.zeros((past, impact.shape[1]))])
    return LinearStateSpace(transition, impact, loading, jnp.where(lagged, 0.0, at_rest), measurement.sd(sds))


def linear_likelihood(eco: Economy, data: object, given: object) -> LinearLikelihood:
    """The Kalman likelihood of a model over a box of parameters.

    Args:
        eco: The economy over the box.
        data: The data; see `state_space.observations`.
        given: The measurement; see `state_space.measured`.

    Raises:
        ConfigError: The law of shocks is not normal, more series are observed exactly than there are shocks, or data
            and measurement do not fit.
        ConvergenceError: No steady state or no unique stable rule at the centre of the box.
    """
    law, name = eco.model.shocks(), type(eco.model).__name__
    if law.n_outcomes > 1 or law.n_shocks == 0 or eco.states.regimes:
        raise ConfigError(
            f"the Kalman filter needs normal shocks, and those of {name} are {law.describe()}; use "
            "method='bootstrap' on a global solution."
        )
    _, starts = linear_solutions(eco, np.asarray(eco.box.centre)[None])
    first = first_order(eco, eco.at(jnp.asarray(eco.box.centre)), starts[0])
    measurement = measured(given, eco, FixedRule(first))  # pyright: ignore[reportArgumentType] # checked there
    if len(measurement.exact) > law.n_shocks:
        raise ConfigError(
            f"{', '.join(measurement.exact)} are observed exactly, which are {len(measurement.exact)} series driven by "
            f"{law.n_shocks} shock(s) of {name}: the data have probability zero (stochastic singularity); give "
            "measurement errors, or drop series."
        )
    low, high = bounds(eco.box, measurement)
    return LinearLikelihood(
        names=(*eco.box.entries, *measurement.unknown),
        economy=eco,
        measurement=measurement,
        data=observations(data, measurement),
        start=starts[0],
        low=low,
        high=high,
    )
