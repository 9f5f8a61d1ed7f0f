"""A model in words: parameters, states, policies, shocks, equations, as text and as HTML."""

import dataclasses
import html
import inspect
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from saddlepath.derived import as_written
from saddlepath.economy import Economy, economy
from saddlepath.model import Model, labels, parameters
from saddlepath.rule import ConstantRule
from saddlepath.table import Table, table


@dataclasses.dataclass(frozen=True)
class Description:
    """What `describe` returns; it prints as text and shows as HTML in a notebook.

    Attributes:
        name: Name of the model.
        summary: Its docstring.
        tables: Parameters, states and policies.
        lines: Shocks, quadrature and equations, one sentence each.
    """

    name: str
    summary: str
    tables: tuple[Table, ...]
    lines: tuple[str, ...]

    def __str__(self) -> str:
        return "\n\n".join([self.name, self.summary, *map(str, self.tables), "\n".join(self.lines)])

    def to_html(self) -> str:
        """A heading, the docstring, tables and sentences."""
        text = "".join(f"<p>{html.escape(part)}</p>" for part in self.summary.split("\n\n") if part)
        lines = "".join(f"<p>{html.escape(line)}</p>" for line in self.lines)
        return f"<h3>{html.escape(self.name)}</h3>{text}{''.join(t.to_html() for t in self.tables)}{lines}"

    def _repr_html_(self) -> str:
        return self.to_html()


def describe(model: Model) -> Description:
    """Parameters with units and domains, states, policies, law of the shocks and names of the equations.

    Args:
        model: Any model.

    Returns:
        A description to print or to show.
    """
    author = as_written(model)
    with jax.enable_x64(True):
        eco = economy(model)
        tables = (_parameters(author), _variables(eco, "State"), _variables(eco, "Policy"))
        law = eco.model.shocks()
        rule = [f"expectation: {eco.quadrature.describe()}"] if law.n_shocks else []
        lines = (f"shocks: {law.describe()}", *rule, f"equations: {_equations(eco)}")
    summary = inspect.getdoc(type(author)) or ""
    return Description(type(author).__name__, summary, tables, lines)


def _parameters(model: Model) -> Table:
    rows = {
        name: {
            "value": _text(getattr(model, name)),
            "unit": info.label.unit,
            "domain": "" if info.within is None else info.within.describe(),
            "meaning": "" if info.label.name == name else info.label.name,
        }
        for name, info in parameters(model).items()
    }
    return table(rows or {"none": {"value": ""}}, "parameter")


def _variables(eco: Economy, kind: str) -> Table:
    point = getattr(eco.model, kind)
    layout = eco.states if kind == "State" else eco.policies
    ranges = getattr(eco.model, f"{kind.lower()}_range")()
    about, regimes = labels(point), dict(eco.states.regimes if kind == "State" else ())
    rows = {
        name: {
            "entries": ", ".join(map(str, shape)) or "1",
            "unit": about[name].unit,
            "domain": f"regimes 0 to {regimes[name] - 1}" if name in regimes else domain.describe(),
            "meaning": "" if about[name].name == name else about[name].name,
        }
        for name, shape, domain in zip(layout.fields, layout.shapes, ranges, strict=True)
    }
    return table(rows, kind.lower())


def _text(value: Any) -> str:
    """A parameter as text; long arrays show their ends."""
    if isinstance(value, bool | int | str | tuple) or value is None:
        return str(value)
    entries = [f"{entry:.6g}" for entry in np.ravel(np.asarray(value, dtype=float))]
    return ", ".join(entries if len(entries) <= 8 else [*entries[:3], "...", entries[-1]])


def _equations(eco: Economy) -> str:
    """Names of the equations, with their number where an equation is an array."""
    shapes = eco.equations(ConstantRule(jnp.zeros(eco.coordinates.size)))
    return ", ".join(f"{name} ({int(np.prod(shape))})" if shape else name for name, shape in shapes.items())
