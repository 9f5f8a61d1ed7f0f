"""Deterministic steady state and first-order solution, from the same residuals that are trained.

The steady state solves `transition(s, x, mean shock) = s` and `residuals(s, x, E) = 0` with the expectation taken at
the point itself, by damped Newton steps from several starts. The first-order solution is the stable invariant
subspace of the linearised system (Klein, 2000, J. Econ. Dyn. Control), by an ordered generalised Schur form; the
Blanchard-Kahn count of stable roots says whether it exists and is unique.
"""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from saddlepath.economy import (
    Economy,
    decided,
    economy,
    flat_residuals,
    policy_coordinates,
    policy_from_coordinates,
    shapes_in_order,
    state_features,
    state_from_features,
    stationary_regimes,
)
from saddlepath.errors import ConvergenceError, ModelError
from saddlepath.expectation import Expectation
from saddlepath.layout import Layout, entry_names
from saddlepath.model import Model

TOLERANCE = 1e-10
"""Largest residual of a steady state that is accepted [-]."""
REACHED = 1e-12
"""Largest residual at which Newton's method has arrived, as it does from some start on all shipped models [-]."""

NEWTON_STEPS = 100
STEP_SIZES = np.array([1.0, 0.5, 0.2, 0.05, 0.01, 1e-3])
N_STARTS = 8
UNIT_ROOT_MARGIN = 1e-6
"""A root with modulus up to one plus this counts as stable, so that a unit root is reported and not refused [-]."""
LEAST_REACH = 1e-9
"""Least singular value at which the stable space still contains every direction of the states [-]."""


class SteadyState(eqx.Module):
    """The deterministic steady state.

    Attributes:
        state: State that reproduces itself at the mean shock. [units of the model]
        policy: Policy there.
        residual: Largest absolute residual. [-]
    """

    state: Any
    policy: Any
    residual: float


class LinearSolution(eqx.Module):
    """The first-order solution around a steady state.

    Attributes:
        steady: The steady state.
        slopes: Policy coordinates per unit of state feature `[n_policies, n_continuous]`.
        transition: State features tomorrow per unit today under the rule `[n_continuous, n_continuous]`.
        deviation: Unconditional standard deviation of the state features `[n_continuous]`, infinite at a unit root.
        spectral_radius: Largest modulus of the roots of `transition`. [-]
        exogenous: Entries of the state that no policy and no endogenous state moves `[n_continuous]`.
    """

    steady: SteadyState
    slopes: Float[np.ndarray, "n_policies n_continuous"]
    transition: Float[np.ndarray, "n_continuous n_continuous"]
    deviation: Float[np.ndarray, " n_continuous"]
    spectral_radius: float
    exogenous: np.ndarray

    @property
    def determinacy(self) -> str:
        """What the roots of the linearised system say about solutions near the steady state, in a sentence."""
        roots = np.abs(np.linalg.eigvals(np.asarray(self.transition)))
        return determinacy(roots.size, roots.size, int(np.sum(roots > 1 - UNIT_ROOT_MARGIN)))


def determinacy(n_stable: int, n_states: int, n_unit: int = 0) -> str:
    """What a count of stable roots says about solutions near the steady state (Blanchard and Kahn, 1980, Econometrica).

    Args:
        n_stable: Roots of the linearised system with modulus up to one.
        n_states: Continuous states, whose values are given today.
        n_unit: Stable roots of modulus one.
    """
    count = f"{_counted(n_stable, 'stable root')} for {_counted(n_states, 'state')}"
    if n_stable < n_states:
        return f"{count}: no bounded solution nearby (explosive)"
    if n_stable > n_states:
        return f"{count}: infinitely many bounded solutions nearby (indeterminate)"
    if n_unit:
        return f"{count}, {n_unit} of modulus one: one solution nearby that does not explode (determinate)"
    return f"{count}: one bounded solution nearby (determinate)"


def _counted(n: int, noun: str) -> str:
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"


