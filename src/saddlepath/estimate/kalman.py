"""Linear-Gaussian state spaces and their log likelihood.

`state' = transition state + impact e` and `observed = mean + loading state + sd u` with independent standard normal `e`
and `u`. Every function is pure JAX and differentiable.

References:
    Kalman (1960, J. Basic Engineering), the filter; Durbin and Koopman (2012, Time Series Analysis by State Space
    Methods), section 4.10, missing observations; Anderson (1978, Int. J. Control), the doubling algorithm.
"""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

AnyArray = Array | np.ndarray

DOUBLINGS = 24
"""Steps of the doubling algorithm, 2^24 periods: enough for roots up to one minus 1e-6 [-]."""
LOG_TWO_PI = float(np.log(2 * np.pi))


class LinearStateSpace(eqx.Module):
    """A stationary linear-Gaussian state space.

    Attributes:
        transition: State tomorrow per unit of state today `[n_states, n_states]`. [-]
        impact: State tomorrow per standard normal innovation `[n_states, n_shocks]`. [units of the states]
        loading: Observables per unit of state `[n_series, n_states]`.
        mean: Observables where the state is zero `[n_series]`. [units of the series]
        sd: Standard deviations of the measurement errors `[n_series]`, zero for exact observation.
    """

    transition: Float[AnyArray, "n_states n_states"]
    impact: Float[AnyArray, "n_states n_shocks"]
    loading: Float[AnyArray, "n_series n_states"]
    mean: Float[AnyArray, " n_series"]
    sd: Float[AnyArray, " n_series"]

    def covariance(self) -> Float[Array, "n_states n_states"]:
        """Stationary covariance of the state by doubling; not finite where the state is not stationary."""

        def double(carry: tuple[Array, Array], _: None) -> tuple[tuple[Array, Array], None]:
            variance, power = carry
            return (variance + power @ variance @ power.T, power @ power), None

        impact = jnp.asarray(self.impact)
        start = (impact @ impact.T, jnp.asarray(self.transition))
        return jax.lax.scan(double, start, None, length=DOUBLINGS)[0][0]

    def log_likelihood(self, data: Float[AnyArray, "time n_series"]) -> Float[Array, ""]:
        """Log likelihood of data by the Kalman filter from the stationary distribution.

        Args:
            data: Observations, NaN where missing. [units of the series]
        """
        start = (jnp.zeros(jnp.shape(self.transition)[0]), self.covariance())
        _, terms = jax.lax.scan(lambda carry, row: self._step(carry, row), start, jnp.asarray(data))
        return jnp.sum(terms)

    def _step(
        self, predicted: tuple[Array, Array], observed: Float[Array, " n_series"]
    ) -> tuple[tuple[Array, Array], Array]:
        """Mean and covariance of the next state, and the log density of what is observed now."""
        mean, variance = predicted
        present = jnp.isfinite(observed)
        # A missing series is replaced by an error of known density: it moves nothing and adds a known constant.
        loading = jnp.where(present[:, None], self.loading, 0.0)
        noise = jnp.where(present, jnp.asarray(self.sd) ** 2, 1.0)
        gap = jnp.where(present, observed, 0.0) - jnp.where(present, self.mean, 0.0) - loading @ mean
        factor = jnp.linalg.cholesky(loading @ variance @ loading.T + jnp.diag(noise))
        both = jnp.concatenate([loading @ variance, gap[:, None]], axis=1)
        solved = jax.scipy.linalg.solve_triangular(factor, both, lower=True)
        half, score = solved[:, :-1], solved[:, -1]
        term = -0.5 * (score @ score + jnp.sum(jnp.where(present, LOG_TWO_PI, 0.0))) - jnp.sum(
            jnp.log(jnp.diagonal(factor))
        )
        mean, variance = mean + half.T @ score, variance - half.T @ half
        transition, impact = jnp.asarray(self.transition), jnp.asarray(self.impact)
        variance = transition @ variance @ transition.T + impact @ impact.T
        return (transition @ mean, (variance + variance.T) / 2), term

    def draw(self, key: PRNGKeyArray, periods: int) -> Float[Array, "time n_series"]:
        """Data drawn from the model, from the stationary distribution on. Pure JAX.

        Args:
            key: Random key.
            periods: Number of periods.
        """
        start_key, shock_key, noise_key = jax.random.split(key, 3)
        n, k = jnp.shape(self.impact)
        values, vectors = jnp.linalg.eigh(self.covariance())
        start = vectors @ (jnp.sqrt(jnp.maximum(values, 0.0)) * jax.random.normal(start_key, (n,)))
        move = lambda state, e: (self.transition @ state + self.impact @ e, state)
        _, states = jax.lax.scan(move, start, jax.random.normal(shock_key, (periods, k)))
        noise = jax.random.normal(noise_key, (periods, jnp.shape(self.loading)[0]))
        return (
            jnp.asarray(self.mean)[None, :]
            + states @ jnp.asarray(self.loading).T
            + jnp.asarray(self.sd)[None, :] * noise
        )
