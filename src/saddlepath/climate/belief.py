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
import jax.numpy as jnp
from jax.scipy.special import ndtr, ndtri
from jaxtyping import Array, Float

from saddlepath.climate.numbers import Number

SENSITIVITY = 1.2
"""Warming after a doubling of CO2 without any feedback. [K]"""
EDGE = 1e-12
"""Least distance of a probability from zero and one, where its quantile is still finite [-]."""


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
        sd = jnp.sqrt(jnp.asarray(s))
        below, above = ndtr((self.low - m) / sd), ndtr((self.high - m) / sd)
        share = below + ndtr(jnp.asarray(z)) * (above - below)
        return m + sd * ndtri(jnp.clip(share, EDGE, 1 - EDGE))

    def learnt(self, m: Number, s: Number, warmth: Number, signal: Number) -> tuple[Array, Array]:
        """Mean and variance of the belief after a year.

        Args:
            m: Mean before. [-]
            s: Variance before. [-]
            warmth: Temperature of the atmosphere at the start of the year. [K]
            signal: What the feedback and the weather added to the temperature. [K]
        """
        weight = self.phi * jnp.asarray(warmth)
        uncertain = self.noise + weight**2 * s
        return m + weight * s * (signal - weight * m) / uncertain, self.noise * s / uncertain


def feedback_of(ecs: Number) -> Number:
    """The feedback at which a doubling of CO2 warms by `ecs`. [-]"""
    return 1 - SENSITIVITY / ecs
