"""Tables of a solution: accuracy, calibration, steady state, how it was solved."""

from typing import TYPE_CHECKING, Any

import jax
import numpy as np

from saddlepath.accuracy import QUANTILES, Accuracy
from saddlepath.layout import Layout, entry_name
from saddlepath.model import labels, parameters
from saddlepath.table import Table, log10, table

if TYPE_CHECKING:
    from saddlepath.prior import Prior
    from saddlepath.simulation import RestPoint
    from saddlepath.solution import Solution
    from saddlepath.steady import SteadyState

MOST_ENTRIES = 12
"""An array field with more entries than this is shown in tables by seven of them."""
MOST_CONSTRAINTS = 6
"""So many constraints are named in a note."""
STATISTICS = ("mean", *QUANTILES, "max")


def accuracy_table(accuracy: Accuracy) -> Table:
    """Euler errors by equation: mean, quantiles and maximum of the absolute residual, and decimal logarithms.

    Args:
        accuracy: What `euler_errors(...).accuracy`, `certificate` or `Solution.accuracy` give.

    Returns:
        One row per equation, of its worst entry. [-]
    """
    rows = {name: _accuracy_row(row) for name, row in accuracy.equations.items()}
    note = f"{accuracy.n_states:,} states: {accuracy.where}."
    if accuracy.extent:
        note += f" Largest state {accuracy.extent:.1f} scales from the centre of the states."
    if accuracy.drift is not None:
        note += f" Policy drift between the last tests {accuracy.drift:.1e}."
    if accuracy.binding:
        note += f" {_binding(accuracy.binding)}"
    note = " ".join([note, *accuracy.remarks, *accuracy.warnings])
    formats = {name: ".1e" for name in STATISTICS} | {"log10 mean": ".2f", "log10 max": ".2f"}
    return table(rows, "equation", title="Euler errors", note=note, formats=formats)


def _binding(shares: dict[str, float]) -> str:
    """Which constraints bind how often, the most frequent first."""
    frequent = sorted((name for name, share in shares.items() if share > 0), key=lambda name: -shares[name])
    if not frequent:
        return "No constraint binds at any of them."
    shown = ", ".join(f"{name} {100 * shares[name]:.3g} %" for name in frequent[:MOST_CONSTRAINTS])
    more = len(frequent) - MOST_CONSTRAINTS
    return f"Constraints bind in these shares of states: {shown}" + (f" and {more} more." if more > 0 else ".")


def _accuracy_row(row: dict[str, float]) -> dict[str, float]:
    shown = {name: row[name] for name in STATISTICS if name in row}
    return shown | {"log10 mean": float(log10(row["mean"])), "log10 max": float(log10(row["max"]))}


def calibration_table(solution: "Solution") -> Table:
    """Every parameter with its value, unit and meaning; the range of those that are pseudo-states."""
    box, model = solution.box, solution.model
    ranges = dict(zip(box.names, zip(box.lower, box.upper, strict=True), strict=True))
    rows = {
        name: {
            "value": _range(*ranges[name]) if name in ranges else _value(getattr(model, name)),
            "unit": info.label.unit,
            "meaning": info.label.name if info.label.name != name else "",
        }
        for name, info in parameters(model).items()
    }
    return table(rows, "parameter", title="Calibration")


def _range(low: np.ndarray, high: np.ndarray) -> str:
    return f"{_value(low)} to {_value(high)}"


def _value(value: Any) -> str:
    """A parameter as text; long arrays show their ends."""
    if isinstance(value, bool | int | str):
        return str(value)
    if not isinstance(value, float | np.ndarray | np.generic | jax.Array):
        return type(value).__name__
    entries = [f"{v:.6g}" for v in np.ravel(np.asarray(value))]
    if np.ndim(value) == 0:
        return entries[0]
    return ", ".join(entries if len(entries) <= 8 else [*entries[:3], "...", entries[-1]])


