"""Write the README's table of verified accuracies from the benchmark results: `python -m benchmarks.table`."""

import json
from pathlib import Path
from typing import Any

from benchmarks.first_step import RESULT, sentence

ROOT = Path(__file__).parents[1]
BEGIN, END = "<!-- accuracy:begin -->", "<!-- accuracy:end -->"
HEADER = (
    "| model | seeds that pass | mean Euler error (bar) | largest (bar) | further checks (bar) | seconds (bar) |\n"
    "|---|---|---|---|---|---|"
)


def results() -> dict[str, list[dict[str, Any]]]:
    """All results by row, in the order of the benchmark table."""
    from benchmarks.rows import ROWS

    folder = Path(__file__).parent / "results"
    files = {name: sorted((folder / name).glob("seed*.json")) for name in ROWS}
    return {name: [json.loads(path.read_text()) for path in paths] for name, paths in files.items() if paths}


def line(runs: list[dict[str, Any]]) -> str:
    """One row of the table: of every figure the worst seed."""
    figures = runs[0]["figures"]
    further = [name for name in figures if name not in ("seconds", "mean", "max")]
    checks = "; ".join(f"{name} {_worst(runs, name)}" for name in further)
    cells = [runs[0]["title"], f"{sum(run['met'] for run in runs)} of {len(runs)}"]
    cells += [_worst(runs, name) if name in figures else "" for name in ("mean", "max")]
    return "| " + " | ".join([*cells, checks, _worst(runs, "seconds")]) + " |"


def _worst(runs: list[dict[str, Any]], name: str) -> str:
    figures = [run["figures"][name] for run in runs]
    text = f"{_digits(max(f['reached'] for f in figures))} ({_digits(figures[0]['bar'])})"
    return text if all(f["met"] for f in figures) else f"**{text}**"


def _digits(value: float) -> str:
    """Two digits, and no power of ten for what people count."""
    return f"{value:.0f}" if 10 <= value < 1e5 else f"{value:.2g}"


def table() -> str:
    """The table in Markdown, and the time to the first step; a figure that misses its bar in some seed is bold."""
    below = ["", sentence(json.loads(RESULT.read_text()))] if RESULT.exists() else []
    return "\n".join([HEADER, *(line(runs) for runs in results().values()), *below])


def main() -> None:
    """Replace the table between the markers of the README."""
    path = ROOT / "README.md"
    text = path.read_text()
    before, after = text.split(BEGIN)[0], text.split(END)[1]
    path.write_text(f"{before}{BEGIN}\n{table()}\n{END}{after}")


if __name__ == "__main__":
    main()
