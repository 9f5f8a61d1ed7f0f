"""Particle filters: the likelihood of data under a global, nonlinear solution.

The bootstrap filter moves particles by the law of the model and weighs them by the measurement error. The auxiliary
filter looks at the datum first: it chooses particles by how likely each makes it, and draws shocks near those that
explain it, both to first order in the shocks around each particle; weights correct for the rest. The same random
numbers serve every parameter vector.

References:
    Gordon, Salmond and Smith (1993, IEE Proc. F), bootstrap; Pitt and Shephard (1999, JASA), auxiliary; Doucet, Godsill
    and Andrieu (2000, Stat. Comput.), proposals by local linearisation; Kitagawa (1996, JCGS), systematic resampling;
    Fernandez-Villaverde and Rubio-Ramirez (2007, REStud), estimation of dynamic economies.
"""

from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, PRNGKeyArray

from saddlepath.cloud import Cloud
from saddlepath.economy import Economy
from saddlepath.errors import ConfigError
from saddlepath.estimate.kalman import LOG_TWO_PI
from saddlepath.estimate.log_likelihood import LogLikelihood
from saddlepath.estimate.state_space import Measurement, bounds, measured, observations
from saddlepath.rule import DecisionRule
from saddlepath.simulation import dispersed, named, require_whole
from saddlepath.solution import Solution, member

AnyArray = Array | np.ndarray

BOOTSTRAP, AUXILIARY = "bootstrap", "auxiliary"
FEW = 4
"""Shocks up to which small matrices are factored without a library call per particle [-]."""
ENOUGH = 0.5
"""Particles are resampled when fewer than this share of them is effective [-]."""


class Swarm(NamedTuple):
    """Particles.

    Attributes:
        state: States `[n, n_states]`.
        policy: Policies there, with a leading axis.
        levels: Levels of the observed variables there `[n, n_series]`.
    """

    state: Array
    policy: Any
    levels: Array


class ParticleLikelihood(LogLikelihood):
    """A particle filter's estimate of the log likelihood of a global solution.

    Attributes:
        method: `bootstrap` or `auxiliary`.
        particles: Number of particles.
        burn_in: Periods that particles move before the first datum. [periods]
        economy: The economy, a family's with its box.
        rule: Its decision rule.
        cloud: Where particles start.
        measurement: What is observed.
        data: Observations `[time, n_series]`, NaN where missing.
        seed: Seed of all random numbers.
        low: Least values of the parameters.
        high: Largest values of the parameters.
    """

    names: tuple[str, ...] = eqx.field(static=True)
    differentiable: bool = eqx.field(static=True, default=False, init=False)
    method: str = eqx.field(static=True)
    particles: int = eqx.field(static=True)
    burn_in: int = eqx.field(static=True)
    economy: Economy
    rule: DecisionRule
    cloud: Cloud
    measurement: Measurement
    data: AnyArray
    seed: AnyArray
    low: AnyArray
    high: AnyArray

    def inside(self, theta: Float[Array, " size"]) -> Float[Array, ""]:
        size = self.economy.box.size
        parts = (self.economy, self.rule, self.cloud)
        eco, rule, cloud = member(*parts, theta[:size]) if size else parts
        sd = self.measurement.sd(theta[size:])
        own = _Filter(eco, rule, self.measurement, sd, self.method)
        start_key, key = jax.random.split(jax.random.key(self.seed))
        swarm = own.start(dispersed(eco, cloud, jax.random.split(start_key, self.particles)))
        burn_key, key = jax.random.split(key)
        swarm = jax.lax.fori_loop(
            0, self.burn_in, lambda t, now: own.drift(now, jax.random.fold_in(burn_key, t)), swarm
        )
        return own.log_likelihood(swarm, jnp.asarray(self.data), key)


