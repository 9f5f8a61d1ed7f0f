"""Reads dolo's `.yaml` files: symbols, definitions, transitions, arbitrage equations with bounds, calibration.

Exogenous processes (`!VAR1`, `!AR1`, `!Normal`) become states with laws of their own, or innovations. The calibration
is split: parameters that are given by themselves, and the steady state, from which other parameters may follow.
"""

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any

import yaml
from lark import Token

from saddlepath.errors import ModelError
from saddlepath.interchange.calibration import in_order, split
from saddlepath.interchange.reading import Arithmetic, grammar, read
from saddlepath.interchange.syntax import (
    ZERO,
    Assignment,
    Bounds,
    Declared,
    Equation,
    Expression,
    Name,
    Negative,
    Number,
    Source,
    mapped,
    minus,
    plus,
    root,
    shifted_name,
    times,
)
from saddlepath.interchange.yaml_nodes import Document, Entry, line, read_yaml

CONTROLS = ("controls", "values", "expectations")
"""Kinds of symbols that equations determine."""
KINDS = {"arbitrage", "value", "expectation", "arbitrage_exp"}
"""Kinds of equations that determine them."""
FORMULAS = {"felicity", "utility", "auxiliary"}
"""Kinds of equations that define variables by formulas of the same date."""
PASSED = {"domain", "options", "discretization", "name", "model_type", "model_spec", "filename", "infos"}
"""Keys that say nothing about the economics."""


def read_dolo(text: str, file: str) -> Source:
    """What a `.yaml` file says.

    Raises:
        ModelError: The text is no YAML, or says something outside of the subset; the message names the line.
    """
    document = read_yaml(text, file)
    found = dict(document.items(document.root))
    for key in ("symbols", "equations", "calibration"):
        if key not in found:
            raise document.error(document.root, f"there is no key {key!r}; a dolo file needs it.")
    reader = _Reader(document, _symbols(document, found["symbols"]))
    source = reader.model(found)
    passed = sorted(set(found) & (PASSED - {"name"}))
    notes = (f"passed over, since it says how to solve and not what: {', '.join(passed)}.",) if passed else ()
    for key in sorted(set(found) - PASSED - {"symbols", "equations", "calibration", "definitions", "exogenous"}):
        raise document.error(found[key], f"the key {key!r} is not read; take it out, or say it in equations.")
    return dataclasses.replace(source, notes=notes)


def _symbols(document: Document, node: yaml.Node) -> dict[str, list[Declared]]:
    """Declared names by kind."""
    found: dict[str, list[Declared]] = {}
    for kind, members in document.items(node):
        if not isinstance(members, yaml.SequenceNode):
            raise document.error(members, f"symbols.{kind} must be a list, such as [k, z].")
        found[kind.replace("shocks", "exogenous")] = [Declared(m.value, "", line(m)) for m in members.value]
    return found


class _Line(Arithmetic):
    """One entry: the sides of an equation and the bounds behind it."""

    def entry(self, left: Expression, right: Expression | None, bounds: Any) -> tuple[Any, ...]:
        return left, right, bounds

    def bounds(self, *limits: Expression | None) -> tuple[Expression | None, ...]:
        return limits

    def dated(self, token: Token, shift: Token | None) -> Expression:
        return Name(str(token), int("".join(shift.split())) if shift else 0, self.line(token))


