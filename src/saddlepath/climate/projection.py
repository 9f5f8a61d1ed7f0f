"""What is consumed and what carbon and heat cost along a crude plan: most of a rule, before any equation is solved.

With `z` the masses and temperatures of `saddlepath.climate.crude_plan` and `A` their law, what tomorrow's stocks cost
today is a discounted sum of harm,

    q = beta (Omega'(T') Y' e_T + A' q' + c1 F_M q_T' e_M),

over steps within which damages and `F_M`, the slope of forcing, move along lines; after the last step prices are those
of an economy at rest. A first plan abates as an economy at rest would, later ones by the prices along those before.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from saddlepath.climate.at_rest import prices_at_rest, rate_at_rest, warm
from saddlepath.climate.crude_plan import (
    DOUBLINGS,
    LENGTHS,
    Abated,
    Beginning,
    Foreseen,
    crude_plan,
    harm_of_a_degree,
    nothing_foreseen,
)
from saddlepath.climate.long_steps import (
    Ends,
    Entries,
    along_a_line,
    applied,
    long_steps,
    multiplied,
    step_of,
    total,
    transposed,
)
from saddlepath.climate.numbers import Number
from saddlepath.climate.planner import PlannerProblem

BELIEVED = (1.0, 1.0, 0.7, 0.7)
"""How far what a plan tells replaces what was foreseen, for each plan; nobody asks what the last one tells.

Later plans alternate around the one that foresees itself.
"""
LEAST_FINAL_RATE, FINAL_BEND = 0.001, 0.0005
"""Rates after the last step, when hardly anything grows, are bent only below those of very patient planners. [1/yr]"""


LEAST_CONSUMED, MOST_CONSUMED = 0.6, 0.85
"""Shares of output net of damages; those of optimal plans lie between .71 and .79."""


class Projection(NamedTuple):
    """Decisions along the crude plan from a state.

    Attributes:
        consumed: Share of output net of damages that is consumed. [-]
        carbon_price: Prices of carbon. [effective output per 1000 GtC]
        heat_price: Prices of heat. [effective output per K]
    """

    consumed: Float[Array, ""]
    carbon_price: Float[Array, "3"]
    heat_price: Float[Array, "2"]

    def consuming(self, times: Number, psi: Number) -> "Projection":
        """The same at so many times the consumption, with prices that in marginal utility are the same.

        Args:
            times: Consumption over that along the plan. [-]
            psi: Elasticity of intertemporal substitution. [-]
        """
        in_goods = times ** (1 / psi)
        return Projection(times * self.consumed, in_goods * self.carbon_price, in_goods * self.heat_price)


def projected(problem: PlannerProblem, begin: Beginning, abated: Abated) -> Projection:
    """Consumption and prices along the crude plan from a state.

    They are within .3 % of the optimum's, prices in marginal utility and that of the lower ocean's carbon within .5 %;
    prices of states in which a limit to warming is yet to bind, within a factor of two.

    Args:
        problem: Preferences, technology and climate.
        begin: The state.
        abated: Abated share, from the worth of a tonne less and the date. [2010 USD/tCO2, yr to -]
    """
    steps = long_steps(problem, DOUBLINGS)

    def backward(q: tuple[Entries, Entries], now: tuple[Array, Array, Ends, Ends]) -> tuple[Any, Array]:
        doubling, beta, harms, slopes = now
        step = step_of(steps, doubling)
        carbon_later, heat_later = (multiplied(beta, price) for price in q)
        of_heat = total(along_a_line(harms, step.worth_of_heat), applied(transposed(step.heat), heat_later))
        of_carbon = applied(transposed(step.carbon), carbon_later)
        for slope, warming, worth in zip(slopes, step.warming, step.worth_of_carbon, strict=True):
            dearer = total(along_a_line(harms, worth), applied(transposed(warming), heat_later))
            of_carbon = total(of_carbon, multiplied(slope, dearer))
        return (of_carbon, of_heat), of_carbon[0]

    def planned(foreseen: Foreseen, believed: Array) -> tuple[Foreseen, Projection]:
        plan = crude_plan(problem, steps, begin, abated, foreseen)
        final = rate_at_rest(problem, plan.years[-1], LEAST_FINAL_RATE, FINAL_BEND)
        end = prices_at_rest(problem, plan.output[-1], plan.carbon, warm(plan.heat), plan.years[-1], final)
        harm = jax.vmap(lambda warmth: harm_of_a_degree(problem, warmth))(plan.warmth) * plan.output
        slopes = plan.slope[:-1], plan.slope[1:]
        after = jnp.asarray(DOUBLINGS), plan.discount, discounted(harm, plan.discount), slopes
        slim = jax.checkpoint(backward, prevent_cse=False)  # to find slopes anew is quicker than to keep them
        now, prices = jax.lax.scan(slim, (tuple(end[0]), tuple(end[1])), after, reverse=True)
        consumed = plan.consumption[0] / ((1 - problem.damages(begin.heat[0])) * plan.output[0])
        share = jnp.clip(consumed, LEAST_CONSUMED, MOST_CONSUMED)
        worth = jnp.append(prices, end[0][0]) / plan.harm
        told = Foreseen(worth, plan.ahead, plan.drift, plan.cleaner)
        foreseen = jax.tree.map(lambda before, after: before + believed * (after - before), foreseen, told)
        return foreseen, Projection(share, jnp.stack(now[0]), jnp.stack(now[1]))

    first = nothing_foreseen(problem, begin)
    _, projections = jax.lax.scan(planned, first, jnp.asarray(BELIEVED))
    return jax.tree.map(lambda values: values[-1], projections)


def discounted(harm: Float[Array, "dates"], discount: Float[Array, "steps"]) -> Ends:
    """Harm times its discount within steps, as lines: through its values at two years that stand for all of a step.

    They lie at the standard deviation of the years from the first one to the last about their mean. Harm itself moves
    along a line, its discount along an exponential. Steps of a single year have no such two.

    Args:
        harm: At the dates.
        discount: Of the end of a step.

    Returns:
        Values of the lines at the beginnings and ends of the steps.
    """
    nodes = 0.5 + 0.5 / LENGTHS, np.sqrt((1 - LENGTHS**-2.0) / 12)
    mean, deviation = (jnp.asarray(values, dtype=harm.dtype) for values in nodes)
    rate = jnp.log(discount)
    at = lambda share: (harm[:-1] + share * jnp.diff(harm)) * jnp.exp(share * rate)
    early, late = at(mean - deviation), at(mean + deviation)
    middle, rise = (early + late) / 2, (late - early) / (2 * deviation)
    return middle - mean * rise, middle + (1 - mean) * rise