class _Filter(eqx.Module):
    """One filter at one parameter vector."""

    economy: Economy
    rule: DecisionRule
    measurement: Measurement
    sd: Float[Array, " n_series"]
    method: str = eqx.field(static=True)

    def start(self, points: Float[Array, "n n_states"]) -> Swarm:
        return jax.vmap(self.look)(points)

    def look(self, state: Float[Array, " n_states"]) -> Swarm:
        """A particle with what it decides and shows."""
        model, s = self.economy.split(state)
        x = self.rule(self.economy, model, state)
        return Swarm(state, x, self.measurement.levels(named(model, s, x)))

    def moved(self, now: Swarm, normals: Float[Array, " n_shocks"], outcome: Int[Array, ""]) -> Swarm:
        """The particle after a shock."""
        model, s = self.economy.split(now.state)
        shock = model.shocks().realise(normals, outcome)
        return self.look(self.economy.states.flatten(model.transition(s, now.policy, shock), "transition()"))

    def drift(self, swarm: Swarm, key: PRNGKeyArray) -> Swarm:
        """All particles after shocks drawn from the law of the model."""
        normal_key, outcome_key = jax.random.split(key)
        n, law = swarm.state.shape[0], self.economy.model.shocks()
        normals = jax.random.normal(normal_key, (n, law.n_shocks))
        if law.n_outcomes == 1:
            outcomes = jnp.zeros(n, dtype=jnp.int32)
        else:
            outcomes = jax.vmap(self._outcome)(swarm.state, jax.random.uniform(outcome_key, (n,)))
        return jax.vmap(self.moved)(swarm, normals, outcomes)

    def _outcome(self, state: Array, uniform: Array) -> Int[Array, ""]:
        """The discrete outcome at a quantile, so that parameters change it as little as they must."""
        model, s = self.economy.split(state)
        below = jnp.cumsum(model.shocks().probabilities(s)) < uniform
        return jnp.minimum(jnp.sum(below), below.size - 1).astype(jnp.int32)

    def shown(self, swarm: Swarm, before: Swarm) -> Array:
        """Series: levels, or changes from the period before."""
        return swarm.levels - jnp.where(self.measurement.differenced, before.levels, 0.0)

    def log_likelihood(self, swarm: Swarm, data: Float[Array, "time n_series"], key: PRNGKeyArray) -> Float[Array, ""]:
        n = swarm.state.shape[0]
        step = self._bootstrap if self.method == BOOTSTRAP else self._auxiliary

        def advance(carry: tuple[Swarm, Array], inputs: tuple[Array, Array]) -> tuple[tuple[Swarm, Array], Array]:
            swarm, weights, term = step(*carry, *inputs)
            return (swarm, weights), term

        keys = jax.random.split(key, data.shape[0])
        even = jnp.full(n, -jnp.log(n))
        _, terms = jax.lax.scan(advance, (swarm, even), (data, keys))
        return jnp.sum(terms)

    def _bootstrap(self, swarm: Swarm, weights: Array, datum: Array, key: PRNGKeyArray) -> tuple[Swarm, Array, Array]:
        """Resample where few particles matter, move, weigh. Weights are logarithms that add to probability one."""
        move_key, choice_key = jax.random.split(key)
        few = jnp.exp(-jax.scipy.special.logsumexp(2 * weights)) < ENOUGH * weights.size
        chosen = jnp.where(few, resampled(jnp.exp(weights), choice_key), jnp.arange(weights.size, dtype=jnp.int32))
        weights = jnp.where(few, -jnp.log(weights.size), weights)
        before = jax.tree.map(lambda leaf: leaf[chosen], swarm)
        swarm = self.drift(before, move_key)
        density = jax.vmap(lambda now, past: self._density(datum, self.shown(now, past)))(swarm, before)
        return swarm, *_updated(weights, density)

    def _density(self, datum: Float[Array, " n_series"], shown: Float[Array, " n_series"]) -> Float[Array, ""]:
        """Log density of a datum at what a particle shows; minus infinity where that is not a number."""
        present = jnp.isfinite(datum)
        score = jnp.where(present, (datum - shown) / self.sd, 0.0)
        constant = jnp.sum(jnp.where(present, jnp.log(self.sd) + LOG_TWO_PI / 2, 0.0))
        value = -0.5 * jnp.sum(score**2) - constant
        return jnp.where(jnp.isfinite(value), value, -jnp.inf)

    def _auxiliary(self, swarm: Swarm, weights: Array, datum: Array, key: PRNGKeyArray) -> tuple[Swarm, Array, Array]:
        """Choose particles by their prediction of the datum, draw shocks that explain it, weigh by what is left."""
        move_key, choice_key = jax.random.split(key)
        predicted, centre, factor = jax.vmap(lambda now: self._prediction(now, datum))(swarm)
        first, share = _updated(weights, predicted)
        chosen = resampled(jnp.exp(first), choice_key)
        before, predicted, centre, factor = jax.tree.map(lambda leaf: leaf[chosen], (swarm, predicted, centre, factor))
        draws = jax.random.normal(move_key, centre.shape)
        # The precision of the proposal is factor factor', so that its draws solve with the transposed factor.
        normals = centre + jax.vmap(_solved_upper)(factor, draws)
        swarm = jax.vmap(lambda now, e: self.moved(now, e, jnp.zeros((), dtype=jnp.int32)))(before, normals)
        density = jax.vmap(lambda now, past: self._density(datum, self.shown(now, past)))(swarm, before)
        proposal = jnp.sum(jnp.log(jnp.diagonal(factor, axis1=1, axis2=2)), axis=1) - 0.5 * jnp.sum(draws**2, axis=1)
        prior = -0.5 * jnp.sum(normals**2, axis=1)  # the constants of both normal densities cancel
        correction = jnp.where(jnp.isfinite(density), density + prior - proposal - predicted, -jnp.inf)
        weights, rest = _updated(jnp.full(weights.size, -jnp.log(weights.size)), correction)
        return swarm, weights, share + rest

    def _prediction(self, now: Swarm, datum: Float[Array, " n_series"]) -> tuple[Array, Array, Array]:
        """Of one particle, to first order in tomorrow's shocks: log density of the datum, and mean and factor of the
        precision of the shocks given the datum."""
        none = jnp.zeros(self.economy.model.shocks().n_shocks)
        show = lambda e: (self.shown(self.moved(now, e, jnp.zeros((), dtype=jnp.int32)), now),) * 2
        slope, shown = jax.jacfwd(show, has_aux=True)(none)
        present = jnp.isfinite(datum)
        score = jnp.where(present, (datum - shown) / self.sd, 0.0)
        slope = jnp.where(present[:, None], slope / self.sd[:, None], 0.0)
        factor = _factor(jnp.eye(none.size) + slope.T @ slope)
        half = _solved_lower(factor, slope.T @ score)
        centre = _solved_upper(factor, half)
        constant = jnp.sum(jnp.where(present, jnp.log(self.sd) + LOG_TWO_PI / 2, 0.0))
        density = -0.5 * (score @ score - half @ half) - jnp.sum(jnp.log(jnp.diagonal(factor))) - constant
        sound = jnp.isfinite(density)
        # A particle that is lost is not chosen, and what it proposes must be a number all the same.
        return (
            jnp.where(sound, density, -jnp.inf),
            jnp.where(sound, centre, 0.0),
            jnp.where(sound, factor, jnp.eye(none.size)),
        )


