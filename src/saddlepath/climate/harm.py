"""What carbon and heat cost along any path: all the harm that they will do, discounted.

Prices that satisfy their conditions year by year need not be that sum: where nothing more can be abated, a price that
grows with interest satisfies them as well, and grows without end.
"""

from typing import TypeAlias

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from saddlepath.climate.at_rest import prices_at_rest, rate_at_rest, warm
from saddlepath.climate.planner import PlannerProblem

Prices: TypeAlias = tuple[Array, Array]


@jax.jit
def prices_of_harm(
    problem: PlannerProblem,
    years: Float[Array, "years"],
    output: Float[Array, "years"],
    consumption: Float[Array, "years"],
    carbon: Float[Array, "years 3"],
    heat: Float[Array, "years 2"],
) -> tuple[Float[Array, "years 3"], Float[Array, "years 2"]]:
    """Prices of next year's carbon and heat in goods of a year, along a path.

    Args:
        problem: Preferences and climate, with arrays for parameters.
        years: Successive years since 2015. [yr]
        output: Before damages. [effective labour]
        consumption: Per effective labour.
        carbon: Masses. [1000 GtC]
        heat: Temperatures. [K]

    Returns:
        Prices of carbon and of heat; those of the last year are of an economy at rest. [effective output]
    """
    slope = jax.vmap(jax.grad(problem.radiation))(carbon, years)[:, 0]
    harm = jax.vmap(jax.grad(problem.damages))(heat[:, 0]) * output
    dearer = jnp.exp(-jnp.diff(jnp.log(consumption)) / problem.psi)

    def back(later: Prices, given: tuple[Array, Array, Array]) -> tuple[Prices, Prices]:
        (of_carbon, of_heat), (discount, harm, slope) = later, given
        warmed = problem.temperature.c1 * slope * of_heat[0]
        carbon_now = discount * (problem.carbon.law.T @ of_carbon).at[0].add(warmed)
        heat_now = discount * (problem.temperature.law.T @ of_heat).at[0].add(harm)
        return (carbon_now, heat_now), (carbon_now, heat_now)

    rate = rate_at_rest(problem, years[-1])
    end = prices_at_rest(problem, output[-1], carbon[-1], warm(heat[-1]), years[-1], rate)
    given = problem.discount_factor(years[:-1]) * dearer, harm[1:], slope[1:]
    earlier = jax.lax.scan(back, end, given, reverse=True)[1]
    return jnp.append(earlier[0], end[0][None], axis=0), jnp.append(earlier[1], end[1][None], axis=0)