@dataclasses.dataclass(frozen=True)
class _Reader:
    document: Document
    symbols: Mapping[str, list[Declared]]

    def declared(self, *kinds: str) -> tuple[Declared, ...]:
        return tuple(d for kind in kinds for d in self.symbols.get(kind, []))

    def parsed(self, entry: Entry) -> tuple[Any, ...]:
        return read(grammar("dolo.lark", "entry"), entry.text, _Line(self.document.file, entry.line))

    def expression(self, node: yaml.Node) -> Expression:
        """A lone expression."""
        if not isinstance(node, yaml.ScalarNode):
            raise self.document.error(node, "expected one number or formula here.")
        left, right, _ = self.parsed(Entry(node.value, line(node)))
        if right is not None:
            raise self.document.error(node, "expected a number or formula here, and this is an equation.")
        return left

    def model(self, found: Mapping[str, yaml.Node]) -> Source:
        """Everything but what is passed over."""
        equations, laws, local = self.equations(found["equations"])
        local = in_order([*self.definitions(found.get("definitions")), *local], self.document.file)
        innovations, processes, covariances = self.exogenous(found)
        values = [Assignment(k, self.expression(v), line(v)) for k, v in self.document.items(found["calibration"])]
        exogenous = self.declared("exogenous") if processes else ()
        variables = (*self.declared("states"), *exogenous, *self.declared(*CONTROLS))
        dated = {d.name for d in (*variables, *self.declared("exogenous"))} | {a.name for a in local}
        parameters = self.declared("parameters")
        given, rest = split(values, {p.name for p in parameters}, dated, local, self.document.file)
        return Source(
            self.document.file,
            "dolo",
            variables,
            innovations,
            parameters,
            given,
            tuple(equations),
            local=tuple(local),
            laws=laws | processes,
            rest=rest,
            closed_form=True,
            deviations={pair[0]: root(e) for pair, e in covariances.items() if pair[0] == pair[1]},
            covariances={pair: e for pair, e in covariances.items() if pair[0] != pair[1] and e != ZERO},
        )

    def definitions(self, node: yaml.Node | None) -> list[Assignment]:
        """Formulas, as `name: formula` pairs or as equations."""
        if node is None:
            return []
        if isinstance(node, yaml.MappingNode):
            return [Assignment(_plain(k), self.expression(v), line(v)) for k, v in self.document.items(node)]
        return [self.formula(entry) for entry in self.document.entries(node)]

    def formula(self, entry: Entry) -> Assignment:
        left, right, _ = self.parsed(entry)
        if not isinstance(left, Name) or right is None:
            raise self.document.error(self.document.root, f"expected `variable = formula`, got {entry.text.strip()!r}.")
        return Assignment(left.name, self.later(right, -left.date), entry.line)

    def later(self, e: Expression, periods: int) -> Expression:
        """The expression that many periods later; parameters have no date."""
        parameters = {d.name for d in self.declared("parameters")}
        return mapped(e, lambda n: n if isinstance(n, Name) and n.name in parameters else shifted_name(n, periods))

    def equations(self, node: yaml.Node) -> tuple[list[Equation], dict[str, Expression], list[Assignment]]:
        """Conditions, laws of motion by state, and formulas."""
        kinds = dict(self.document.items(node))
        conditions: list[Equation] = []
        laws: dict[str, Expression] = {}
        formulas: list[Assignment] = []
        for kind, block in kinds.items():
            entries = self.document.entries(block)
            if kind == "transition":
                laws |= {law.name: self.later(law.value, 1) for law in map(self.formula, entries)}
            elif kind in KINDS:
                conditions += [self.condition(entry, kind) for entry in entries]
            elif kind in FORMULAS:
                formulas += [self.formula(entry) for entry in entries]
            elif kind != "direct_response" or "arbitrage" not in kinds:
                raise self.document.error(
                    block, f"equations of the kind {kind!r} are not read; write them as arbitrage or as definitions."
                )
        return conditions, laws, formulas

    def condition(self, entry: Entry, kind: str) -> Equation:
        left, right, limits = self.parsed(entry)
        bounds = self.bounds(entry, limits) if limits else None
        if bounds is not None and right is not None:
            raise self.error(
                entry,
                "an equation with bounds must be one expression, positive where the lower bound binds; write no '='.",
            )
        name = left.name if kind != "arbitrage" and isinstance(left, Name) else ""
        return Equation(left, ZERO if right is None else right, entry.line, name, bounds)

    def bounds(self, entry: Entry, limits: tuple[Expression | None, ...]) -> Bounds | None:
        """The control and its bounds; None where both are infinite."""
        controls = {d.name for d in self.declared("controls")}
        lower, control, upper = limits
        if upper is None and isinstance(lower, Name) and lower.name in controls:
            lower, control, upper = None, lower, control
        if not isinstance(control, Name) or control.name not in controls:
            raise self.error(entry, "bounds must be those of a control: lower <= control <= upper.")
        lower, upper = (None if limit is None or _infinite(limit) else _exact_zero(limit) for limit in (lower, upper))
        return Bounds(control.name, lower, upper) if (lower, upper) != (None, None) else None

    def error(self, entry: Entry, sentence: str) -> ModelError:
        return Arithmetic(self.document.file).error(entry.line, sentence)

    def exogenous(
        self, found: Mapping[str, yaml.Node]
    ) -> tuple[tuple[Declared, ...], dict[str, Expression], dict[tuple[str, str], Expression]]:
        """Innovations, laws of exogenous states, and variances and covariances of the innovations."""
        declared = self.declared("exogenous")
        if not declared:
            return (), {}, {}
        node = found.get("exogenous")
        if node is None:
            line_of_symbols = Entry("", declared[0].line)
            raise self.error(
                line_of_symbols, f"{declared[0].name} is exogenous and has no process; add a key exogenous."
            )
        kind, options = self.process(node)
        if kind in ("Normal", "UNormal", "MvNormal"):
            return declared, {}, self.covariances([d.name for d in declared], node, options)
        if kind not in ("VAR1", "AR1"):
            raise self.document.error(
                node,
                f"the process {kind!r} is not read; expected !VAR1, !AR1 or !Normal: take one, and edit the result.",
            )
        innovations = tuple(Declared(f"e_{d.name}", f"innovation of {d.name}", d.line) for d in declared)
        laws = self.laws([d.name for d in declared], node, options)
        return innovations, laws, self.covariances([i.name for i in innovations], node, options)

    def process(self, node: yaml.Node) -> tuple[str, Mapping[str, yaml.Node]]:
        """Kind and options of a process, written as a tag or as a lone key."""
        options = dict(self.document.items(node))
        if node.tag.startswith("!"):
            return node.tag.strip("!:"), options
        kind = next(iter(options)) if len(options) == 1 else ""
        return kind, dict(self.document.items(options[kind])) if kind else {}

    def laws(self, variables: list[str], node: yaml.Node, options: Mapping[str, yaml.Node]) -> dict[str, Expression]:
        """`z1 = mu + rho (z - mu) + e1`, row by row."""
        rho = self.matrix(options.get("rho"), len(variables), node, "rho")
        mu = [self.expression(m) for m in _members(options["mu"])] if "mu" in options else [ZERO] * len(variables)
        found = {}
        for i, variable in enumerate(variables):
            law: Expression = mu[i]
            for j, other in enumerate(variables):
                if rho[i][j] != ZERO:
                    law = plus(law, times(rho[i][j], minus(Name(other), mu[j])))
            found[variable] = plus(law, Name(f"e_{variable}", 1))
        return found

    def covariances(
        self, innovations: list[str], node: yaml.Node, options: Mapping[str, yaml.Node]
    ) -> dict[tuple[str, str], Expression]:
        given = next((options[key] for key in ("Sigma", "Σ") if key in options), None)
        if given is not None:
            matrix = self.matrix(given, len(innovations), node, "Sigma")
        else:
            deviation = next((options[key] for key in ("sigma", "σ") if key in options), None)
            matrix = self.matrix(deviation, len(innovations), node, "Sigma")
            matrix = [[times(e, e) if e != ZERO else e for e in row] for row in matrix]
        pairs = [(i, j) for i in range(len(innovations)) for j in range(i, len(innovations))]
        return {(innovations[i], innovations[j]): matrix[i][j] for i, j in pairs}

    def matrix(self, given: yaml.Node | None, n: int, node: yaml.Node, name: str) -> list[list[Expression]]:
        """A square matrix; one number stands for a multiple of the identity."""
        if given is None:
            raise self.document.error(node, f"the exogenous process gives no {name}; add it, such as {name}: [[0.01]].")
        if isinstance(given, yaml.ScalarNode):
            number = self.expression(given)
            return [[number if i == j else ZERO for j in range(n)] for i in range(n)]
        rows = [[self.expression(m) for m in _members(row)] for row in _members(given)]
        if [len(row) for row in rows] != [n] * n:
            raise self.document.error(
                given, f"{name} must have {n} rows of {n} entries, one for each exogenous variable."
            )
        return rows


def _members(node: yaml.Node) -> Iterable[yaml.Node]:
    return node.value if isinstance(node, yaml.SequenceNode) else [node]


def _plain(key: str) -> str:
    """`c` for the key `c[t]`."""
    return key.partition("[")[0].strip()


def _exact_zero(e: Expression) -> Expression:
    return ZERO if isinstance(e, Number) and e.value == 0 else e


def _infinite(e: Expression) -> bool:
    match e:
        case Name("inf" | "Inf"):
            return True
        case Negative(operand):
            return _infinite(operand)
        case _:
            return False
