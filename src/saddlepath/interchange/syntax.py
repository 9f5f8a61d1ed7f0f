"""What a model file says, as immutable values: expressions with dates, equations, and the whole source.

Dates count from today: the capital stock of the last period is `Name("k", -1)`. Both dialects are read into these
values, and the rest of the package knows no dialect.
"""

import dataclasses
from collections.abc import Callable, Iterator, Mapping

from saddlepath.errors import ModelError


@dataclasses.dataclass(frozen=True)
class Number:
    """A number as Python writes it."""

    text: str

    @property
    def value(self) -> float:
        return float(self.text)


@dataclasses.dataclass(frozen=True)
class Name:
    """A variable or innovation at a date.

    Attributes:
        name: Its name in the file.
        date: Periods from today: 1 tomorrow, -1 yesterday.
        line: Where it stands in the file.
    """

    name: str
    date: int = 0
    line: int = dataclasses.field(default=0, compare=False)


@dataclasses.dataclass(frozen=True)
class Parameter:
    """A parameter."""

    name: str


@dataclasses.dataclass(frozen=True)
class Steady:
    """The value of a variable in the steady state."""

    name: str


@dataclasses.dataclass(frozen=True)
class Local:
    """A value that generated code has given a name to."""

    name: str


@dataclasses.dataclass(frozen=True)
class Negative:
    """Minus an expression."""

    operand: "Expression"


@dataclasses.dataclass(frozen=True)
class Operation:
    """A sum, difference, product, quotient or power: `operator` is one of + - * / ^."""

    operator: str
    left: "Expression"
    right: "Expression"


@dataclasses.dataclass(frozen=True)
class Call:
    """A function of one or two arguments."""

    function: str
    arguments: tuple["Expression", ...]


@dataclasses.dataclass(frozen=True)
class Expected:
    """The expectation, given today's information, of an expression with variables of tomorrow."""

    operand: "Expression"


Expression = Number | Name | Parameter | Steady | Local | Negative | Operation | Call | Expected

ZERO, ONE = Number("0"), Number("1")


def plus(a: Expression, b: Expression) -> Expression:
    """Their sum, without zeros and double signs."""
    match a, b:
        case _, Number("0"):
            return a
        case Number("0"), _:
            return b
        case _, Negative(operand):
            return Operation("-", a, operand)
        case _:
            return Operation("+", a, b)


def minus(a: Expression, b: Expression) -> Expression:
    """Their difference, without zeros and double signs."""
    match a, b:
        case _, Number("0"):
            return a
        case _, Negative(operand):
            return plus(a, operand)
        case Number("0"), _:
            return Negative(b)
        case _:
            return Operation("-", a, b)


def times(a: Expression, b: Expression) -> Expression:
    """Their product, without ones."""
    return b if a == ONE else a if b == ONE else Operation("*", a, b)


def over(a: Expression, b: Expression) -> Expression:
    """Their quotient, without ones; a quotient in the denominator is turned over."""
    match b:
        case Number("1"):
            return a
        case Operation("/", top, bottom):
            return over(times(a, bottom), top)
        case _:
            return Operation("/", a, b)


def root(e: Expression) -> Expression:
    """Its square root, without a function where it is a number or a square."""
    match e:
        case Number():
            return Number(repr(e.value**0.5))
        case Operation("^", base, Number("2")):
            return base
        case Operation("*", left, right) if left == right:
            return left
        case _:
            return Call("sqrt", (e,))


def square(e: Expression) -> Expression:
    """Its square; of a root, what stands under it."""
    match e:
        case Call("sqrt", (argument,)):
            return argument
        case _:
            return Operation("^", e, Number("2"))


def parts(e: Expression) -> tuple[Expression, ...]:
    """The expressions that an expression is made of."""
    match e:
        case Negative(operand) | Expected(operand):
            return (operand,)
        case Operation(_, left, right):
            return (left, right)
        case Call(_, arguments):
            return arguments
        case _:
            return ()


def mapped(e: Expression, change: Callable[[Expression], Expression | None]) -> Expression:
    """The expression with parts replaced; `change` returns None for what stays and is looked into."""
    changed = change(e)
    if changed is not None:
        return changed
    match e:
        case Negative(operand):
            return Negative(mapped(operand, change))
        case Expected(operand):
            return Expected(mapped(operand, change))
        case Operation(operator, left, right):
            return Operation(operator, mapped(left, change), mapped(right, change))
        case Call(function, arguments):
            return Call(function, tuple(mapped(a, change) for a in arguments))
        case _:
            return e


