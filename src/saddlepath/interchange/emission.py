"""Writes a sorted model as the text of a class, in the order in which published models of this library read."""

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property

from saddlepath.interchange.code import INDENT, WIDTH, Writer
from saddlepath.interchange.conditions import positive_variables, residual
from saddlepath.interchange.dates import fresh, known_names
from saddlepath.interchange.rest_point import value
from saddlepath.interchange.spelling import check_distinct, spelled
from saddlepath.interchange.structure import StateVariable, Structure
from saddlepath.interchange.syntax import (
    ZERO,
    Expected,
    Expression,
    Local,
    Name,
    Number,
    Parameter,
    Source,
    Steady,
    everything,
    mapped,
    names,
    times,
)

BODY = 2 * INDENT
"""Indentation of statements of a method."""
LONG_EXPECTATION = 70
"""Length from which on an expectation is taken over a function with a name [characters]."""


@dataclasses.dataclass(frozen=True)
class ClassText:
    """The text of one model.

    Attributes:
        name: Name of the class.
        source: What the file says, with aligned dates.
        structure: The same, sorted.
        at: Parameters, and variables in the steady state where it is known.
    """

    name: str
    source: Source
    structure: Structure
    at: Mapping[str, float]

    def text(self) -> str:
        """The whole file."""
        check_distinct([*known_names(self.source), *(state.name for state in self.structure.states)], self.source.file)
        methods = [
            self._state_range(),
            self._policy_range(),
            self._shocks(),
            *self._derived_parameters(),
            *self._definition_methods(),
            self._transition(),
            self._residuals(),
            self._definitions(),
            *self._rest_methods(),
        ]
        blocks = [self._docstring(), self._fields(), self._state(), self._policy(), *methods]
        body = "\n\n".join("\n".join(block) for block in blocks if block)
        head = [f'"""{self.name}, a model read from {self.source.file}."""', ""]
        typing = "Annotated, NamedTuple" if "Annotated[" in body else "NamedTuple"
        head += [f"from typing import {typing}", ""]
        head += ["import jax.numpy as jnp", ""] if "jnp." in body else []
        return "\n".join([*head, "import saddlepath as sp", "", "", f"class {self.name}(sp.Model):", body, ""])

    # Names

    @cached_property
    def _needs(self) -> dict[str, set[str]]:
        """By definition, which of `s` and `x` its formula needs."""
        found: dict[str, set[str]] = {}
        states = {state.name for state in self.structure.states}
        for name, formula in self.structure.definitions.items():
            kinds = [found.get(n.name) or {"s" if n.name in states else "x"} for n in names(formula)]
            found[name] = set().union(*kinds)
        return found

    def _spelling(self, state: str, policy: str, part: Name | Parameter | Steady) -> str:
        name = spelled(part.name)
        match part:
            case Parameter():
                return f"self.{name}"
            case Steady():
                return f'self.steady()["{name}"]' if self.source.closed_form else f"self.{self._frozen[part.name]}"
            case _ if part.name in self.structure.policies:
                return f"{policy}.{name}"
            case _ if part.name in self.structure.definitions:
                needs = self._needs[part.name]
                return f"self.{name}({', '.join(a for a, k in ((state, 's'), (policy, 'x')) if k in needs)})"
            case _:
                return f"{state}.{name}"

    @property
    def _writer(self) -> Writer:
        """The writer of methods of today's state and policy."""
        today = lambda part: self._spelling("s", "x", part)
        return Writer(today, self._spelling_tomorrow)

    def _spelling_tomorrow(self, part: Name | Parameter | Steady) -> str:
        """Inside of an expectation, what is decided today is a state of tomorrow where there is one for it."""
        if not isinstance(part, Name):
            return self._spelling("s", "x", part)
        held = [s.name for s in self.structure.states if s.variable == part.name and s.lag == 1]
        if part.date == 0 and held:
            return f"s1.{spelled(held[0])}"
        return self._spelling("s1", "x1", part) if part.date else self._spelling("s", "x", part)

    @cached_property
    def _descriptions(self) -> dict[str, str]:
        declared = (*self.source.variables, *self.source.innovations, *self.source.parameters)
        return {d.name: d.description for d in declared if d.description}

    @cached_property
    def _frozen(self) -> dict[str, str]:
        """Names of parameters that hold steady-state values, where the file gives no formulas for these."""
        if self.source.closed_form:
            return {}
        sides = [side for c in self.structure.conditions for side in (c.left, c.right)]
        everywhere = [*sides, *self.structure.definitions.values(), *(s.law for s in self.structure.states)]
        asked = dict.fromkeys(p.name for e in everywhere for p in everything(e) if isinstance(p, Steady))
        return {name: fresh(f"{spelled(name)}_steady", known_names(self.source)) for name in asked}

    @cached_property
    def _deviations(self) -> dict[str, tuple[str, Expression]]:
        """Names and values of parameters for standard deviations that are numbers other than one, by innovation."""
        found: dict[str, tuple[str, Expression]] = {}
        for name, e in self.source.deviations.items():
            if isinstance(e, Number) and e.value != 1:
                found[name] = (fresh(f"sigma_{spelled(name)}", known_names(self.source)), e)
        return found

    # Head of the class

    def _docstring(self) -> list[str]:
        lags = [s for s in self.structure.states if s.lag and s.name != s.variable]
        lines = [f'{INDENT}"""Read from {self.source.file} ({self.source.dialect}); edit it as you like.', ""]
        if any(s.name.endswith("_lag") for s in lags):
            lines.append(f"{INDENT}A state that ends in `_lag` holds what the variable was in the last period.")
        lines += [
            f"{INDENT}Methods named after variables are formulas that hold exactly; `residuals` has the equations that",
            f"{INDENT}determine the decisions, with expectations around everything that depends on tomorrow.",
            f'{INDENT}"""',
        ]
        return lines

    def _fields(self) -> list[str]:
        lines = []
        for a in self.source.values:
            if not any(isinstance(part, Parameter) for part in everything(a.value)):
                lines.append(self._field(spelled(a.name), _float_text(a.value), self._descriptions.get(a.name, "")))
        for innovation, (name, e) in self._deviations.items():
            what = f"s.d. of {self._descriptions.get(innovation, innovation)}"
            lines.append(self._field(name, _float_text(e), what, ", within=sp.NonNegative()"))
        for variable, name in self._frozen.items():
            what = f"steady state of {variable} at the values above: set it anew if they change"
            lines.append(self._field(name, _number(self.at[variable]), what))
        return lines

    def _field(self, name: str, default: str, description: str, within: str = "") -> str:
        if not description:
            return f"{INDENT}{name}: float = {default}"
        room = WIDTH - len(f'{INDENT}{name}: float = sp.parameter({default}, ""{within})')
        return f"{INDENT}{name}: float = sp.parameter({default}, {_quoted(description[:room])}{within})"

    def _state(self) -> list[str]:
        return self._tuple("State", [(state.name, self._state_label(state)) for state in self.structure.states])

    def _state_label(self, state: StateVariable) -> str:
        description = self._descriptions.get(state.variable, "")
        return (
            f"{description}, last period" if description and state.lag and state.name != state.variable else description
        )

    def _policy(self) -> list[str]:
        return self._tuple("Policy", [(name, self._descriptions.get(name, "")) for name in self.structure.policies])

    def _tuple(self, kind: str, fields: Iterable[tuple[str, str]]) -> list[str]:
        lines = [f"{INDENT}class {kind}(NamedTuple):"]
        for name, description in fields:
            label = f"Annotated[sp.Scalar, sp.label({_quoted(description)})]" if description else "sp.Scalar"
            lines.append(f"{BODY}{spelled(name)}: {label}")
        return lines

    # Methods

    def _state_range(self) -> list[str]:
        return self._ranges("state_range", "State", [state.name for state in self.structure.states])

    def _policy_range(self) -> list[str]:
        return self._ranges("policy_range", "Policy", self.structure.policies)

    def _ranges(self, method: str, kind: str, fields: Iterable[str]) -> list[str]:
        entries = [(spelled(name), f"sp.{self._range(name)}()") for name in fields]
        if all(text == "sp.Real()" for _, text in entries):
            return []
        return [f"{INDENT}def {method}(self):", *_called(f"return self.{kind}", entries, BODY)]

    def _range(self, name: str) -> str:
        if name in self._positive:
            return "Positive"
        bounds = [c.bounds for c in self.structure.conditions if c.bounds and c.bounds.control == name]
        return "NonNegative" if bounds and bounds[0].lower == ZERO else "Real"

    @cached_property
    def _positive(self) -> frozenset[str]:
        return positive_variables(self.structure, self.at)

    def _shocks(self) -> list[str]:
        innovations = [shock.name for shock in self.source.innovations]
        lines = [f"{INDENT}def shocks(self):"]
        if not innovations:
            return [*lines, f"{BODY}return sp.NoShocks()"]
        if not self.source.correlations:
            return [*lines, f"{BODY}return sp.Normal({len(innovations)})"]
        lines.append(f"{BODY}correlation = [")
        for row in innovations:
            entries = ", ".join(self._correlation(row, column) for column in innovations)
            lines.append(f"{BODY}{INDENT}[{entries}],")
        return [*lines, f"{BODY}]", f"{BODY}return sp.Normal({len(innovations)}, correlation=correlation)"]

    def _correlation(self, first: str, second: str) -> str:
        if first == second:
            return "1.0"
        pairs = self.source.correlations
        e = pairs.get((first, second), pairs.get((second, first), Number("0.0")))
        return self._writer.text(e) if any(isinstance(p, Parameter) for p in everything(e)) else _number(value(e, {}))

    def _derived_parameters(self) -> list[list[str]]:
        """Parameters that follow from others, as properties."""
        assigned = {a.name for a in self.source.rest}
        found = [
            self._property(a.name, self._writer.lines("return ", a.value, BODY))
            for a in self.source.values
            if any(isinstance(part, Parameter) for part in everything(a.value))
        ]
        at_rest = [p.name for p in self.source.parameters if p.name in assigned]
        return found + [self._property(n, [f'{BODY}return self.steady()["{spelled(n)}"]']) for n in at_rest]

    def _property(self, name: str, body: list[str]) -> list[str]:
        description = self._descriptions.get(name, "")
        words = [f'{BODY}"""{_sentence(description)}"""'] if description else []
        return [f"{INDENT}@property", f"{INDENT}def {spelled(name)}(self):", *words, *body]

    def _definition_methods(self) -> list[list[str]]:
        found = []
        for name, formula in self.structure.definitions.items():
            arguments = ["self", *(a for a in ("s", "x") if a in self._needs[name])]
            description = self._descriptions.get(name, "")
            words = [f'{BODY}"""{_sentence(description)}"""'] if description else []
            head = f"{INDENT}def {spelled(name)}({', '.join(arguments)}):"
            found.append([head, *words, *self._writer.lines("return ", formula, BODY)])
        return found

    def _transition(self) -> list[str]:
        lines = [f"{INDENT}def transition(self, s, x, shock):"]
        needed = {n.name for state in self.structure.states for n in names(state.law) if n.date > 0}
        exogenous = [state for state in self.structure.states if state.lag == 0]
        for state in exogenous:  # those that others need stand first, since laws are in order
            if state.name in needed and not self._is_innovation(state.name):
                lines += self._writer.lines(f"next_{spelled(state.name)} = ", self._law(state.law), BODY)
        entries = []
        for state in self.structure.states:
            named = state in exogenous and state.name in needed and not self._is_innovation(state.name)
            law = Local(f"next_{spelled(state.name)}") if named else self._law(state.law)
            *before, last = self._writer.lines("return ", law, BODY + INDENT)
            lines += [line.removeprefix(INDENT) for line in before]
            entries.append((spelled(state.name), last.strip().removeprefix("return ")))
        return [*lines, *_called("return self.State", entries, BODY)]

    def _is_innovation(self, name: str) -> bool:
        return name in self.source.deviations

    def _law(self, law: Expression) -> Expression:
        """A law with innovations as entries of the shock, and tomorrow's exogenous states as local names."""
        order = [shock.name for shock in self.source.innovations]

        def local(part: Expression) -> Expression | None:
            if not isinstance(part, Name) or part.date < 1:
                return None
            if part.name not in order:
                return Local(f"next_{spelled(part.name)}")
            deviation = self.source.deviations[part.name]
            scale = Parameter(self._deviations[part.name][0]) if part.name in self._deviations else deviation
            return times(scale, Local(f"shock[{order.index(part.name)}]"))

        return mapped(law, local)

    def _residuals(self) -> list[str]:
        lines = [f"{INDENT}def residuals(self, s, x, E):"]
        statements: list[str] = []
        entries: list[tuple[str, str]] = []
        for key, equation in zip(self._condition_names(), self.structure.conditions, strict=True):
            e = residual(equation, self._positive, self.at)
            e = self._named_expectations(key, e, lines)
            *before, last = self._writer.lines("return ", e, BODY)
            text = last.strip().removeprefix("return ")
            if before or len(f'{BODY}{INDENT}"{key}": {text},') > WIDTH:
                variable = f"{spelled(key)}_gap"
                statements += self._writer.lines(f"{variable} = ", e, BODY)
                text = variable
            entries.append((key, text))
        return [*lines, *statements, *_dictionary(entries, BODY)]

    def _named_expectations(self, key: str, e: Expression, lines: list[str]) -> Expression:
        """The residual with long expectations taken over functions with names, which are added to the lines."""
        count = 0

        def named(part: Expression) -> Expression | None:
            nonlocal count
            if not isinstance(part, Expected) or len(self._writer.text(part)) <= LONG_EXPECTATION:
                return None
            count += 1
            name = f"{spelled(key)}_tomorrow{count if count > 1 else ''}"
            body = self._writer.inside().lines("return ", part.operand, BODY + INDENT)
            lines.extend([f"{BODY}def {name}(s1, x1):", *body, ""])
            return Local(f"E({name})")

        return mapped(e, named)

    def _condition_names(self) -> list[str]:
        """A name for each equation: what the file calls it, or the variable on its left, or its position."""
        found: list[str] = []
        for position, equation in enumerate(self.structure.conditions, 1):
            words = "".join(c if c.isalnum() else " " for c in equation.name).lower().split()
            left = equation.left.name if isinstance(equation.left, Name) else f"equation_{position}"
            control = equation.bounds.control if equation.bounds else left
            found.append(fresh("_".join(words) or spelled(control), found))
        return found

    def _definitions(self) -> list[str]:
        defined = [Name(name) for name in self.structure.definitions]
        if not defined:
            return []
        entries = [(spelled(name.name), self._writer.text(name)) for name in defined]
        return [f"{INDENT}def definitions(self, s, x):", *_dictionary(entries, BODY)]

    # Steady state

    def _rest_methods(self) -> list[list[str]]:
        if not self.source.closed_form:
            known = all(s.variable in self.at or self._is_innovation(s.variable) for s in self.structure.states)
            return [self._guess([], lambda name: _number(self.at[name]))] if known else []
        guess = self._guess([f"{BODY}at = self.steady()"], lambda name: f'at["{spelled(name)}"]')
        return [self._steady(), guess]

    def _guess(self, before: list[str], at: Callable[[str], str]) -> list[str]:
        states = [
            (spelled(s.name), "0.0" if self._is_innovation(s.variable) else at(s.variable))
            for s in self.structure.states
        ]
        policies = [(spelled(name), at(name)) for name in self.structure.policies]
        return [
            f"{INDENT}def steady_guess(self):",
            *before,
            *_called("state = self.State", states, BODY),
            *_called("policy = self.Policy", policies, BODY),
            f"{BODY}return state, policy",
        ]

    def _steady(self) -> list[str]:
        """The closed form, as far as it is needed."""
        assigned = {a.name: a for a in self.source.rest}
        sides = [side for c in self.structure.conditions for side in (c.left, c.right)]
        everywhere = [*sides, *self.structure.definitions.values(), *(s.law for s in self.structure.states)]
        wanted = [s.variable for s in self.structure.states if not self._is_innovation(s.variable)]
        wanted += [*self.structure.policies, *(p.name for p in self.source.parameters if p.name in assigned)]
        wanted += [p.name for e in everywhere for p in everything(e) if isinstance(p, Steady)]
        wanted = list(dict.fromkeys(wanted))
        for name in wanted:
            if name not in assigned:
                raise self.source.error(1, f"the steady state gives no value of {name}; add one.")
        needed, pending = set[str](), list(wanted)
        while pending:
            name = pending.pop()
            if name not in needed:
                needed.add(name)
                pending += [n.name for n in names(assigned[name].value) if n.name in assigned]
        local = lambda part: f"self.{spelled(part.name)}" if isinstance(part, Parameter) else spelled(part.name)
        lines = [f"{INDENT}def steady(self):", f'{BODY}"""Steady state without uncertainty."""']
        for a in self.source.rest:
            if a.name in needed:
                lines += Writer(local).lines(f"{spelled(a.name)} = ", a.value, BODY)
        return [*lines, *_dictionary([(spelled(name), spelled(name)) for name in wanted], BODY)]


