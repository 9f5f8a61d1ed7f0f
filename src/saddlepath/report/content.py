"""What a report says: its tables, figures and sections, computed once from a solution."""

import contextlib
import dataclasses
import inspect
from collections.abc import Callable
from typing import Any

import jax
import numpy as np

from saddlepath.accuracy import Accuracy
from saddlepath.comparison import closed_form, compare, has_closed_form
from saddlepath.errors import ConvergenceError, SaddlepathError
from saddlepath.layout import entry_name
from saddlepath.report import figures as draw
from saddlepath.report import passage_figures as by_date
from saddlepath.report.tables import (
    accuracy_table,
    calibration_table,
    how_table,
    rest_point_table,
    shown_entries,
    steady_state_table,
    variables_table,
)
from saddlepath.responses import first_order_of, impulse_response, shock_names
from saddlepath.simulation import simulate, stochastic_steady_state
from saddlepath.solution import Solution
from saddlepath.steady import steady_state
from saddlepath.summary import moments
from saddlepath.table import Table, log10
from saddlepath.verdict import Verdict, referee
from saddlepath.verification import certificate, euler_errors

PERIODS, PATHS, BURN_IN = 250, 64, 200
"""Size of the simulation behind moments and densities: 16,000 states."""
RESPONSES = 3
"""Most innovations whose responses a report shows."""
GUARDS = {"paths restarted": "in training, lost before", "states undefined": "in training, left out of their step"}
"""What the counters of `Solution.guards` mean."""


@dataclasses.dataclass(frozen=True)
class Picture:
    """A figure with its title and what to see in it."""

    figure: Any
    title: str
    caption: str


@dataclasses.dataclass(frozen=True)
class Section:
    """A part of the report; tables and figures by the name of their files."""

    anchor: str
    title: str
    text: str = ""
    notes: tuple[str, ...] = ()
    tables: dict[str, Table] = dataclasses.field(default_factory=dict)
    figures: dict[str, Picture] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Content:
    """Everything that a report shows.

    Attributes:
        solution: The solution as it was solved, perhaps a family.
        member: The solution at one calibration, the centre of the box of a family.
        accuracy: Its Euler errors.
        sections: The parts in order.
    """

    solution: Solution
    member: Solution
    accuracy: Accuracy
    sections: list[Section]

    @property
    def title(self) -> str:
        return type(self.solution.model).__name__

    @property
    def summary(self) -> str:
        """The first paragraph of the model's documentation."""
        return " ".join(_documentation(self.solution)[0].split())

    @property
    def family(self) -> str:
        """Which calibration of a family is shown, or nothing."""
        box = self.solution.box
        if not box.names:
            return ""
        values = ", ".join(f"{name} = {np.round(v, 6)}" for name, v in box.split(box.centre).items())
        return (
            f"This is a family of rules over {', '.join(box.names)}. Accuracy is the worst over the whole "
            f"box; steady state, moments and figures are shown at its centre, {values}."
        )

    @property
    def facts(self) -> list[tuple[str, str, str]]:
        """The numbers that a reader looks for first: name, value, remark."""
        a, how = self.accuracy, self.solution.how
        facts = [
            ("mean Euler error", f"{a.mean:.1e}", f"log10 {log10(a.mean):.1f}"),
            ("largest Euler error", f"{a.max:.1e}", f"log10 {log10(a.max):.1f}"),
            ("states looked at", f"{a.n_states:,}", "never used in training"),
        ]
        if a.drift is not None:
            facts.append(("policy drift", f"{a.drift:.1e}", "between the last tests, relative"))
        if "seconds" in how:
            facts.append(("training time", f"{how['seconds']:.0f} s", f"{how.get('steps', 0)} steps"))
        facts += [(name, f"{n:,}", GUARDS[name]) for name, n in self.solution.guards.items() if n > 0]
        return facts


def content(solution: Solution, *, seed: int = 0, judged: bool | Verdict = False) -> Content:
    """Tables and figures of a solution.

    Args:
        solution: A solution; a family is shown at the centre of its box.
        seed: Seed of simulations and fresh paths.
        judged: Whether the referee solves the model too, or what it has said already.
    """
    box = solution.box
    with jax.enable_x64(True):
        member = solution.at(**box.split(box.centre)) if box.names else solution
        accuracy = solution.accuracy or certificate(solution, seed=seed)
        resting = member.economy.horizon is None
    sections = [
        _model(solution),
        told("accuracy", "Accuracy", lambda: _accuracy(solution, member, accuracy, seed)),
        *([told("referee", "Second opinion", lambda: _second_opinion(member, judged, seed))] if judged else []),
        *(_around_rest(member, seed) if resting else _from_date_to_date(member, seed)),
        _run(solution),
    ]
    return Content(solution, member, accuracy, [s for s in sections if s.tables or s.figures or s.text])