def _factor(a: Float[Array, "n n"]) -> Float[Array, "n n"]:
    """Lower Cholesky factor, written out for few shocks: one per particle costs far more by a library's call."""
    n = a.shape[0]
    if n > FEW:
        return jnp.linalg.cholesky(a)
    rows = [[jnp.zeros_like(a[0, 0])] * n for _ in range(n)]
    for i in range(n):
        for j in range(i + 1):
            left = a[i, j] - sum(rows[i][k] * rows[j][k] for k in range(j))
            rows[i][j] = jnp.sqrt(left) if i == j else left / rows[j][j]
    return jnp.stack([jnp.stack(row) for row in rows])


def _solved_lower(factor: Float[Array, "n n"], b: Float[Array, " n"]) -> Float[Array, " n"]:
    """Solution with a lower factor."""
    if b.size > FEW:
        return jax.scipy.linalg.solve_triangular(factor, b, lower=True)
    found: list[Array] = []
    for i in range(b.size):
        found.append((b[i] - sum(factor[i, k] * found[k] for k in range(i))) / factor[i, i])
    return jnp.stack(found)


def _solved_upper(factor: Float[Array, "n n"], b: Float[Array, " n"]) -> Float[Array, " n"]:
    """Solution with the transpose of a lower factor."""
    return _solved_lower(factor[::-1, ::-1].T, b[::-1])[::-1]


