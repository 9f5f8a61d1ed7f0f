"""Impulse responses: what one shock does to the economy, from a given state, as a mean over everything else.

The generalised response of Koop, Pesaran and Potter (1996, J. Econometrics): the expectation of a variable
given today's state and the size of one innovation, less its expectation given today's state alone. In a
nonlinear economy it depends on the state, the size and the sign. Later innovations are drawn from the model's
law, the same ones with and without the impulse; the innovation that is replaced is integrated out by
Gauss-Hermite quadrature, so that in a linear economy every draw gives the same answer and bands show
nonlinearity alone. The first-order solution's response stands beside. An impulse may also be an outcome of a
discrete law, such as the regime of a Markov chain; what it replaces is then the sum over all outcomes.
"""

from typing import TYPE_CHECKING, Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from saddlepath.economy import (
    Economy,
    decided,
    policy_coordinates,
    state_features,
    state_from_features,
    stationary_regimes,
)
from saddlepath.errors import ConfigError, ConvergenceError
from saddlepath.model import Model, nearest_names
from saddlepath.quadrature import GaussHermite
from saddlepath.rule import DecisionRule
from saddlepath.shocks import Independent, Shocks
from saddlepath.simulation import dataset, in_order, named, require_whole, stochastic_steady_state, variables
from saddlepath.steady import LinearSolution, linearise

if TYPE_CHECKING:
    import xarray as xr

    from saddlepath.solution import Solution

NODES = 9
"""Gauss-Hermite nodes over the innovation that the impulse replaces."""
BATCH = 64
"""Draws that are simulated side by side."""


def impulse_response(
    solution: "Solution",
    shock: int | str | None = None,
    size: float | int = 1.0,
    *,
    outcome: int | None = None,
    at: Any = None,
    periods: int = 40,
    draws: int = 500,
    bands: tuple[float, float] = (0.05, 0.95),
    seed: int = 0,
) -> "xr.Dataset":
    """The generalised response to one normal innovation, with bands, beside the first-order solution's; or to a regime.

    Args:
        solution: A solution at one calibration.
        shock: Position of the innovation, or its name in a law `Independent(tfp=Normal(1), ...)`: `tfp`, or
            `tfp[1]` for the second of several. May be left out where there is only one.
        size: Size of the impulse, in standard deviations of the innovation. [-]
        outcome: In place of an innovation, the outcome of the discrete part of the law in the first period: the
            regime of a Markov chain, the position of a value; with several discrete laws their combinations are
            counted, the last law's fastest. There is no first-order response to it.
        at: Today's `State`; default: the stochastic steady state. [units of the model]
        periods: Length of the response; the first period is the one in which the impulse is first seen.
            [periods]
        draws: Draws of everything else.
        bands: Lower and upper quantile over draws. [-]
        seed: Seed of the draws.

    Returns:
        A dataset with the dimensions `solution` (global, and linear where the model has a first-order
        solution), `statistic` (mean, lower, upper), `time` and one per axis of an array field: differences of
        every state, policy and definition between the economy with and without the impulse. [unit of the
        variable]

    Raises:
        ConfigError: The shock is unknown or left out where there are several, or named beside an outcome, there is
            no such outcome, `at` does not fit, or the rule still has pseudo-states.

    References:
        Koop, Pesaran and Potter (1996, J. Econometrics), equation 8 for the generalised response.
    """
    solution._require_calibration()
    require_whole("periods", periods, 1)
    require_whole("draws", draws, 1)
    _check_bands(bands)
    with jax.enable_x64(True):
        eco, rule = solution.economy, solution.rule
        law = eco.model.shocks()
        if outcome is None:
            position, impulse = shock_position(law, shock), jnp.asarray(size, dtype=float)
        else:
            _check_outcome(law, outcome, shock)
            position, impulse = None, jnp.asarray(outcome, dtype=jnp.int32)
        state = stochastic_steady_state(solution).state if at is None else at
        y = eco.join(jax.tree.map(jnp.asarray, state), jnp.zeros(0), "at")
        gaps = _responses(eco, rule, y, jax.random.key(seed), impulse, position, periods, draws)
        values = {name: [_statistics(np.asarray(gap), bands)] for name, gap in gaps.items()}
        linear = None
        if position is not None and (linear := first_order_of(solution)) is not None:
            _append(values, _linear_response(eco, linear, y, impulse, position, periods))
    what = {"outcome": outcome} if position is None else {"size": size, "shock": position}
    return _labelled(eco.model, values, linear is not None, bands, **what, draws=draws, seed=seed)


