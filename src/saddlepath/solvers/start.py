"""Where training starts: the steady state, the first-order solution, and the scales that both imply."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, PRNGKeyArray

from saddlepath.cloud import Cloud, polynomial_terms
from saddlepath.economy import Economy, feature_ranges
from saddlepath.errors import ConfigError, ConvergenceError
from saddlepath.network import Network, build_network
from saddlepath.ranges import Positive, Real
from saddlepath.rule import Frame, NetworkRule
from saddlepath.steady import LinearSolution, centres, linear_solutions

STARTS = ("auto", "linear", "steady", "random")
LAST_LAYER = {"linear": 0.01, "steady": 0.1, "random": 1.0}
"""Scale of the last layer: small where the centre is already good, full for a random start [-]."""

LOG_DISPERSION = 0.2
"""Least dispersion of a log state that decisions move [log points]."""
RELATIVE_DISPERSION = 0.05
"""Least dispersion of a state in levels, relative to the mean of its field [-]."""
COORDINATE_SCALE = 1.0
"""Policy coordinate per unit of network output, for coordinates without a unit (logs, logits) [-]."""
DESIGN_POINTS_PER_TERM = 6
FEATURE_DRAWS = 256


def initial_rule(eco: Economy, network: Network, start: str, seed: int) -> tuple[NetworkRule, LinearSolution | None]:
    """The rule before training, and the first-order solution at the centre of the box if there is one.

    Args:
        eco: The economy.
        network: Size and kind of the network.
        start: `linear` (first-order rule), `steady` (constant at the steady state), `random` (nothing but scales), or
            `auto`: linear where a unique stable rule exists, else steady.
        seed: Seed of the network's weights.

    Raises:
        ConvergenceError: No steady state; or `linear` was asked for and there is no unique stable rule.
    """
    if start not in STARTS:
        raise ConfigError(f"start must be one of {', '.join(STARTS)}, or a Solution, got {start!r}.")
    degree = _degree(eco.box.size)
    thetas = _design(eco, degree)
    solutions, vs = _first_order(eco, thetas, start)
    kind = start if start != "auto" else ("steady" if solutions is None else "linear")
    cloud = _cloud(eco, degree, thetas, vs, solutions)
    frame = _frame(eco, degree, thetas, vs, solutions, cloud, kind)
    rule = with_features(eco, NetworkRule(None, frame, cloud))
    rule = with_network(eco, rule, network, np.random.default_rng(seed), LAST_LAYER[kind])
    return rule, solutions[0] if solutions else None


def _degree(n_theta: int) -> int:
    if n_theta == 0:
        return 0
    return 4 if n_theta <= 2 else 2 if n_theta <= 6 else 1


def _design(eco: Economy, degree: int) -> np.ndarray:
    n_terms = polynomial_terms(jnp.zeros(eco.box.size), degree).size
    return eco.box.design(DESIGN_POINTS_PER_TERM * n_terms if eco.box.names else 1)


def _first_order(eco: Economy, thetas: np.ndarray, start: str) -> tuple[list[LinearSolution] | None, np.ndarray]:
    """First-order solutions where asked for and available, and steady states in features and coordinates."""
    if start in ("linear", "auto", "random"):
        try:
            return linear_solutions(eco, thetas)
        except ConvergenceError:
            if start == "linear":
                raise
    return None, centres(eco, thetas)


def _fit(eco: Economy, degree: int, thetas: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Least-squares coefficients `[n_terms, ...]` of a polynomial in the standardised pseudo-states."""
    standardised = np.stack([np.asarray(eco.box.standardise(theta)) for theta in thetas])
    terms = np.asarray(jax.vmap(lambda t: polynomial_terms(t, degree))(jnp.asarray(standardised)))
    coefficients = np.linalg.lstsq(terms, values.reshape(len(thetas), -1), rcond=None)[0]
    return coefficients.reshape(-1, *values.shape[1:])


def _cloud(
    eco: Economy, degree: int, thetas: np.ndarray, vs: np.ndarray, solutions: list[LinearSolution] | None
) -> Cloud:
    n = eco.states.continuous.size
    centres = vs[:, :n]
    floor = np.stack([_least_dispersion(eco, centre) for centre in centres])
    if solutions is None:
        exogenous, deviation = np.zeros(n, dtype=bool), np.zeros_like(floor)
    else:
        exogenous = np.all(np.stack([solution.exogenous for solution in solutions]), axis=0)
        deviation = np.stack([solution.deviation for solution in solutions])
        deviation = np.where(np.isfinite(deviation), deviation, 0.0)
    scale = np.where(exogenous & (deviation > 0), deviation, np.maximum(deviation, floor))
    fit = lambda values: jnp.asarray(_fit(eco, degree, thetas, values))
    return Cloud(degree, fit(centres), fit(np.log(scale)), tuple(exogenous.tolist()))