def _updated(weights: Float[Array, " n"], density: Float[Array, " n"]) -> tuple[Array, Array]:
    """Weights after a datum, as logarithms that add to probability one, and the log density of the datum."""
    joint = weights + density
    total = jax.scipy.special.logsumexp(joint)
    alive = jnp.isfinite(total)
    return jnp.where(alive, joint - total, -jnp.log(weights.size)), jnp.where(alive, total, -jnp.inf)


def resampled(weights: Float[Array, " n"], key: PRNGKeyArray) -> Int[Array, " n"]:
    """Systematic resampling: positions of the chosen particles, each expected in proportion to its weight.

    Args:
        weights: Probabilities. [-]
        key: Random key.
    """
    n = weights.size
    below = jnp.cumsum(weights)
    edges = jnp.ceil(n * below / below[-1] - jax.random.uniform(key)).astype(jnp.int32)
    # `edges` counts how many of the n points fall below each particle's share: ones placed there and added up.
    starts = jnp.zeros(n, dtype=jnp.int32).at[edges[:-1]].add(1, mode="drop")
    return jnp.cumsum(starts).astype(jnp.int32)


def particle_likelihood(
    solution: Solution, data: Any, given: Any, *, method: str, particles: int, burn_in: int, seed: int
) -> ParticleLikelihood:
    """A particle filter's likelihood of a solution or family.

    Args:
        solution: The global solution.
        data: The data; see `state_space.observations`.
        given: The measurement; see `state_space.measured`.
        method: `bootstrap` or `auxiliary`.
        particles: Number of particles.
        burn_in: Periods that particles move before the first datum. [periods]
        seed: Seed of all random numbers.

    Raises:
        ConfigError: A series is observed exactly, data and measurement do not fit, counts are no whole numbers, or the
            auxiliary filter meets discrete shocks.
    """
    require_whole("particles", particles, 2)
    require_whole("burn_in", burn_in, 0)
    eco, law = solution.economy, solution.economy.model.shocks()
    measurement = measured(given, eco, solution.rule)
    if measurement.exact:
        raise ConfigError(
            f"{measurement.exact[0]!r} is observed exactly, so that every particle would have weight zero; give a "
            f"measurement error, measurement={{{measurement.exact[0]!r}: 0.001}}, or use method='kalman'."
        )
    if method == AUXILIARY and (law.n_outcomes > 1 or law.n_shocks == 0):
        raise ConfigError(
            f"the auxiliary filter draws normal shocks that explain the data, and the shocks of "
            f"{type(eco.model).__name__} are {law.describe()}; use method='bootstrap'."
        )
    low, high = bounds(eco.box, measurement)
    return ParticleLikelihood(
        names=(*eco.box.entries, *measurement.unknown),
        method=method,
        particles=int(particles),
        burn_in=int(burn_in),
        economy=eco,
        rule=solution.rule,
        cloud=solution.cloud,
        measurement=measurement,
        data=observations(data, measurement),
        seed=np.asarray(seed),
        low=low,
        high=high,
    )
