"""A crude plan of a climate economy: what capital, carbon and heat do before any equation is solved.

Capital approaches where its return would keep it, and consumption follows its saddle path:
`saddlepath.climate.saddle_path`. Where that is moves with growth and with what damages, abatement and the price of
emissions take of output; how far it will move, and how much more will be abated, an earlier plan tells. The price of
carbon to which abatement answers moves in proportion to harm: that of a degree, at a temperature between that of the
air and where forcing would lead, times the slope of forcing in carbon. How much a unit of harm is worth is given, as in
an economy at rest or as prices along an earlier plan tell.

Steps take two, later eight and in the end 128 years. Within each, emissions and forcing move along lines.
"""

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from saddlepath.climate.at_rest import LEAST_WARMTH, prices_at_rest, rate_at_rest, warm
from saddlepath.climate.carbon import CO2_PER_CARBON
from saddlepath.climate.long_steps import Entries, LongSteps, along_a_line, applied, step_of, total
from saddlepath.climate.numbers import Number
from saddlepath.climate.planner import PlannerProblem
from saddlepath.climate.saddle_path import Growth, SaddlePath, growth_at, saddle_path

DOUBLINGS = (1,) * 8 + (3,) * 18 + (5,) * 8 + (7,) * 4
"""A step takes two to the power of one of these: short ones first, while air and ocean settle. [log2 of yr]"""
LENGTHS = 2.0 ** np.asarray(DOUBLINGS)
AHEAD = 0.3
"""How far ahead of the air's temperature the harm is taken that moves the price, on the way to where forcing leads."""
LEAST_KEPT = 0.1
"""Share of output that damages, abatement and the price of emissions leave in any case. [-]"""
Abated: TypeAlias = Callable[[Array, Array], Array]
"""The abated share, from the worth of a tonne less [2010 USD/tCO2] and the date [yr]."""


class Beginning(NamedTuple):
    """The state from which a plan leads on.

    Attributes:
        k: Capital. [effective labour]
        carbon: Masses. [1000 GtC]
        heat: Temperatures. [K]
        t: Years since 2015. [yr]
        level: Productivity over its path. [-]
    """

    k: Number
    carbon: Float[Array, "3"]
    heat: Float[Array, "2"]
    t: Number
    level: Number = 1.0


class Foreseen(NamedTuple):
    """What an earlier plan tells of the way.

    Attributes:
        worth: Price of carbon per unit of harm. [yr]
        ahead: Consumption more because capital at rest will move, per unit of capital. [1/yr]
        drift: How far that moves over a step, in logarithms.
        cleaner: How much more is abated at the end of a step than at its beginning. [-]
    """

    worth: Float[Array, "dates"]
    ahead: Float[Array, "dates"]
    drift: Float[Array, "steps"]
    cleaner: Float[Array, "steps"]


class CrudePlan(NamedTuple):
    """A way from a state, at the ends of the steps.

    Attributes:
        years: Since 2015. [yr]
        output: Before damages. [effective labour]
        consumption: Per effective labour.
        harm: In proportion to which the price of carbon moves. [effective output per 1000 GtC and yr]
        discount: What goods at the end of a step are worth at its beginning, both in effective labour. [-]
        warmth: Temperature of the air. [K]
        slope: Of forcing in the carbon of the air. [W/m2 per 1000 GtC]
        carbon: Masses at the end. [1000 GtC]
        heat: Temperatures at the end. [K]
        ahead: As in `Foreseen`.
        drift: Likewise.
        cleaner: Likewise.
    """

    years: Float[Array, "dates"]
    output: Float[Array, "dates"]
    consumption: Float[Array, "dates"]
    harm: Float[Array, "dates"]
    discount: Float[Array, "steps"]
    warmth: Float[Array, "dates"]
    slope: Float[Array, "dates"]
    carbon: Float[Array, "3"]
    heat: Float[Array, "2"]
    ahead: Float[Array, "dates"]
    drift: Float[Array, "steps"]
    cleaner: Float[Array, "steps"]


class _Outlook(NamedTuple):
    """What no decision moves, at the dates or at one of them.

    Attributes:
        years: Since 2015. [yr]
        labour: Effective. [trn 2010 USD]
        dirt: Emissions of industry if nothing is abated, per output. [1000 GtC per effective labour]
        land: Emissions of land use. [1000 GtC/yr]
        cost: Of abating everything, as a share of output. [-]
        growth: What it asks of an economy at rest.
        worth: As in `Foreseen`.
        ahead: Likewise.
    """

    years: Array
    labour: Array
    dirt: Array
    land: Array
    cost: Array
    growth: Growth
    worth: Array
    ahead: Array


class _Point(NamedTuple):
    """Where the way is at a date: logarithm of capital, masses, temperatures, forcing and its slope in the air."""

    log_k: Array
    carbon: Entries
    heat: Entries
    forcing: Array
    slope: Array


class _Decided(NamedTuple):
    """What the planner does there: share of emissions left, logarithm of consumption, on which saddle path; harm."""

    left: Array
    log_c: Array
    path: SaddlePath
    harm: Array


class _Step(NamedTuple):
    """A step ahead: its doubling and years, what an earlier plan tells of it, and the outlook at both ends."""

    doubling: Array
    years: Array
    drift: Array
    cleaner: Array
    here: _Outlook
    there: _Outlook


