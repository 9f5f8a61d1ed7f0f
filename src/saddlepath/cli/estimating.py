"""`estimate`: parameters from data."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from saddlepath.cli.answers import Own
from saddlepath.cli.environment import prepare
from saddlepath.cli.solving import NoCache, progress_of

if TYPE_CHECKING:
    from saddlepath.config import Config
    from saddlepath.runs import RunFolder
    from saddlepath.solution import Solution


def estimate(
    plan: Annotated[Path, typer.Argument(help="TOML file: a run file, or run = FOLDER, with [data] and what to do.")],
    model: Own = None,
    out: Annotated[Path | None, typer.Option(help="Folder to write; default runs/NAME of the file.")] = None,
    no_cache: NoCache = False,
) -> None:
    """Estimate parameters from data, by simulated moments or a posterior, with a report."""
    prepare(cache=not no_cache)
    from saddlepath.catalogue import model_class
    from saddlepath.cli.folders import solution_of
    from saddlepath.config import Config
    from saddlepath.errors import ConfigError
    from saddlepath.estimate.plan_file import read_plan
    from saddlepath.report.estimate_page import write_estimate_report
    from saddlepath.runs import RunFolder

    found = read_plan(plan)
    folder = out or Path("runs") / plan.stem
    if isinstance(found.source, Config):
        config, cls = found.source, model_class(found.source.reference)
        economy, over = config.build_model(cls), config.arguments(cls).get("over")
        solve = lambda: _solved(RunFolder(folder / "solution"), config, cls)
    else:
        solution = solution_of(found.source, model)
        economy, over, solve = solution.model, solution.box, lambda: solution
    if over is None or not over.names:
        raise ConfigError(f"{plan} says of no parameter that it may be estimated; add [over] with a range for each.")
    estimated = found.plan.run(economy, over, solve)
    if estimated.matched is not None:
        for part in vars(estimated.matched).values():
            typer.echo(f"{part}\n" if part is not None else "")
    if estimated.posterior is not None:
        typer.echo(str(estimated.posterior))
    title = f"Estimation of {type(economy).__name__}"
    typer.echo(f"wrote {write_estimate_report(estimated, folder, title=title)}")


def _solved(folder: "RunFolder", config: "Config", cls: type) -> "Solution":
    """The solution in a folder, continued or begun there if it has to be."""
    from saddlepath.errors import ConvergenceError, FileError
    from saddlepath.files import load
    from saddlepath.runs import final_outcome, resume_run, start_run

    if folder.config.is_file():
        if folder.require_run().resolved(cls) != config.resolved(cls):
            raise FileError(f"{folder.path} holds the solution of other settings; choose another --out, or remove it.")
        if final_outcome(folder) is not None and folder.solution.is_file():
            return load(folder.solution, model=cls)
    go = resume_run if folder.config.is_file() else start_run
    with progress_of(config) as progress:
        solution = go(folder, config, cls, progress)
    typer.echo(f"{type(solution.model).__name__}: {solution.outcome.sentence}.")
    if not solution.outcome.converged:
        raise ConvergenceError(f"the family did not converge, so nothing is estimated; its run is in {folder.path}.")
    return solution
