"""What carbon and heat cost along a crude plan: most of their prices, before any equation is solved.

Capital approaches where its return would keep it at the speed of the model linearised there, consumption follows its
saddle path, and abatement equates its cost to the price of carbon in an economy that stands still. Along this path,
with `z` the masses and temperatures and `A` their law, prices are discounted sums of damages,

    q = Omega' Y e_T + beta (A' q' + c1 F_M q_T' e_M),

in steps of several years with damages by the trapezoid rule, and after the last step those of an economy at rest.
"""

from collections.abc import Callable
from typing import TypeAlias

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from saddlepath.climate.at_rest import LEAST_WARMTH, bent, prices_at_rest, rate_at_rest, warm
from saddlepath.climate.carbon import CO2_PER_CARBON
from saddlepath.climate.numbers import Number
from saddlepath.climate.planner import PlannerProblem

DOUBLINGS, STEPS = 3, 40
"""A step takes two to the power of the first years, and so many are taken."""
YEARS = 2**DOUBLINGS
LEAST_GAP = 0.005
"""Interest over growth below about it is bent towards it. [1/yr]"""
LEAST_FINAL_RATE, FINAL_BEND = 0.002, 0.001
"""Rates after the last step, when hardly anything grows, are bent only below those of very patient planners. [1/yr]"""
MASS, WARMTH = 0, 3
"""Where carbon in the atmosphere and the temperature of the air stand in the climate, carbon before heat."""
Abated: TypeAlias = Callable[[Float[Array, "n"], Float[Array, "n"]], Float[Array, "n"]]


def projected_prices(
    problem: PlannerProblem,
    k: Number,
    carbon: Float[Array, "3"],
    heat: Float[Array, "2"],
    t: Number,
    level: Number,
    abated: Abated,
) -> tuple[Float[Array, "3"], Float[Array, "2"]]:
    """Prices of carbon and heat along the crude plan from a state; within a quarter of the optimum's.

    Args:
        problem: Preferences, technology and climate.
        k: Capital. [effective labour]
        carbon: Masses. [1000 GtC]
        heat: Temperatures. [K]
        t: Years since 2015. [yr]
        level: Productivity over its path. [-]
        abated: Abated shares at dates, from the worth of a tonne less then. [2010 USD/tCO2, yr to -]

    Returns:
        Prices of carbon `[3]` and heat `[2]`. [effective output per 1000 GtC, per K]
    """
    years = t + YEARS * jnp.arange(STEPS + 1.0)
    output, discount = _economy(problem, k, years)
    labour = level * problem.effective_labour(years)
    price = prices_at_rest(problem, output[0], carbon, warm(heat), t, rate_at_rest(problem, t))[0][0]
    mu = abated(price * labour / CO2_PER_CARBON, years)
    emissions = problem.emissions(output * labour, mu, years)
    law, emitted, forced = _law(problem)

    def forward(z: Array, now: tuple[Array, Array]) -> tuple[Array, tuple[Array, Array]]:
        forcing, slope = jax.value_and_grad(problem.radiation)(z[:3], now[1])
        return jnp.sum(law * z[None], axis=1) + emitted * now[0] + forced * forcing, (z, slope[MASS])

    last, (path, slopes) = jax.lax.scan(forward, jnp.concatenate([carbon, heat]), (emissions[:-1], years[:-1]))
    warmth = jnp.maximum(jnp.append(path[:, WARMTH], last[WARMTH]), LEAST_WARMTH)
    harm = 0.5 * YEARS * jax.vmap(jax.grad(problem.damages))(warmth) * output

    def backward(q: Array, now: tuple[Array, ...]) -> tuple[Array, None]:
        beta, here, there, slope = now
        q = beta * q.at[WARMTH].add(there)
        before = jnp.sum(law * q[:, None], axis=0)
        return before.at[WARMTH].add(here).at[MASS].add(slope * jnp.sum(forced * q)), None

    final = rate_at_rest(problem, years[-1], LEAST_FINAL_RATE, FINAL_BEND)
    end = jnp.concatenate(prices_at_rest(problem, output[-1], last[:3], warm(last[3:]), years[-1], final))
    q, _ = jax.lax.scan(backward, end, (discount, harm[:-1], harm[1:], slopes), reverse=True)
    return q[:3], q[3:]


def _economy(
    problem: PlannerProblem, k: Number, years: Float[Array, "n"]
) -> tuple[Float[Array, "n"], Float[Array, "m"]]:
    """Output at dates, in effective labour, and discount factors of its goods between them."""
    productivity, population = problem.growth(years)
    growth = productivity + population
    needed = problem.rho + productivity / problem.psi + problem.delta
    rest = jnp.log(problem.alpha / needed) / (1 - problem.alpha)
    consumed = needed / problem.alpha - problem.delta - growth
    gap = bent(needed - problem.delta - growth, LEAST_GAP, LEAST_GAP)
    speed = jnp.sqrt(gap**2 / 4 + problem.psi * (1 - problem.alpha) * needed * consumed) - gap / 2

    def approach(log_k: Array, now: tuple[Array, Array]) -> tuple[Array, Array]:
        return now[0] + now[1] * (log_k - now[0]), log_k

    _, log_k = jax.lax.scan(approach, jnp.log(k), (rest, jnp.exp(-speed * YEARS)))
    log_c = rest + jnp.log(consumed) + (gap + speed) / consumed * (log_k - rest)
    dearer = jnp.exp(-jnp.diff(log_c) / problem.psi)
    return jnp.exp(problem.alpha * log_k), problem.discount_factor(years)[:-1] ** YEARS * dearer


def _law(problem: PlannerProblem) -> tuple[Float[Array, "5 5"], Float[Array, "5"], Float[Array, "5"]]:
    """The climate's law over a step, and what emissions and forcing of a year in each of its years leave."""
    yearly = jnp.zeros((5, 5)).at[:3, :3].set(problem.carbon.exchange).at[3:, 3:].set(problem.temperature.exchange)

    def double(step: tuple[Array, Array], _: None) -> tuple[tuple[Array, Array], None]:
        law, total = step
        return (_product(law, law), total + _product(law, total)), None

    (law, total), _ = jax.lax.scan(double, (jnp.eye(5) + yearly, jnp.eye(5)), None, length=DOUBLINGS)
    return law, total[:, MASS], total[:, WARMTH] * problem.temperature.c1


def _product(a: Float[Array, "5 5"], b: Float[Array, "5 5"]) -> Float[Array, "5 5"]:
    """A matrix product as sums, which compilers fuse where a batch of small ones would be a loop."""
    return jnp.sum(a[:, :, None] * b[None], axis=1)