def _append(values: dict[str, list[np.ndarray]], gaps: dict[str, Array]) -> None:
    """Add the linear response; a regime, of which the linear solution knows the mean only, has none."""
    for name, parts in values.items():
        gap = np.asarray(gaps[name]) if name in gaps else np.full(parts[0].shape[1:], np.nan)
        parts.append(np.broadcast_to(gap, (3, *gap.shape)))


def _labelled(
    model: Model, values: dict[str, list[np.ndarray]], linear: bool, bands: tuple[float, float], **about: Any
) -> "xr.Dataset":
    stacked = in_order(model, {name: np.stack(parts) for name, parts in values.items()})
    lower, upper = (f"{100 * band:g} %" for band in bands)
    n_periods = next(iter(stacked.values())).shape[2]
    coords = {
        "solution": ["global", "linear"] if linear else ["global"],
        "statistic": ["mean", lower, upper],
        "time": np.arange(n_periods),
    }
    data = dataset(model, stacked, ("solution", "statistic", "time"), coords)
    data["time"].attrs |= {"long_name": "periods after the impulse", "units": "periods"}
    data.attrs |= {"model": type(model).__name__, **about}
    return data


def _check_bands(bands: tuple[float, float]) -> None:
    if len(bands) != 2 or not 0 <= bands[0] < bands[1] <= 1:
        raise ConfigError(f"bands must be two quantiles between 0 and 1, the lower first, got {bands!r}.")


def shock_names(law: Shocks) -> list[str]:
    """A name per normal innovation: its position, or the member's name in `Independent`."""
    if isinstance(law, Independent):
        return [
            name if law_of.n_shocks == 1 else f"{name}[{i}]"
            for name, law_of in law.laws.items()
            for i in range(law_of.n_shocks)
        ]
    return [str(i) for i in range(law.n_shocks)]


def shock_position(law: Shocks, shock: int | str | None) -> int:
    """Position of an innovation among the standard normals of a law.

    Raises:
        ConfigError: There is no such innovation, or none was named where there are several.
    """
    names = shock_names(law)
    if not names:
        other = f"; give one of its outcomes, outcome = 0 to {law.n_outcomes - 1}" if law.n_outcomes > 1 else ""
        raise ConfigError(f"an impulse needs a normal innovation, and this model has {law.describe()}{other}.")
    if shock is None and len(names) > 1:
        raise ConfigError(f"the model has {len(names)} innovations; say which one: shock = {' or '.join(names)}.")
    if shock is None:
        return 0
    if str(shock) in names:
        return names.index(str(shock))
    if isinstance(shock, int) and 0 <= shock < len(names):
        return shock
    raise ConfigError(f"there is no innovation {shock!r}; {nearest_names(str(shock), names)}")


def _check_outcome(law: Shocks, outcome: int, shock: int | str | None) -> None:
    if shock is not None:
        raise ConfigError(f"an impulse is an innovation or an outcome, got shock={shock!r} and outcome={outcome}.")
    if law.n_outcomes == 1 or not 0 <= outcome < law.n_outcomes:
        valid = f"outcomes from 0 to {law.n_outcomes - 1}" if law.n_outcomes > 1 else "no discrete outcomes"
        raise ConfigError(f"there is no outcome {outcome}: this model has {law.describe()}, {valid}.")


