"""Sorts the variables of a source: states, definitions, decisions; and its equations: laws of motion, conditions.

A variable that depends only on innovations and on the past of others like it is exogenous: it is a state with today's
value and a law of motion. A variable that appears with a lag is a state too, with the last period's value. What an
equation of today gives as a formula is a definition. The rest are decisions, determined by the other equations.
"""

import dataclasses
from collections.abc import Iterable, Iterator, Mapping

from saddlepath.interchange.dates import NEXT, decided, fresh, known_names
from saddlepath.interchange.isolation import isolated
from saddlepath.interchange.rest_point import value
from saddlepath.interchange.syntax import (
    Call,
    Equation,
    Expression,
    Name,
    Source,
    latest,
    mapped,
    names,
    shifted,
    substituted,
)

LAG = "_lag"
"""Ending of a state that holds the last period's value of a variable."""
EXACT = 1e-6
"""Relative distance from the steady state up to which a formula reproduces it [-]."""
LARGEST_FORMULA = 300
"""Names in a formula, with formulas in it written out, from which on its variable stays a decision: code that calls
the formulas of formulas many times over takes long to compile [-]."""


@dataclasses.dataclass(frozen=True)
class StateVariable:
    """A field of `State`.

    Attributes:
        name: Its name.
        variable: The variable whose value it holds.
        lag: How old the value is. [periods]
        law: Tomorrow's value, from today's variables (date 0) and tomorrow's exogenous states and innovations (date 1).
    """

    name: str
    variable: str
    lag: int
    law: Expression


@dataclasses.dataclass(frozen=True)
class Structure:
    """A model, sorted: all dates are today (0) or tomorrow (1).

    Attributes:
        states: Fields of `State`.
        policies: Fields of `Policy`, as many as there are conditions.
        definitions: Formulas of today's variables, each after those that it needs.
        conditions: Equations that determine the policies.
    """

    states: tuple[StateVariable, ...]
    policies: tuple[str, ...]
    definitions: Mapping[str, Expression]
    conditions: tuple[Equation, ...]


def sorted_model(source: Source, at: Mapping[str, float]) -> Structure:
    """The structure of a source whose dates are aligned.

    Args:
        source: The model.
        at: Parameters, and variables in the steady state where it is known.

    Raises:
        ModelError: No decision is left, or a law of motion needs what is not known.
    """
    laws = {name: law for name, law in source.laws.items()}
    definitions = {a.name: a.value for a in source.local}
    equations = list(source.equations)
    if source.dialect == "Dynare":
        found, static, equations = _exogenous(source, equations, definitions, at)
        laws |= found
        definitions |= static
        equations = _define(source, equations, definitions, set(laws), at)
    policies = tuple(v.name for v in source.variables if v.name not in laws and v.name not in definitions)
    if not policies:
        raise source.error(
            source.equations[0].line if source.equations else 1,
            "no equation looks ahead, so that there is no decision rule to solve for; simulate the model as it is.",
        )
    return _with_states(source, laws, policies, _ordered(definitions), equations)


def _variables(e: Expression, source: Source, date: int | None = None) -> set[str]:
    """Names of the variables and definitions in an expression, at one date or at any."""
    innovations = {shock.name for shock in source.innovations}
    return {n.name for n in names(e) if n.name not in innovations and date in (None, n.date)}


def _own_variable(equation: Equation, source: Source) -> str | None:
    """The variable that an equation is about: alone on the left, if need be in logs, else the only one of today."""
    match equation.left:
        case Name(name, 0) | Call("log" | "ln", (Name(name, 0),)) if any(v.name == name for v in source.variables):
            return name
        case _:
            today = _variables(equation.left, source, 0) | _variables(equation.right, source, 0)
            return today.pop() if len(today) == 1 else None


