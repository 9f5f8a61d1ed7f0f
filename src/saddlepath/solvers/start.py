"""Where training starts: the steady state, the first-order solution, and the scales that both imply."""

import math

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from saddlepath.cloud import Cloud, polynomial_terms
from saddlepath.economy import Economy, feature_ranges, policy_coordinates, state_features
from saddlepath.errors import ConfigError, ConvergenceError, ModelError
from saddlepath.network import Network, build_network
from saddlepath.ranges import NonNegative, Positive, Real
from saddlepath.rule import Frame, NetworkRule, features_shape, own_features_shape
from saddlepath.solution import Solution
from saddlepath.solvers.passages import features_of, guessed_passages, moved_by
from saddlepath.steady import LinearSolution, SteadyState, centres, exogenous_states, linear_solutions

STARTS = ("auto", "linear", "steady", "random")
LAST_LAYER = {"linear": 0.01, "steady": 0.1, "random": 1.0}
"""Scale of the last layer: small where the centre is already good, full for a random start [-]."""

LOG_DISPERSION = 0.2
"""Least dispersion of a log state that decisions move, per unit of the `scale` of its range [log points]."""
RELATIVE_DISPERSION = 0.05
"""Least dispersion of a state in levels over the mean of its field, per unit of the `scale` of its range [-]."""
COORDINATE_SCALE = 1.0
"""Policy coordinate per unit of network output, for coordinates without a unit (logs, logits) [-]."""
UNSATURATED = 1e6
"""Factor on the scales of the states at which the saturation of a rule's inputs is below round-off [-]."""
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
    design = _Design(eco)
    solutions, points, vs, cloud = _places(eco, design, start)
    kind = start if start != "auto" else ("steady" if solutions is None else "linear")
    frame = _frame(eco, design, vs, solutions, cloud, kind)
    rule = with_features(eco, NetworkRule(None, frame, cloud), points)
    rule = with_network(eco, rule, network, np.random.default_rng(seed), LAST_LAYER[kind])
    return rule, solutions[0] if solutions else None


def linear_of(eco: Economy, start: Solution) -> LinearSolution | None:
    """First-order solution at the centre of the box, taken from a solution to start from if it is of this calibration.

    Args:
        eco: The economy.
        start: A solution of the same model, perhaps at another calibration.
    """
    if eqx.tree_equal((start.economy.model, start.economy.box), (eco.model, eco.box)):
        return start.linear
    try:
        return linear_solutions(eco, np.asarray(eco.box.centre)[None])[0][0]
    except ConvergenceError:
        return None


def first_order_rule(eco: Economy, rule: NetworkRule, linear: LinearSolution | None) -> NetworkRule | None:
    """The first-order rule of one calibration in the structure and shapes of a trained rule, its network silent.

    What was compiled for the trained rule then serves this one too.

    Args:
        eco: The economy, at one calibration.
        rule: A rule with a network.
        linear: Its first-order solution, or None: then there is no such rule.
    """
    if linear is None or eco.box.names:
        return None
    features, coordinates = _around(eco, linear.steady)
    where = lambda r: (r.cloud.centre, r.frame.centre, r.frame.slopes)
    values = (features[None], coordinates[None], jnp.asarray(linear.slopes)[None])
    return silenced(eqx.tree_at(where, rule, values))


def silenced(rule: NetworkRule) -> NetworkRule:
    """The first-order part of a rule: its network adds nothing, and no state is so large that its input saturates."""
    silent = jax.tree.map(lambda leaf: jnp.asarray(np.zeros(leaf.shape, leaf.dtype)), rule.network)
    log_scale = np.array(rule.cloud.log_scale)
    log_scale[0] += np.log(UNSATURATED)
    return eqx.tree_at(lambda r: (r.network, r.cloud.log_scale), rule, (silent, jnp.asarray(log_scale)))


@eqx.filter_jit
def _around(eco: Economy, steady: SteadyState) -> tuple[Array, Array]:
    """State features and policy coordinates of a steady state."""
    state, policy = jax.tree.map(jnp.asarray, (steady.state, steady.policy))
    return state_features(eco.model, state, eco.states), policy_coordinates(eco.model, policy)


def blank_rule(eco: Economy, network: Network) -> NetworkRule:
    """A rule with the structure and shapes of `initial_rule` and no economics in it, from which code is compiled."""
    degree = _degree(eco.box.size)
    n_terms, n, m = _count_terms(eco.box.size, degree), eco.states.continuous.size, eco.coordinates.size
    own = own_features_shape(eco)
    zeros = lambda *shape: jnp.asarray(np.zeros(shape))
    centre, scale = (zeros(0),) * 2 if own is None else (zeros(*own), zeros(own[-1]))
    frame = Frame(degree, zeros(n_terms, m), zeros(n_terms, m, n), zeros(m), centre, scale)
    cloud = Cloud(degree, zeros(n_terms, n), zeros(n_terms, n), zeros(n))
    return with_network(eco, NetworkRule(None, frame, cloud), network, np.random.default_rng(0), 1.0)


