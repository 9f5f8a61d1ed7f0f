"""Reads Dynare's `.mod` files: declarations, values, the model, its steady state and its shocks.

Commands that compute something are passed over with a note. What changes the model and is not of the common subset
(macro directives, Ramsey problems, trends, occasionally binding constraints) is refused with its line.
"""

import dataclasses
from typing import Any

from lark import Token

from saddlepath.interchange.reading import Arithmetic, grammar, read
from saddlepath.interchange.syntax import (
    ZERO,
    Assignment,
    Declared,
    Equation,
    Expression,
    Source,
    root,
)

REFUSED_TAGS = {
    "mcp": "complementarity",
    "bind": "regimes of OccBin",
    "relax": "regimes of OccBin",
    "static": "static variants of equations",
    "dynamic": "static variants of equations",
}
"""Tags of equations that change what they mean."""


def read_dynare(text: str, file: str) -> Source:
    """What a `.mod` file says.

    Raises:
        ModelError: The text is not of the subset; the message names the line.
    """
    statements = read(grammar("dynare.lark", "start"), f"{text}\n", _Statements(file))
    remarks = _remarks(text)
    source = Source(file, "Dynare", (), (), (), (), (), notes=tuple(_passed_over(statements)))
    for kind, content in statements:
        if kind in ("variables", "innovations", "parameters"):
            declared = tuple(_described(d, content, remarks) for d in content)
            source = dataclasses.replace(source, **{kind: getattr(source, kind) + declared})
        elif kind == "predetermined":
            source = dataclasses.replace(source, predetermined=source.predetermined | frozenset(content))
        elif kind == "value":
            source = dataclasses.replace(source, values=(*source.values, content))
        elif kind == "model":
            local = tuple(c for c in content if isinstance(c, Assignment))
            equations = tuple(c for c in content if isinstance(c, Equation))
            source = dataclasses.replace(source, local=source.local + local, equations=source.equations + equations)
        elif kind == "closed_form":
            source = dataclasses.replace(source, rest=content, closed_form=True)
        elif kind == "guess" and not source.closed_form:
            source = dataclasses.replace(source, rest=content)
        elif kind == "shocks":
            source = _with_shocks(source, content)
    return _with_remarks_at_values(source, remarks)