class Point(eqx.Module):
    """The model's equations as functions of state features and policy coordinates, without uncertainty."""

    states: Layout
    coordinates: Layout

    def state(self, model: Model, f: Array) -> Any:
        return state_from_features(model, f, self.states, stationary_regimes(model))

    def policy(self, model: Model, f: Array, u: Array) -> Any:
        return decided(model, model.known(self.state(model, f)), u, self.coordinates)

    def transition(self, model: Model, f: Array, u: Array) -> Array:
        shock = jax.tree.map(jnp.asarray, model.shocks().mean(self.state(model, f)))  # it may be a state as it is
        s1 = model.transition(self.state(model, f), self.policy(model, f, u), shock)
        if not self.states.regimes:  # a regime is a vector of probabilities here, not its own shape
            self.states.flatten(s1, "transition()")
        return state_features(model, s1, self.states)

    def residuals(self, model: Model, f: Array, u: Array, f1: Array, u1: Array) -> Array:
        s, x = self.state(model, f), self.policy(model, f, u)
        s1, x1 = self.state(model, f1), self.policy(model, f1, u1)
        one = lambda point: jax.tree.map(lambda v: jnp.asarray(v)[None], point)
        shock = one(model.shocks().mean(s))
        expectation = Expectation(one(s1), one(x1), jnp.ones(1), lambda _: x1, s, shock)
        return flat_residuals(model.residuals(s, x, expectation))

    def system(self, model: Model, v: Array) -> Array:
        f, u = v[: self.states.continuous.size], v[self.states.continuous.size :]
        f1 = self.transition(model, f, u)
        return jnp.concatenate([f1 - f, self.residuals(model, f, u, f1, u)])


@eqx.filter_jit
def _newton(point: Point, models: Model, starts: Array) -> tuple[Array, Array]:
    """Damped Newton from every start; returns solutions and their largest absolute residuals."""
    return eqx.filter_vmap(lambda m, v: newton_from(point, m, v))(models, starts)


def newton_from(point: Point, model: Model, start: Array) -> tuple[Array, Array]:
    system = jax.jit(lambda v: point.system(model, v))
    norm = lambda v: _size(system(v))
    with_value = lambda v: (system(v),) * 2

    def step(carry):
        i, v, _ = carry
        jacobian, value = jax.jacfwd(with_value, has_aux=True)(v)
        direction = jnp.clip(jnp.nan_to_num(jnp.linalg.solve(jacobian, -value)), -2.0, 2.0)
        trials = v[None, :] + STEP_SIZES[:, None] * direction[None, :]
        sizes = jax.vmap(norm)(trials)
        best = jnp.argmin(sizes)
        return i + 1, trials[best], sizes[best]

    def unfinished(carry):
        i, _, size = carry
        return (i < NEWTON_STEPS) & (size > 1e-13)

    _, v, size = jax.lax.while_loop(unfinished, step, (0, start, jnp.asarray(jnp.inf)))
    return v, size


def _size(residuals: Array) -> Array:
    return jnp.where(jnp.all(jnp.isfinite(residuals)), jnp.max(jnp.abs(residuals)), jnp.inf)


def solve_points(eco: Economy, thetas: Float[np.ndarray, "n n_theta"]) -> tuple[np.ndarray, np.ndarray]:
    """Steady states at several parameter points, from the first start or, where that fails, from several each.

    Returns:
        Features and coordinates `[n, n_continuous + n_policies]`, and largest absolute residuals `[n]`.
    """
    _require_rest(eco)
    point = Point(eco.states, eco.coordinates)
    _check_square(eco, point)
    starts = _starts(eco)
    v, size = _from_starts(eco, point, thetas, starts[:1])
    if not np.all(size < REACHED):
        v, size = _from_starts(eco, point, thetas, starts)
    # An economy may rest at several points (a liquidity trap); the first start is the one that its author means.
    reached = size < REACHED
    best = np.where(reached.any(axis=1), np.argmax(reached, axis=1), np.argmin(size, axis=1))
    rows = np.arange(len(thetas))
    return v[rows, best], size[rows, best]


def _from_starts(
    eco: Economy, point: Point, thetas: Float[np.ndarray, "n n_theta"], starts: Float[np.ndarray, "m n_unknowns"]
) -> tuple[np.ndarray, np.ndarray]:
    """Where Newton's method ends `[n, m, n_unknowns]` from every start, and the largest residuals `[n, m]`."""
    models = _family(eco, np.repeat(thetas, len(starts), axis=0))
    v, size = _newton(point, models, jnp.asarray(np.tile(starts, (len(thetas), 1))))
    return np.asarray(v).reshape(len(thetas), len(starts), -1), np.asarray(size).reshape(len(thetas), -1)


