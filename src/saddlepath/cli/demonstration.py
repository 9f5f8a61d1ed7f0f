"""`demo`: two models with known answers, from their equations to a report."""

from pathlib import Path
from typing import Annotated, Any

import typer

from saddlepath.cli.environment import prepare
from saddlepath.cli.solving import NoCache, progress_of


def demo(
    out: Annotated[Path, typer.Option(help="Folder for the two run folders.")] = Path("runs/demo"),
    no_cache: NoCache = False,
) -> None:
    """Solve growth and a life cycle with a borrowing limit; compare with known numbers."""
    prepare(cache=not no_cache)
    import time

    from saddlepath.catalogue import model_class
    from saddlepath.cli.reference import DEMONSTRATIONS
    from saddlepath.config import Config
    from saddlepath.report.html import write_report
    from saddlepath.runs import RunFolder, start_run

    converged, seconds = True, 0.0
    for name, (table, compare) in DEMONSTRATIONS.items():
        config = Config({"model": name} | table)
        folder = RunFolder(_fresh(out, name))
        started = time.perf_counter()
        with progress_of(config) as progress:
            solution = start_run(folder, config, model_class(name), progress)
        seconds += time.perf_counter() - started
        write_report(solution, folder.path)
        typer.echo(f"\n{name}: {solution.outcome.sentence}.\n{solution.accuracy}\n")
        typer.echo(f"distance to reference numbers:\n{_aligned(compare(solution))}\n")
        typer.echo(f"run folder with report.html: {folder.path}")
        converged = converged and solution.outcome.converged
    typer.echo(f"both models solved in {seconds:.0f} s")
    if not converged:
        raise typer.Exit(1)


def _fresh(out: Path, name: str) -> Path:
    """A folder for a new run; demonstrations of before stay."""
    candidates = [out / name, *(out / f"{name}-{i}" for i in range(2, 10_000))]
    return next(path for path in candidates if not path.exists())


def _aligned(rows: list[tuple[str, Any, float]]) -> str:
    """Name, value, reference and relative distance, one line each."""
    width = max(len(name) for name, _, _ in rows)
    return "\n".join(
        f"  {name:<{width}}  {float(value):.7f}  reference {known:.7f}  distance {abs(value / known - 1):.1e}"
        for name, value, known in rows
    )
