"""What carbon and heat cost along a crude plan: most of their prices, before any equation is solved.

Capital approaches where its return would keep it at the speed of the model linearised there, consumption follows its
saddle path, and abatement equates its cost to the price of carbon in an economy that stands still. Along this path,
with `z` the masses and temperatures and `A` their law, prices are discounted sums of damages,

    q = Omega' Y e_T + beta (A' q' + c1 F_M q_T' e_M),

in steps of several years with damages by the trapezoid rule, and after the last step those of an economy at rest.
"""

import functools
import operator
from collections.abc import Callable
from typing import Any, TypeAlias

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
Entries: TypeAlias = tuple[Array, ...]
Rows: TypeAlias = tuple[Entries, ...]
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
    (mixing, emitted), (warming, forced) = _laws(problem)

    def forward(z: tuple[Entries, Entries], now: tuple[Array, Array]) -> tuple[Any, tuple[Array, Array]]:
        masses, temperatures = z
        forcing, slope = jax.value_and_grad(problem.radiation)(jnp.stack(masses), now[1])
        masses = _sum(_product(mixing, masses), _scaled(now[0], emitted))
        return (masses, _sum(_product(warming, temperatures), _scaled(forcing, forced))), (temperatures[0], slope[0])

    last, (warmth, slopes) = jax.lax.scan(forward, (tuple(carbon), tuple(heat)), (emissions[:-1], years[:-1]))
    warmth = jnp.maximum(jnp.append(warmth, last[1][0]), LEAST_WARMTH)
    harm = 0.5 * YEARS * jax.vmap(jax.grad(problem.damages))(warmth) * output

    def backward(q: tuple[Entries, Entries], now: tuple[Array, ...]) -> tuple[Any, None]:
        (of_carbon, of_heat), (beta, here, there, slope) = q, now
        of_carbon, of_heat = _scaled(beta, of_carbon), _scaled(beta, _first_raised(of_heat, there))
        dearer = slope * _dot(forced, of_heat)
        of_carbon = _first_raised(_product(_transposed(mixing), of_carbon), dearer)
        return (of_carbon, _first_raised(_product(_transposed(warming), of_heat), here)), None

    final = rate_at_rest(problem, years[-1], LEAST_FINAL_RATE, FINAL_BEND)
    masses, temperatures = map(jnp.stack, last)
    end = prices_at_rest(problem, output[-1], masses, warm(temperatures), years[-1], final)
    after = discount, harm[:-1], harm[1:], slopes
    q, _ = jax.lax.scan(backward, (tuple(end[0]), tuple(end[1])), after, reverse=True)
    return jnp.stack(q[0]), jnp.stack(q[1])


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


def _laws(problem: PlannerProblem) -> tuple[tuple[Rows, Entries], tuple[Rows, Entries]]:
    """Laws of carbon and of heat over a step, each with what emissions and forcing of each of its years leave."""
    mixing, carbon = _doubled(jnp.eye(3) + problem.carbon.exchange)
    warming, heat = _doubled(jnp.eye(2) + problem.temperature.exchange)
    emitted, forced = (tuple(row[0] for row in total) for total in (carbon, heat))
    return (mixing, emitted), (warming, _scaled(problem.temperature.c1, forced))


def _doubled(yearly: Array) -> tuple[Rows, Rows]:
    """A law over a step, and the sum of its powers below that."""
    law, total = (tuple(map(tuple, matrix)) for matrix in (yearly, jnp.eye(len(yearly))))
    for _ in range(DOUBLINGS):
        later = _transposed(tuple(_product(law, column) for column in _transposed(total)))
        total = tuple(map(_sum, total, later))
        law = _transposed(tuple(_product(law, column) for column in _transposed(law)))
    return law, total


# A batch of small matrix products is a loop over the batch for a compiler; sums of numbers are one fused pass.


def _product(rows: Rows, column: Entries) -> Entries:
    return tuple(_dot(row, column) for row in rows)


def _dot(a: Entries, b: Entries) -> Array:
    return functools.reduce(operator.add, map(operator.mul, a, b))


def _sum(a: Entries, b: Entries) -> Entries:
    return tuple(map(operator.add, a, b))


def _scaled(factor: Number, a: Entries) -> Entries:
    return tuple(factor * entry for entry in a)


def _transposed(rows: Rows) -> Rows:
    return tuple(zip(*rows, strict=True))


def _first_raised(a: Entries, by: Array) -> Entries:
    return (a[0] + by, *a[1:])
