"""Learning about the feedback of the climate from the weather (Bayes' rule with a truncated normal belief).

The climate sensitivity is `ECS = ECS0 / (1 - f)` with an unknown feedback `f`. Whoever watches the temperature believes
`f ~ N(m, S)`, cut off at two bounds, and reads from every year the signal `H = phi T f + eps`, `eps ~ N(0, noise)`:

    m' = m + phi T S (H - phi T m) / (noise + (phi T)^2 S),    S' = noise S / (noise + (phi T)^2 S).

The update is that of the untruncated normal, as in the source.

References:
    Friedl, Kuebler, Scheidegger and Usui (2023, Deep uncertainty quantification: with an application to integrated
    assessment models), the belief and its updates; the bounds are those of its table of parameters, .45 and .85, where
    the text says .4 and .9.
"""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.special import ndtr, ndtri
from jaxtyping import Array, Float

from saddlepath.climate.numbers import AnyArray, Number, Numbers

SENSITIVITY = 1.2
"""Warming after a doubling of CO2 without any feedback. [K]"""
EDGE = 1e-12
"""Least distance of a probability from zero and one, where its quantile is still finite [-]."""

EXCESS = 1.5
"""Sensitivities that exceed the expected one by this much are its tail. [K]"""


class FeedbackLearning(eqx.Module):
    """What is believed of the feedback, and how the weather changes it.

    Attributes:
        phi: Warming of the next year per degree of today and unit of feedback, `c1 F2x / ECS0`. [1/yr]
        noise: Variance of the weather. [K2]
        low: Least feedback that is thought possible. [-]
        high: Largest one. [-]
    """

    phi: Number
    noise: Number = 0.01
    low: Number = 0.45
    high: Number = 0.85

    def believed(self, z: Number, m: Number, s: Number) -> Float[Array, ""]:
        """A draw from the truncated belief. [-]

        Args:
            z: A draw from the standard normal distribution. [-]
            m: Mean of the belief before it is truncated. [-]
            s: Its variance. [-]
        """
        return truncated_normal(z, m, jnp.sqrt(jnp.asarray(s)), self.low, self.high)

    def learnt(self, m: Numbers, s: Numbers, warmth: Numbers, signal: Numbers) -> tuple[Array, Array]:
        """Mean and variance of the belief after a year.

        Args:
            m: Mean before. [-]
            s: Variance before. [-]
            warmth: Temperature of the atmosphere at the start of the year. [K]
            signal: What the feedback and the weather added to the temperature. [K]
        """
        m, s, weight = jnp.asarray(m), jnp.asarray(s), self.phi * jnp.asarray(warmth)
        uncertain = self.noise + weight**2 * s
        return m + weight * s * (signal - weight * m) / uncertain, self.noise * s / uncertain

    def exceeds(self, ecs: Numbers, m: Numbers, s: Numbers) -> Float[Array, "..."]:
        """Probability under the truncated belief that the climate sensitivity is larger than `ecs`. [-]

        Args:
            ecs: The sensitivity. [K]
            m: Mean of the belief before it is truncated. [-]
            s: Its variance. [-]
        """
        m, sd = jnp.asarray(m), jnp.sqrt(jnp.asarray(s))
        threshold = jnp.clip(feedback_of(ecs), self.low, self.high)
        low, high, beyond = ((m - bound) / sd for bound in (self.low, self.high, threshold))
        return (ndtr(beyond) - ndtr(high)) / (ndtr(low) - ndtr(high))


def truncated_normal(z: Number, mean: Number, sd: Number, low: Number, high: Number) -> Float[Array, ""]:
    """The draw from a normal distribution, cut off at two bounds, that has the probability of a standard normal draw.

    Args:
        z: A draw from the standard normal distribution. [-]
        mean: Mean before it is cut off. [any unit]
        sd: Standard deviation before. [its unit]
        low: Least value. [its unit]
        high: Largest value. [its unit]
    """
    below, above = ndtr((low - mean) / sd), ndtr((high - mean) / sd)
    share = below + ndtr(jnp.asarray(z)) * (above - below)
    return mean + sd * ndtri(jnp.clip(share, EDGE, 1 - EDGE))


def tail_learning_time(
    belief: FeedbackLearning, m: Float[AnyArray, "paths years"], s: Float[AnyArray, "paths years"], level: float = 0.01
) -> Float[np.ndarray, " paths"]:
    """Years until sensitivities far above what is expected are rejected for good.

    Far above are those that exceed the sensitivity of the mean feedback, `1.2/(1-m)`, by 1.5 K.

    Args:
        belief: How the belief is truncated.
        m: Means of the belief, year by year. [-]
        s: Its variances. [-]
        level: Probability below which they are rejected: 0.01 for 99 percent. [-]

    Returns:
        The first year from which on the probability stays below `level`, as years from the first one; NaN on a path
        that ends before. [yr]

    References:
        Friedl, Kuebler, Scheidegger and Usui (2023), table of tail-learning times.
    """
    with jax.enable_x64(True):
        likely = np.asarray(belief.exceeds(SENSITIVITY / (1 - np.asarray(m)) + EXCESS, m, s)) >= level
    years = likely.shape[1]
    last = years - np.argmax(likely[:, ::-1], axis=1)
    return np.where(likely[:, -1], np.nan, np.where(likely.any(axis=1), last, 0))


def feedback_of(ecs: Numbers) -> Numbers:
    """The feedback at which a doubling of CO2 warms by `ecs`. [-]"""
    return 1 - SENSITIVITY / ecs