def _require_rest(eco: Economy) -> None:
    """Refuse to look for a steady state where there is none by design.

    Raises:
        ConvergenceError: The model lives in calendar time.
    """
    if eco.horizon is not None:
        raise ConvergenceError(
            f"{type(eco.model).__name__} lives in calendar time, from start() over {eco.horizon} periods, and has no "
            "steady state and no first-order solution around it; simulate its path instead."
        )


def _family(eco: Economy, thetas: np.ndarray) -> Model:
    """The model at every parameter point, with a leading axis on every array leaf."""
    return eqx.filter_vmap(eco.at)(jnp.asarray(thetas)) if eco.box.names else _repeated(eco.model, len(thetas))


@eqx.filter_jit
def _described(eco: Economy, models: Model, vs: Array) -> tuple[Any, Any, Array]:
    """States, policies, and points with policies on a bound moved inside, where coordinates and slopes are finite."""

    def one(model: Model, v: Array) -> tuple[Any, Any, Array]:
        n = eco.states.continuous.size
        moved = policy_coordinates(model, policy_from_coordinates(model, v[n:], eco.coordinates))
        return *_named_state(eco, model, v), jnp.concatenate([v[:n], moved])

    return eqx.filter_vmap(one)(models, vs)


def _repeated(model: Model, n: int) -> Model:
    return jax.tree.map(lambda leaf: np.broadcast_to(leaf, (n, *leaf.shape)) if eqx.is_array(leaf) else leaf, model)


def first_point(eco: Economy) -> tuple[Any, Any]:
    """A first state and policy: the model's own guess if it gives one, else interior values of the ranges.

    In calendar time the state is that of the first date.
    """
    model, guess, first = eco.model, eco.model.steady_guess(), eco.model.start()
    if guess is None:
        state = [np.asarray(r.default(), dtype=float) for r in model.state_range()]
        policy = [np.asarray(r.default(), dtype=float) for r in model.policy_range()]
        guess = (model.State(*state), model.Policy(*policy))
    guess = guess if first is None else (first, guess[1])
    return jax.tree.map(lambda v: np.asarray(v, dtype=float), guess)


def _starts(eco: Economy) -> np.ndarray:
    """The first point, and points around it."""
    model, guess = eco.model, first_point(eco)
    first = np.asarray(_in_coordinates(eco, model, guess))
    noise = np.random.default_rng(0).normal(size=(N_STARTS - 1, first.size))
    return np.vstack([first, first + noise])


@eqx.filter_jit
def _in_coordinates(eco: Economy, model: Model, point: tuple[Any, Any]) -> Array:
    return jnp.concatenate([state_features(model, point[0], eco.states), policy_coordinates(model, point[1])])


def _check_square(eco: Economy, point: Point) -> None:
    unknowns = eco.states.continuous.size + eco.coordinates.size
    shape = eqx.filter_eval_shape(lambda m: point.system(m, jnp.zeros(unknowns)), eco.model).shape
    n_equations = shape[0] - eco.states.continuous.size
    if n_equations != eco.coordinates.size:
        missing = "add the missing conditions" if n_equations < eco.coordinates.size else "drop the redundant ones"
        raise ModelError(
            f"{type(eco.model).__name__} has {n_equations} equations for {eco.coordinates.size} policies "
            f"({', '.join(eco.coordinates.entries)}); give one equation per entry of Policy: {missing}."
        )


@eqx.filter_jit
def _named_state(eco: Economy, model: Model, v: Array) -> tuple[Any, Any]:
    point = Point(eco.states, eco.coordinates)
    n = eco.states.continuous.size
    return point.state(model, v[:n]), point.policy(model, v[:n], v[n:])


def _refuse(eco: Economy, v: np.ndarray, size: float) -> None:
    """Say why there is no steady state: which equation, where."""
    point = Point(eco.states, eco.coordinates)
    start = _starts(eco)[0]
    at = jnp.asarray(v if np.isfinite(size) else start)
    residuals = np.asarray(eqx.filter_jit(Point.system)(point, eco.model, at))
    names = [f"transition of {e}" for e in np.asarray(eco.states.entries)[eco.states.continuous]]
    n = len(names)
    names += equation_entries(eco, point, start)
    bad = np.flatnonzero(~np.isfinite(residuals))
    worst = int(bad[0]) if bad.size else int(np.argmax(np.abs(residuals)))
    state, policy = _named_state(eco, eco.model, at)
    where = "; ".join(f"{k} = {np.asarray(x)}" for k, x in {**state._asdict(), **policy._asdict()}.items())
    what = "is not finite" if bad.size else f"is {residuals[worst]:.2e} at best"
    remedy = (
        "check that equation for divisions by zero, logs or powers of negative numbers, and give steady_guess()"
        if bad.size
        else "check that a rest point exists at the mean shock, or give steady_guess() closer to it"
    )
    raise ConvergenceError(
        f"{type(eco.model).__name__} has no deterministic steady state that Newton's method could find: "
        f"the {'equation ' if worst >= n else ''}{names[worst]} {what} ({where}); {remedy}."
    )