def everything(e: Expression) -> Iterator[Expression]:
    """An expression and all its parts."""
    yield e
    for part in parts(e):
        yield from everything(part)


def names(e: Expression) -> Iterator[Name]:
    """Every occurrence of a variable or innovation."""
    return (part for part in everything(e) if isinstance(part, Name))


def shifted(e: Expression, periods: int) -> Expression:
    """The expression that many periods later."""
    return mapped(e, lambda part: shifted_name(part, periods))


def shifted_name(part: Expression, periods: int) -> Expression | None:
    """A variable that many periods later; None for what is no variable, as `mapped` wants it."""
    return dataclasses.replace(part, date=part.date + periods) if isinstance(part, Name) else None


def substituted(e: Expression, values: Mapping[str, Expression]) -> Expression:
    """The expression with variables replaced, each by what it stands for at the same date."""
    replace = lambda n: shifted(values[n.name], n.date) if isinstance(n, Name) and n.name in values else None
    return mapped(e, replace)


def latest(e: Expression) -> int:
    """The latest date that occurs; today where none does."""
    return max((n.date for n in names(e)), default=0)


@dataclasses.dataclass(frozen=True)
class Declared:
    """A name that a file introduces, with what it says about it in words."""

    name: str
    description: str
    line: int


@dataclasses.dataclass(frozen=True)
class Assignment:
    """`name = value` outside of the model's equations."""

    name: str
    value: Expression
    line: int


@dataclasses.dataclass(frozen=True)
class Bounds:
    """A control between two bounds, complementary to its equation; None where there is no bound."""

    control: str
    lower: Expression | None
    upper: Expression | None


def complementary(gap: Expression, bounds: Bounds) -> Expression:
    """What is zero where the gap is zero between the bounds, positive at the lower and negative at the upper one.

    The lower bound is a Fischer-Burmeister equation of slack and gap, the upper one of slack and minus the gap; with
    both, the second stands in the first (Billups, 1995, Algorithms for Complementarity Problems).
    """
    control = Name(bounds.control)
    if bounds.upper is not None:
        gap = Negative(Call("fischer_burmeister", (minus(bounds.upper, control), Negative(gap))))
    return gap if bounds.lower is None else Call("fischer_burmeister", (minus(control, bounds.lower), gap))


@dataclasses.dataclass(frozen=True)
class Equation:
    """`left = right`, in expectation where variables of tomorrow occur.

    Attributes:
        name: What the file calls it, or nothing.
        bounds: Bounds of the control that it determines; `left - right` is positive where the lower one binds.
    """

    left: Expression
    right: Expression
    line: int
    name: str = ""
    bounds: Bounds | None = None


@dataclasses.dataclass(frozen=True)
class Source:
    """Everything that a file says about a model.

    Attributes:
        file: Name of the file, for messages.
        dialect: `Dynare` or `dolo`.
        variables: Endogenous variables and, in dolo, exogenous processes and states.
        innovations: Innovations with mean zero.
        parameters: Parameters.
        values: Their values, in the order of the file.
        equations: The model.
        local: Definitions that are used in equations alone.
        laws: Laws of motion that the file gives as such, from today (0) to tomorrow (1), by state.
        rest: The steady state as assignments in order; may give parameters too.
        closed_form: Whether `rest` is the steady state, and not only a first guess.
        deviations: Standard deviation by innovation.
        correlations: Correlation by pair of innovations.
        covariances: Covariance by pair of innovations.
        predetermined: Variables whose date is that of use, not of decision.
        notes: What was passed over, one sentence each.
    """

    file: str
    dialect: str
    variables: tuple[Declared, ...]
    innovations: tuple[Declared, ...]
    parameters: tuple[Declared, ...]
    values: tuple[Assignment, ...]
    equations: tuple[Equation, ...]
    local: tuple[Assignment, ...] = ()
    laws: Mapping[str, Expression] = dataclasses.field(default_factory=dict)
    rest: tuple[Assignment, ...] = ()
    closed_form: bool = False
    deviations: Mapping[str, Expression] = dataclasses.field(default_factory=dict)
    correlations: Mapping[tuple[str, str], Expression] = dataclasses.field(default_factory=dict)
    covariances: Mapping[tuple[str, str], Expression] = dataclasses.field(default_factory=dict)
    predetermined: frozenset[str] = frozenset()
    notes: tuple[str, ...] = ()

    def error(self, line: int, sentence: str) -> ModelError:
        """A mistake in this file, told with its line."""
        return ModelError(f"{self.file}, line {line}: {sentence}")
