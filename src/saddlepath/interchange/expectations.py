"""Where the expectation of an equation stands: around what depends on tomorrow, and around nothing else.

Both dialects take the expectation of a whole equation. By linearity, what is known today comes out of it, while every
nonlinear function of tomorrow's variables stays inside.
"""

from functools import reduce

from saddlepath.interchange.syntax import (
    ONE,
    Expected,
    Expression,
    Negative,
    Operation,
    latest,
    minus,
    over,
    plus,
    times,
)


def expected(e: Expression) -> Expression:
    """The expectation of an expression given today's information, as narrow as linearity allows."""
    if latest(e) <= 0:
        return e
    match e:
        case Negative(operand):
            return Negative(expected(operand))
        case Operation("+" | "-" as sign, left, right):
            join = plus if sign == "+" else minus
            return Expected(e) if _all_ahead(e) else join(expected(left), expected(right))
        case Operation("*" | "/", _, _):
            return _of_product(e)
        case _:
            return Expected(e)


def _all_ahead(e: Expression) -> bool:
    """Whether every term of a sum depends on tomorrow, so that one expectation does for all."""
    match e:
        case Operation("+" | "-", left, right):
            return _all_ahead(left) and _all_ahead(right)
        case Negative(operand):
            return _all_ahead(operand)
        case Operation("*" | "/", _, _):
            ahead = [[factor for factor in side if latest(factor) > 0] for side in _factors(e)]
            return _all_ahead(ahead[0][0]) if (len(ahead[0]), len(ahead[1])) == (1, 0) else any(ahead)
        case _:
            return latest(e) > 0


def _of_product(e: Expression) -> Expression:
    above, below = _factors(e)
    known = _quotient([f for f in above if latest(f) <= 0], [])
    known_below = _quotient([f for f in below if latest(f) <= 0], [])
    uncertain_above, uncertain_below = [f for f in above if latest(f) > 0], [f for f in below if latest(f) > 0]
    if len(uncertain_above) == 1 and not uncertain_below:
        mean = expected(uncertain_above[0])
    else:
        mean = Expected(_quotient(uncertain_above, uncertain_below))
    return over(times(known, mean), known_below)


def _factors(e: Expression) -> tuple[list[Expression], list[Expression]]:
    """Factors of numerator and denominator."""
    match e:
        case Operation("*", left, right):
            (a, b), (c, d) = _factors(left), _factors(right)
            return a + c, b + d
        case Operation("/", left, right):
            (a, b), (c, d) = _factors(left), _factors(right)
            return a + d, b + c
        case _:
            return [e], []


def _quotient(above: list[Expression], below: list[Expression]) -> Expression:
    return reduce(over, below, reduce(times, above, ONE))