def _called(head: str, entries: list[tuple[str, str]], indent: str) -> list[str]:
    """A call with named arguments, in one line or with one argument a line."""
    arguments = [f"{name}={text}" for name, text in entries]
    line = f"{indent}{head}({', '.join(arguments)})"
    if len(line) <= WIDTH:
        return [line]
    return [f"{indent}{head}(", *(f"{indent}{INDENT}{argument}," for argument in arguments), f"{indent})"]


def _dictionary(entries: list[tuple[str, str]], indent: str) -> list[str]:
    """`return {...}`, in one line or with one entry a line."""
    pairs = [f'"{key}": {text}' for key, text in entries]
    line = f"{indent}return {{{', '.join(pairs)}}}"
    if len(line) <= WIDTH:
        return [line]
    return [f"{indent}return {{", *(f"{indent}{INDENT}{pair}," for pair in pairs), f"{indent}}}"]


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', "'") + '"'


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:].rstrip(".").replace('"""', "'") + "."


def _number(x: float) -> str:
    """A number to ten digits, with a point, so that it is a real one."""
    return "0.0" if abs(x) < 1e-12 else repr(float(f"{x:.12g}"))


def _float_text(e: Expression) -> str:
    """A constant as a real number: a fraction of whole numbers as it is, anything else by its value."""
    return repr(float(value(e, {})))
