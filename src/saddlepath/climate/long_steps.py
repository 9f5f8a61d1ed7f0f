"""Laws of carbon and heat over steps of several years, and what emissions, forcing and harm of their years add up to.

With the law `A` of a year, `n` years of something that moves linearly from `a` to `b` leave
`sum_j A^(n-1-j) ((1 - j/n) a + j/n b)` behind, and harm that moves so is worth its sum with the powers of `A'`. Both
are sums of powers and of powers times their exponent, and double with the law: those of `2 n` years follow from those
of `n`.

A law has three blocks: carbon to carbon, heat to heat, and carbon of the air to heat at a slope of forcing of one.
Blocks are tuples of numbers: a batch of small matrix products is a loop over the batch for a compiler, sums of numbers
are one fused pass.
"""

import functools
import operator
from typing import NamedTuple, TypeAlias

import jax.numpy as jnp
from jaxtyping import Array

from saddlepath.climate.numbers import Number
from saddlepath.climate.planner import PlannerProblem

Entries: TypeAlias = tuple[Array, ...]
Ends: TypeAlias = tuple[Array, Array]
Rows: TypeAlias = tuple[Entries, ...]


class Law(NamedTuple):
    """Stocks after some years, per unit of stocks before.

    Attributes:
        carbon: Of carbon, 3 x 3.
        heat: Of heat, 2 x 2.
        warming: Of heat, from carbon, where a unit of carbon in the air is a unit of forcing, 2 x 3.
    """

    carbon: Rows
    heat: Rows
    warming: Rows

    def after(self, other: "Law") -> "Law":
        """This law after another one."""
        warming = _plus(_times(self.heat, other.warming), _times(self.warming, other.carbon))
        return Law(_times(self.carbon, other.carbon), _times(self.heat, other.heat), warming)

    def plus(self, other: "Law", factor: Number = 1.0) -> "Law":
        """The sum with a multiple of another one."""
        scaled = tuple(tuple(multiplied(factor, row) for row in block) for block in other)
        return Law(*(_plus(a, b) for a, b in zip(self, scaled, strict=True)))


class Step(NamedTuple):
    """A step of several years.

    Attributes:
        years: Its length. [yr]
        law: Over the whole of it.
        emitted: Carbon at its end per unit of emissions a year, in its first year and, were it a year longer, its
            last; between them emissions move along a line.
        forced: Heat at its end per unit of forcing, the same.
        worth_of_heat: What a unit of harm a year per degree, from the year after on, makes heat worth, the same.
        worth_of_carbon: And what it makes carbon worth within the step, at a slope of forcing of one.
    """

    years: int
    law: Law
    emitted: tuple[Entries, Entries]
    forced: tuple[Entries, Entries]
    worth_of_heat: tuple[Entries, Entries]
    worth_of_carbon: tuple[Entries, Entries]


def long_steps(problem: PlannerProblem, doublings: tuple[int, ...]) -> tuple[Step, ...]:
    """Steps of two to the power of these numbers of years, shortest first."""
    carbon, heat = jnp.eye(3) + problem.carbon.exchange, jnp.eye(2) + problem.temperature.exchange
    speed = problem.temperature.c1
    law = Law(_rows(carbon), _rows(heat), _rows(jnp.zeros((2, 3)).at[0, 0].set(speed)))
    powers = Law(_rows(jnp.eye(3)), _rows(jnp.eye(2)), _rows(jnp.zeros((2, 3))))
    weighted = Law(*(_rows(0 * jnp.asarray(block)) for block in powers))
    steps, years = [], 1
    for done in range(max(doublings) + 1):
        if done in doublings:
            steps.append(_step(years, law, powers, weighted, speed))
        weighted = weighted.plus(law.after(weighted.plus(powers, years)))
        powers, law, years = powers.plus(law.after(powers)), law.after(law), 2 * years
    return tuple(steps)


def _step(years: int, law: Law, powers: Law, weighted: Law, speed: Number) -> Step:
    """From the sums of powers of a year's law below `years`, and of those times their exponents."""
    nothing = powers.plus(powers, -1.0)
    leaving_last = nothing.plus(powers, (years - 1) / years).plus(weighted, -1 / years)
    leaving_first = powers.plus(leaving_last, -1.0)
    harm_last = nothing.plus(powers, 1 / years).plus(weighted, 1 / years)
    harm_first = powers.plus(harm_last, -1.0)
    column = lambda block: tuple(row[0] for row in block)
    return Step(
        years=years,
        law=law,
        emitted=(column(leaving_first.carbon), column(leaving_last.carbon)),
        forced=(multiplied(speed, column(leaving_first.heat)), multiplied(speed, column(leaving_last.heat))),
        worth_of_heat=(harm_first.heat[0], harm_last.heat[0]),
        worth_of_carbon=(harm_first.warming[0], harm_last.warming[0]),
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


def _plus(a: Rows, b: Rows) -> Rows:
    return tuple(map(total, a, b))


def _times(a: Rows, b: Rows) -> Rows:
    return tuple(applied(transposed(b), row) for row in a)
