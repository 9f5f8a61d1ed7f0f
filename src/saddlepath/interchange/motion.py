"""The law of the innovations and the transition, as methods."""

from saddlepath.interchange.code import INDENT
from saddlepath.interchange.rest_point import value
from saddlepath.interchange.spelling import spelled
from saddlepath.interchange.statements import BODY, Entries, called, real
from saddlepath.interchange.syntax import (
    ONE,
    Expression,
    Local,
    Name,
    Number,
    Parameter,
    everything,
    mapped,
    names,
    square,
    times,
)
from saddlepath.interchange.vocabulary import Vocabulary


def shocks(model: Vocabulary) -> list[str]:
    """The method `shocks`."""
    lines, count = [f"{INDENT}def shocks(self):"], len(model.source.innovations)
    if not count:
        return [*lines, f"{BODY}return sp.NoShocks()"]
    if not _jointly(model):
        return [*lines, f"{BODY}return sp.Normal({count})"]
    innovations = [shock.name for shock in model.source.innovations]
    rows = [[_constant(model, _common(model, row, column)) for column in innovations] for row in innovations]
    lines.append(f"{BODY}covariance = [")
    lines += [f"{BODY}{INDENT}[{', '.join(row)}]," for row in rows]
    return [*lines, f"{BODY}]", f"{BODY}return sp.Normal(covariance=covariance)"]


def _jointly(model: Vocabulary) -> bool:
    """Whether innovations have a covariance matrix; else they are independent and scaled one by one."""
    return bool(model.source.correlations or model.source.covariances)


def _common(model: Vocabulary, first: str, second: str) -> Expression:
    """Variance or covariance."""
    if first == second:
        return square(model.deviation(first))
    for pair in ((first, second), (second, first)):
        if pair in model.source.covariances:
            return model.source.covariances[pair]
        if pair in model.source.correlations:
            scale = times(model.deviation(first), model.deviation(second))
            return times(model.source.correlations[pair], scale)
    return Number("0.0")


def _constant(model: Vocabulary, e: Expression) -> str:
    """An expression of parameters; by its value where there are none, as a real number."""
    return model.writer.text(e) if any(isinstance(p, Parameter) for p in everything(e)) else real(value(e, {}))


def transition(model: Vocabulary) -> list[str]:
    """The method `transition`; exogenous states that others need tomorrow come first, as names of their own."""
    lines = [f"{INDENT}def transition(self, s, x, shock):"]
    states = model.structure.states
    asked = {n.name for state in states for n in names(state.law) if n.date > 0}
    first = [s for s in states if s.lag == 0 and s.name in asked and not model.is_innovation(s.name)]
    for state in first:
        lines += model.writer.lines(f"{_next(state.name)} = ", _law(model, state.law), BODY)
    entries: Entries = []
    for state in states:
        law = Local(_next(state.name)) if state in first else _law(model, state.law)
        *before, last = model.writer.lines("return ", law, BODY + INDENT)
        lines += [line.removeprefix(INDENT) for line in before]
        entries.append((spelled(state.name), last.strip().removeprefix("return ")))
    return [*lines, *called("return self.State", entries)]


def _next(name: str) -> str:
    return f"next_{spelled(name)}"


def _law(model: Vocabulary, law: Expression) -> Expression:
    """A law with innovations as entries of the shock, and tomorrow's exogenous states as local names."""
    order, jointly = [shock.name for shock in model.source.innovations], _jointly(model)

    def local(part: Expression) -> Expression | None:
        if not isinstance(part, Name) or part.date < 1:
            return None
        if part.name not in order:
            return Local(_next(part.name))
        scale = ONE if jointly else model.deviation(part.name)
        return times(scale, Local(f"shock[{order.index(part.name)}]"))

    return mapped(law, local)
