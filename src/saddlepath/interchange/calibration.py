"""Splits a calibration without order into parameters that stand alone and the steady state, each in order."""

import dataclasses
from collections.abc import Iterable
from graphlib import CycleError, TopologicalSorter

from saddlepath.errors import ModelError
from saddlepath.interchange.syntax import Assignment, Name, mapped, names


def split(
    values: Iterable[Assignment], parameters: set[str], variables: set[str], formulas: Iterable[Assignment], file: str
) -> tuple[tuple[Assignment, ...], tuple[Assignment, ...]]:
    """Parameters, and variables with the parameters that follow from them.

    Args:
        values: The calibration, one assignment for each name.
        parameters: Names of parameters.
        variables: Names that have a date.
        formulas: Definitions, which give the values of variables that the calibration leaves out.
        file: Name of the file, for messages.

    Raises:
        ModelError: Values depend on each other in a circle.
    """
    undated = lambda part: Name(part.name, 0, part.line) if isinstance(part, Name) else None
    assigned = {a.name: dataclasses.replace(a, value=mapped(a.value, undated)) for a in (*formulas, *values)}
    ordered = in_order(assigned.values(), file)
    at_rest = set(variables)
    for a in ordered:
        if any(n.name in at_rest for n in names(a.value)):
            at_rest.add(a.name)
    alone = tuple(a for a in ordered if a.name not in at_rest)
    return alone, tuple(a for a in ordered if a.name in at_rest)


def in_order(assignments: Iterable[Assignment], file: str) -> list[Assignment]:
    """Every assignment after those that it needs.

    Raises:
        ModelError: They need each other in a circle.
    """
    assigned = {a.name: a for a in assignments}
    graph = {name: {n.name for n in names(a.value)} & set(assigned) for name, a in assigned.items()}
    try:
        return [assigned[name] for name in TopologicalSorter(graph).static_order()]
    except CycleError as error:
        circle = error.args[1]
        line = assigned[circle[0]].line
        raise ModelError(
            f"{file}, line {line}: the values of {', '.join(dict.fromkeys(circle))} depend on each other in a circle; "
            "give one of them a number."
        ) from error