def _exogenous(
    source: Source, equations: list[Equation], definitions: Mapping[str, Expression], at: Mapping[str, float]
) -> tuple[dict[str, Expression], dict[str, Expression], list[Equation]]:
    """Laws of exogenous variables, formulas of those without a past, and the equations that are left."""
    inline: dict[str, Expression] = {}
    for name, formula in definitions.items():
        inline[name] = substituted(formula, inline)
    members: dict[str, tuple[Equation, Expression]] = {}
    for equation in equations:
        own = _own_variable(equation, source)
        if own is None or own in members or max(latest(equation.left), latest(equation.right)) > 0:
            continue
        formula = isolated(equation, own, at)
        if formula is not None:
            members[own] = (equation, substituted(formula, inline))
    size = -1
    while size != len(members):
        size = len(members)
        members = {name: m for name, m in members.items() if _variables(m[1], source) <= set(members)}
    formulas = _ordered({name: formula for name, (_, formula) in members.items()})
    static: dict[str, Expression] = {}
    laws: dict[str, Expression] = {}
    innovations = {shock.name for shock in source.innovations}
    for name, formula in formulas.items():
        inlined = substituted(formula, static)
        past = any(n.date < 0 or n.name in innovations for n in names(inlined))
        (laws if past else static)[name] = inlined
    used = {id(members[name][0]) for name in (*laws, *static)}
    left = [e for e in equations if id(e) not in used]
    return {name: shifted(law, 1) for name, law in laws.items()}, static, left


def _define(
    source: Source,
    equations: list[Equation],
    definitions: dict[str, Expression],
    exogenous: set[str],
    at: Mapping[str, float],
) -> list[Equation]:
    """Adds formulas of today to the definitions; returns the equations that give none."""
    dated = [n for e in equations for side in (e.left, e.right) for n in names(side)]
    dated += [n for formula in definitions.values() for n in names(formula)]
    leads, lags = ({n.name for n in dated if n.date > 0}, {n.name for n in dated if n.date < 0})
    variables = [v.name for v in source.variables if v.name not in exogenous]
    # What looks ahead had better stay a decision; a stock had better not, so that its law of motion holds exactly.
    preferred = sorted(variables, key=lambda name: (name in leads, name not in lags))

    def explicit(equation: Equation) -> Iterator[tuple[str, Expression | None]]:
        own = _own_variable(equation, source)
        if own in variables and isinstance(equation.left, Name | Call):
            yield own, isolated(equation, own, at)

    def solved(equation: Equation) -> Iterator[tuple[str, Expression | None]]:
        for name in preferred:
            formula = isolated(equation, name, at)
            if formula is not None and _reproduces(formula, name, at):
                yield name, formula

    for formulas in (explicit, solved):
        left = []
        for equation in equations:
            ahead = max(latest(equation.left), latest(equation.right)) > 0
            choices = () if ahead else formulas(equation)
            for name, formula in choices:
                if formula is not None and name not in definitions and _usable(name, formula, definitions):
                    definitions[name] = formula
                    break
            else:
                left.append(equation)
        equations = left
    return equations


def _reproduces(formula: Expression, name: str, at: Mapping[str, float]) -> bool:
    """Whether a formula gives the steady state, as far as it is known."""
    return name in at and abs(value(formula, at) - at[name]) <= EXACT * max(1.0, abs(at[name]))


def _usable(name: str, formula: Expression, definitions: Mapping[str, Expression]) -> bool:
    """Whether a formula can define a variable: not by itself, and not too large."""
    return not _circular(name, formula, definitions) and _size(formula, definitions) <= LARGEST_FORMULA


def _size(formula: Expression, definitions: Mapping[str, Expression]) -> int:
    """Names in a formula with the formulas in it written out."""
    today = [n.name for n in names(formula) if n.date == 0]
    return len(today) + sum(_size(definitions[name], definitions) for name in today if name in definitions)


def _circular(name: str, formula: Expression, definitions: Mapping[str, Expression]) -> bool:
    """Whether a variable would be needed for its own definition."""
    pending, seen = [formula], set[str]()
    while pending:
        today = {n.name for n in names(pending.pop()) if n.date == 0}
        if name in today:
            return True
        pending += [definitions[n] for n in today - seen if n in definitions]
        seen |= today
    return False


