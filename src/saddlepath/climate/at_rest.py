"""What carbon and heat would cost if the economy stood still: closed forms that carry most of their prices.

Prices of carbon and heat are discounted sums of damages. With output, temperature, the slope of forcing in carbon and
the discount rate held where they are,

    p_T = beta (Omega' Y e_1 + D' p_T),    p_M = beta (c1 F_M p_T,1 e_1 + (I + B)' p_M),

with `D` and `I + B` the laws of heat and carbon: two equations, then three that are tridiagonal.
"""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from saddlepath.climate.numbers import Number
from saddlepath.climate.planner import PlannerProblem

AHEAD = 50.0
"""Years ahead whose growth stands for all later growth. [yr]"""
LEAST_RATE, BEND = 0.006, 0.004
"""Discount rates below the first are bent towards it within about the second. [1/yr]"""
LEAST_WARMTH = 0.1
"""Below it `features_at_rest` are those of this temperature, where prices still have logarithms. [K]"""


def features_at_rest(
    problem: PlannerProblem, output: Number, carbon: Float[Array, "3"], heat: Float[Array, "2"], t: Number
) -> Float[Array, "6"]:
    """Logarithms of the prices of carbon and heat at rest and of their rate, for a network to see.

    Args:
        problem: Preferences, technology and climate.
        output: Before damages. [effective labour]
        carbon: Masses. [1000 GtC]
        heat: Temperatures. [K]
        t: Years since 2015. [yr]
    """
    rate = rate_at_rest(problem, t)
    masses, temperatures = prices_at_rest(problem, output, carbon, warm(heat), t, rate)
    return jnp.log(jnp.concatenate([masses, temperatures, rate[None]]))


def prices_at_rest(
    problem: PlannerProblem, output: Number, carbon: Float[Array, "3"], heat: Float[Array, "2"], t: Number, rate: Number
) -> tuple[Float[Array, "3"], Float[Array, "2"]]:
    """Prices of carbon and of heat.

    Args:
        problem: Preferences, technology and climate.
        output: Before damages. [effective labour]
        carbon: Masses. [1000 GtC]
        heat: Temperatures. [K]
        t: Years since 2015. [yr]
        rate: At which they are discounted, positive. [1/yr]

    Returns:
        Prices of carbon `[3]` and of heat `[2]`. [effective output]
    """
    heat_prices = _heat_prices(problem, output, heat[0], jnp.exp(-jnp.asarray(rate)))
    return _carbon_prices(problem, carbon, t, jnp.exp(-jnp.asarray(rate)), heat_prices[0]), heat_prices


def rate_at_rest(problem: PlannerProblem, t: Number, least: float = LEAST_RATE, within: float = BEND) -> Array:
    """At which prices in effective output are discounted; kept positive, as the sums need. [1/yr]

    Args:
        problem: Preferences and growth.
        t: Years since 2015. [yr]
        least: Rates below it are bent towards it. [1/yr]
        within: Within about so much. [1/yr]
    """
    return bent(-jnp.log(problem.discount_factor(jnp.asarray(t) + AHEAD)), least, within)


def bent(rate: Array, least: float, within: float) -> Array:
    """A rate, but above the least one: smaller ones are bent towards it within about so much."""
    return least + within * jax.nn.softplus((rate - least) / within)


def warm(heat: Float[Array, "2"]) -> Float[Array, "2"]:
    """Temperatures at which prices have logarithms."""
    return heat.at[0].max(LEAST_WARMTH)


def _heat_prices(problem: PlannerProblem, output: Number, warmth: Array, beta: Array) -> Float[Array, "2"]:
    harm = beta * jax.grad(problem.damages)(warmth) * output
    left = jnp.eye(2) - beta * problem.temperature.law.T
    share = -left[1, 0] / left[1, 1]
    air = harm / (left[0, 0] + left[0, 1] * share)
    return jnp.stack([air, share * air])


def _carbon_prices(
    problem: PlannerProblem, carbon: Float[Array, "3"], t: Number, beta: Array, air: Array
) -> Float[Array, "3"]:
    slope = jax.grad(lambda masses: problem.radiation(masses, t))(carbon)[0]
    left = jnp.eye(3) - beta * problem.carbon.law.T
    lower = -left[2, 1] / left[2, 2]
    upper = -left[1, 0] / (left[1, 1] + left[1, 2] * lower)
    top = beta * problem.temperature.c1 * slope * air / (left[0, 0] + left[0, 1] * upper)
    return jnp.stack([top, top * upper, top * upper * lower])
