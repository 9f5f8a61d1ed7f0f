"""Expressions as Python, laid out as `ruff format` leaves it: lines of 120 characters at most.

What does not fit into a line is a sum with one term a line or, where there is no such sum, is taken apart by names for
its largest parts that fit.
"""

import dataclasses
from collections.abc import Callable

from saddlepath.interchange.functions import FUNCTIONS
from saddlepath.interchange.syntax import (
    Call,
    Expected,
    Expression,
    Local,
    Name,
    Negative,
    Number,
    Operation,
    Parameter,
    Steady,
    everything,
    mapped,
)

WIDTH = 120
"""Longest line of generated code [characters]."""
INDENT = "    "
SUM, PRODUCT, SIGN, POWER, ATOM = range(5)
"""How tightly an expression binds."""
BINDING = {"+": SUM, "-": SUM, "*": PRODUCT, "/": PRODUCT, "^": POWER}

Spelling = Callable[[Name | Parameter | Steady], str]
"""How generated code names a variable, a parameter or a steady-state value."""


@dataclasses.dataclass(frozen=True)
class Writer:
    """Writes expressions in one place of the generated code, a method with its own arguments.

    Attributes:
        spelling: How names are written there.
        tomorrow: How they are written inside of an expectation.
    """

    spelling: Spelling
    tomorrow: Spelling | None = None

    def text(self, e: Expression, loosest: int = SUM) -> str:
        """The expression in one line, in brackets if it binds less than what it stands in."""
        written, binding = self._written(e)
        return f"({written})" if binding < loosest else written

    def _written(self, e: Expression) -> tuple[str, int]:
        match e:
            case Number(text):
                return text, ATOM
            case Local(name):
                return name, ATOM
            case Negative(operand):
                return f"-{self.text(operand, SIGN)}", SIGN
            case Operation("^", base, power):
                return self._power(base, power), POWER
            case Operation(operator, left, right):
                own = BINDING[operator]
                tighter = own + (operator in "-/" or isinstance(right, Negative) or own == PRODUCT)
                return f"{self.text(left, own)} {operator} {self.text(right, tighter)}", own
            case Call(function, arguments):
                return f"{FUNCTIONS[function].code}({', '.join(map(self.text, arguments))})", ATOM
            case Expected(operand):
                return f"E(lambda s1, x1: {self.inside().text(operand)})", ATOM
            case Name() | Parameter() | Steady():
                return self.spelling(e), ATOM

    def _power(self, base: Expression, power: Expression) -> str:
        """Spaces around the sign unless both sides are plain names or numbers, as formatters have it."""
        below, above = self.text(base, ATOM), self.text(power, SIGN)
        close = _plain(below) and _plain(above.removeprefix("-"))
        return f"{below}**{above}" if close else f"{below} ** {above}"

    def inside(self) -> "Writer":
        """The writer inside of an expectation."""
        return Writer(self.tomorrow or self.spelling)

    def lines(self, head: str, e: Expression, indent: str) -> list[str]:
        """A statement, `return ...` or `name = ...`, with the statements that it needs before it."""
        before: list[str] = []
        number = 0
        while not self._fits(head, e, indent):
            broken = self._terms(head, e, indent)
            if broken is not None:
                return before + broken
            part = self._largest(e, indent)
            if part is None:
                break
            number += 1
            name = f"part_{number}"
            before += self.lines(f"{name} = ", part, indent)
            e = _replaced(e, part, Local(name))
        return [*before, f"{indent}{head}{self.text(e)}"]

    def _fits(self, head: str, e: Expression, indent: str) -> bool:
        return len(indent) + len(head) + len(self.text(e)) <= WIDTH

    def _terms(self, head: str, e: Expression, indent: str) -> list[str] | None:
        """A sum of three terms or more in brackets, one term a line if need be; None where a term does not fit."""
        terms = _terms(e)
        if len(terms) < 3:
            return None
        first, *rest = terms
        inner = indent + INDENT
        if len(inner) + len(self.text(e)) <= WIDTH:
            return [f"{indent}{head}(", f"{inner}{self.text(e)}", f"{indent})"]
        body = [f"{inner}{self.text(first[1], SUM)}"]
        body += [f"{inner}{sign} {self.text(term, PRODUCT)}" for sign, term in rest]
        if max(map(len, body)) > WIDTH:
            return None
        return [f"{indent}{head}(", *body, f"{indent})"]

    def _largest(self, e: Expression, indent: str) -> Expression | None:
        """The longest part, outside of expectations, that fits into a line of its own."""
        room = WIDTH - len(indent) - len("part_99 = ")
        candidates = [part for part in _outside(e) if part is not e and isinstance(part, Operation | Call | Expected)]
        sizes = [(len(self.text(part)), part) for part in candidates]
        fitting = [(size, part) for size, part in sizes if 10 < size <= room]
        return max(fitting, key=lambda pair: pair[0])[1] if fitting else None


def _plain(text: str) -> bool:
    """A number or a dotted name."""
    return text.replace("e-", "e").replace("_", "").replace(".", "").isalnum()


def _terms(e: Expression) -> list[tuple[str, Expression]]:
    """The terms of a sum with their signs."""
    match e:
        case Operation("+" | "-" as sign, left, right):
            return [*_terms(left), (sign, right)]
        case _:
            return [("+", e)]


def _outside(e: Expression) -> list[Expression]:
    """An expression and its parts, without what stands inside of an expectation."""
    inside = {id(part) for whole in everything(e) if isinstance(whole, Expected) for part in everything(whole.operand)}
    return [part for part in everything(e) if id(part) not in inside]


def _replaced(e: Expression, part: Expression, by: Expression) -> Expression:
    return mapped(e, lambda found: by if found == part else None)
