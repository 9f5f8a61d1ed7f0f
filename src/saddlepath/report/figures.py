"""Figures of a solution: decision rules, simulated densities, errors, life-cycle profiles, responses,
training.

Every function returns a matplotlib `Figure` that no window holds: save it with `figure.savefig(...)`.
"""

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from saddlepath.cloud import Cloud
from saddlepath.economy import Economy, state_features, state_from_features, stationary_regimes
from saddlepath.errors import ConfigError
from saddlepath.layout import Layout
from saddlepath.model import labels, nearest_names
from saddlepath.report.drawing import (
    BLUE,
    DASHED,
    GREY,
    INK,
    SMALL,
    SOLID,
    THIN,
    VERMILION,
    colours,
    entries,
    entry_lines,
    legend,
    line,
    line_colours,
    named,
    panels,
    steady_scale,
    words,
)
from saddlepath.report.tables import shown_entries
from saddlepath.responses import first_order_of, first_order_point
from saddlepath.rule import DecisionRule
from saddlepath.steady import LinearSolution

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from saddlepath.solution import Solution
    from saddlepath.verification import EulerErrors

MOST = 9
"""Most panels in one figure; further variables are left to functions with a list of names."""
TALL = 3.0
"""A density is cut off at so many times the height of a typical entry's [-]."""
REACH = 2.5
"""Slices reach this many scales to both sides of the centre [-]."""


def decision_rules(solution: "Solution", *, points: int = 81, reach: float = REACH) -> "Figure":
    """Decision rules as slices around the steady state, with the first-order rule beside them.

    One row per policy, one column per state field; all other states are at the centre of the cloud. An array
    field of states is moved as a whole, every entry by the same number of scales; an array field of policies
    has a line per entry.

    Args:
        solution: A solution at one calibration.
        points: Points per line.
        reach: Length of a slice to each side, in scales of the states. [-]
    """
    with jax.enable_x64(True):
        slices = _Slices(solution, np.linspace(-reach, reach, points))
        fields = slices.fields[:4]
        policies = list(solution.economy.policies.fields)[:4]
        figure, axes = panels(len(fields) * len(policies), columns=len(fields), height=1.9)
        drawn = {field: slices.along(field) for field in fields}
    about = labels(solution.economy.model.State) | labels(solution.economy.model.Policy)
    for panel, (policy, field) in zip(axes, ((p, f) for p in policies for f in fields), strict=True):
        _slice(panel, policy, *drawn[field])
        steady_scale(panel, max(float(np.abs(getattr(rule, policy)).max()) for _, rule, _ in drawn.values()))
        many = solution.economy.states.shapes[solution.economy.states.fields.index(field)] != ()
        words(panel, title=named(about[policy]), x=named(about[field]) + (", mean of entries" if many else ""))
    most = max(int(np.prod(shape)) for shape in solution.economy.policies.shapes)
    handles = entry_lines(most) or [line(BLUE, "this solution")]
    dashed = [line(VERMILION if most == 1 else GREY, "first order", **DASHED)] if slices.linear else []
    legend(figure, [*handles, *dashed, line(GREY, "centre", **THIN)])
    return figure


