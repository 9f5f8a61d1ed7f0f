"""The steady state as methods: formulas where the file gives them, else the numbers that were found."""

from collections.abc import Callable

from saddlepath.interchange.code import INDENT, Writer
from saddlepath.interchange.spelling import spelled
from saddlepath.interchange.statements import BODY, called, real, returned
from saddlepath.interchange.syntax import Parameter, names
from saddlepath.interchange.vocabulary import Vocabulary


def rest_methods(model: Vocabulary) -> list[list[str]]:
    """`steady` and `steady_guess`; nothing where no steady state is known."""
    if model.source.closed_form:
        guess = _guess(model, [f"{BODY}at = self.steady()"], lambda name: f'at["{spelled(name)}"]')
        return [_steady(model), guess]
    known = all(v.name in model.at for v in model.source.variables)
    return [_guess(model, [], lambda name: real(model.at[name]))] if known else []


def _guess(model: Vocabulary, before: list[str], at: Callable[[str], str]) -> list[str]:
    of_state = lambda variable: "0.0" if model.is_innovation(variable) else at(variable)
    states = [(spelled(s.name), of_state(s.variable)) for s in model.structure.states]
    policies = [(spelled(name), at(name)) for name in model.structure.policies]
    return [
        f"{INDENT}def steady_guess(self):",
        *before,
        *called("state = self.State", states),
        *called("policy = self.Policy", policies),
        f"{BODY}return state, policy",
    ]


def _steady(model: Vocabulary) -> list[str]:
    """The closed form, as far as it is needed."""
    assigned = {a.name: a for a in model.source.rest}
    wanted = [s.variable for s in model.structure.states if not model.is_innovation(s.variable)]
    wanted += [*model.structure.policies, *(p.name for p in model.source.parameters if p.name in assigned)]
    wanted = list(dict.fromkeys([*wanted, *model.asked_at_rest]))
    for name in wanted:
        if name not in assigned:
            raise model.source.error(1, f"the steady state gives no value of {name}; add one.")
    needed, pending = set[str](), list(wanted)
    while pending:
        name = pending.pop()
        if name not in needed:
            needed.add(name)
            pending += [n.name for n in names(assigned[name].value) if n.name in assigned]
    local = Writer(lambda part: f"self.{spelled(part.name)}" if isinstance(part, Parameter) else spelled(part.name))
    lines = [f"{INDENT}def steady(self):", f'{BODY}"""Steady state without uncertainty."""']
    for a in model.source.rest:
        if a.name in needed:
            lines += local.lines(f"{spelled(a.name)} = ", a.value, BODY)
    return [*lines, *returned([(spelled(name), spelled(name)) for name in wanted])]
