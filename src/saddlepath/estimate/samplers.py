"""Samplers of a posterior in the coordinates where the prior is independent standard normal, by BlackJAX.

In these coordinates every bounded law becomes unbounded, and the log density of the posterior is the log likelihood
minus half the squared length of the point.

References:
    Hoffman and Gelman (2014, JMLR), NUTS; Carpenter et al. (2017, J. Stat. Softw.), windows of its warm-up; Chopin
    (2002, Biometrika) and Del Moral, Doucet and Jasra (2006, JRSS B), tempered sequential Monte Carlo; Herbst and
    Schorfheide (2014, J. Appl. Econometrics), the same for dynamic economies.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, PRNGKeyArray

from saddlepath.errors import ConfigError

TARGET_ACCEPTANCE = 0.8
"""Acceptance rate that step sizes of NUTS aim at [-]."""
TEMPER = 0.5
"""Every stage of tempering leaves this share of the particles effective [-]."""
MOVES = 10
"""Random-walk steps per particle and stage [-]."""
WALK = 2.38
"""Scale of a random walk that suits a normal target, over the root of the dimension (Roberts and Rosenthal, 2001)."""
STAGES = 200
"""Most stages of tempering before a run is given up [-]."""
IMPOSSIBLE = -1e30
"""Log likelihood of parameters that the data exclude: finite, so that a tempering of zero times it is zero."""

LogDensity = Callable[[Float[Array, " size"]], Float[Array, ""]]


class Chains(NamedTuple):
    """What a sampler returns, the first axis being that of the chains or runs.

    Attributes:
        z: Draws in standard normal coordinates `[chains, draws, size]`.
        divergent: Whether the path that led to a draw diverged `[chains, draws]`; never of SMC.
        acceptance: Acceptance rate of every draw, or of the last stage `[chains, draws]`. [-]
        work: Gradients (NUTS), or stages of tempering (SMC), that every chain took `[chains]`.
        log_evidence: Log marginal likelihood of every run `[chains]`; NaN of NUTS.
    """

    z: Float[Array, "chains draws size"]
    divergent: Bool[Array, "chains draws"]
    acceptance: Float[Array, "chains draws"]
    work: Array
    log_evidence: Float[Array, " chains"]


def require_blackjax() -> Any:
    """The BlackJAX library.

    Raises:
        ConfigError: It is not installed.
    """
    try:
        import blackjax
    except ImportError as error:
        raise ConfigError(
            "sampling a posterior needs the package blackjax, which is not installed; run pip install "
            "'saddlepath[estimate]'."
        ) from error
    return blackjax


def nuts(
    log_likelihood: LogDensity,
    keys: Array,
    starts: Float[Array, "chains size"],
    values: Float[Array, " chains"],
    draws: int,
    warmup: int,
) -> Chains:
    """Chains of the no-U-turn sampler, each with its own step size and mass matrix. Pure JAX.

    Warm-up and draws are one loop, so that the gradient is compiled once and not once for each.

    Args:
        log_likelihood: In standard normal coordinates, differentiable.
        keys: A key per chain.
        starts: Where chains start, in standard normal coordinates.
        values: Log likelihood there.
        draws: Draws per chain that are kept.
        warmup: Draws before them, in which step size and mass matrix are adapted.
    """
    blackjax = require_blackjax()
    from blackjax.adaptation.staged_adaptation import build_schedule
    from blackjax.mcmc.hmc import HMCState

    kernel = blackjax.nuts.build_kernel()
    begin, adapt = _adaptation(starts.shape[1])
    slow, closing = (jnp.pad(column, (0, draws)) for column in jnp.asarray(build_schedule(warmup)).T)
    learning = jnp.arange(warmup + draws) < warmup

    density = lambda z, value: value - 0.5 * jnp.sum(z**2)
    # A zero slope misleads the first path only, and spares one more compilation of the gradient.
    states = HMCState(starts, jax.vmap(density)(starts, values), jnp.zeros_like(starts))

    def chain(key: Array, start: Any) -> tuple[Array, ...]:
        def advance(carry: Any, inputs: tuple[Array, ...]) -> tuple[Any, tuple[Array, ...]]:
            state, tuning = carry
            key, slow, closing, learning = inputs
            log_step = jnp.where(learning, tuning.step.log_step_size, tuning.step.log_step_size_avg)
            parameters = (jnp.exp(log_step), tuning.mass.inverse_mass_matrix)
            state, info = kernel(key, state, lambda z: density(z, log_likelihood(z)), *parameters)
            adapted = adapt(tuning, slow > 0, closing > 0, state.position, info.acceptance_rate)
            kept = (state.position, info.is_divergent, info.acceptance_rate, info.num_integration_steps)
            return (state, _where(learning, adapted, tuning)), kept

        inputs = (jax.random.split(key, warmup + draws), slow, closing, learning)
        return jax.lax.scan(advance, (start, begin()), inputs)[1]

    z, divergent, acceptance, steps = (part[:, warmup:] for part in jax.vmap(chain)(keys, states))
    return Chains(z, divergent, acceptance, jnp.sum(steps, axis=1), jnp.full(z.shape[0], jnp.nan))


class _Tuning(NamedTuple):
    """What a chain has learnt: its step size by dual averaging, its mass matrix from draws."""

    step: Any
    mass: Any


def _adaptation(size: int) -> tuple[Callable[[], _Tuning], Callable[..., _Tuning]]:
    """First tuning, and tuning after a draw, in the windows of Stan's warm-up."""
    from blackjax.adaptation.mass_matrix import mass_matrix_adaptation
    from blackjax.adaptation.step_size import dual_averaging_adaptation

    step_begin, step_update, step_end = dual_averaging_adaptation(TARGET_ACCEPTANCE)
    mass_begin, mass_update, mass_end = mass_matrix_adaptation(is_diagonal_matrix=False)

    def adapt(tuning: _Tuning, slow: Array, closing: Array, position: Array, acceptance: Array) -> _Tuning:
        step = step_update(tuning.step, acceptance)
        mass = _where(slow, mass_update(tuning.mass, position), tuning.mass)
        renewed = _Tuning(step_begin(step_end(step)), mass_end(mass))
        return _where(closing, renewed, _Tuning(step, mass))

    return lambda: _Tuning(step_begin(1.0), mass_begin(size)), adapt


