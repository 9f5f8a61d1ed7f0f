"""The dispersed cloud of states around the steady state: where paths start, and the scale on which states are small.

Centre and scale come from the steady state and the first-order solution; where parameters are pseudo-states, the
centre and the logarithm of the scale are low-degree polynomials of them.
"""

import dataclasses
import itertools
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike, Float, PRNGKeyArray

from saddlepath.economy import Economy, state_features, state_from_features
from saddlepath.model import Model

BOUND = 20.0
"""A path has left the economy when a standardised state exceeds this many scales [-]."""


def polynomial_terms(theta: Float[Array, " n_theta"], degree: int) -> Float[Array, " n_terms"]:
    """All monomials of `theta` up to a total degree, the constant first."""
    combinations = [
        c for d in range(degree + 1) for c in itertools.combinations_with_replacement(range(theta.shape[0]), d)
    ]
    return jnp.stack([jnp.prod(theta[np.asarray(c, dtype=int)]) for c in combinations])


class Cloud(eqx.Module):
    """Dispersed states.

    Attributes:
        degree: Highest total degree of the polynomial in the standardised pseudo-states.
        centre: Coefficients of the centre of the state features `[n_terms, n_continuous]`.
        log_scale: Coefficients of the logarithm of the dispersion of the state features `[n_terms, n_continuous]`.
        exogenous: One for features that no decision moves, which restarts leave alone, else zero `[n_continuous]`.
    """

    degree: int = eqx.field(static=True)
    centre: Array
    log_scale: Array
    exogenous: Array

    def standardise(self, eco: Economy, model: Model, s: Any, theta: Array) -> Float[Array, " n_continuous"]:
        """State features in units of their dispersion around the centre, both as they belong to `theta`."""
        return (state_features(model, s, eco.states) - self._centre(eco, theta)) / self.scale(eco, theta)

    def scale(self, eco: Economy, theta: Float[Array, " n_theta"]) -> Float[Array, " n_continuous"]:
        """Dispersion of the state features at pseudo-states."""
        return jnp.exp(self._terms(eco, theta) @ self.log_scale)

    def start(self, eco: Economy, key: PRNGKeyArray) -> Float[Array, " n_points"]:
        """A random point: every state dispersed, or the first date; pseudo-states uniform in their box."""
        theta_key, state_key = jax.random.split(key)
        return self.start_at(eco, eco.box.draw(theta_key), state_key)

    def start_at(self, eco: Economy, theta: Array, key: PRNGKeyArray) -> Float[Array, " n_points"]:
        """A start at given pseudo-states."""
        model = eco.at(theta)
        first = model.start()
        if first is not None:
            return eco.join(first, theta, "start()")
        own = model.initial(key)
        state = self._draw(eco, theta, key) if own is None else own
        return eco.join(state, theta, "initial()")

    def _draw(self, eco: Economy, theta: Array, key: PRNGKeyArray) -> Any:
        noise_key, *regime_keys = jax.random.split(key, 1 + len(eco.states.regimes)) if eco.states.regimes else [key]
        scale = self.scale(eco, theta)
        noise = jax.random.truncated_normal(noise_key, -3.0, 3.0, scale.shape, dtype=scale.dtype)
        regimes = {
            name: jax.random.randint(k, (), 0, n) for k, (name, n) in zip(regime_keys, eco.states.regimes, strict=True)
        }
        features = self._centre(eco, theta) + scale * noise
        return state_from_features(eco.at(theta), features, eco.states, regimes)

    def at(self, eco: Economy, theta: Array) -> "Cloud":
        """The cloud of one calibration of a family."""
        terms = self._terms(eco, theta)
        return Cloud(0, (terms @ self.centre)[None], (terms @ self.log_scale)[None], self.exogenous)

    def widened(self, factor: ArrayLike) -> "Cloud":
        """The same cloud with every dispersion multiplied."""
        return dataclasses.replace(self, log_scale=self.log_scale.at[0].add(jnp.log(factor)))

    def restart(self, eco: Economy, y: Float[Array, " n_points"], key: PRNGKeyArray) -> Float[Array, " n_points"]:
        """A fresh start of pseudo-states and of the states that decisions move; exogenous states go on.

        They keep their distance from the centre in scales: the new pseudo-states, drawn toward the edges of their
        box, may bring another dispersion.
        """
        theta_key, state_key = jax.random.split(key)
        fresh = self.start_at(eco, eco.box.draw_toward_edges(theta_key), state_key)
        model, s = eco.split(fresh)
        theta = fresh[eco.states.size :]
        old = self.standardise(eco, *eco.split(y), y[eco.states.size :])
        new = self.standardise(eco, model, s, theta)
        kept = jnp.where((self.exogenous > 0) & jnp.isfinite(old), old, new)
        return self._point(eco, model, s, theta, kept)

    def disperse(
        self, eco: Economy, y: Float[Array, " n_points"], key: PRNGKeyArray, spread: ArrayLike
    ) -> Float[Array, " n_points"]:
        """A point of the cloud widened by `spread`, with the exogenous states of `y` moved from the centre as much.

        Exogenous states that only discrete shocks move stay as they are: they have no values in between.
        """
        model, s = eco.split(y)
        theta = y[eco.states.size :]
        if model.shocks().n_shocks > 0:
            y = self._point(eco, model, s, theta, jnp.asarray(spread) * self.standardise(eco, model, s, theta))
        return self.widened(spread).restart(eco, y, key)

    def displace(
        self, eco: Economy, y: Float[Array, " n_points"], key: PRNGKeyArray, size: ArrayLike
    ) -> Float[Array, " n_points"]:
        """A point nearby: every state that decisions move is shifted by a normal step of `size` scales."""
        model, s = eco.split(y)
        theta = y[eco.states.size :]
        z = self.standardise(eco, model, s, theta)
        step = jnp.asarray(size) * jax.random.normal(key, z.shape, dtype=z.dtype)
        return self._point(eco, model, s, theta, z + jnp.where(self.exogenous > 0, 0.0, step))

    def _point(self, eco: Economy, model: Model, s: Any, theta: Array, z: Array) -> Float[Array, " n_points"]:
        """The point with standardised states `z` and the regimes of `s`."""
        regimes = {name: getattr(s, name) for name, _ in eco.states.regimes}
        features = self._centre(eco, theta) + self.scale(eco, theta) * z
        return eco.join(state_from_features(model, features, eco.states, regimes), theta)

    def extent(self, eco: Economy, y: Float[Array, " n_points"]) -> Float[Array, ""]:
        """Largest standardised state of a point; infinite where a state is not finite."""
        model, s = eco.split(y)
        z = self.standardise(eco, model, s, y[eco.states.size :])
        return jnp.where(jnp.all(jnp.isfinite(z)), jnp.max(jnp.abs(z), initial=0.0), jnp.inf)

    def _centre(self, eco: Economy, theta: Array) -> Array:
        return self._terms(eco, theta) @ self.centre

    def _terms(self, eco: Economy, theta: Array) -> Array:
        return polynomial_terms(jnp.asarray(eco.box.standardise(theta)), self.degree)