def _degree(n_theta: int) -> int:
    if n_theta == 0:
        return 0
    return 4 if n_theta <= 2 else 2 if n_theta <= 6 else 1


def _count_terms(n_theta: int, degree: int) -> int:
    return math.comb(n_theta + degree, degree)


class _Design:
    """Points of the box at which the economy is solved to first order, and polynomials fitted to what is found there.

    Attributes:
        degree: Highest total degree.
        thetas: The points `[n, n_theta]`, the centre of the box first.
    """

    def __init__(self, eco: Economy):
        self.degree = _degree(eco.box.size)
        n_points = DESIGN_POINTS_PER_TERM * _count_terms(eco.box.size, self.degree)
        self.thetas = eco.box.design(n_points if eco.box.names else 1)
        standardised = (eco.box.standardise(theta) for theta in self.thetas)
        self._terms = np.asarray(_polynomials(jnp.asarray(np.stack(list(standardised))), self.degree))

    def fit(self, values: Float[np.ndarray, "n ..."]) -> Array:
        """Least-squares coefficients `[n_terms, ...]` of values at the points."""
        coefficients = np.linalg.lstsq(self._terms, values.reshape(len(values), -1), rcond=None)[0]
        return jnp.asarray(coefficients.reshape(-1, *values.shape[1:]))

    def values(self, coefficients: Array) -> np.ndarray:
        """Fitted values at the points."""
        return self._terms @ np.asarray(coefficients)


@eqx.filter_jit
def _polynomials(thetas: Array, degree: int) -> Array:
    return jax.vmap(lambda theta: polynomial_terms(theta, degree))(thetas)


def _places(eco: Economy, design: _Design, start: str) -> tuple[list[LinearSolution] | None, Array, np.ndarray, Cloud]:
    """First-order solutions, typical points, centres in features and coordinates, and the cloud around them."""
    if eco.horizon is not None:
        return None, *_along_passages(eco, design, start)
    solutions, vs = _first_order(eco, design.thetas, start)
    cloud = _cloud(eco, design, vs, solutions)
    return solutions, _draws(eco, cloud, jax.random.split(jax.random.key(0), FEATURE_DRAWS)), vs, cloud


def _along_passages(eco: Economy, design: _Design, start: str) -> tuple[Array, np.ndarray, Cloud]:
    """Points, centres and cloud of a model in calendar time, from its passages under the first guess of decisions."""
    if start == "linear":
        raise ConvergenceError(
            f"{type(eco.model).__name__} lives in calendar time and has no first-order solution to start from; leave "
            "start to 'auto'."
        )
    thetas = jnp.asarray(design.thetas)
    coordinates = _guessed_coordinates(eco, thetas)
    points = guessed_passages(eco, coordinates, thetas)
    features = np.asarray(features_of(eco, points))
    if not np.all(np.isfinite(features)):
        raise ModelError(
            f"{type(eco.model).__name__}: a path from start() under the policy of steady_guess() is not finite within "
            f"{eco.horizon} periods; give a policy under which the economy goes on."
        )
    centres, deviation = features.mean(axis=1), features.std(axis=1)
    floor = np.stack([_least_dispersion(eco, centre) for centre in centres])
    exogenous = exogenous_states(*moved_by(eco, coordinates[0], thetas[0]))
    scale = np.where(exogenous & (deviation > 0), deviation, np.maximum(deviation, floor))
    cloud = Cloud(design.degree, design.fit(centres), design.fit(np.log(scale)), jnp.asarray(exogenous.astype(float)))
    return points.reshape(-1, eco.n_points), np.concatenate([centres, np.asarray(coordinates)], axis=1), cloud


@eqx.filter_jit
def _guessed_coordinates(eco: Economy, thetas: Float[Array, "n n_theta"]) -> Float[Array, "n n_coordinates"]:
    """The policy of the first guess in coordinates, at several parameter points."""

    def one(theta: Array) -> Array:
        model = eco.at(theta)
        guess = model.steady_guess()
        policy = [r.default() for r in model.policy_range()] if guess is None else guess[1]
        return policy_coordinates(model, model.Policy(*map(jnp.asarray, policy)))

    return jax.vmap(one)(thetas)


def _first_order(eco: Economy, thetas: np.ndarray, start: str) -> tuple[list[LinearSolution] | None, np.ndarray]:
    """First-order solutions where asked for and available, and steady states in features and coordinates."""
    if start in ("linear", "auto", "random"):
        try:
            return linear_solutions(eco, thetas)
        except ConvergenceError:
            if start == "linear":
                raise
    return None, centres(eco, thetas)


