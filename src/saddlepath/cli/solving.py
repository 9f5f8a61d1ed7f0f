"""`solve` and `resume`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from saddlepath.cli.environment import join, prepare

if TYPE_CHECKING:
    from saddlepath.cli.progress import ProgressLine
    from saddlepath.config import Config
    from saddlepath.model import Model
    from saddlepath.runs import RunFolder
    from saddlepath.solution import Solution

Setting = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="TABLE.KEY=VALUE", help="Set one value, such as calibration.beta=0.97; repeatable."),
]
NoReport = Annotated[bool, typer.Option("--no-report", help="Write no figures and no report.html.")]
Referee = Annotated[
    bool,
    typer.Option("--referee", help="Solve by collocation too, and report the distance: up to three states."),
]
NoCache = Annotated[bool, typer.Option("--no-cache", help="Compile afresh; keep no compiled programs.")]
Distributed = Annotated[
    bool,
    typer.Option("--distributed", help="One solve by all processes that srun or mpirun has started."),
]


def solve(
    run: Annotated[str, typer.Argument(help="A shipped model, my_model.py:MyModel, or a run file in TOML.")],
    out: Annotated[Path | None, typer.Option(help="Run folder to write; default runs/NAME.")] = None,
    settings: Setting = None,
    referee: Referee = False,
    no_report: NoReport = False,
    no_cache: NoCache = False,
    distributed: Distributed = False,
) -> None:
    """Solve a model and write a run folder."""
    prepare(cache=not no_cache)
    if distributed:
        join()
    from saddlepath.catalogue import model_class
    from saddlepath.config import Config, read_config
    from saddlepath.runs import RunFolder, start_run

    config = read_config(run) if run.endswith(".toml") else Config({"model": run})
    config = config.override(settings or [])
    folder = RunFolder(out or _free_folder(config.reference))
    cls = model_class(config.reference)
    if referee:
        _require_judge(config, cls)
    with progress_of(config) as progress:
        solution = start_run(folder, config, cls, progress)
    _tell(solution, folder, report=not no_report, judged=referee)


def resume(
    run: Annotated[Path, typer.Argument(help="Run folder of a run that was stopped or killed.")],
    model: Annotated[
        str | None,
        typer.Option(help="my_model.py:MyModel as the run names it: allows this command to run that file."),
    ] = None,
    settings: Setting = None,
    referee: Referee = False,
    no_report: NoReport = False,
    no_cache: NoCache = False,
    distributed: Distributed = False,
) -> None:
    """Continue a run from its checkpoint; the result is that of a run without interruption, bit for bit."""
    prepare(cache=not no_cache)
    if distributed:
        join()
    from saddlepath.cli.folders import class_of_run, solution_of
    from saddlepath.report.html import write_report
    from saddlepath.runs import RunFolder, final_outcome, resume_run
    from saddlepath.solvers.devices import leads

    folder = RunFolder(run)
    config = folder.require_run().override(settings or [])
    ended = final_outcome(folder)
    if ended is not None and not settings:
        if leads():
            typer.echo(f"{run}: this run has ended, {ended.sentence}.")
            if not no_report and not folder.report.exists():
                write_report(solution_of(run, model), run)
        raise typer.Exit(0 if ended.converged else 1)
    cls = class_of_run(config, model)
    if referee:
        _require_judge(config, cls)
    with progress_of(config) as progress:
        solution = resume_run(folder, config, cls, progress)
    _tell(solution, folder, report=not no_report, judged=referee)


def progress_of(config: "Config") -> "ProgressLine":
    """The progress line of a run."""
    from saddlepath.cli.progress import ProgressLine

    plain = config.table.get("solve", {})
    return ProgressLine(config.reference.rpartition(":")[2], plain.get("tol"), plain.get("steps", 2000))


def _free_folder(reference: str) -> Path:
    """runs/NAME, with a number behind it if that exists."""
    name = reference.rpartition(":")[2]
    candidates = [Path("runs") / name, *(Path("runs") / f"{name}-{i}" for i in range(2, 10_000))]
    return next(path for path in candidates if not path.exists())


def _require_judge(config: "Config", cls: "type[Model]") -> None:
    """Refuse, before anything is solved, to ask a referee who cannot solve the model."""
    from saddlepath.verdict import require_judge

    require_judge(config.build_model(cls), over=config.arguments(cls).get("over"))


def _tell(solution: "Solution", folder: "RunFolder", *, report: bool, judged: bool) -> None:
    """Outcome, accuracy and verdict on the screen, then the report; exit code 1 where the tolerance was not met."""
    from saddlepath.outcome import Outcome
    from saddlepath.report.html import write_report
    from saddlepath.solvers.devices import leads
    from saddlepath.verdict import referee

    if not leads():
        raise typer.Exit(0 if solution.outcome.converged else 1)
    typer.echo(f"{type(solution.model).__name__}: {solution.outcome.sentence}.")
    if solution.accuracy is not None:
        typer.echo(str(solution.accuracy))
    for name, count in solution.guards.items():
        if count > 0:
            typer.echo(f"{name} during training: {count:,}")
    verdict = referee(solution) if judged else None
    if verdict is not None:
        typer.echo(f"\n{verdict}")
    typer.echo(f"run folder: {folder.path}")
    if report:
        write_report(solution, folder.path, referee=verdict or False)
    if solution.outcome is Outcome.INTERRUPTED:
        typer.echo(f"continue with: saddlepath resume {folder.path}")
    if not solution.outcome.converged:
        raise typer.Exit(1)
