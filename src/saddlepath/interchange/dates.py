"""Brings a source to dates from yesterday to tomorrow.

Variables whose date is that of use get the date of decision; definitions that look ahead are put into the equations
that use them; what lies two periods or more ahead becomes an auxiliary variable, tomorrow's expectation of it, so that
expectations of nonlinear terms keep their meaning.
"""

import dataclasses
from collections.abc import Iterable, Mapping

from saddlepath.interchange.expectations import expected
from saddlepath.interchange.syntax import (
    Assignment,
    Declared,
    Equation,
    Expected,
    Expression,
    Name,
    Source,
    Steady,
    latest,
    mapped,
    names,
    shifted,
    substituted,
)

AHEAD = "_ahead"
"""Ending of an auxiliary variable: the expectation of what comes one period later."""
NEXT = "_next"
"""Ending of the decision about a predetermined variable, next period's value."""


def aligned(source: Source) -> Source:
    """The same model with leads of one period at most, and every date that of decision."""
    return _without_long_leads(_dated_by_decision(_without_leading_definitions(source)))


def fresh(name: str, taken: Iterable[str]) -> str:
    """The name, with a number behind it where it is taken."""
    used = set(taken)
    return next(n for n in (name, *(f"{name}_{i}" for i in range(2, len(used) + 3))) if n not in used)


def decided(name: str) -> str:
    """Name of the decision about a predetermined variable."""
    return f"{name}{NEXT}"


def known_names(source: Source) -> list[str]:
    """Every name that the model has."""
    declared = (*source.variables, *source.innovations, *source.parameters)
    return [d.name for d in declared] + [a.name for a in source.local]


def _everywhere(source: Source, change: Mapping[str, Expression]) -> Source:
    """The source with variables replaced in equations and definitions."""
    sides = lambda e: {"left": substituted(e.left, change), "right": substituted(e.right, change)}
    equations = tuple(dataclasses.replace(e, **sides(e)) for e in source.equations)
    local = tuple(dataclasses.replace(a, value=substituted(a.value, change)) for a in source.local)
    return dataclasses.replace(source, equations=equations, local=local)


def _without_leading_definitions(source: Source) -> Source:
    inline: dict[str, Expression] = {}
    kept: list[Assignment] = []
    for a in source.local:
        value = substituted(a.value, inline)
        if latest(value) > 0:
            inline[a.name] = value
        else:
            kept.append(dataclasses.replace(a, value=value))
    return dataclasses.replace(_everywhere(source, inline), local=tuple(kept))


def _dated_by_decision(source: Source) -> Source:
    """Today's value of a predetermined variable is the last period's decision."""
    change = {name: Name(decided(name), -1) for name in source.predetermined}
    rename = lambda d: dataclasses.replace(d, name=decided(d.name)) if d.name in source.predetermined else d
    undated = lambda part: _undated(part, source.predetermined)
    renamed = _everywhere(source, change)
    renamed = dataclasses.replace(
        renamed,
        variables=tuple(rename(v) for v in source.variables),
        equations=tuple(
            dataclasses.replace(e, left=mapped(e.left, undated), right=mapped(e.right, undated))
            for e in renamed.equations
        ),
        rest=tuple(
            dataclasses.replace(
                a,
                name=decided(a.name) if a.name in source.predetermined else a.name,
                value=mapped(a.value, lambda part: undated(part) or _renamed(part, source.predetermined)),
            )
            for a in source.rest
        ),
    )
    for name in source.predetermined:
        if decided(name) in known_names(source):
            raise source.error(
                1, f"{decided(name)} is taken, and it would name the decision about {name}; rename the one in the file."
            )
    return renamed


def _undated(part: Expression, predetermined: frozenset[str]) -> Expression | None:
    """The steady state of a predetermined variable is that of the decision about it."""
    return Steady(decided(part.name)) if isinstance(part, Steady) and part.name in predetermined else None


def _renamed(part: Expression, predetermined: frozenset[str]) -> Expression | None:
    return Name(decided(part.name)) if isinstance(part, Name) and part.name in predetermined else None


def _without_long_leads(source: Source) -> Source:
    """Auxiliary variables are looked at in turn: what lay three periods ahead needs two of them."""
    position = 0
    while position < len(source.equations):
        equation = source.equations[position]
        if max(latest(equation.left), latest(equation.right)) > 1:
            source = _shortened(source, position)
        position += 1
    return source


def _shortened(source: Source, position: int) -> Source:
    """The source with one equation's leads of two periods or more behind auxiliary variables, added at its end."""
    equation, added = source.equations[position], list[Equation]()

    def shorten(part: Expression) -> Expression | None:
        if not isinstance(part, Expected):
            return None
        if latest(part) <= 1:
            return part.operand
        longest = max(names(part), key=lambda n: n.date).name
        name = fresh(f"{longest}{AHEAD}", [*known_names(source), *(e.name for e in added)])
        added.append(Equation(Name(name), shifted(part.operand, -1), equation.line, name))
        return Name(name, 1)

    left, right = (mapped(expected(side), shorten) for side in (equation.left, equation.right))
    equations = list(source.equations)
    equations[position] = dataclasses.replace(equation, left=left, right=right)
    return dataclasses.replace(
        source,
        variables=(*source.variables, *(Declared(e.name, "", e.line) for e in added)),
        equations=(*equations, *added),
        rest=(*source.rest, *(Assignment(e.name, _at_rest(e.right), e.line) for e in added)),
    )


def _at_rest(e: Expression) -> Expression:
    return mapped(e, lambda part: Name(part.name) if isinstance(part, Name) else None)
