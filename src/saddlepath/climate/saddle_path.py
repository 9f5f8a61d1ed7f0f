"""Capital and consumption on the saddle path of growth, to second order around where capital would stay.

In logarithms from rest, capital `k` and consumption `x` of the annual economy move as

    k' = (R/G) k - (c/G) x,    x' = x - psi (1 - alpha) (needed/I) k',

with `I` the interest and `G` the growth of a year at rest, `needed` what a unit of capital then returns to its planner,
`R` what it adds to resources, of which the planner counts less where output emits, and `c` consumption per unit of
capital. The root inside of the unit circle is what a year leaves of a distance from rest, the other one tells how far
ahead a planner looks whose rest moves: consumption answers today to the discounted sum of its moves.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from saddlepath.climate.numbers import Number, Numbers
from saddlepath.climate.planner import PlannerProblem


class Growth(NamedTuple):
    """What growth asks of an economy at rest.

    Attributes:
        factor: By which effective labour grows in a year.
        interest: What goods of a year earlier have become.
        needed: Return on capital, depreciation included. [1/yr]
    """

    factor: Array
    interest: Array
    needed: Array


def growth_at(problem: PlannerProblem, years: Numbers) -> Growth:
    """At a date, or at several.

    Args:
        problem: Preferences and growth.
        years: Since 2015. [yr]
    """
    productivity, _ = problem.growth(years)
    interest = problem.rho + productivity / problem.psi
    return Growth(problem.growth_factor(years), jnp.exp(interest), jnp.expm1(interest) + problem.delta)


class SaddlePath(NamedTuple):
    """Where capital would stay, and how the economy of a year answers to a distance from there.

    Attributes:
        log_k: Logarithm of capital at rest. [log of effective labour]
        consumed: Consumption per unit of it. [1/yr]
        growth: Factor by which effective labour grows in a year.
        left: What a year leaves of a distance from rest, the stable root.
        foresight: What moves rest a year later counts today, over the unstable root.
        answer: Consumption more per unit of capital more, both from rest. [1/yr]
        bend: Logarithm of consumption more per squared logarithm of capital from rest.
        skew: A distance `d` from rest fades at a constant rate as `d / (1 - skew d)`.
    """

    log_k: Array
    consumed: Array
    growth: Array
    left: Array
    foresight: Array
    answer: Array
    bend: Array
    skew: Array

    def log_consumption(self, log_k: Array, ahead: Array) -> Array:
        """What is consumed.

        Args:
            log_k: Logarithm of capital.
            ahead: Consumption more because rest will move, per unit of capital. [1/yr]
        """
        away = log_k - self.log_k
        straight = (self.answer * away + ahead) / self.consumed
        return self.log_k + jnp.log(self.consumed) + straight + self.bend * away**2

    def capital_after(self, years: Number, log_k: Array, drift: Array, ahead: Array) -> Array:
        """Logarithm of capital after some years over which its rest drifts evenly.

        Args:
            years: How many. [yr]
            log_k: Logarithm of capital before.
            drift: How far its rest moves.
            ahead: Consumption more because rest will move, per unit of capital. [1/yr]
        """
        away, left = log_k - self.log_k, jnp.exp(years * jnp.log(self.left))  # of a power the slope costs another one
        missed = (drift / years + ahead / self.growth) * (1 - left) / (1 - self.left)
        behind = left * away / (1 - self.skew * away) - missed
        return self.log_k + drift + behind / (1 + self.skew * behind)

    def ahead(self, years: Float[Array, "steps"]) -> Float[Array, "dates"]:
        """Consumption more because rest will move over the steps, per unit of capital; none after the last. [1/yr]

        Args:
            years: Of the steps, between the dates at which this saddle path is. [yr]
        """
        drift, moves = jnp.diff(self.log_k), jnp.diff(self.log_k + jnp.log(self.consumed))
        foresight = self.foresight[:-1]
        kept = jnp.exp(years * jnp.log(foresight))
        moves = (self.consumed[:-1] * moves - self.answer[:-1] * drift) / years
        moves = moves * foresight * (1 - kept) / (1 - foresight)

        def back(later: Array, step: tuple[Array, Array]) -> tuple[Array, Array]:
            move, kept = step
            now = move + kept * later
            return now, now

        _, values = jax.lax.scan(back, jnp.zeros_like(moves[0]), (moves, kept), reverse=True)
        return jnp.append(values, 0.0)


def saddle_path(problem: PlannerProblem, growth: Growth, net: Array, kept: Array) -> SaddlePath:
    """Around where capital would stay.

    Args:
        problem: Preferences and technology.
        growth: What it asks.
        net: Output after damages and abatement, as a share of it. [-]
        kept: What of output a unit of capital more adds to the planner's value, as a share of its product. [-]
    """
    factor, interest, needed = growth
    alpha, product = problem.alpha, jnp.maximum(net / kept, 1.0) * needed
    consumed = product / alpha + 1 - problem.delta - factor
    spread, pull = (product + 1 - problem.delta) / factor, problem.psi * (1 - alpha) * needed / interest
    half = (spread + 1 + pull * consumed / factor) / 2
    left = half - jnp.sqrt(half**2 - spread)
    slope = (spread - left) * factor / consumed
    squares = (alpha * product + 1 - problem.delta - consumed * slope**2) / factor - left**2
    second = pull * (1 - alpha) * (1 - needed / interest) * left**2 - slope * squares / left
    second = second / (left**2 - 1 - consumed * slope / (left * factor))
    return SaddlePath(
        log_k=jnp.log(alpha * kept / needed) / (1 - alpha),
        consumed=consumed,
        growth=factor,
        left=left,
        foresight=left / spread,
        answer=consumed * slope,
        bend=second / 2,
        skew=(squares - consumed * second / factor) / (2 * left * (1 - left)),
    )
