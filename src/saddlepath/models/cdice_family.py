"""CDICE for one network over many calibrations."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

import saddlepath as sp
from saddlepath.models.cdice import CDICE

AHEAD = 50.0
"""Years ahead whose growth stands for all later growth where prices are guessed. [yr]"""
LEAST_RATE, BEND = 0.006, 0.004
"""Discount rates below the first are bent towards it within about the second. [1/yr]"""


class CDICEFamily(CDICE):
    """The economy of CDICE, whose network also sees what carbon and heat would cost if the economy stood still.

    Prices of carbon and heat are discounted sums of damages. With output, temperature, the slope of forcing in carbon
    and the discount rate held where they are they have a closed form,

        p_T = beta (Omega' Y e_1 + D' p_T),    p_M = beta (c1 F_M p_T,1 e_1 + (I + B)' p_M),

    with `D` and `I + B` the laws of heat and carbon: two equations, then three that are tridiagonal. They carry most of
    how prices depend on preferences, damages and climate, so that the network learns what growth and abatement change.
    """

    def features(self, s):
        """The inputs of CDICE, the logarithms of the five prices at rest, and that of the discount rate."""
        rate = self.rate_at_rest(s.t)
        heat = self.heat_prices_at_rest(s, jnp.exp(-rate))
        carbon = self.carbon_prices_at_rest(s, jnp.exp(-rate), heat[0])
        return jnp.concatenate([super().features(s), jnp.log(carbon), jnp.log(heat), jnp.log(rate)[None]])

    def rate_at_rest(self, t: sp.Scalar) -> sp.Scalar:
        """At which prices in effective output are discounted; kept positive, as the sums need. [1/yr]"""
        rate = -jnp.log(self.problem().discount_factor(t + AHEAD))
        return LEAST_RATE + BEND * jax.nn.softplus((rate - LEAST_RATE) / BEND)

    def heat_prices_at_rest(self, s, beta: sp.Scalar) -> Float[Array, "2"]:
        problem = self.problem()
        harm = beta * jax.grad(problem.damages)(s.heat[0]) * self.output(s)
        left = jnp.eye(2) - beta * (jnp.eye(2) + problem.temperature.exchange).T
        share = -left[1, 0] / left[1, 1]
        air = harm / (left[0, 0] + left[0, 1] * share)
        return jnp.stack([air, share * air])

    def carbon_prices_at_rest(self, s, beta: sp.Scalar, air: sp.Scalar) -> Float[Array, "3"]:
        """Of the reservoirs, given the price of heat in the air."""
        problem = self.problem()
        slope = jax.grad(lambda carbon: problem.radiation(carbon, s.t))(s.carbon)[0]
        left = jnp.eye(3) - beta * (jnp.eye(3) + problem.carbon.exchange).T
        lower = -left[2, 1] / left[2, 2]
        upper = -left[1, 0] / (left[1, 1] + left[1, 2] * lower)
        top = beta * problem.temperature.c1 * slope * air / (left[0, 0] + left[0, 1] * upper)
        return jnp.stack([top, top * upper, top * upper * lower])
