"""Gives every name of a source its role, and finds what does not fit: unknown names, missing values, counts."""

import dataclasses
from collections.abc import Callable, Iterable, Mapping

from saddlepath.interchange.syntax import (
    Assignment,
    Bounds,
    Declared,
    Equation,
    Expression,
    Name,
    Parameter,
    Source,
    Steady,
    everything,
    mapped,
    names,
)
from saddlepath.model import nearest_names


def resolved(source: Source) -> Source:
    """The source with parameters told from variables.

    Raises:
        ModelError: A name is unknown, declared twice or without a value; an innovation has no variance; or there are
            not as many equations as variables. The message names the line.
    """
    _check_declarations(source)
    parameters = {p.name for p in source.parameters}
    values, helpers = _values(source, parameters)
    assigned = {a.name for a in source.rest}
    dated = {v.name for v in (*source.variables, *source.innovations)} | {a.name for a in source.local}
    in_model = _resolver(source, parameters, dated, helpers)
    at_rest = _resolver(source, parameters - assigned, dated | assigned, helpers)
    constant = _resolver(source, parameters, set(), helpers)
    result = dataclasses.replace(
        source,
        values=values,
        equations=tuple(_equation(e, in_model) for e in source.equations),
        local=tuple(dataclasses.replace(a, value=in_model(a.value, a.line)) for a in source.local),
        laws={name: in_model(law, 0) for name, law in source.laws.items()},
        rest=tuple(dataclasses.replace(a, value=at_rest(a.value, a.line)) for a in source.rest),
        deviations={name: constant(e, 0) for name, e in source.deviations.items()},
        correlations={pair: constant(e, 0) for pair, e in source.correlations.items()},
        covariances={pair: constant(e, 0) for pair, e in source.covariances.items()},
    )
    _check_parameters(result, assigned)
    _check_shocks(result)
    _check_counts(result)
    return result


def _equation(equation: Equation, resolve: Callable[[Expression, int], Expression]) -> Equation:
    line, bounds = equation.line, equation.bounds
    if bounds is not None:
        limits = [None if limit is None else resolve(limit, line) for limit in (bounds.lower, bounds.upper)]
        bounds = Bounds(bounds.control, *limits)
    left, right = resolve(equation.left, line), resolve(equation.right, line)
    return dataclasses.replace(equation, left=left, right=right, bounds=bounds)


def _resolver(
    source: Source, parameters: set[str], dated: set[str], helpers: Mapping[str, Expression]
) -> Callable[[Expression, int], Expression]:
    """A function that resolves the names of an expression; the line is for names that carry none."""

    def resolve(e: Expression, line: int) -> Expression:
        for part in everything(e):
            if isinstance(part, Steady) and part.name not in dated:
                raise source.error(line, _unknown(part.name, sorted(dated)))
        return mapped(e, lambda part: role(part, line) if isinstance(part, Name) else None)

    def role(name: Name, line: int) -> Expression:
        if name.name in parameters:
            if name.date:
                raise source.error(
                    name.line or line, f"the parameter {name.name} has a lead or lag; parameters have no date."
                )
            return Parameter(name.name)
        if name.name in helpers and name.name not in dated:
            return helpers[name.name]
        if name.name not in dated:
            raise source.error(name.line or line, _unknown(name.name, sorted(parameters | dated)))
        return name

    return resolve


def _unknown(name: str, known: list[str]) -> str:
    return f"{name!r} is not declared; {nearest_names(name, known)}"


def _check_declarations(source: Source) -> None:
    seen: dict[str, Declared] = {}
    for declared in (*source.variables, *source.innovations, *source.parameters):
        if declared.name in seen:
            first = seen[declared.name].line
            raise source.error(declared.line, f"{declared.name} was declared on line {first} already; keep one.")
        seen[declared.name] = declared
    for name in sorted(source.predetermined - {v.name for v in source.variables}):
        raise source.error(1, f"predetermined_variables names {name!r}, which is no variable; declare it with var.")


def _values(source: Source, parameters: set[str]) -> tuple[tuple[Assignment, ...], dict[str, Expression]]:
    """Values of parameters in order, and what was assigned to names that are no parameters and stand for it."""
    known: dict[str, int] = {}
    helpers: dict[str, Expression] = {}
    result: list[Assignment] = []
    for a in source.values:
        for name in names(a.value):
            if name.name not in known and name.name not in helpers:
                early = name.name in parameters
                reason = f"{name.name} has no value yet; assign it before." if early else _unknown(name.name, [*known])
                raise source.error(name.line, reason)
        change = lambda part: _constant(part, helpers) if isinstance(part, Name) else None
        value = mapped(a.value, change)
        if a.name not in parameters:
            helpers[a.name] = value
        elif a.name in known:
            raise source.error(a.line, f"{a.name} was given a value on line {known[a.name]} already; keep one.")
        else:
            known[a.name] = a.line
            result.append(dataclasses.replace(a, value=value))
    return tuple(result), helpers


def _constant(name: Name, helpers: Mapping[str, Expression]) -> Expression:
    return helpers[name.name] if name.name in helpers else Parameter(name.name)


def _check_parameters(source: Source, assigned: set[str]) -> None:
    valued = {a.name for a in source.values} | assigned
    for parameter in source.parameters:
        if parameter.name not in valued:
            raise source.error(
                parameter.line,
                f"the parameter {parameter.name} has no value; assign one, such as {parameter.name} = 1;",
            )


def _check_shocks(source: Source) -> None:
    for shock in source.innovations:
        if shock.name not in source.deviations:
            raise source.error(
                shock.line,
                f"the innovation {shock.name} has no variance; give it one in the block shocks: "
                f"var {shock.name}; stderr 0.01;",
            )
    known = {shock.name for shock in source.innovations}
    pairs = (*source.correlations, *source.covariances)
    for name in [*source.deviations, *(n for pair in pairs for n in pair)]:
        if name not in known:
            raise source.error(1, f"the block shocks names {name!r}, which is no innovation; declare it with varexo.")


def _check_counts(source: Source) -> None:
    determined = len(source.equations) + len(source.laws)
    if determined != len(source.variables):
        count = f"{determined} equations for {len(source.variables)} variables"
        listed = ", ".join(v.name for v in source.variables)
        few = "add the missing ones" if determined < len(source.variables) else "drop the redundant ones"
        line = source.equations[0].line if source.equations else 1
        raise source.error(line, f"there are {count} ({listed}); give one equation for each variable: {few}.")
    for declared in source.variables:
        if declared.name not in source.laws and not _occurs(declared.name, source):
            raise source.error(
                declared.line, f"no equation has the variable {declared.name}; add its equation or drop it."
            )


def _occurs(name: str, source: Source) -> bool:
    sides: Iterable[Expression] = [side for e in source.equations for side in (e.left, e.right)]
    return any(n.name == name for e in (*sides, *(a.value for a in source.local)) for n in names(e))
