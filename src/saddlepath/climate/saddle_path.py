"""Capital and consumption near where the return on capital would keep them: the saddle path of growth, linearised.

In logarithms from rest, capital `k` and consumption `x` of the annual economy move as

    k' = (R/G) k - (c/G) x,    x' = x - psi (1 - alpha) (needed/R) k',

with `R` the interest and `G` the growth of a year at rest, `needed` what capital then returns, and `c` consumption per
unit of capital. The root inside of the unit circle is how fast capital approaches rest, the one outside how far ahead a
planner looks whose rest moves: consumption answers today to the discounted sum of its moves.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from saddlepath.climate.at_rest import bent
from saddlepath.climate.numbers import Number
from saddlepath.climate.planner import PlannerProblem

LEAST_GAP = 0.005
"""Interest over growth below about it is bent towards it. [1/yr]"""


class Rest(NamedTuple):
    """Where capital would stay.

    Attributes:
        log_k: Logarithm of capital. [log of effective labour]
        consumed: Consumption per unit of it. [1/yr]
    """

    log_k: Array
    consumed: Array


class SaddlePath(NamedTuple):
    """Linear answers of the economy of a year, or of years in a row.

    Attributes:
        growth: Of effective labour. [1/yr]
        needed: Return on capital at rest, depreciation included. [1/yr]
        speed: At which capital approaches rest. [1/yr]
        answer: Consumption more per unit of capital more, both from rest. [1/yr]
        foresight: At which what moves rest later is discounted. [1/yr]
    """

    growth: Array
    needed: Array
    speed: Array
    answer: Array
    foresight: Array

    def rest(self, problem: PlannerProblem, net: Array, kept: Array) -> Rest:
        """Where capital stays.

        Args:
            problem: Technology.
            net: Output after damages and abatement, as a share of it. [-]
            kept: What of output a unit of capital more adds, as a share of its product. [-]
        """
        log_k = jnp.log(problem.alpha * kept / self.needed) / (1 - problem.alpha)
        return Rest(log_k, jnp.maximum(net / kept, 1.0) * self.needed / problem.alpha - problem.delta - self.growth)

    def log_consumption(self, log_k: Array, rest: Rest, ahead: Array) -> Array:
        """What is consumed.

        Args:
            log_k: Logarithm of capital.
            rest: Where it would stay.
            ahead: Consumption more because rest will move, per unit of capital. [1/yr]
        """
        return rest.log_k + jnp.log(rest.consumed) + (self.answer * (log_k - rest.log_k) + ahead) / rest.consumed

    def capital_after(self, years: Number, log_k: Array, rest: Rest, drift: Array, ahead: Array) -> Array:
        """Logarithm of capital after some years over which its rest drifts evenly.

        Args:
            years: How many. [yr]
            log_k: Logarithm of capital before.
            rest: Where it would stay.
            drift: How far that moves.
            ahead: Consumption more because rest will move, per unit of capital. [1/yr]
        """
        faded = years * self.speed
        behind = jnp.exp(-faded) * (log_k - rest.log_k) - (drift + years * ahead) * mean_of_fading(faded)
        return rest.log_k + drift + behind

    def ahead(self, years: Float[Array, "steps"], rest: Rest) -> Float[Array, "dates"]:
        """Consumption more because rest will move over the steps, per unit of capital; none after the last. [1/yr]

        Args:
            years: Of the steps. [yr]
            rest: Where capital stays at their ends `[dates]`.
        """
        drift, moves = jnp.diff(rest.log_k), jnp.diff(rest.log_k + jnp.log(rest.consumed))
        moves, spans = rest.consumed[:-1] * moves - self.answer[:-1] * drift, years * self.foresight[:-1]

        def back(later: Array, step: tuple[Array, Array]) -> tuple[Array, Array]:
            move, span = step
            now = move * mean_of_fading(span) + jnp.exp(-span) * later
            return now, now

        _, values = jax.lax.scan(back, jnp.zeros_like(moves[0]), (moves, spans), reverse=True)
        return jnp.append(values, 0.0)


def saddle_path(problem: PlannerProblem, years: Float[Array, "dates"]) -> SaddlePath:
    """At these dates.

    Args:
        problem: Preferences, technology and growth.
        years: Since 2015. [yr]
    """
    productivity, population = problem.growth(years)
    growth, interest = productivity + population, problem.rho + productivity / problem.psi
    needed = jnp.expm1(interest) + problem.delta
    consumed = needed / problem.alpha - problem.delta - jnp.expm1(growth)
    gap = bent(interest - growth, LEAST_GAP, LEAST_GAP)
    pull = problem.psi * (1 - problem.alpha) * needed * consumed * jnp.exp(-interest - growth)
    half = (jnp.exp(gap) + 1 + pull) / 2
    stable = half - jnp.sqrt(half**2 - jnp.exp(gap))
    answer = (jnp.exp(gap) - stable) * jnp.exp(growth)
    return SaddlePath(jnp.expm1(growth), needed, -jnp.log(stable), answer, gap - jnp.log(stable))


def mean_of_fading(span: Array) -> Array:
    """Of `exp(-x)` between 0 and a positive span."""
    return -jnp.expm1(-span) / span
