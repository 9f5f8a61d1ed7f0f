"""An equation as a residual: without unit where a side has a sign, complementary where a control has bounds."""

import dataclasses
from collections.abc import Iterator, Mapping

from saddlepath.interchange.expectations import expected
from saddlepath.interchange.rest_point import value
from saddlepath.interchange.structure import Structure
from saddlepath.interchange.syntax import (
    ONE,
    ZERO,
    Call,
    Equation,
    Expected,
    Expression,
    Name,
    Number,
    Operation,
    Parameter,
    Source,
    Steady,
    complementary,
    everything,
    latest,
    minus,
    over,
)


def residual(equation: Equation, positive: frozenset[str], at: Mapping[str, float]) -> Expression:
    """What is zero where an equation holds, in expectation.

    Divided by one of its sides if that is positive everywhere, so that it has no unit: `right / left - 1`.

    Args:
        equation: The equation, with dates today and tomorrow.
        positive: Variables that are positive everywhere.
        at: Parameters, and variables in the steady state where it is known.
    """
    if equation.bounds is not None:
        gap, bounds = minus(expected(equation.left), expected(equation.right)), equation.bounds
        if bounds.lower == ZERO and bounds.control in positive:  # its range keeps it there
            bounds = dataclasses.replace(bounds, lower=None)
        return complementary(gap, bounds)
    left, right = equation.left, equation.right
    if latest(left) > 0 and latest(right) <= 0:
        left, right = right, left
    if ZERO in (left, right):
        return expected(right if left == ZERO else left)
    if latest(left) <= 0 and always_positive(left, positive, at):
        return minus(over(expected(right), left), ONE)
    if latest(right) <= 0 and always_positive(right, positive, at):
        return minus(over(expected(left), right), ONE)
    return minus(expected(right), expected(left))


def always_positive(e: Expression, positive: frozenset[str], at: Mapping[str, float]) -> bool:
    """Whether an expression is positive whatever the state, as far as signs of its parts tell."""
    sure = lambda part: always_positive(part, positive, at)
    match e:
        case Number():
            return e.value > 0
        case Parameter(name) | Steady(name):
            return value(Parameter(name), at) > 0
        case Name(name):
            return name in positive
        case Call("exp", _):
            return True
        case Call("sqrt" | "cbrt", (argument,)):
            return sure(argument)
        case Operation("^", base, power):  # defined for positive numbers alone, unless the power is a whole number
            return sure(base) or not (isinstance(power, Number) and power.text.isdigit())
        case Operation("+" | "*" | "/", left, right):
            return sure(left) and sure(right)
        case Operation("-", _, _):
            return _constant(e) and value(e, at) > 0
        case Expected(operand):
            return sure(operand)
        case _:
            return False


def _constant(e: Expression) -> bool:
    return not any(isinstance(part, Name) for part in everything(e))


def positive_variables(source: Source, structure: Structure, at: Mapping[str, float]) -> frozenset[str]:
    """Variables that the equations need to be positive, and that are in the steady state.

    By what is done with them (a logarithm, a root, a power that is no whole number, a quotient); definitions also by
    their formulas.
    """
    expressions = [side for e in source.equations for side in (e.left, e.right)]
    expressions += [*(a.value for a in source.local), *source.laws.values()]
    needed = {name for e in expressions for part in everything(e) for name in _needs(part)}
    for name, formula in reversed(list(structure.definitions.items())):
        needed |= set(_factors(formula)) if name in needed else set()
    positive = {name for name in needed if at.get(name, 0.0) > 0}
    positive |= {state.name for state in structure.states if state.variable in positive}
    for name, formula in structure.definitions.items():
        if always_positive(formula, frozenset(positive), at):
            positive.add(name)
    return frozenset(positive)


def _needs(e: Expression) -> Iterator[str]:
    """Variables that this operation needs to be positive, whatever stands in them."""
    match e:
        case Call("log" | "ln" | "log10" | "sqrt", (argument,)):
            yield from _factors(argument)
        case Operation("^", base, power) if not (isinstance(power, Number) and power.text.isdigit()):
            yield from _factors(base)
        case Operation("/", _, below):
            yield from _factors(below)
        case _:
            return


def _factors(e: Expression) -> Iterator[str]:
    """Variables whose sign is the sign of a product."""
    match e:
        case Name(name):
            yield name
        case Operation("*" | "/", left, right):
            yield from _factors(left)
            yield from _factors(right)
        case Operation("^", base, _):
            yield from _factors(base)
        case _:
            return
