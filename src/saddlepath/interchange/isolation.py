"""Solves an equation for a variable that occurs in it once."""

from collections.abc import Mapping

from saddlepath.interchange.rest_point import value
from saddlepath.interchange.syntax import (
    ONE,
    Call,
    Equation,
    Expression,
    Name,
    Negative,
    Number,
    Operation,
    minus,
    names,
    over,
    plus,
    times,
)


def isolated(equation: Equation, name: str, at: Mapping[str, float]) -> Expression | None:
    """What the variable is today, by this equation; None where it occurs several times or inside of a function.

    Powers are inverted only where the variable is positive at the steady state, since they have several roots.
    """
    variable = Name(name)
    if sum(n == variable for side in (equation.left, equation.right) for n in names(side)) != 1:
        return None
    on_left = any(n == variable for n in names(equation.left))
    side, other = (equation.left, equation.right) if on_left else (equation.right, equation.left)
    return _inverse(side, other, variable, at)


def _inverse(e: Expression, known: Expression, variable: Name, at: Mapping[str, float]) -> Expression | None:
    """Solves `e = known`, one operation after the other."""
    if e == variable:
        return known
    within = lambda part: any(n == variable for n in names(part))
    match e:
        case Negative(operand):
            return _inverse(operand, Negative(known), variable, at)
        case Call("exp", (argument,)):
            return _inverse(argument, Call("log", (known,)), variable, at)
        case Call("log" | "ln", (argument,)):
            return _inverse(argument, Call("exp", (known,)), variable, at)
        case Operation("^", base, Negative(power)) if within(base):
            return _inverse(Operation("^", base, power), over(ONE, known), variable, at)
        case Operation("^", base, Number("1")):
            return _inverse(base, known, variable, at)
        case Operation("^", base, power) if within(base) and value(base, at) > 0:
            return _inverse(base, Operation("^", known, over(ONE, power)), variable, at)
        case Operation("+", left, right):
            part, other = (left, right) if within(left) else (right, left)
            return _inverse(part, minus(known, other), variable, at)
        case Operation("*", left, right):
            part, other = (left, right) if within(left) else (right, left)
            return _inverse(part, over(known, other), variable, at)
        case Operation("-", left, right) if within(left):
            return _inverse(left, plus(known, right), variable, at)
        case Operation("-", left, right):
            return _inverse(right, minus(left, known), variable, at)
        case Operation("/", left, right) if within(left):
            return _inverse(left, times(known, right), variable, at)
        case Operation("/", left, right):
            return _inverse(right, over(left, known), variable, at)
        case _:
            return None