def steady_state_table(solution: "Solution", steady: "SteadyState") -> Table:
    """State and policy of the deterministic steady state."""
    eco = solution.economy
    rows = {
        **_rows(eco.states, steady.state, labels(eco.model.State), "state"),
        **_rows(eco.policies, steady.policy, labels(eco.model.Policy), "policy"),
    }
    note = f"Largest residual {steady.residual:.0e}."
    return table(rows, "variable", title="Deterministic steady state", note=note, formats={"value": ".6g"})


def rest_point_table(solution: "Solution", rest: "RestPoint") -> Table:
    """State and policy of the stochastic steady state."""
    eco = solution.economy
    rows = {
        **_rows(eco.states, rest.state, labels(eco.model.State), "state"),
        **_rows(eco.policies, rest.policy, labels(eco.model.Policy), "policy"),
    }
    note = (
        f"After {rest.periods:,} periods without shocks from {rest.starts} dispersed starts; largest "
        f"distance between two of them {rest.dispersion:.0e}, last movement {rest.drift:.0e} scales of the "
        "states."
    )
    return table(rows, "variable", title="Stochastic steady state", note=note, formats={"value": ".6g"})


def variables_table(solution: "Solution") -> Table:
    """Every field of `State` and `Policy`: meaning, unit, domain; and the law of the shocks in the note."""
    eco, model = solution.economy, solution.economy.model
    rows = {}
    for kind, layout, ranges in (
        ("state", eco.states, model.state_range()),
        ("policy", eco.policies, model.policy_range()),
    ):
        about = labels(layout.point)
        for field, shape, domain in zip(layout.fields, layout.shapes, ranges, strict=True):
            size = "x".join(map(str, shape)) or "1"
            name = about[field].name if about[field].name != field else ""
            within = "regime" if field in dict(layout.regimes) else domain.describe()
            rows[field] = {
                "kind": kind,
                "meaning": name,
                "unit": about[field].unit,
                "entries": size,
                "domain": within,
            }
    names = ", ".join(solution.accuracy.equations) if solution.accuracy else ""
    note = f"Shocks: {model.shocks().describe()}." + (f" Equations: {names}." if names else "")
    return table(rows, "variable", title="States and policies", note=note)


def _rows(layout: Layout, point: Any, about: dict[str, Any], kind: str) -> dict[str, dict[str, Any]]:
    rows = {}
    for field, value in zip(layout.fields, point, strict=True):
        values = np.asarray(value, dtype=float)
        for index in shown_entries(values.shape):
            name = entry_name(field, index)
            meaning = {"kind": kind, "unit": about[field].unit, "meaning": about[field].name}
            rows[name] = {"value": _clean(float(values[index])), **meaning}
    return rows


def shown_entries(shape: tuple[int, ...]) -> list[tuple[int, ...]]:
    """Which entries of an array field a table shows: all of a short one, seven of a long one."""
    every = list(np.ndindex(shape))
    if len(every) <= MOST_ENTRIES:
        return every
    return [every[i] for i in np.linspace(0, len(every) - 1, 7).round().astype(int)]


def _clean(value: float) -> float:
    """Zero for what rounding leaves of it."""
    return 0.0 if abs(value) < 1e-13 else value


def how_table(solution: "Solution") -> Table:
    """How the solution was found: solver, tolerance, steps, seconds, versions."""
    rows = {name: {"value": _how(value)} for name, value in solution.how.items()}
    return table(rows, "setting", title="How it was solved") if rows else table({"none": {"value": ""}}, "setting")


def _how(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {entry}" for name, entry in value.items())
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def prior_table(prior: "Prior") -> Table:
    """The law of every parameter; correlations stand in the note."""
    low, high = prior.support
    rows = {
        name: {"law": type(law).__name__, "mean": mean, "sd": sd, "lower": a, "upper": b}
        for name, law, mean, sd, a, b in zip(prior.names, prior.marginals, prior.mean, prior.sd, low, high, strict=True)
    }
    pairs = [(i, j) for i in range(prior.size) for j in range(i) if prior.correlation[i, j] != 0]
    note = ", ".join(f"{prior.names[j]} and {prior.names[i]} {prior.correlation[i, j]:.3g}" for i, j in pairs)
    return table(rows, "parameter", title="Prior", note=f"Correlations of the normal scores: {note}." if note else "")