def _around_rest(member: Solution, seed: int) -> list[Section]:
    """What there is to say of an economy that comes to rest."""
    return [
        told("steady-state", "Steady state", lambda: _steady(member)),
        told("rules", "Decision rules", lambda: _rules(member)),
        told("simulation", "Simulation", lambda: _simulation(member, seed)),
        told("responses", "Impulse responses", lambda: _responses(member, seed)),
    ]


def _from_date_to_date(member: Solution, seed: int) -> list[Section]:
    """What there is to say of an economy in calendar time."""
    return [
        told("rules", "Decision rules", lambda: _rules(member)),
        told("passage", "From date to date", lambda: _passage(member, seed)),
    ]


def told(anchor: str, title: str, build: Callable[[], Section]) -> Section:
    """A section; where it cannot be made, as for a rule that exploded, the reason in its place."""
    try:
        return build()
    except SaddlepathError as error:
        return Section(anchor, title, text=f"Not shown: {error}")


def _require_finite(data: Any, what: str) -> None:
    """Refuse to draw what is not a number."""
    for name in data.data_vars:
        if not np.all(np.isfinite(data[name].values)):
            raise ConvergenceError(f"{what} of {name} are not finite, so this rule leaves the economy; do not use it.")


def _documentation(solution: Solution) -> tuple[str, ...]:
    """The paragraphs of the model's own documentation."""
    text = type(solution.model).__doc__ or "A dynamic economic model."
    return tuple(inspect.cleandoc(text).split("\n\n"))


def _model(solution: Solution) -> Section:
    tables = {"variables": variables_table(solution), "calibration": calibration_table(solution)}
    return Section("model", "Model", notes=_documentation(solution)[1:], tables=tables)


def _accuracy(solution: Solution, member: Solution, accuracy: Accuracy, seed: int) -> Section:
    """Certificate, error figures, and the distance to a closed form where there is one."""
    errors = euler_errors(member, seed=seed)
    tables = {"accuracy": accuracy_table(accuracy)}
    if solution.region is not None:
        tables["accuracy_box"] = dataclasses.replace(
            accuracy_table(solution.region), title="Euler errors on the sampling box"
        )
    if has_closed_form(member.economy):
        exact = closed_form(member.model)
        tables["closed_form"] = dataclasses.replace(
            compare(member, exact, seed=seed), title="Distance to the closed form"
        )
    pictures = {
        "error_histogram": Picture(
            draw.error_histogram(errors, solution.how.get("tol")),
            "Distribution of Euler errors",
            "Absolute residuals on fresh simulated paths; of an equation that stands for an array, its worst entry.",
        )
    }
    if len(draw.state_series(errors.states, member.economy.states)) > 1:
        pictures["error_map"] = Picture(
            draw.error_map(errors, member),
            "Where errors are large",
            "The largest error of any equation in a cell, over two of the states, where the economy was simulated.",
        )
    text = (
        "Each error is the residual of an equilibrium condition without unit: 1e-3 in an Euler equation is "
        "a mistake of 0.1 % of consumption, up to the curvature of utility. Expectations are computed with "
        "a finer quadrature than the one used to solve, on simulated paths that were never used in training "
        "and never reset."
    )
    return Section("accuracy", "Accuracy", text, tables=tables, figures=pictures)


def _second_opinion(member: Solution, judged: bool | Verdict, seed: int) -> Section:
    """The distance to the same model solved by collocation."""
    verdict = judged if isinstance(judged, Verdict) else referee(member, seed=seed)
    text = f"The referee solved the same equations by collocation on {verdict.solution.how['nodes']} nodes: "
    return Section("referee", "Second opinion", text + verdict.sentence, tables=_halves(verdict.distance))


def _halves(distance: Table) -> dict[str, Table]:
    """The table of a comparison as two that a page has room for: on paths, and on a box if there is one."""
    wide = [name for name in distance.columns if name.startswith("box, ")]
    if not wide:
        return {"referee": distance}
    paths = dataclasses.replace(distance, frame=distance.frame.drop(columns=wide))
    heads = {name: name.removeprefix("box, ") for name in wide}
    box = dataclasses.replace(
        distance,
        frame=distance.frame[wide].rename(columns=heads),
        title=f"{distance.title}, on the box",
        note="",
        formats=dict.fromkeys(heads.values(), ".1e"),
    )
    return {"referee": paths, "referee_box": box}


