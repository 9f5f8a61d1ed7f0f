"""The head of a class: its docstring, parameters, states, policies and their ranges."""

from collections.abc import Iterable

from saddlepath.interchange.code import INDENT, WIDTH
from saddlepath.interchange.rest_point import value
from saddlepath.interchange.spelling import spelled
from saddlepath.interchange.statements import BODY, called, quoted, real
from saddlepath.interchange.structure import LAG, StateVariable
from saddlepath.interchange.syntax import ZERO, Parameter, everything
from saddlepath.interchange.vocabulary import Vocabulary


def head(model: Vocabulary) -> list[list[str]]:
    """Everything before the methods that say how the economy works."""
    states = [(state.name, _state_label(model, state)) for state in model.structure.states]
    policies = [(name, model.descriptions.get(name, "")) for name in model.structure.policies]
    return [
        _docstring(model),
        _fields(model),
        _tuple("State", states),
        _tuple("Policy", policies),
        _ranges(model, "state_range", "State", [name for name, _ in states]),
        _ranges(model, "policy_range", "Policy", [name for name, _ in policies]),
    ]


def _docstring(model: Vocabulary) -> list[str]:
    lines = [f'{INDENT}"""Read from {model.source.file} ({model.source.dialect}); edit it as you like.', ""]
    if any(s.lag and s.name != s.variable and LAG in s.name for s in model.structure.states):
        lines.append(f"{INDENT}A state that ends in `{LAG}` holds what the variable was in the last period.")
    return [
        *lines,
        f"{INDENT}Methods named after variables are formulas that hold exactly; `residuals` has the equations that",
        f"{INDENT}determine the decisions, with expectations around everything that depends on tomorrow.",
        f'{INDENT}"""',
    ]


def _fields(model: Vocabulary) -> list[str]:
    lines = []
    for a in model.source.values:
        if not any(isinstance(part, Parameter) for part in everything(a.value)):
            lines.append(_field(spelled(a.name), repr(value(a.value, {})), model.descriptions.get(a.name, "")))
    for innovation, name in model.numbered.items():
        what = f"s.d. of {model.descriptions.get(innovation, innovation)}"
        lines.append(
            _field(name, repr(value(model.source.deviations[innovation], {})), what, ", within=sp.NonNegative()")
        )
    for variable, name in model.frozen.items():
        what = f"steady state of {variable}: set it anew if others change"
        lines.append(_field(name, real(model.at[variable]), what))
    return lines


def _field(name: str, default: str, description: str, within: str = "") -> str:
    if not description:
        return f"{INDENT}{name}: float = {default}"
    start = f"{INDENT}{name}: float = sp.parameter({default}, "
    return f"{start}{quoted(description, WIDTH - len(start) - len(within) - 1)}{within})"


def _state_label(model: Vocabulary, state: StateVariable) -> str:
    description = model.descriptions.get(state.variable, "")
    return f"{description}, last period" if description and state.lag and state.name != state.variable else description


def _tuple(kind: str, fields: Iterable[tuple[str, str]]) -> list[str]:
    lines = [f"{INDENT}class {kind}(NamedTuple):"]
    for name, description in fields:
        start = f"{BODY}{spelled(name)}: "
        room = WIDTH - len(start) - len("Annotated[sp.Scalar, sp.label()]")
        lines.append(
            start + (f"Annotated[sp.Scalar, sp.label({quoted(description, room)})]" if description else "sp.Scalar")
        )
    return lines


def _ranges(model: Vocabulary, method: str, kind: str, fields: Iterable[str]) -> list[str]:
    entries = [(spelled(name), f"sp.{_range(model, name)}()") for name in fields]
    if all(text == "sp.Real()" for _, text in entries):
        return []
    return [f"{INDENT}def {method}(self):", *called(f"return self.{kind}", entries)]


def _range(model: Vocabulary, name: str) -> str:
    if name in model.positive:
        return "Positive"
    bounds = [c.bounds for c in model.structure.conditions if c.bounds and c.bounds.control == name]
    return "NonNegative" if bounds and bounds[0].lower == ZERO else "Real"