def _least_dispersion(eco: Economy, centre: np.ndarray) -> np.ndarray:
    """Dispersion of every state feature that training needs even where the first-order solution has less."""
    parts, start = [], 0
    for r in feature_ranges(eco.model, eco.states):
        size = int(np.prod(r.shape))
        own = np.abs(centre[start : start + size])
        if isinstance(r, Positive):
            parts.append(np.full(size, LOG_DISPERSION))
        else:
            typical = own.mean() if own.mean() > 0 else 1.0
            parts.append(np.maximum(LOG_DISPERSION * own, RELATIVE_DISPERSION * typical))
        start += size
    return np.concatenate(parts)


def _frame(
    eco: Economy,
    degree: int,
    thetas: np.ndarray,
    vs: np.ndarray,
    solutions: list[LinearSolution] | None,
    cloud: Cloud,
    kind: str,
) -> Frame:
    n, m = eco.states.continuous.size, eco.coordinates.size
    centres, slopes = vs[:, n:], np.zeros((len(thetas), m, n))
    if solutions is not None and kind == "linear":
        slopes = np.stack([solution.slopes for solution in solutions])
    dispersion = np.stack([np.asarray(cloud.scale(eco, theta)) for theta in jnp.asarray(thetas)])
    scale = _coordinate_scale(eco, centres, slopes * dispersion[:, None, :])
    if kind == "random":
        centres, slopes = np.zeros_like(centres), np.zeros_like(slopes)
    fit = lambda values: jnp.asarray(_fit(eco, degree, thetas, values))
    return Frame(degree, fit(centres), fit(slopes), jnp.asarray(scale), jnp.zeros(0), jnp.zeros(0))


def _coordinate_scale(eco: Economy, centres: np.ndarray, slopes: np.ndarray) -> np.ndarray:
    """One for coordinates without a unit; for real policies their steady size or first-order deviation."""
    deviation = np.sqrt(np.max(np.sum(slopes**2, axis=2), axis=0))
    size = np.maximum(np.max(np.abs(centres), axis=0), deviation)
    real = np.concatenate(
        [np.full(int(np.prod(r.coordinate_shape)), isinstance(r, Real)) for r in eco.model.policy_range()]
    )
    return np.where(real & (size > 0), size, COORDINATE_SCALE)


@eqx.filter_jit
def _feature_draws(eco: Economy, cloud: Cloud, keys: Array) -> Array | None:
    """The model's own features at random points of the cloud."""

    def features(key: PRNGKeyArray) -> Array | None:
        model, state = eco.split(cloud.start(eco, key))
        return model.features(state)

    return jax.vmap(features)(keys)


def with_features(eco: Economy, rule: NetworkRule) -> NetworkRule:
    """The rule with mean and standard deviation of the model's own features over the start cloud."""
    keys = jax.random.split(jax.random.key(0), FEATURE_DRAWS)
    if eqx.filter_eval_shape(_feature_draws, eco, rule.cloud, keys) is None:
        return rule
    draws = np.asarray(_feature_draws(eco, rule.cloud, keys))
    table = draws.reshape(-1, draws.shape[-1])
    deviation = table.std(axis=0)
    scale = np.where(deviation > 1e-8 * np.maximum(np.abs(table).max(axis=0), 1.0), deviation, 1.0)
    where = lambda r: (r.frame.feature_centre, r.frame.feature_scale)
    return eqx.tree_at(where, rule, (jnp.asarray(table.mean(axis=0)), jnp.asarray(scale)))


def with_network(
    eco: Economy, rule: NetworkRule, spec: Network, random: np.random.Generator, last: float
) -> NetworkRule:
    """The rule with a fresh network."""
    return NetworkRule(
        build_network(spec, input_shape(eco, rule), eco.box.size, eco.coordinates.shapes, random, last),
        rule.frame,
        rule.cloud,
    )


def input_shape(eco: Economy, rule: NetworkRule) -> tuple[int, ...]:
    """Shape of what the network sees: `(n_features,)` or `(items, n_features)`."""

    def inputs(y: Array) -> Array:
        model, s = eco.split(y)
        z = rule.cloud.standardise(eco, model, s, y[eco.states.size :])
        return rule.inputs(model, s, z, eco.states)

    return eqx.filter_eval_shape(inputs, jnp.zeros(eco.n_points)).shape