def equation_entries(eco: Economy, point: Point, start: np.ndarray) -> list[str]:
    """A name per entry of the residual vector."""
    n = eco.states.continuous.size
    f, u = jnp.asarray(start[:n]), jnp.asarray(start[n:])
    s, x = point.state(eco.model, f), point.policy(eco.model, f, u)
    one = lambda value: jax.tree.map(lambda v: jnp.asarray(v)[None], value)
    expectation = Expectation(one(s), one(x), jnp.ones(1), lambda _: x, s, one(eco.model.shocks().mean(s)))
    named = shapes_in_order(lambda: eco.model.residuals(s, x, expectation))
    return entry_names(named.items())


@eqx.filter_jit
def _around(eco: Economy, models: Model, vs: Array) -> tuple[tuple[Array, ...], Array]:
    """Jacobians of transition and residuals, and covariance of the one-step innovations, at the points of models."""
    point = Point(eco.states, eco.coordinates)
    at = lambda model, v: (_jacobians(point, model, v), _innovations(eco, point, model, v))
    return eqx.filter_vmap(at)(models, vs)


def _jacobians(point: Point, model: Model, v: Array) -> tuple[Array, ...]:
    f, u = v[: point.states.continuous.size], v[point.states.continuous.size :]
    h = jax.jacfwd(lambda a, b: point.transition(model, a, b), (0, 1))(f, u)
    r = jax.jacfwd(lambda *a: point.residuals(model, *a), (0, 1, 2, 3))(f, u, f, u)
    return *h, *r


def _innovations(eco: Economy, point: Point, model: Model, v: Array) -> Array:
    f, u = v[: point.states.continuous.size], v[point.states.continuous.size :]
    s, x = point.state(model, f), point.policy(model, f, u)
    shocks, weights = model.shocks().nodes(s, eco.quadrature)
    after = jax.vmap(lambda shock: state_features(model, model.transition(s, x, shock), eco.states))(shocks)
    gap = after - (weights @ after)[None, :]
    return jnp.einsum("q,qi,qj->ij", weights, gap, gap)


def klein(h_s: np.ndarray, h_x: np.ndarray, r: tuple[np.ndarray, ...]) -> tuple[np.ndarray, int, float]:
    """Stable solution of a linear rational-expectations system.

    `s1 = h_s s + h_x u` and `0 = r_s s + r_x u + r_s1 s1 + r_x1 u1`.

    Returns:
        Slopes `u = X s`, the number of stable roots, and how far their space is from leaving out a direction of the
        states: the least singular value of its states' part. [-]
    """
    from scipy.linalg import ordqz

    r_s, r_x, r_s1, r_x1 = r
    n, m = h_s.shape[0], h_x.shape[1]
    after = np.block([[np.eye(n), np.zeros((n, m))], [r_s1, r_x1]])
    before = np.block([[h_s, h_x], [-r_s, -r_x]])
    stable = lambda alpha, beta: np.abs(alpha) <= (1 + UNIT_ROOT_MARGIN) * np.abs(beta)
    _, _, alpha, beta, _, z = ordqz(before, after, sort=stable, output="complex")  # pyright: ignore[reportArgumentType] # stub: SciPy also takes a function
    count = int(np.sum(stable(alpha, beta)))
    slopes = np.real(np.linalg.lstsq(z[:n, :n].T, z[n:, :n].T, rcond=None)[0].T)
    return slopes, count, float(np.min(np.linalg.svd(z[:n, :n], compute_uv=False), initial=1.0))