def _where(condition: Array, chosen: Any, other: Any) -> Any:
    return jax.tree.map(lambda a, b: jnp.where(condition, a, b), chosen, other)


class _Stage(NamedTuple):
    """A run of SMC between two stages."""

    state: Any
    log_evidence: Array
    acceptance: Array
    stage: Array
    key: Array


def smc(log_likelihood: LogDensity, key: PRNGKeyArray, draws: int, size: int, batch: int) -> Chains:
    """One run of adaptively tempered sequential Monte Carlo with random-walk moves. Pure JAX.

    Args:
        log_likelihood: In standard normal coordinates.
        key: Random key.
        draws: Number of particles.
        size: Number of parameters.
        batch: Particles evaluated at once; zero for all.
    """
    require_blackjax()
    from blackjax.mcmc import random_walk
    from blackjax.smc import adaptive_tempered, resampling, solver

    walk = random_walk.build_additive_step()

    def move(key: Array, state: Any, log_density: LogDensity, factor: Array) -> Any:
        return walk(key, state, log_density, lambda k, position: factor @ jax.random.normal(k, position.shape))

    def bounded(z: Array) -> Array:
        return jnp.maximum(log_likelihood(z), IMPOSSIBLE)

    kernel = adaptive_tempered.build_kernel(
        lambda z: -0.5 * jnp.sum(z**2),
        bounded,
        move,
        random_walk.init,
        resampling.systematic,
        TEMPER,
        solver.dichotomy,
        batch_size=batch,
    )

    def advance(now: _Stage) -> _Stage:
        key, own = jax.random.split(now.key)
        factor = _walk_factor(now.state.particles, now.state.weights)
        state, info = kernel(own, now.state, MOVES, {"factor": factor[None]})
        acceptance = jnp.broadcast_to(jnp.mean(info.update_info.acceptance_rate), now.acceptance.shape)
        return _Stage(state, now.log_evidence + info.log_likelihood_increment, acceptance, now.stage + 1, key)

    start_key, key = jax.random.split(key)
    state = adaptive_tempered.init(jax.random.normal(start_key, (draws, size)))
    start = _Stage(state, jnp.zeros(()), jnp.zeros(()), jnp.zeros((), dtype=jnp.int32), key)
    unfinished = lambda now: (now.state.tempering_param < 1.0) & (now.stage < STAGES)
    done = jax.lax.while_loop(unfinished, advance, start)
    last = advance(done)  # at full weight: resamples by the last weights and moves what is left
    evidence = jnp.where(done.state.tempering_param < 1.0, jnp.nan, done.log_evidence)
    rows = (last.state.particles, jnp.zeros(draws, dtype=bool), jnp.broadcast_to(last.acceptance, (draws,)))
    return Chains(*(row[None] for row in (*rows, last.stage, evidence)))


def _walk_factor(particles: Float[Array, "draws size"], weights: Float[Array, " draws"]) -> Float[Array, "size size"]:
    """A square root of the particles' covariance, scaled for a random walk."""
    centred = particles - (weights @ particles)[None, :]
    covariance = centred.T @ (weights[:, None] * centred)
    values, vectors = jnp.linalg.eigh(covariance)
    return WALK / jnp.sqrt(particles.shape[1]) * vectors * jnp.sqrt(jnp.maximum(values, 1e-12))[None, :]
