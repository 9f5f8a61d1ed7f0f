"""Laws of carbon and heat over steps of several years, and what emissions, forcing and harm of their years add up to.

With the law `A` of a year, `n` years of something that moves linearly from `a` to `b` leave
`sum_j A^(n-1-j) ((1 - j/n) a + j/n b)` behind, and harm that moves so is worth its sum with the powers of `A'`. Both
are sums of powers and of powers times their exponent, and double with the law: those of `2 n` years follow from those
of `n`. Carbon warms by the slope of forcing, which moves along a line as well.

What steps hold are tuples of numbers: along a path, a batch of small matrix products is a loop over the batch for a
compiler, and sums of numbers are one fused pass.
"""

import functools
import operator
from collections.abc import Iterable, Mapping
from typing import NamedTuple, TypeAlias

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from saddlepath.climate.numbers import Number
from saddlepath.climate.planner import PlannerProblem

Entries: TypeAlias = tuple[Array, ...]
Ends: TypeAlias = tuple[Array, Array]
Rows: TypeAlias = tuple[Entries, ...]
MASSES, AGED, HEAT = slice(0, 3), slice(3, 6), slice(6, 8)
"""Three masses, the same times the years that have passed, and two temperatures.

Only the second ones warm: carbon that starts among them at a slope of one, among the first at that of the years passed.
"""
CO2, AIR = 0, 6
"""Carbon of the air and its temperature, among them."""


class Step(NamedTuple):
    """A step of several years.

    Attributes:
        carbon: Carbon at its end, per unit of carbon, 3 x 3.
        heat: Heat at its end, per unit of heat, 2 x 2.
        warming: Heat at its end, per unit of carbon and slope of forcing, 2 x 3; for the slope at its beginning and at
            its end, between which it moves along a line.
        emitted: Carbon at its end per unit of emissions a year, in its first year and, were it a year longer, its
            last; between them emissions move along a line.
        forced: Heat at its end per unit of forcing, the same.
        worth_of_heat: What a unit of harm a year per degree, from the year after on, makes heat worth, the same.
        worth_of_carbon: And what it makes carbon worth within the step, for the slope of forcing at both ends.
    """

    carbon: Rows
    heat: Rows
    warming: tuple[Rows, Rows]
    emitted: tuple[Entries, Entries]
    forced: tuple[Entries, Entries]
    worth_of_heat: tuple[Entries, Entries]
    worth_of_carbon: tuple[tuple[Entries, Entries], tuple[Entries, Entries]]


LongSteps: TypeAlias = Mapping[int, Step]
"""By the power of two that tells their years."""


def long_steps(problem: PlannerProblem, doublings: Iterable[int]) -> LongSteps:
    """Steps of two to the power of some numbers of years.

    Args:
        problem: Its climate.
        doublings: Those powers.

    Returns:
        One step for each. [1000 GtC, K, W/m2, yr]
    """
    speed = problem.temperature.c1
    law, carbon = jnp.zeros((8, 8)), problem.carbon.law
    law = law.at[MASSES, MASSES].set(carbon).at[AGED, MASSES].set(carbon).at[AGED, AGED].set(carbon)
    law = law.at[HEAT, HEAT].set(problem.temperature.law).at[AIR, AGED.start + CO2].set(speed)
    powers, weighted = jnp.eye(8), jnp.zeros((8, 8))
    steps, wanted = {}, set(doublings)
    for done in range(max(wanted) + 1):
        years = 2**done
        if done in wanted:
            steps[done] = _step(years, law, powers, weighted, speed)
        weighted = weighted + law @ (weighted + years * powers)
        powers, law = powers + law @ powers, law @ law
    return steps


def step_of(steps: LongSteps, doubling: Array) -> Step:
    """The step of a traced power of two, which must be one of those that there are."""
    (_, chosen), *others = steps.items()
    for power, step in others:
        chosen = jax.tree.map(functools.partial(jnp.where, doubling == power), step, chosen)
    return chosen


def _step(
    years: int, law: Float[Array, "8 8"], powers: Float[Array, "8 8"], weighted: Float[Array, "8 8"], speed: Number
) -> Step:
    """From the sums of powers of a year's law below `years`, and of those times their exponents."""
    left_last, harm_last = ((years - 1) * powers - weighted) / years, (powers + weighted) / years
    left, harm = (powers - left_last, left_last), (powers - harm_last, harm_last)

    def of_carbon(heat: Array) -> tuple[Array, Array]:
        """Of what heat is per unit of carbon, the parts for the slope of forcing at both ends of the step."""
        last = (heat[..., AGED] + heat[..., MASSES]) / years
        return heat[..., AGED] - last, last

    worth_first, worth_last = zip(*(map(tuple, of_carbon(part[AIR])) for part in harm), strict=True)
    warming_first, warming_last = map(_rows, of_carbon(law[HEAT]))
    return Step(
        carbon=_rows(law[MASSES, MASSES]),
        heat=_rows(law[HEAT, HEAT]),
        warming=(warming_first, warming_last),
        emitted=(tuple(left[0][MASSES, CO2]), tuple(left[1][MASSES, CO2])),
        forced=(tuple(speed * left[0][HEAT, AIR]), tuple(speed * left[1][HEAT, AIR])),
        worth_of_heat=(tuple(harm[0][AIR, HEAT]), tuple(harm[1][AIR, HEAT])),
        worth_of_carbon=(worth_first, worth_last),
    )


def along_a_line(ends: Ends, worth: tuple[Entries, Entries]) -> Entries:
    """What something adds up to over the years of a step, by its values at both ends."""
    return total(*map(multiplied, ends, worth))


def applied(rows: Rows, column: Entries) -> Entries:
    """A matrix times a vector."""
    return tuple(_dot(row, column) for row in rows)


def transposed(rows: Rows) -> Rows:
    """The transpose of a matrix."""
    return tuple(zip(*rows, strict=True))


def total(*columns: Entries) -> Entries:
    """The sum of vectors."""
    return tuple(functools.reduce(operator.add, entries) for entries in zip(*columns, strict=True))


def multiplied(factor: Number, entries: Entries) -> Entries:
    """A number times a vector."""
    return tuple(factor * entry for entry in entries)


def _rows(matrix: Array) -> Rows:
    return tuple(map(tuple, matrix))


def _dot(a: Entries, b: Entries) -> Array:
    return functools.reduce(operator.add, map(operator.mul, a, b))