def _linear_solution(
    eco: Economy, steady: SteadyState, jacobians: tuple[np.ndarray, ...], innovations: np.ndarray
) -> LinearSolution:
    from scipy.linalg import solve_discrete_lyapunov

    h_s, h_x, *r = jacobians
    slopes, count, reach = klein(h_s, h_x, tuple(r))
    n = h_s.shape[0]
    if count != n or reach < LEAST_REACH:
        raise ConvergenceError(
            f"{type(eco.model).__name__} has no unique stable linear solution: {_refusal(count, n)}; check timing and "
            "signs of the equations, or ask for start='steady' to train without it."
        )
    transition = h_s + h_x @ slopes
    radius = float(np.max(np.abs(np.linalg.eigvals(transition)), initial=0.0))
    if radius < 1 - UNIT_ROOT_MARGIN:
        variance = np.diag(solve_discrete_lyapunov(transition, innovations))
    else:
        variance = np.full(n, np.inf)
    deviation = np.sqrt(np.maximum(variance, 0.0))
    return LinearSolution(steady, slopes, transition, deviation, radius, exogenous_states(h_s, h_x))


def _refusal(count: int, n: int) -> str:
    """Why there is no first-order solution, and where to look."""
    if count < n:
        return f"{determinacy(count, n)}; look for a state that grows by itself, such as debt that nobody repays"
    if count > n:
        return (
            f"{determinacy(count, n)}; look for beliefs that confirm themselves, such as those about inflation where "
            "the interest rate answers it less than one for one"
        )
    return (
        f"{_counted(count, 'stable root')} for {_counted(n, 'state')}, but a direction of the states in which every "
        "path explodes (the rank condition fails)"
    )


def exogenous_states(h_s: np.ndarray, h_x: np.ndarray) -> np.ndarray:
    """States that depend on no policy and on no state that does, from the slopes of the transition in both."""
    endogenous = np.any(np.abs(h_x) > 0, axis=1)
    for _ in range(len(h_s)):
        endogenous = endogenous | np.any((np.abs(h_s) > 0) & endogenous[None, :], axis=1)
    return ~endogenous


def steady_states(eco: Economy, thetas: np.ndarray) -> list[SteadyState]:
    """The steady state at every parameter point.

    Raises:
        ConvergenceError: None was found at some point; the message names the equation that fails.
    """
    return _steady_points(eco, thetas)[0]


def _steady_points(eco: Economy, thetas: np.ndarray) -> tuple[list[SteadyState], np.ndarray]:
    vs, sizes = solve_points(eco, thetas)
    for theta, v, size in zip(thetas, vs, sizes, strict=True):
        if not size < TOLERANCE:
            _refuse(eqx.tree_at(lambda e: e.model, eco, eco.at(jnp.asarray(theta))), v, size)
    states, policies, inside = jax.tree.map(np.asarray, _described(eco, _family(eco, thetas), jnp.asarray(vs)))
    of = lambda point, i: jax.tree.map(lambda leaf: np.asarray(leaf[i]), point)
    return [SteadyState(of(states, i), of(policies, i), float(size)) for i, size in enumerate(sizes)], inside


def centres(eco: Economy, thetas: np.ndarray) -> np.ndarray:
    """Steady states in features and coordinates `[n, n_continuous + n_coordinates]`, inside all ranges."""
    return _steady_points(eco, thetas)[1]


def linear_solutions(eco: Economy, thetas: np.ndarray) -> tuple[list[LinearSolution], np.ndarray]:
    """First-order solutions at every parameter point, with the points in features and coordinates.

    A policy on its bound is moved inside its range before the equations are differentiated.
    """
    steadies, inside = _steady_points(eco, thetas)
    around = _around(eco, _family(eco, thetas), jnp.asarray(inside))
    jacobians, innovations = jax.tree.map(np.asarray, around)
    solutions = [
        _linear_solution(eco, steady, tuple(j[i] for j in jacobians), innovations[i])
        for i, steady in enumerate(steadies)
    ]
    return solutions, inside


def steady_state(model: Model) -> SteadyState:
    """The deterministic steady state of a model.

    Args:
        model: Any model.

    Returns:
        State, policy and the largest residual.

    Raises:
        ConvergenceError: Newton's method finds none; the message names the equation that fails and where.
        ModelError: The number of equations differs from the number of policies.
    """
    with jax.enable_x64(True):
        return steady_states(economy(model), np.zeros((1, 0)))[0]


def linearise(model: Model) -> LinearSolution:
    """The first-order solution of a model around its deterministic steady state.

    Raises:
        ConvergenceError: No steady state, or no unique stable rule (Blanchard and Kahn, 1980, Econometrica).
    """
    with jax.enable_x64(True):
        return linear_solutions(economy(model), np.zeros((1, 0)))[0][0]
