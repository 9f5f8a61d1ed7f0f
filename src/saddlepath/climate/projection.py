"""What carbon and heat cost along a crude plan: most of their prices, before any equation is solved.

Capital approaches where its return would keep it at the speed of the model linearised there, consumption follows its
saddle path, and abatement equates its cost to the price of carbon in an economy that stands still. Along this path,
with `z` the masses and temperatures and `A` their law, what tomorrow's stocks cost today is a discounted sum of harm,

    q = beta (Omega'(T') Y' e_T + A' q' + c1 F_M q_T' e_M),

in steps of two and later of eight years, within which emissions, forcing and damages move along lines; after the last
step prices are those of an economy at rest.
"""

import functools
from collections.abc import Callable
from typing import Any, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from saddlepath.climate.at_rest import LEAST_WARMTH, bent, prices_at_rest, rate_at_rest, warm
from saddlepath.climate.carbon import CO2_PER_CARBON
from saddlepath.climate.long_steps import (
    Ends,
    Entries,
    Step,
    along_a_line,
    applied,
    long_steps,
    multiplied,
    total,
    transposed,
)
from saddlepath.climate.numbers import Number
from saddlepath.climate.planner import PlannerProblem

SHORT, LONG = 1, 3
"""A step takes two to the power of one of these. [log2 of yr]"""
FIRST = np.arange(52) < 8
"""Which steps are short: the first ones, while air and ocean settle."""
LENGTHS = np.where(FIRST, 2.0**SHORT, 2.0**LONG)
LEAST_GAP = 0.005
"""Interest over growth below about it is bent towards it. [1/yr]"""
LEAST_FINAL_RATE, FINAL_BEND = 0.002, 0.001
"""Rates after the last step, when hardly anything grows, are bent only below those of very patient planners. [1/yr]"""
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
    """Prices of carbon and heat along the crude plan from a state.

    They are within a quarter of the optimum's, and for most calibrations and dates within three hundredths.

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
    years = t + jnp.asarray(np.append(0.0, np.cumsum(LENGTHS)))
    output, discount = _economy(problem, k, years)
    labour = level * problem.effective_labour(years)
    price = prices_at_rest(problem, output[0], carbon, warm(heat), t, rate_at_rest(problem, t))[0][0]
    mu = abated(price * labour / CO2_PER_CARBON, years)
    emissions = problem.emissions(output * labour, mu, years)
    short, long = long_steps(problem, (SHORT, LONG))
    step_of: Callable[[Array], Step] = lambda first: jax.tree.map(functools.partial(jnp.where, first), short, long)
    radiated = jax.value_and_grad(problem.radiation)

    def forward(z: tuple[Entries, Entries, Array], now: tuple[Array, Ends, Array]) -> tuple[Any, tuple[Array, Array]]:
        (masses, temperatures, before), (first, flows, end) = z, now
        step = step_of(first)
        masses = total(applied(step.carbon, masses), along_a_line(flows, step.emitted))
        forcing, slope = radiated(jnp.stack(masses), end)
        temperatures = total(applied(step.heat, temperatures), along_a_line((before, forcing), step.forced))
        return (masses, temperatures, forcing), (temperatures[0], slope[0])

    def backward(q: tuple[Entries, Entries], now: tuple[Array, Array, Ends, Array]) -> tuple[Any, None]:
        first, beta, (here, there), slope = now
        step, harms = step_of(first), (here, beta * there)
        carbon_later, heat_later = (multiplied(beta, price) for price in q)
        heat_price = total(along_a_line(harms, step.worth_of_heat), applied(transposed(step.heat), heat_later))
        dearer = total(along_a_line(harms, step.worth_of_carbon), applied(transposed(step.warming), heat_later))
        return (total(applied(transposed(step.carbon), carbon_later), multiplied(slope, dearer)), heat_price), None

    forcing, slope = radiated(carbon, years[0])
    given = jnp.asarray(FIRST), _ends(emissions), years[1:]
    last, (warmth, slopes) = jax.lax.scan(forward, (tuple(carbon), tuple(heat), forcing), given)
    warmth = jnp.maximum(jnp.append(heat[0], warmth), LEAST_WARMTH)
    slopes = jnp.append(slope[0], slopes)
    harm = jax.vmap(jax.grad(problem.damages))(warmth) * output
    final = rate_at_rest(problem, years[-1], LEAST_FINAL_RATE, FINAL_BEND)
    masses, temperatures = map(jnp.stack, last[:2])
    end = prices_at_rest(problem, output[-1], masses, warm(temperatures), years[-1], final)
    after = jnp.asarray(FIRST), discount, _ends(harm), 0.5 * (slopes[:-1] + slopes[1:])
    (of_carbon, of_heat), _ = jax.lax.scan(backward, (tuple(end[0]), tuple(end[1])), after, reverse=True)
    return jnp.stack(of_carbon), jnp.stack(of_heat)


def _ends(path: Float[Array, "n"]) -> Ends:
    """Values at the beginning and at the end of every step."""
    return path[:-1], path[1:]


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

    end, log_k = jax.lax.scan(approach, jnp.log(k), (rest[:-1], jnp.exp(-speed[:-1] * LENGTHS)))
    log_k = jnp.append(log_k, end)
    log_c = rest + jnp.log(consumed) + (gap + speed) / consumed * (log_k - rest)
    dearer = jnp.exp(-jnp.diff(log_c) / problem.psi)
    return jnp.exp(problem.alpha * log_k), problem.discount_factor(years)[:-1] ** LENGTHS * dearer
