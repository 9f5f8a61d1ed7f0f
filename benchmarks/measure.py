"""Solve one row of the benchmark table for all its seeds and write what was reached beside what was asked."""

import hashlib
import json
import os
import platform
import resource
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import saddlepath as sp
from benchmarks.row import Row
from benchmarks.rows import ROWS

PACKAGES = ("saddlepath", "jax", "jaxlib", "equinox", "optax", "numpy", "scipy")


class Start:
    """The moment of the first test after training steps: what comes before is start-up and compilation."""

    def __init__(self) -> None:
        self.moment: float | None = None

    def __call__(self, record: dict[str, Any]) -> None:
        if self.moment is None and record["event"] == "test" and record["step"] > 0:
            self.moment = time.time()


def run_row(name: str, seeds: int | None, fresh: bool, launched: float, results: Path) -> None:
    """All seeds of a row, one JSON each.

    Args:
        name: Name of the row.
        seeds: Number of seeds, or None for the row's own.
        fresh: Run again what has a result.
        launched: Clock time at which this process was started. [s]
        results: Folder of the results.
    """
    row, shared = ROWS[name], None
    for seed in range(seeds or row.seeds):
        path = results / name / f"seed{seed}.json"
        if not fresh and path.exists() and json.loads(path.read_text())["settings"] == fingerprint(row):
            continue
        start = Start()
        solution = sp.solve(row.model, seed=seed, log=start, **row.settings)
        ended = time.time()
        moment = ended if start.moment is None else start.moment
        shared = moment - launched if shared is None else shared
        seconds = shared + ended - moment
        result = judge(row, solution, seconds) | {
            "row": name,
            "seed": seed,
            "seconds of start and compilation, until the first test of the first seed": shared,
            "share of start and compilation": shared / seconds,
        }
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(result, indent=1) + "\n")
        print(summary(result), flush=True)


def judge(row: Row, solution: sp.Solution, seconds: float) -> dict[str, Any]:
    """What was reached, what was asked, and whether every bar is met."""
    accuracy = solution.accuracy
    figures = {"seconds": (seconds, row.seconds)}
    if row.mean is not None:
        figures["mean"] = (accuracy.mean, row.mean)
    if row.worst is not None:
        figures["max"] = (accuracy.max, row.worst)
    figures |= {name: (check(solution), bar) for name, (check, bar) in row.checks.items()}
    met = {name: bool(value <= bar) for name, (value, bar) in figures.items()}
    return {
        "title": row.title,
        "outcome": solution.outcome.name.lower(),
        "figures": {name: {"reached": value, "bar": bar, "met": met[name]} for name, (value, bar) in figures.items()},
        "met": all(met.values()),
        "shown": dict(row.shown(solution)),
        "accuracy": accuracy.to_dict(),
        "how": solution.how,
        "updates per second": solution.how["steps"] / max(solution.how["seconds"], 1e-9),
        "peak memory [MB]": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "settings": fingerprint(row),
    } | surroundings()


def surroundings() -> dict[str, Any]:
    """Where and with what something was measured."""
    return {
        "machine": {"cores": os.cpu_count(), "processor": platform.machine(), "python": platform.python_version()},
        "versions": {package: version(package) for package in PACKAGES},
    }


def fingerprint(row: Row) -> str:
    """A hash of model, settings and bars of a row: a result of another row definition is not taken for this one."""
    text = repr((row.model, sorted((k, repr(v)) for k, v in row.settings.items()), row.mean, row.worst, row.seconds))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def summary(result: dict[str, Any]) -> str:
    """One line: row, seed, and every figure beside its bar."""
    parts = [f"{name} {f['reached']:.2g} ({f['bar']:.2g})" for name, f in result["figures"].items()]
    verdict = "met" if result["met"] else "NOT MET"
    return f"{result['row']} seed {result['seed']}: {result['outcome']}, {', '.join(parts)}: {verdict}"
