"""Numbers of a source: values of its parameters, and its steady state without uncertainty.

They decide how code is written: which variables are positive, and which equations can be divided by one of their
sides. Where the file gives no closed form, the steady state is a root of the static equations, from the file's guess.
"""

from collections.abc import Callable, Mapping

import numpy as np

from saddlepath.interchange.functions import FUNCTIONS
from saddlepath.interchange.syntax import (
    Call,
    Equation,
    Expected,
    Expression,
    Local,
    Name,
    Negative,
    Number,
    Operation,
    Parameter,
    Source,
    Steady,
    complementary,
    minus,
)

Values = dict[str, float]

SMALL = 1e-8
"""Largest residual of a static equation at a steady state [-]."""
EXACT = 1e-12
"""Largest residual at which a closed form is taken as it is [-]."""
N_STARTS, SPREAD = 12, 1.0
"""Further first points, and the s.d. of their logs around the file's guess [-]."""


def value(e: Expression, at: Mapping[str, float]) -> float:
    """The value of an expression where every date is the same; not a number where it has none."""
    with np.errstate(all="ignore"):
        return float(_value(e, at))


def _value(e: Expression, at: Mapping[str, float]) -> float:
    match e:
        case Number():
            return np.float64(e.value)
        case Name(name) | Parameter(name) | Steady(name) | Local(name):
            return np.float64(at.get(name, np.nan))
        case Negative(operand):
            return -_value(operand, at)
        case Expected(operand):
            return _value(operand, at)
        case Call(function, arguments):
            return FUNCTIONS[function].value(*(_value(a, at) for a in arguments))
        case Operation(operator, left, right):
            return OPERATIONS[operator](_value(left, at), _value(right, at))


OPERATIONS: dict[str, Callable[[float, float], float]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "^": lambda a, b: a**b,
}


def known_values(source: Source) -> tuple[Values, bool]:
    """Values of parameters and variables, and whether the latter are a steady state.

    Where none is found, they are what the file gives as a first guess, as far as it does.
    """
    at: Values = {shock.name: 0.0 for shock in source.innovations}
    for assignment in source.values:
        at[assignment.name] = value(assignment.value, at)
    guess = dict(at)
    for assignment in source.rest:
        guess[assignment.name] = value(assignment.value, guess)
    calibrated = {p.name: guess[p.name] for p in source.parameters if p.name in guess}
    found = _steady_state(source, at | calibrated, guess)
    first = {v.name: guess[v.name] for v in source.variables if np.isfinite(guess.get(v.name, np.nan))}
    return at | calibrated | (first if found is None else found), found is not None


def _steady_state(source: Source, parameters: Values, guess: Values) -> Values | None:
    """Variables and local definitions at rest."""
    variables = [v.name for v in source.variables]
    conditions = [_static(e) for e in source.equations]
    conditions += [minus(Name(name), law) for name, law in source.laws.items()]

    def point(v: np.ndarray) -> Values:
        at = parameters | dict(zip(variables, v.tolist(), strict=True))
        for assignment in source.local:
            at[assignment.name] = value(assignment.value, at)
        return at

    def static(v: np.ndarray) -> np.ndarray:
        at = point(v)
        return np.array([value(condition, at) for condition in conditions])

    first = np.nan_to_num([guess.get(name, 0.0) for name in variables])
    factors = np.exp(SPREAD * np.random.default_rng(0).normal(size=(N_STARTS, len(variables))))
    for start in (first, np.ones(len(variables)), *(factors * np.where(first == 0.0, 1.0, first))):
        rest = _root(static, start)
        if rest is not None:
            at = point(rest)
            return {name: at[name] for name in [*variables, *(a.name for a in source.local)]}
    return None


def _static(equation: Equation) -> Expression:
    gap = minus(equation.left, equation.right)
    return gap if equation.bounds is None else complementary(gap, equation.bounds)


def _root(static: Callable[[np.ndarray], np.ndarray], start: np.ndarray) -> np.ndarray | None:
    from scipy.optimize import root

    if not np.all(np.isfinite(static(start))):
        return None
    if np.max(np.abs(static(start)), initial=0.0) < EXACT:
        return start
    found = root(static, start, method="hybr", options={"xtol": 1e-14}).x
    residuals = static(found)
    arrived = np.all(np.isfinite(residuals)) and np.max(np.abs(residuals), initial=0.0) < SMALL
    return found if arrived else None