def _ordered(definitions: Mapping[str, Expression]) -> dict[str, Expression]:
    """The same definitions, each after those that it needs today; circular ones are left out."""
    result: dict[str, Expression] = {}
    waiting = dict(definitions)
    while waiting:
        ready = [
            name
            for name, formula in waiting.items()
            if not {n.name for n in names(formula) if n.date == 0} & set(waiting)
        ]
        if not ready:
            return result
        result |= {name: waiting.pop(name) for name in ready}
    return result


def _with_states(
    source: Source,
    laws: Mapping[str, Expression],
    policies: tuple[str, ...],
    definitions: dict[str, Expression],
    equations: list[Equation],
) -> Structure:
    """Replaces lags by states that hold them, and innovations that matter by themselves by states of their own."""
    sides = [side for e in equations for side in (e.left, e.right)]
    bounds = [b for e in equations if e.bounds for b in (e.bounds.lower, e.bounds.upper) if b is not None]
    everywhere = [*sides, *bounds, *definitions.values()]
    innovations = {shock.name for shock in source.innovations}
    own = {n.name for e in everywhere for n in names(e) if n.name in innovations}
    own |= {n.name for law in laws.values() for n in names(law) if n.name in innovations and n.date < 1}
    laws = dict(laws) | {name: Name(name, 1) for name in (s.name for s in source.innovations) if name in own}

    lag_names: dict[tuple[str, int], str] = {}
    dated = [n for e in (*everywhere, *laws.values()) for n in names(e)]
    for name, lag in _lags(dated):
        label = _lag_name(name, lag, source)
        lag_names[name, lag] = fresh(label, [*known_names(source), *lag_names.values()])
    current = lambda e: mapped(e, lambda n: _at_today(n, lag_names) if isinstance(n, Name) else None)
    states = [StateVariable(name, name, 0, current(law)) for name, law in laws.items()]
    for (name, lag), label in lag_names.items():
        before = Name(name) if lag == 1 else Name(lag_names[name, lag - 1])
        states.append(StateVariable(label, name, lag, before))
    states.sort(key=lambda state: state.lag == 0)  # stocks before exogenous variables, as most papers do
    _check_laws(source, states)
    conditions = []
    for e in equations:
        limits = e.bounds and dataclasses.replace(
            e.bounds,
            lower=e.bounds.lower and current(e.bounds.lower),
            upper=e.bounds.upper and current(e.bounds.upper),
        )
        conditions.append(dataclasses.replace(e, left=current(e.left), right=current(e.right), bounds=limits))
    return Structure(tuple(states), policies, {name: current(e) for name, e in definitions.items()}, tuple(conditions))


def _lags(dated: Iterable[Name]) -> Iterator[tuple[str, int]]:
    """Every lag that is needed, the younger ones first."""
    deepest: dict[str, int] = {}
    for n in dated:
        if n.date < 0:
            deepest[n.name] = max(deepest.get(n.name, 0), -n.date)
    for name, depth in deepest.items():
        for lag in range(1, depth + 1):
            yield name, lag


def _lag_name(name: str, lag: int, source: Source) -> str:
    """`k` for a predetermined stock, whose decision is `k_next`; else `k_lag`, `k_lag2`."""
    used = name.removesuffix(NEXT)
    if used in source.predetermined and name == decided(used):
        return used if lag == 1 else f"{used}{LAG}{lag - 1 if lag > 2 else ''}"
    return f"{name}{LAG}{lag if lag > 1 else ''}"


def _at_today(name: Name, lag_names: Mapping[tuple[str, int], str]) -> Name:
    return Name(lag_names[name.name, -name.date]) if name.date < 0 else name


def _check_laws(source: Source, states: list[StateVariable]) -> None:
    """Tomorrow's state may depend on tomorrow's exogenous variables and innovations, on nothing else of tomorrow."""
    known = {state.name for state in states if state.lag == 0} | {shock.name for shock in source.innovations}
    for state in states:
        for n in names(state.law):
            if n.date > 0 and n.name not in known:
                raise source.error(
                    n.line, f"the law of motion of {state.name} needs {n.name} of the same date; use its past value."
                )