@eqx.filter_jit
def _responses(
    eco: Economy,
    rule: DecisionRule,
    y: Float[Array, " n_points"],
    key: PRNGKeyArray,
    impulse: Array,
    position: int | None,
    periods: int,
    draws: int,
) -> dict[str, Array]:
    """Differences by variable `[draws, periods, ...]`; without a position the impulse is an outcome."""
    model, s = eco.split(y)
    law = model.shocks()
    if position is None:
        others, weights = jnp.arange(law.n_outcomes, dtype=jnp.int32), law.probabilities(s)
    else:
        nodes, weights = GaussHermite(NODES).nodes(1)
        others = jnp.asarray(nodes[:, 0])
    values = jnp.concatenate([impulse[None], others])

    def hit(key: PRNGKeyArray, value: Array) -> Array:
        """The next point when one part of the shock is given and the rest is drawn."""
        normal_key, outcome_key = jax.random.split(key)
        normals = jax.random.normal(normal_key, (law.n_shocks,))
        if position is None:
            outcome = value
        else:
            normals = normals.at[position].set(value)
            outcome = jax.random.choice(outcome_key, law.n_outcomes, p=law.probabilities(s)).astype(jnp.int32)
        s1 = model.transition(s, rule(eco, model, y), law.realise(normals, outcome))
        return eco.join(s1, y[eco.states.size :])

    def one(key: PRNGKeyArray) -> dict[str, Array]:
        first_key, later_key = jax.random.split(key)
        points = jax.vmap(hit, (None, 0))(first_key, values)
        paths = jax.vmap(lambda point: _path(eco, rule, point, later_key, periods))(points)
        return jax.tree.map(lambda v: v[0] - jnp.tensordot(weights, v[1:], axes=1), paths)

    batch = min(draws, BATCH)
    n_batches = -(-draws // batch)  # whole batches, so that one batch is compiled and no remainder
    gaps = jax.lax.map(one, jax.random.split(key, n_batches * batch), batch_size=batch)
    return jax.tree.map(lambda v: v[:draws], gaps)


def _path(
    eco: Economy, rule: DecisionRule, y: Float[Array, " n_points"], key: PRNGKeyArray, periods: int
) -> dict[str, Array]:
    """All variables along a path that starts at `y`."""

    def record(y: Array, key: PRNGKeyArray) -> tuple[Array, dict[str, Array]]:
        values = {name: _real(value) for name, value in variables(eco, rule, y).items()}
        return eco.next_point(rule, y, key), values

    return jax.lax.scan(record, y, jax.random.split(key, periods))[1]


def _real(value: Array) -> Array:
    return jnp.asarray(value, dtype=jnp.result_type(float))


def _statistics(gap: np.ndarray, bands: tuple[float, float]) -> np.ndarray:
    """Mean and quantiles over draws `[3, periods, ...]`."""
    return np.concatenate([gap.mean(axis=0)[None], np.quantile(gap, bands, axis=0)])


def first_order_of(solution: "Solution") -> LinearSolution | None:
    """The first-order solution at this calibration, where there is one."""
    if solution.linear is not None:
        return solution.linear
    try:
        return linearise(solution.model)
    except ConvergenceError:
        return None


@eqx.filter_jit
def _linear_response(
    eco: Economy, linear: LinearSolution, y: Array, size: Array, position: int, periods: int
) -> dict[str, Array]:
    """With and without the impulse, from the same state, no other shocks."""
    model, law = eco.model, eco.model.shocks()
    s, x = jax.tree.map(jnp.asarray, (linear.steady.state, linear.steady.policy))
    f, zero = state_features(model, s, eco.states), jnp.zeros(law.n_shocks)

    def features(normals: Array) -> Array:
        shock = _around_mean(law, s, normals)
        return state_features(model, model.transition(s, x, shock), eco.states)

    impulse = jax.jvp(features, (zero,), (zero.at[position].set(size),))[1]
    transition = jnp.asarray(linear.transition)
    start = transition @ (state_features(model, eco.split(y)[1], eco.states) - f)

    def record(pair: Array, _: None) -> tuple[Array, dict[str, Array]]:
        values = jax.vmap(lambda deviation: first_order_variables(eco, linear, deviation))(pair)
        return pair @ transition.T, jax.tree.map(lambda v: v[1] - v[0], values)

    return jax.lax.scan(record, jnp.stack([start, start + impulse]), None, length=periods)[1]


def first_order_variables(
    eco: Economy, linear: LinearSolution, deviation: Float[Array, " n_continuous"]
) -> dict[str, Array]:
    """All variables at a deviation of the state features: the first-order policy, exact identities."""
    s, x = first_order_point(eco, linear, deviation)
    values = named(eco.model, s, x)
    return {name: _real(v) for name, v in values.items() if name not in dict(eco.states.regimes)}


def first_order_point(
    eco: Economy, linear: LinearSolution, deviation: Float[Array, " n_continuous"]
) -> tuple[Any, Any]:
    """State and first-order policy where state features deviate from the steady state."""
    model = eco.model
    steady, x = jax.tree.map(jnp.asarray, (linear.steady.state, linear.steady.policy))
    f = state_features(model, steady, eco.states) + deviation
    s = state_from_features(model, f, eco.states, stationary_regimes(model))
    u = policy_coordinates(model, x) + jnp.asarray(linear.slopes) @ deviation
    return s, decided(model, model.known(s), u, eco.coordinates)


def _around_mean(law: Shocks, s: Any, normals: Array) -> Any:
    """The mean shock, moved by normal innovations; discrete parts stay at their mean."""
    zero = jnp.zeros_like(normals)
    moved, still = (law.realise(n, jnp.zeros((), dtype=jnp.int32)) for n in (normals, zero))
    mean = jax.tree.map(jnp.asarray, law.mean(s))
    if isinstance(law, Independent):
        return {name: _moved(mean[name], moved[name], still[name]) for name in mean}
    return _moved(mean, moved, still)


def _moved(mean: Array, moved: Array, still: Array) -> Array:
    return mean + (moved - still) if jnp.issubdtype(moved.dtype, jnp.floating) else mean