class _Statements(Arithmetic):
    """Statements as pairs of their kind and what they say."""

    def start(self, *statements: tuple[str, Any]) -> list[tuple[str, Any]]:
        return list(statements)

    def attribute(self, key: Token, value: Token | None) -> tuple[str, str]:
        return str(key), value[1:-1] if value else ""

    def option(self, key: Token, value: Token | None) -> str:
        return str(key)

    def options(self, *keys: str) -> tuple[str, ...]:
        return keys

    def declared(self, name: Token, tex: Token | None, *attributes: tuple[str, str] | None) -> Declared:
        given = dict(a for a in attributes if a is not None)
        return Declared(str(name), given.get("long_name", ""), self.line(name))

    def variables(self, *declared: Declared) -> tuple[str, Any]:
        return "variables", declared

    def innovations(self, *declared: Declared) -> tuple[str, Any]:
        return "innovations", declared

    def parameters(self, *declared: Declared) -> tuple[str, Any]:
        return "parameters", declared

    def predetermined(self, *names: Token) -> tuple[str, Any]:
        return "predetermined", [str(name) for name in names]

    def assignment(self, name: Token, value: Expression) -> tuple[str, Any]:
        return "value", Assignment(str(name), value, self.line(name))

    def local(self, name: Token, value: Expression) -> Assignment:
        return Assignment(str(name), value, self.line(name))

    def equation(self, tags: dict[str, str] | None, left: Expression, right: Expression | None) -> Equation:
        line = self.here
        for key in tags or {}:
            if key in REFUSED_TAGS:
                raise self.error(
                    line,
                    f"the tag {key!r} ({REFUSED_TAGS[key]}) is not read; write the constraint as an equation with a "
                    "multiplier, and edit the model file afterwards.",
                )
        return Equation(left, ZERO if right is None else right, line, (tags or {}).get("name", ""))

    def tags(self, *tags: tuple[str, str]) -> dict[str, str]:
        return dict(tags)

    def model(self, options: tuple[str, ...] | None, *content: Assignment | Equation) -> tuple[str, Any]:
        return "model", content

    def steady_state_model(self, *content: tuple[str, Assignment]) -> tuple[str, Any]:
        return "closed_form", tuple(assignment for _, assignment in content)

    def initval(self, options: tuple[str, ...] | None, *content: tuple[str, Assignment]) -> tuple[str, Any]:
        return "guess", tuple(assignment for _, assignment in content)

    def shocks(self, options: tuple[str, ...] | None, *content: tuple[Any, ...]) -> tuple[str, Any]:
        return "shocks", content

    def deviation(self, name: Token, value: Expression) -> tuple[Any, ...]:
        return "deviation", (str(name),), value

    def variance(self, name: Token, value: Expression) -> tuple[Any, ...]:
        return "deviation", (str(name),), root(value)

    def covariance(self, first: Token, second: Token, value: Expression) -> tuple[Any, ...]:
        return "covariance", (str(first), str(second)), value

    def correlation(self, first: Token, second: Token, value: Expression) -> tuple[Any, ...]:
        return "correlation", (str(first), str(second)), value

    def surprise(self, name: Token) -> tuple[Any, ...]:
        raise self.error(
            self.line(name),
            f"the path of {name} over given periods is a deterministic experiment; give its stderr, and study the "
            "experiment with an impulse response.",
        )

    def passed(self, command: str) -> tuple[str, Any]:
        return "passed", command

    def command(self, word: Token) -> str:
        return str(word)

    block = command
    native = command


def _with_shocks(source: Source, content: tuple[tuple[Any, ...], ...]) -> Source:
    """The source with what the block says of standard deviations, correlations and covariances."""
    deviations = {names[0]: value for kind, names, value in content if kind == "deviation"}
    correlations = {names: value for kind, names, value in content if kind == "correlation"}
    covariances = {names: value for kind, names, value in content if kind == "covariance"}
    return dataclasses.replace(
        source,
        deviations={**source.deviations, **deviations},
        correlations={**source.correlations, **correlations},
        covariances={**source.covariances, **covariances},
    )


def _passed_over(statements: list[tuple[str, Any]]) -> list[str]:
    words = list(dict.fromkeys(content for kind, content in statements if kind == "passed"))
    return [f"passed over, since it computes and does not describe: {', '.join(words)}."] if words else []


def _remarks(text: str) -> dict[int, str]:
    """What stands behind `//` or `%` on a line that says something before it."""
    found = {}
    for line, content in enumerate(text.splitlines(), 1):
        place = min((p for p in (content.find("//"), content.find("%")) if p > 0), default=0)
        if place and content[:place].strip():
            found[line] = content[place:].strip("/% \t")
    return found


def _described(declared: Declared, together: tuple[Declared, ...], remarks: dict[int, str]) -> Declared:
    """A name without a description takes the comment of its line, if the line is its own."""
    alone = sum(other.line == declared.line for other in together) == 1
    text = declared.description or (remarks.get(declared.line, "") if alone else "")
    return dataclasses.replace(declared, description=text)


def _with_remarks_at_values(source: Source, remarks: dict[int, str]) -> Source:
    """Parameters without a description take the comment behind their value."""
    lines = [v.line for v in source.values]
    at = {v.name: remarks.get(v.line, "") for v in source.values if lines.count(v.line) == 1}
    described = [dataclasses.replace(p, description=p.description or at.get(p.name, "")) for p in source.parameters]
    return dataclasses.replace(source, parameters=tuple(described))
