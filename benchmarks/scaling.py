"""What a training step costs as the work grows: `python -m benchmarks.scaling`.

Steps of the international business cycle with more countries, and with more states per step, each with the slopes of
all states side by side and of eight at a time. Milliseconds are of processor time, the least of several steps after
compilation, on one core, which other programs disturb least; megabytes are what the compiled step holds beside its
arguments. Both ways take the same step, whose largest difference is reported. Every row is written when it is measured;
the page of the manual and its figure are written at the end, or from an earlier result with
`python -m benchmarks.scaling page`.
"""

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import jax
import numpy as np
from threadpoolctl import threadpool_limits

import saddlepath as sp
from benchmarks.measure import surroundings
from saddlepath.container import write_json
from saddlepath.economy import economy
from saddlepath.models.irbc import IRBC
from saddlepath.report.drawing import BLUE, VERMILION, panels
from saddlepath.solvers.levenberg_marquardt import held
from saddlepath.solvers.problem import Problem
from saddlepath.solvers.start import initial_rule

RESULT = Path(__file__).parent / "results" / "scaling.json"
PAGE = Path(__file__).parents[1] / "docs" / "explanation" / "scale.md"
BEGIN, END = "<!-- scaling:begin -->", "<!-- scaling:end -->"
COUNTRIES, STATES = (2, 5, 10, 20, 50, 100), (32, 64, 128, 256, 512, 1024)
WAYS: dict[str, dict[str, Any]] = {"all states at once": {}, "eight at a time": {"at_once": 8}}
EQUATIONS = 4
"""Euler equations that enter a step at every state."""
REPEATS = 5


def problem_of(countries: int) -> Problem:
    """The economy at its steady state, with the network that its members share."""
    eco = economy(IRBC(countries=countries))
    return Problem(eco, initial_rule(eco, sp.Network(width=16, moments=6), "steady", 0)[0])


def measured(problem: Problem, n_states: int) -> dict[str, Any]:
    """Time and memory of a step, both ways."""
    key, weights = jax.random.key(0), problem.weights()
    batch = jax.vmap(problem.cloud.start, (None, 0))(problem.economy, jax.random.split(key, n_states))
    row: dict[str, Any] = {"states": n_states, "equations": problem.n_equations, "weights": weights.size}
    steps = []
    for way, settings in WAYS.items():
        solver = sp.LevenbergMarquardt(equations=EQUATIONS, **settings)
        arguments = weights, solver.init(problem, weights), batch, key
        began = time.process_time()
        program = jax.jit(lambda *now, solver=solver: solver.step(problem, *now)).lower(*arguments).compile()
        compiled = time.process_time() - began
        steps.append(np.asarray(program(*arguments)[0] - weights))
        seconds = []
        for _ in range(REPEATS):
            began = time.process_time()
            jax.block_until_ready(program(*arguments))
            seconds.append(time.process_time() - began)
        row[way] = {"milliseconds": 1e3 * min(seconds), "megabytes": held(program), "seconds to compile": compiled}
    row["difference of the steps"] = float(np.max(np.abs(steps[0] - steps[1])) / np.max(np.abs(steps[0])))
    return row


def measure() -> dict[str, Any]:
    """All rows, each written when it is there."""
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})  # before JAX counts the processors
    found: dict[str, Any] = {"equations per state": EQUATIONS, "countries": [], "states": []} | surroundings()
    found["load of the machine before"] = os.getloadavg()[0]
    rows = [("countries", n, 64) for n in COUNTRIES] + [("states", 10, n) for n in STATES]
    for axis, countries, n_states in rows:
        with jax.enable_x64(True), threadpool_limits(limits=1, user_api="blas"):
            row = {"countries": countries} | measured(problem_of(countries), n_states)
        print(json.dumps(row), flush=True)
        found[axis].append(row)
        found["load of the machine after"] = os.getloadavg()[0]
        write_json(RESULT, found)
    return found


def table(rows: list[dict[str, Any]], first: str) -> str:
    """Rows in Markdown."""
    heads = [first, *(f"{way}: {unit}" for way in WAYS for unit in ("ms", "MB", "s to compile"))]
    lines = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    for row in rows:
        figures = [row[way][name] for way in WAYS for name in ("milliseconds", "megabytes", "seconds to compile")]
        cells = [f"{figure:,.0f}" if figure >= 100 else f"{figure:.3g}" for figure in figures]
        lines.append(f"| {row[first]} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def write_page(found: dict[str, Any]) -> None:
    """Table and figure of the manual."""
    load = f"{found['load of the machine before']:.1f} to {found['load of the machine after']:.1f}"
    largest = max(row["difference of the steps"] for axis in ("countries", "states") for row in found[axis])
    said = [
        table(found["countries"], "countries"),
        "",
        "Steps of 64 states. Now ten countries, with more states per step:",
        "",
        table(found["states"], "states"),
        "",
        f"Processor time on one core of a machine on which other programs ran (load {load}). Both ways take the same "
        f"step to {largest:.0e} of its size.",
    ]
    text = PAGE.read_text(encoding="utf-8")
    before, after = text.split(BEGIN)[0], text.split(END)[1]
    PAGE.write_text(before + "\n".join([BEGIN, "", *said, "", END]) + after, encoding="utf-8")
    draw(found)


def draw(found: dict[str, Any]) -> None:
    """Time and memory of a step against countries and against states."""
    import matplotlib as mpl

    figure, axes = panels(4, columns=2, height=2.4)
    measures = {"milliseconds": "processor time of a step [ms]", "megabytes": "memory of a step [MB]"}
    for panel, (axis, name) in zip(axes, ((a, m) for a in ("countries", "states") for m in measures), strict=True):
        rows = found[axis]
        for way, colour in zip(WAYS, (BLUE, VERMILION), strict=True):
            panel.loglog([r[axis] for r in rows], [r[way][name] for r in rows], "o-", color=colour, label=way, ms=3)
        panel.set_xlabel(axis if axis == "countries" else "states per step")
        panel.set_ylabel(measures[name])
        panel.set_xticks([r[axis] for r in rows], [str(r[axis]) for r in rows])
        panel.minorticks_off()
    axes[0].legend(frameon=False)
    with mpl.rc_context({"svg.hashsalt": "saddlepath", "svg.fonttype": "none"}):
        figure.savefig(PAGE.with_name("scaling.svg"), metadata={"Date": None})


if __name__ == "__main__":
    write_page(json.loads(RESULT.read_text()) if sys.argv[1:] == ["page"] else measure())