def _steady(member: Solution) -> Section:
    """Deterministic steady state and, where shocks arrive, the stochastic one."""
    tables = {}
    with contextlib.suppress(ConvergenceError):  # without one, the rest point below may still exist
        tables["steady_state"] = steady_state_table(member, steady_state(member.model))
    tables["rest_point"] = rest_point_table(member, stochastic_steady_state(member))
    text = "The stochastic steady state is where the economy rests when agents expect shocks and none arrive."
    linear = first_order_of(member)
    if linear is not None:
        text += f" First-order solution: {linear.determinacy}; largest root {linear.spectral_radius:.4f}."
    return Section("steady-state", "Steady state", text, tables=tables)


def _rules(member: Solution) -> Section:
    with jax.enable_x64(True):
        resting = member.economy.horizon is None
    caption = (
        "Slices through the steady state: one state moves, the others stay. The first-order rule is linear "
        "in the coordinates of the policies' ranges, which is why it may bend here."
        if resting
        else "Slices through the middle of all dates: one state moves, the others stay."
    )
    picture = Picture(draw.decision_rules(member), "Decision rules", caption)
    return Section("rules", "Decision rules", figures={"decision_rules": picture})


def _simulation(member: Solution, seed: int) -> Section:
    data = simulate(member, periods=PERIODS, paths=PATHS, burn_in=BURN_IN, seed=seed)
    _require_finite(data, "simulated paths")
    tables = {
        "moments": _shown(moments(data), data),
        "moments_hp": dataclasses.replace(_shown(moments(data, hp_filter=1600), data), title="Business-cycle moments"),
    }
    pictures = {}
    if any(draw.varies(data[name].values) for name in data.data_vars):
        pictures["densities"] = Picture(
            draw.simulated_densities(data), "Simulated densities", f"{PATHS} paths of {PERIODS} periods."
        )
    if any(data[name].ndim == 3 and data[name].shape[2] >= 3 for name in data.data_vars):
        pictures["profiles"] = Picture(
            draw.life_cycle(data),
            "Profiles of array fields",
            "Mean and middle ninety per cent over simulated periods. Entry 1 here is entry [0] in the tables.",
        )
    return Section("simulation", "Simulation", tables=tables, figures=pictures)


def _passage(member: Solution, seed: int) -> Section:
    with jax.enable_x64(True):
        dates = member.economy.horizon
    assert dates is not None  # the model lives in calendar time
    data = simulate(member, periods=dates, paths=PATHS if shock_names(member.economy.model.shocks()) else 1, seed=seed)
    _require_finite(data, "simulated paths")
    pictures = {
        "passage": Picture(
            by_date.passage(data),
            "The economy by date",
            "From the first date to the horizon; where shocks arrive, mean and middle ninety per cent of paths.",
        ),
        "error_by_date": Picture(
            by_date.error_by_date(euler_errors(member, seed=seed), dates),
            "Residuals by date",
            "The largest residual of any equation on the paths of the certificate.",
        ),
    }
    return Section("passage", "From date to date", tables={"passage": by_date.passage_table(data)}, figures=pictures)


def _shown(found: Table, data: Any) -> Table:
    """The rows of a table of moments that a page has room for; profiles show the rest."""
    rows = [entry_name(str(name), index) for name in data.data_vars for index in shown_entries(data[name].shape[2:])]
    return dataclasses.replace(found, frame=found.frame.loc[rows])


def _responses(member: Solution, seed: int) -> Section:
    names = shock_names(member.economy.model.shocks())[:RESPONSES]
    pictures = {}
    for position, name in enumerate(names):
        response = impulse_response(member, position, seed=seed)
        _require_finite(response.sel(solution="global"), "impulse responses")
        shown = "" if len(names) == 1 else f" to {name}"
        pictures[f"responses_{position}"] = Picture(
            draw.impulse_responses(response),
            f"Impulse responses{shown}",
            "Generalised responses from the stochastic steady state: expected difference to the economy "
            "without the impulse, in units of the variable; one standard deviation.",
        )
    return Section("responses", "Impulse responses", figures=pictures)


def _run(solution: Solution) -> Section:
    pictures = {}
    if any(test.get("step") for test in solution.tests):
        pictures["training"] = Picture(
            draw.training_curve(solution), "Training", "Worst equation, on test paths that are never reset."
        )
    return Section("run", "How it was solved", tables={"how": how_table(solution)}, figures=pictures)