def crude_plan(
    problem: PlannerProblem,
    steps: LongSteps,
    begin: Beginning,
    abated: Abated,
    foreseen: Foreseen,
) -> CrudePlan:
    """The way from a state.

    Args:
        problem: Preferences, technology and climate.
        steps: Of the lengths in `DOUBLINGS`.
        begin: The state.
        abated: Abated share, from the worth of a tonne less and the date. [2010 USD/tCO2, yr to -]
        foreseen: What an earlier plan tells.
    """
    lengths = jnp.asarray(LENGTHS, dtype=jnp.result_type(float))  # in the precision in which the plan is asked for
    outlook = _outlook(problem, begin.t + jnp.append(0.0, jnp.cumsum(lengths)), begin.level, foreseen)
    radiated = jax.value_and_grad(problem.radiation)
    forcing, slope = radiated(begin.carbon, outlook.years[0])
    start = _Point(jnp.log(jnp.asarray(begin.k)), tuple(begin.carbon), tuple(begin.heat), forcing, slope[0])

    def decide(now: _Point, here: _Outlook) -> _Decided:
        leads = now.forcing * problem.temperature.ecs / problem.temperature.f2x
        of_a_degree = harm_of_a_degree(problem, now.heat[0] + AHEAD * (leads - now.heat[0]))
        harm = of_a_degree * jnp.exp(problem.alpha * now.log_k) * now.slope
        price = here.worth * harm
        mu = abated(price * here.labour / CO2_PER_CARBON, here.years)
        net = 1 - problem.damages(now.heat[0]) - here.cost * mu**problem.paths.theta2
        kept = jnp.maximum(net - price * here.dirt * (1 - mu), LEAST_KEPT)
        path = saddle_path(problem, here.growth, net, kept)
        return _Decided(1 - mu, path.log_consumption(now.log_k, here.ahead), path, harm)

    def move(now: _Point, given: _Step) -> tuple[_Point, tuple[_Point, _Decided]]:
        here, there = given.here, given.there
        step, x = step_of(steps, given.doubling), decide(now, here)
        ahead = (here.ahead + there.ahead) / 2
        log_k = x.path.capital_after(given.years, now.log_k, given.drift, ahead)
        dirty = lambda date, log_k, left: left * date.dirt * jnp.exp(problem.alpha * log_k) + date.land
        ends = dirty(here, now.log_k, x.left), dirty(there, log_k, x.left - given.cleaner)
        emitted = along_a_line(ends, step.emitted)
        masses = total(applied(step.carbon, now.carbon), emitted)
        forcing, slope = radiated(jnp.stack(masses), there.years)
        forced = along_a_line((now.forcing, forcing), step.forced)
        return _Point(log_k, masses, total(applied(step.heat, now.heat), forced), forcing, slope[0]), (now, x)

    here = jax.tree.map(lambda path: path[:-1], outlook)
    there = jax.tree.map(lambda path: path[1:], outlook)
    ahead = _Step(jnp.asarray(DOUBLINGS), lengths, foreseen.drift, foreseen.cleaner, here, there)
    slim = jax.checkpoint(move, prevent_cse=False)  # to find slopes anew is quicker than to keep them
    end, (points, decided) = jax.lax.scan(slim, start, ahead)
    last = decide(end, jax.tree.map(lambda path: path[-1], outlook))
    x = jax.tree.map(jnp.append, decided, last)
    middle = here.years + (lengths - 1) / 2
    return CrudePlan(
        years=outlook.years,
        output=jnp.exp(problem.alpha * jnp.append(points.log_k, end.log_k)),
        consumption=jnp.exp(x.log_c),
        harm=x.harm,
        discount=problem.discount_factor(middle) ** lengths * jnp.exp(-jnp.diff(x.log_c) / problem.psi),
        warmth=jnp.append(points.heat[0], end.heat[0]),
        slope=jnp.append(points.slope, end.slope),
        carbon=jnp.stack(end.carbon),
        heat=jnp.stack(end.heat),
        ahead=x.path.ahead(lengths),
        drift=jnp.diff(x.path.log_k),
        cleaner=-jnp.diff(x.left),
    )


def nothing_foreseen(problem: PlannerProblem, begin: Beginning) -> Foreseen:
    """For a first plan: nothing moves, and carbon is worth what it is in an economy at rest."""
    k, carbon, heat, t, _ = begin
    output, slope = k**problem.alpha, jax.grad(problem.radiation)(carbon, t)[0]
    price = prices_at_rest(problem, output, carbon, warm(heat), t, rate_at_rest(problem, t))[0][0]
    worth, still = price / (harm_of_a_degree(problem, heat[0]) * output * slope), jnp.zeros(len(DOUBLINGS) + 1)
    return Foreseen(still + worth, still, still[1:], still[1:])


def _outlook(problem: PlannerProblem, years: Float[Array, "dates"], level: Number, foreseen: Foreseen) -> _Outlook:
    labour = level * problem.effective_labour(years)
    return _Outlook(
        years=years,
        labour=labour,
        dirt=problem.paths.intensity(years) * labour,
        land=problem.paths.land_emissions(years),
        cost=problem.paths.abatement_cost(years),
        growth=growth_at(problem, years),
        worth=foreseen.worth,
        ahead=foreseen.ahead,
    )


def harm_of_a_degree(problem: PlannerProblem, warmth: Array) -> Array:
    """What a degree costs, as a share of output. [1/K]"""
    return jax.grad(problem.damages)(jnp.maximum(warmth, LEAST_WARMTH))
