"""Definitions, derived parameters and equilibrium conditions, as methods."""

from saddlepath.interchange.code import INDENT, WIDTH
from saddlepath.interchange.conditions import residual
from saddlepath.interchange.dates import fresh
from saddlepath.interchange.spelling import spelled
from saddlepath.interchange.statements import BODY, Entries, docstring, returned
from saddlepath.interchange.syntax import Expected, Expression, Local, Name, Parameter, everything, mapped
from saddlepath.interchange.vocabulary import Vocabulary

LONG_EXPECTATION = 70
"""Length from which on an expectation is taken over a function with a name [characters]."""


def derived_parameters(model: Vocabulary) -> list[list[str]]:
    """Parameters that follow from others, as properties."""
    at_rest = {a.name for a in model.source.rest}
    found = [
        _property(model, a.name, model.writer.lines("return ", a.value, BODY))
        for a in model.source.values
        if any(isinstance(part, Parameter) for part in everything(a.value))
    ]
    calibrated = [p.name for p in model.source.parameters if p.name in at_rest]
    return found + [_property(model, n, [f'{BODY}return self.steady()["{spelled(n)}"]']) for n in calibrated]


def _property(model: Vocabulary, name: str, body: list[str]) -> list[str]:
    words = docstring(model.descriptions.get(name, ""))
    return [f"{INDENT}@property", f"{INDENT}def {spelled(name)}(self):", *words, *body]


def definition_methods(model: Vocabulary) -> list[list[str]]:
    """A method for each definition, of what its formula needs."""
    found = []
    for name, formula in model.structure.definitions.items():
        arguments = ["self", *(a for a in ("s", "x") if a in model.needs[name])]
        start = f"{INDENT}def {spelled(name)}({', '.join(arguments)}):"
        words = docstring(model.descriptions.get(name, ""))
        found.append([start, *words, *model.writer.lines("return ", formula, BODY)])
    return found


def definitions(model: Vocabulary) -> list[str]:
    """The method `definitions`, which puts them into tables."""
    entries = [(spelled(name), model.writer.text(Name(name))) for name in model.structure.definitions]
    return [f"{INDENT}def definitions(self, s, x):", *returned(entries)] if entries else []


def residuals(model: Vocabulary) -> list[str]:
    """The method `residuals`."""
    functions: list[str] = []
    statements: list[str] = []
    entries: Entries = []
    for key, equation in zip(_condition_names(model), model.structure.conditions, strict=True):
        e = residual(equation, model.positive, model.at)
        e = _named_expectations(model, key, e, functions)
        *before, last = model.writer.lines("return ", e, BODY)
        text = last.strip().removeprefix("return ")
        if before or len(f'{BODY}{INDENT}"{key}": {text},') > WIDTH:
            variable = f"{spelled(key)}_gap"
            statements += model.writer.lines(f"{variable} = ", e, BODY)
            text = variable
        entries.append((key, text))
    return [f"{INDENT}def residuals(self, s, x, E):", *functions, *statements, *returned(entries)]


def _named_expectations(model: Vocabulary, key: str, e: Expression, functions: list[str]) -> Expression:
    """The residual with long expectations taken over functions with names, which are added to the list."""
    count = 0

    def named(part: Expression) -> Expression | None:
        nonlocal count
        if not isinstance(part, Expected) or len(model.writer.text(part)) <= LONG_EXPECTATION:
            return None
        count += 1
        name = f"{spelled(key)}_tomorrow{count if count > 1 else ''}"
        body = model.writer.inside().lines("return ", part.operand, BODY + INDENT)
        functions.extend([f"{BODY}def {name}(s1, x1):", *body, ""])
        return Local(f"E({name})")

    return mapped(e, named)


def _condition_names(model: Vocabulary) -> list[str]:
    """A name for each equation: what the file calls it, or the variable on its left, or its position."""
    found: list[str] = []
    for position, equation in enumerate(model.structure.conditions, 1):
        words = "".join(c if c.isalnum() else " " for c in equation.name).lower().split()
        left = equation.left.name if isinstance(equation.left, Name) else f"equation_{position}"
        control = equation.bounds.control if equation.bounds else left
        found.append(fresh("_".join(words) or spelled(control), found))
    return found