def _cloud(eco: Economy, design: _Design, vs: np.ndarray, solutions: list[LinearSolution] | None) -> Cloud:
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
    return Cloud(design.degree, design.fit(centres), design.fit(np.log(scale)), jnp.asarray(exogenous.astype(float)))


def _least_dispersion(eco: Economy, centre: np.ndarray) -> np.ndarray:
    """Dispersion of every state feature that training needs even where the first-order solution has less."""
    parts, start = [], 0
    for r in feature_ranges(eco.model, eco.states):
        size = int(np.prod(r.shape))
        own = np.abs(centre[start : start + size])
        if isinstance(r, Positive):
            parts.append(np.broadcast_to(LOG_DISPERSION * np.asarray(r.scale), r.shape).reshape(size))
        else:
            typical = own.mean() if own.mean() > 0 else 1.0
            least = np.maximum(LOG_DISPERSION * own, RELATIVE_DISPERSION * typical)
            parts.append(least * np.ravel(np.broadcast_to(r.scale, r.shape)) if isinstance(r, NonNegative) else least)
        start += size
    return np.concatenate(parts)


def _frame(
    eco: Economy,
    design: _Design,
    vs: np.ndarray,
    solutions: list[LinearSolution] | None,
    cloud: Cloud,
    kind: str,
) -> Frame:
    n, m = eco.states.continuous.size, eco.coordinates.size
    centres, slopes = vs[:, n:], np.zeros((len(vs), m, n))
    if solutions is not None and kind == "linear":
        slopes = np.stack([solution.slopes for solution in solutions])
    dispersion = np.exp(design.values(cloud.log_scale))
    scale = _coordinate_scale(eco, centres, slopes * dispersion[:, None, :])
    if kind == "random":
        centres, slopes = np.zeros_like(centres), np.zeros_like(slopes)
    none = jnp.asarray(np.zeros(0))
    return Frame(design.degree, design.fit(centres), design.fit(slopes), jnp.asarray(scale), none, none)


def _coordinate_scale(eco: Economy, centres: np.ndarray, slopes: np.ndarray) -> np.ndarray:
    """One for coordinates without a unit; for real policies their steady size or first-order deviation."""
    deviation = np.sqrt(np.max(np.sum(slopes**2, axis=2), axis=0))
    size = np.maximum(np.max(np.abs(centres), axis=0), deviation)
    real = np.concatenate(
        [np.full(int(np.prod(r.coordinate_shape)), isinstance(r, Real)) for r in eco.model.policy_range()]
    )
    return np.where(real & (size > 0), size, COORDINATE_SCALE)


@eqx.filter_jit
def _draws(eco: Economy, cloud: Cloud, keys: Array) -> Float[Array, "n n_points"]:
    """Random points of the cloud."""
    return jax.vmap(cloud.start, (None, 0))(eco, keys)


@eqx.filter_jit
def _own_features(eco: Economy, points: Float[Array, "n n_points"]) -> Array | None:
    """The model's own features at points."""

    def features(y: Array) -> Array | None:
        model, state = eco.split(y)
        return model.features(model.known(state))

    return jax.vmap(features)(points)


def with_features(eco: Economy, rule: NetworkRule, points: Float[Array, "n n_points"]) -> NetworkRule:
    """The rule with mean and standard deviation of the model's own features over typical points.

    Where there is a row for every member, what varies over points is measured from the member's own mean, and what
    only tells members apart, as a function of age does, from the mean of all.
    """
    if own_features_shape(eco) is None:
        return rule
    draws = np.asarray(_own_features(eco, points))
    least = 1e-8 * np.maximum(np.abs(draws).reshape(-1, draws.shape[-1]).max(axis=0), 1.0)
    own = draws.mean(axis=0)
    varies = np.any((draws.std(axis=0) > least).reshape(-1, draws.shape[-1]), axis=0)
    centre = np.where(varies, own, own.reshape(-1, draws.shape[-1]).mean(axis=0))
    deviation = (draws - centre).reshape(-1, draws.shape[-1]).std(axis=0)
    scale = np.where(deviation > least, deviation, 1.0)
    where = lambda r: (r.frame.feature_centre, r.frame.feature_scale)
    return eqx.tree_at(where, rule, (jnp.asarray(centre), jnp.asarray(scale)))


def with_network(
    eco: Economy, rule: NetworkRule, spec: Network, random: np.random.Generator, last: float
) -> NetworkRule:
    """The rule with a fresh network."""
    return NetworkRule(
        build_network(spec, features_shape(eco), eco.box.size, eco.coordinates.shapes, random, last),
        rule.frame,
        rule.cloud,
    )
