"""The dispersed cloud of states around the steady state: where paths start, and the scale on which states are small.

Centre and scale come from the steady state and the first-order solution; where parameters are pseudo-states, the
centre is a low-degree polynomial of them.
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
        scale: Dispersion of the state features `[n_continuous]`.
        exogenous: Whether no decision moves the feature `[n_continuous]`; restarts leave those as they are.
    """

    degree: int = eqx.field(static=True)
    centre: Array
    scale: Array
    exogenous: tuple[bool, ...] = eqx.field(static=True)

    def standardise(self, eco: Economy, model: Model, s: Any, theta: Array) -> Float[Array, " n_continuous"]:
        """State features in units of `scale` around the centre that belongs to `theta`."""
        return (state_features(model, s, eco.states) - self._centre(eco, theta)) / self.scale

    def start(self, eco: Economy, key: PRNGKeyArray) -> Float[Array, " n_points"]:
        """A random point: every state dispersed, pseudo-states uniform in their box."""
        theta_key, state_key = jax.random.split(key)
        theta = eco.box.draw(theta_key)
        own = eco.at(theta).initial(state_key)
        state = self._draw(eco, theta, state_key) if own is None else own
        return eco.join(state, theta, "initial()")

    def _draw(self, eco: Economy, theta: Array, key: PRNGKeyArray) -> Any:
        noise_key, *regime_keys = jax.random.split(key, 1 + len(eco.states.regimes))
        noise = jax.random.truncated_normal(noise_key, -3.0, 3.0, self.scale.shape, dtype=self.scale.dtype)
        regimes = {
            name: jax.random.randint(k, (), 0, n) for k, (name, n) in zip(regime_keys, eco.states.regimes, strict=True)
        }
        features = self._centre(eco, theta) + self.scale * noise
        return state_from_features(eco.at(theta), features, eco.states, regimes)

    def at(self, eco: Economy, theta: Array) -> "Cloud":
        """The cloud of one calibration of a family."""
        return Cloud(0, self._centre(eco, theta)[None], self.scale, self.exogenous)

    def widened(self, factor: ArrayLike) -> "Cloud":
        """The same cloud with every dispersion multiplied."""
        return dataclasses.replace(self, scale=factor * self.scale)

    def restart(self, eco: Economy, y: Float[Array, " n_points"], key: PRNGKeyArray) -> Float[Array, " n_points"]:
        """A fresh start of pseudo-states and of the states that decisions move; exogenous states go on."""
        return jnp.where(self._exogenous_entries(eco) & jnp.isfinite(y), y, self.start(eco, key))

    def disperse(
        self, eco: Economy, y: Float[Array, " n_points"], key: PRNGKeyArray, spread: ArrayLike
    ) -> Float[Array, " n_points"]:
        """A point of the cloud widened by `spread`, with the exogenous states of `y` moved from the centre as much.

        Exogenous states that only discrete shocks move stay as they are: they have no values in between.
        """
        model, s = eco.split(y)
        theta = y[eco.states.size :]
        if model.shocks().n_shocks > 0:
            centre = self._centre(eco, theta)
            features = centre + spread * (state_features(model, s, eco.states) - centre)
            regimes = {name: getattr(s, name) for name, _ in eco.states.regimes}
            y = eco.join(state_from_features(model, features, eco.states, regimes), theta)
        return self.widened(spread).restart(eco, y, key)

    def _exogenous_entries(self, eco: Economy) -> np.ndarray:
        entries = np.zeros(eco.n_points, dtype=bool)
        entries[eco.states.continuous[np.asarray(self.exogenous, dtype=bool)]] = True
        return entries

    def extent(self, eco: Economy, y: Float[Array, " n_points"]) -> Float[Array, ""]:
        """Largest standardised state of a point; infinite where a state is not finite."""
        model, s = eco.split(y)
        z = self.standardise(eco, model, s, y[eco.states.size :])
        return jnp.where(jnp.all(jnp.isfinite(z)), jnp.max(jnp.abs(z), initial=0.0), jnp.inf)

    def _centre(self, eco: Economy, theta: Array) -> Array:
        return polynomial_terms(jnp.asarray(eco.box.standardise(theta)), self.degree) @ self.centre