def _slice(panel: "Axes", policy: str, x: np.ndarray, rule: Any, first_order: Any) -> None:
    """One policy along one state, a line per entry; the first-order rule dashed."""
    values = getattr(rule, policy)
    shades = colours(int(np.prod(values.shape[1:])))
    for (_, y), shade in zip(entries(values, 1), shades, strict=True):
        panel.plot(x, y, color=shade, **SOLID)
    if first_order is not None:
        for (_, y), shade in zip(entries(getattr(first_order, policy), 1), shades, strict=True):
            panel.plot(x, y, color=VERMILION if len(shades) == 1 else shade, **DASHED)
    panel.axvline(float(x[len(x) // 2]), color=GREY, **THIN)


class _Slices:
    """States along one field and the policies there, from the rule and from the first-order solution."""

    def __init__(self, solution: "Solution", steps: np.ndarray):
        self.solution, self.steps = solution, jnp.asarray(steps)
        self.eco = solution.economy
        self.linear = first_order_of(solution)
        chains = stationary_regimes(self.eco.model) or {}
        self.regimes = {name: jnp.argmax(p).astype(jnp.int32) for name, p in chains.items()}
        self.fields = [name for name in self.eco.states.fields if name not in chains]

    def along(self, field: str) -> tuple[np.ndarray, Any, Any]:
        """Values of the field (its mean if it is an array), policies, first-order policies or None."""
        moved = np.zeros(self.eco.states.size)
        moved[self.eco.states.slices[field]] = 1.0
        scale = self.solution.cloud.scale(self.eco, jnp.asarray(self.eco.box.centre))
        direction = jnp.asarray(moved[self.eco.states.continuous]) * scale
        deviations = self.steps[:, None] * direction[None, :]
        found = _along(self.eco, self.solution.rule, self.solution.cloud, self.linear, self.regimes, deviations)
        states, policies, first_order = jax.tree.map(np.asarray, found)
        x = getattr(states, field)
        return x.reshape(len(x), -1).mean(axis=1), policies, first_order


@eqx.filter_jit
def _along(
    eco: Economy,
    rule: DecisionRule,
    cloud: Cloud,
    linear: LinearSolution | None,
    regimes: dict[str, Array],
    deviations: Array,
) -> tuple[Any, Any, Any]:
    """States, policies and first-order policies at deviations from the steady state or the cloud's centre."""
    if linear is None:
        centre = cloud.centre[0]
    else:
        centre = state_features(eco.model, jax.tree.map(jnp.asarray, linear.steady.state), eco.states)

    def one(deviation: Array) -> tuple[Any, Any, Any]:
        s = state_from_features(eco.model, centre + deviation, eco.states, regimes)
        x = rule(eco, eco.model, eco.join(s, jnp.zeros(0)))
        return s, x, None if linear is None else first_order_point(eco, linear, deviation)[1]

    return jax.vmap(one)(deviations)


def simulated_densities(data: "xr.Dataset", variables: Sequence[str] | None = None) -> "Figure":
    """Densities of simulated variables over all paths and periods; array fields have a line per
    entry, long ones for seven of them.

    Args:
        data: What `simulate` returned.
        variables: Names; default: all that vary, at most nine.
    """
    names = _chosen(data, variables, [str(name) for name in data.data_vars if varies(data[name].values)])
    figure, axes = panels(len(names), height=1.7)
    for panel, name in zip(axes, names, strict=True):
        values = data[name].values
        shown = [values[(..., *index)].ravel() for index in shown_entries(values.shape[2:])]
        least = 0.02 * float(np.ptp(values))
        peaks = [
            _density(panel, series, shade, len(shown) == 1, least)
            for series, shade in zip(shown, colours(len(shown)), strict=True)
        ]
        panel.set_ylim(0, 1.05 * min(max(peaks), TALL * float(np.median(peaks))))
        panel.set_yticks([])
        panel.spines["left"].set_visible(False)
        words(panel, x=named(data[name].attrs))
    legend(figure, entry_lines(max(int(np.prod(data[name].shape[2:])) for name in names)))
    return figure


def varies(values: np.ndarray) -> bool:
    """Whether a variable moves by more than rounding."""
    return bool(np.ptp(values.astype(float)) > 1e-10 * np.abs(values).max())


def _density(panel: "Axes", values: np.ndarray, colour: Any, filled: bool, least: float) -> float:
    """A histogram as an outline; an entry that moves by less than `least` is a line at its mean. Returns the peak."""
    if np.ptp(values) <= least:
        panel.axvline(float(values.mean()), color=colour, linewidth=1.1)
        return 1 / least
    heights, edges = np.histogram(values, bins=60, density=True)
    if filled:
        panel.stairs(heights, edges, color=colour, alpha=0.25, fill=True)
        panel.axvline(float(np.median(values)), color=GREY, **THIN)
    panel.stairs(heights, edges, color=colour, linewidth=1.1)
    return float(heights.max())


def _chosen(data: Any, variables: Sequence[str] | None, default: list[str]) -> list[str]:
    if variables is None:
        return default[:MOST]
    known = [str(name) for name in data.data_vars]
    for name in variables:
        if name not in known:
            raise ConfigError(f"there is no variable {name!r}; {nearest_names(name, known)}")
    return list(variables)


def error_histogram(errors: "EulerErrors", tol: float | None = None) -> "Figure":
    """How errors are distributed: log10 of the absolute residual, one line per equation.

    Args:
        errors: What `euler_errors` returned.
        tol: Tolerance of the solution, drawn as a line. [-]
    """
    figure, (panel,) = panels(1, columns=1, height=2.4, width=WIDE)
    names = list(errors)
    for name, colour in zip(names, line_colours(len(names)), strict=True):
        values = np.abs(errors[name]).reshape(len(errors[name]), -1).max(axis=1)
        logs = np.log10(np.maximum(values, FLOOR))
        heights, edges = np.histogram(logs, bins=60)
        panel.stairs(heights / len(logs) / np.diff(edges), edges, color=colour, linewidth=1.3, label=name)
    if tol is not None:
        panel.axvline(np.log10(tol), color=INK, label="tolerance for the mean", **THIN)
    words(panel, title="Density over simulated states", x="log10 of the absolute Euler error")
    legend(figure, panel)
    return figure


FLOOR = 1e-17
"""Errors below this are drawn as if they were this, so that an exact rule has a logarithm [-]."""
WIDE = 15.0
"""Three times the width of a single panel that stands alone [inch]."""


def error_map(errors: "EulerErrors", solution: "Solution", across: tuple[str, str] | None = None) -> "Figure":
    """Where errors are large: the worst log10 error over two states, on the states that the economy visits.

    Args:
        errors: What `euler_errors` returned.
        solution: The solution, for names and units.
        across: Two entries of the state, such as `("k", "z")` or `("k[0]", "z")`; default: of
            the first two fields that vary, the entries that vary most.

    Raises:
        ConfigError: There are fewer than two states, or no such entry.
    """
    series = state_series(errors.states, solution.economy.states)
    pair = tuple(across or _two_entries(series))
    unknown = [name for name in pair if name not in series]
    if len(pair) != 2 or unknown:
        raise ConfigError(
            f"an error map needs two entries of the state, got {', '.join(pair)}; choose from {', '.join(series)}."
        )
    figure, (panel,) = panels(1, columns=1, height=2.9, width=WIDE)
    logs = np.log10(np.maximum(errors.worst(), FLOOR))
    x, y = series[pair[0]], series[pair[1]]
    cells = panel.hexbin(x, y, C=logs, reduce_C_function=np.max, gridsize=34, cmap="viridis_r", linewidths=0.1)
    worst = np.asarray(cells.get_array())
    cells.set_clim(float(np.quantile(worst, 0.02)), float(worst.max()) + 1e-9)
    bar = figure.colorbar(cells, ax=panel, shrink=0.9)
    bar.outline.set_visible(False)
    bar.ax.tick_params(labelsize=SMALL - 1)
    bar.set_label("log10 of the worst error in a cell", fontsize=SMALL)
    panel.grid(False)
    about = labels(solution.economy.model.State)
    words(panel, x=_entry_name(pair[0], about), y=_entry_name(pair[1], about))
    return figure


def _two_entries(series: dict[str, np.ndarray]) -> list[str]:
    """Of each field the entry that moves most, two fields if there are two, else two entries."""
    moving = sorted((name for name in series if varies(series[name])), key=lambda name: -float(np.std(series[name])))
    fields = list(dict.fromkeys(name.partition("[")[0] for name in series))
    first = [next((m for m in moving if m.partition("[")[0] == field), None) for field in fields]
    chosen = [name for name in first if name is not None]
    return (chosen + [name for name in moving if name not in chosen])[:2]


def _entry_name(entry: str, about: dict[str, Any]) -> str:
    field, bracket, index = entry.partition("[")
    label = about[field]
    return named(dataclasses.replace(label, name=f"{label.name} {bracket}{index}".strip()))


def state_series(states: Any, layout: Layout) -> dict[str, np.ndarray]:
    """Every entry of a batch of states as one series, by name; regimes are left out."""
    regimes = dict(layout.regimes)
    series = {}
    for field, values in zip(layout.fields, states, strict=True):
        if field not in regimes:
            for index, column in entries(np.asarray(values, dtype=float), 1):
                series[f"{field}[{index}]" if index else field] = column
    return series


def life_cycle(data: "xr.Dataset", variables: Sequence[str] | None = None) -> "Figure":
    """Array fields over their index: the mean over simulated states and the middle ninety per cent.

    Args:
        data: What `simulate` returned.
        variables: Names of variables with one axis of entries; default: all with three entries or more.

    Raises:
        ConfigError: There is no such variable.
    """
    vectors = [str(n) for n in data.data_vars if data[n].ndim == 3 and data[n].shape[2] >= 3]
    names = _chosen(data, variables, vectors)
    if not names:
        raise ConfigError("a profile needs a variable with three entries or more; this model has none.")
    figure, axes = panels(len(names), height=2.1)
    for panel, name in zip(axes, names, strict=True):
        values = data[name].values.reshape(-1, data[name].shape[2])
        index = np.arange(1, values.shape[1] + 1)
        low, high = np.quantile(values, [0.05, 0.95], axis=0)
        panel.fill_between(index, low, high, color=BLUE, alpha=0.2, linewidth=0, label="5 to 95 % of periods")
        marker: dict[str, Any] = {"marker": "o", "markersize": 2.5} if len(index) <= 12 else {}
        panel.plot(index, values.mean(axis=0), color=BLUE, label="mean", **(SOLID | marker))
        panel.locator_params(axis="x", integer=True)
        words(panel, title=named(data[name].attrs), x=f"Entry of {name}")
    legend(figure, axes[0])
    return figure


def impulse_responses(response: "xr.Dataset", variables: Sequence[str] | None = None) -> "Figure":
    """Impulse responses with bands, the linear solution's beside them.

    Args:
        response: What `impulse_response` returned.
        variables: Names; default: all that respond, at most nine. Array fields have a line per entry and no
            bands.
    """
    moved = [str(name) for name in response.data_vars if _responds(response[name])]
    names = _chosen(response, variables, moved)
    figure, axes = panels(len(names), height=1.8)
    for panel, name in zip(axes, names, strict=True):
        panel.axhline(0, color=GREY, linewidth=0.6)
        _responses(panel, response[name], response["time"].values)
        words(panel, title=named(response[name].attrs))
    for panel in axes[-3:]:
        panel.set_xlabel("Periods after the impulse", fontsize=SMALL, color=INK)
    _response_legend(figure, response, names)
    return figure


def _responds(variable: "xr.DataArray") -> bool:
    return variable.dtype.kind == "f" and bool(np.nanmax(np.abs(variable.sel(solution="global").values)) > 1e-9)


def _responses(panel: "Axes", variable: "xr.DataArray", time: np.ndarray) -> None:
    values = variable.sel(solution="global").values
    lines = list(entries(values, 2))
    for (_, statistics), shade in zip(lines, colours(len(lines)), strict=True):
        mean, low, high = statistics
        if len(lines) == 1:
            panel.fill_between(time, low, high, color=BLUE, alpha=0.2, linewidth=0)
        panel.plot(time, mean, color=shade, **SOLID)
    if "linear" in variable["solution"] and len(lines) == 1:
        mean = variable.sel(solution="linear").isel(statistic=0).values
        panel.plot(time, mean, color=VERMILION, **DASHED)


def _response_legend(figure: "Figure", response: "xr.Dataset", names: list[str]) -> None:
    from matplotlib.patches import Patch

    _, low, high = (str(v) for v in response["statistic"].values)
    sizes = [int(np.prod(response[name].shape[3:])) for name in names]
    handles: list[Any] = [line(BLUE, "this solution, mean")]
    handles.append(Patch(color=BLUE, alpha=0.2, linewidth=0, label=f"{low} to {high} of draws"))
    if "linear" in response["solution"]:
        handles.append(line(VERMILION, "first order", **DASHED))
    legend(figure, [*handles, *entry_lines(max(sizes))])


def training_curve(solution: "Solution") -> "Figure":
    """Euler errors on test paths over the steps of a run, against the tolerance.

    Raises:
        ConfigError: The solution was not trained.
    """
    tests = [test for test in solution.tests if test.get("step")]
    if not tests:
        raise ConfigError("a training curve needs a trained solution; this one has no tests.")
    figure, (panel,) = panels(1, columns=1, height=2.4, width=WIDE)
    step = np.array([test["step"] for test in tests], dtype=float)
    for name, key, colour in (("mean", "mean", BLUE), ("99 % quantile", "p99", VERMILION)):
        values = np.array([test[key] for test in tests], dtype=float)
        _by_attempt(panel, step, np.where(np.isfinite(values), values, np.nan), tests, colour, name)
    if "tol" in solution.how:
        panel.axhline(solution.how["tol"], color=INK, label="tolerance for the mean", **THIN)
    panel.set_yscale("log")
    words(panel, title="Euler error on fresh paths", x="Steps")
    legend(figure, panel)
    return figure


def _by_attempt(
    panel: "Axes", step: np.ndarray, values: np.ndarray, tests: list[dict[str, Any]], colour: str, name: str
) -> None:
    """One line per start, since steps begin at zero again."""
    attempts = np.array([test.get("attempt", 0) for test in tests])
    for number, attempt in enumerate(np.unique(attempts)):
        own = attempts == attempt
        last = number == len(np.unique(attempts)) - 1
        panel.plot(
            step[own], values[own], color=colour, linewidth=1.4, marker="o", markersize=2.5,
            alpha=1.0 if last else 0.35, label=name if last else None,
        )  # fmt: skip
