"""`errors`, `simulate`, `irf`, `report`: what a solution says."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from saddlepath.cli.environment import prepare

if TYPE_CHECKING:
    import xarray as xr

    from saddlepath.solution import Solution

Place = Annotated[Path, typer.Argument(metavar="RUN", help="Run folder, or a solution file.")]
Own = Annotated[
    str | None,
    typer.Option("--model", help="my_model.py:MyModel as the run names it: allows this command to run that file."),
]
At = Annotated[
    list[str] | None,
    typer.Option("--at", metavar="NAME=VALUE", help="Value of a pseudo-state, where the rule is a family; repeatable."),
]
Out = Annotated[Path | None, typer.Option(help="File to write: .nc, .csv, or another name for netCDF.")]


def errors(
    run: Place,
    model: Own = None,
    seed: Annotated[int, typer.Option(help="Seed of the fresh paths.")] = 0,
    csv: Annotated[Path | None, typer.Option(help="Write the table as CSV.")] = None,
    latex: Annotated[Path | None, typer.Option(help="Write the table as LaTeX.")] = None,
    referee: Annotated[
        bool, typer.Option("--referee", help="Solve by collocation too, and print the distance: up to three states.")
    ] = False,
) -> None:
    """Euler errors by equation, on fresh paths, with a finer quadrature than in training."""
    prepare()
    from saddlepath.cli.folders import solution_of
    from saddlepath.container import write_atomically
    from saddlepath.report.tables import accuracy_table
    from saddlepath.verification import euler_errors

    solution = solution_of(run, model)
    table = accuracy_table(euler_errors(solution, seed=seed).accuracy)
    typer.echo(str(table))
    if referee:
        from saddlepath.verdict import referee as second_opinion

        typer.echo(f"\n{second_opinion(solution, seed=seed)}")
    if csv is not None:
        write_atomically(csv, table.to_csv().encode())
    if latex is not None:
        write_atomically(latex, table.to_latex().encode())


def simulate(
    run: Place,
    model: Own = None,
    at: At = None,
    periods: Annotated[int, typer.Option(help="Periods that are recorded.")] = 1000,
    paths: Annotated[int, typer.Option(help="Number of paths.")] = 1,
    burn_in: Annotated[int, typer.Option(help="Periods before the first that is recorded.")] = 200,
    seed: Annotated[int, typer.Option(help="Seed of starts and shocks.")] = 0,
    out: Out = None,
) -> None:
    """Simulate; print moments, or write the panel to a file."""
    prepare()
    from saddlepath.simulation import simulate as panel_of
    from saddlepath.summary import moments

    panel = panel_of(_member(run, model, at), periods=periods, paths=paths, burn_in=burn_in, seed=seed)
    if out is None:
        typer.echo(str(moments(panel)))
    else:
        _write(panel, out)


def irf(
    run: Place,
    model: Own = None,
    at: At = None,
    shock: Annotated[
        str | None, typer.Option(help="Position or name of the innovation, where there are several.")
    ] = None,
    size: Annotated[float, typer.Option(help="Size of the impulse, in standard deviations.")] = 1.0,
    outcome: Annotated[
        int | None, typer.Option(help="Instead of an innovation, a regime of a Markov chain in the first period.")
    ] = None,
    periods: Annotated[int, typer.Option(help="Length of the response.")] = 40,
    seed: Annotated[int, typer.Option(help="Seed of the draws.")] = 0,
    out: Out = None,
) -> None:
    """Generalised impulse responses from the stochastic steady state, printed or written to a file."""
    prepare()
    from saddlepath.responses import impulse_response

    position = int(shock) if shock is not None and shock.isdigit() else shock
    solution = _member(run, model, at)
    response = impulse_response(solution, position, size, outcome=outcome, periods=periods, seed=seed)
    if out is None:
        frame = response.sel(solution="global", statistic="mean", drop=True).to_dataframe()
        typer.echo(frame.to_string(float_format=lambda v: f"{v: .6e}"))
    else:
        _write(response, out)


def report(
    run: Place,
    model: Own = None,
    referee: Annotated[
        bool, typer.Option("--referee", help="Solve by collocation too, and show the distance: up to three states.")
    ] = False,
) -> None:
    """Write tables, figures and report.html into a run folder, or into a folder beside a solution file."""
    prepare()
    from saddlepath.cli.folders import solution_of
    from saddlepath.report.html import write_report

    solution = solution_of(run, model)
    folder = run if run.is_dir() else run.parent / f"{run.stem}-report"
    write_report(solution, folder, referee=referee)
    typer.echo(f"wrote {folder / 'report.html'}")


def _member(run: Path, model: str | None, at: list[str] | None) -> "Solution":
    """The solution, at one calibration if it is a family."""
    from saddlepath.cli.folders import solution_of
    from saddlepath.errors import ConfigError

    solution = solution_of(run, model)
    if not at:
        return solution
    pairs = [entry.partition("=") for entry in at]
    try:
        return solution.at(**{name: float(value) for name, _, value in pairs})
    except ValueError as error:
        raise ConfigError(f"--at expects NAME=NUMBER, got {', '.join(at)}; write for example --at beta=0.95") from error


def _write(data: "xr.Dataset", out: Path) -> None:
    """A dataset as CSV or netCDF, by the ending of the file."""
    import os
    import tempfile

    from saddlepath.container import write_atomically

    if out.suffix == ".csv":
        content = data.to_dataframe().reset_index().to_csv(index=False).encode()
    else:
        handle, name = tempfile.mkstemp(suffix=".nc")
        os.close(handle)
        data.to_netcdf(name, engine="h5netcdf")
        content = Path(name).read_bytes()
        os.unlink(name)
    write_atomically(out, content)
    typer.echo(f"wrote {out}")
