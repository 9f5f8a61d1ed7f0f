"""`uq`: which parameter of a solved family matters."""

from pathlib import Path
from typing import Annotated

import typer

from saddlepath.cli.answers import Own, Place
from saddlepath.cli.environment import prepare


def uq(
    run: Place,
    qoi: Annotated[
        list[str], typer.Option("--qoi", metavar="STATISTIC", help="Quantity of interest, such as mean:c; repeatable.")
    ],
    prior: Annotated[Path, typer.Option(help="TOML file with a table per parameter: [beta] kind, mean, sd, ...")],
    model: Own = None,
    out: Annotated[Path | None, typer.Option(help="Folder to write; default uq beside the solution.")] = None,
    points: Annotated[int, typer.Option(help="Points at which the family is simulated.")] = 100,
    chosen: Annotated[int, typer.Option(help="Further points, where the surrogate would learn most.")] = 0,
    periods: Annotated[int | None, typer.Option(help="Length of every path; default 2000, or the horizon.")] = None,
    paths: Annotated[int | None, typer.Option(help="Paths per point; default 8, or 1 if nothing is random.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of shocks and samples.")] = 0,
) -> None:
    """Sobol' indices and Shapley effects of simulated quantities under a prior, with a report."""
    prepare()
    from saddlepath.cli.folders import solution_of
    from saddlepath.prior import read_prior
    from saddlepath.report.uq_page import write_uq_report
    from saddlepath.surrogate.files import save_surrogate
    from saddlepath.uq.study import study

    family, law = solution_of(run, model), read_prior(prior)
    found = study(family, qoi, law, points=points, chosen=chosen, periods=periods, paths=paths, seed=seed)
    typer.echo(str(found.result))
    folder = out or (run if run.is_dir() else run.parent) / "uq"
    save_surrogate(found.surrogate, folder / "surrogate.saddle")
    title = f"Which parameter of {type(family.model).__name__} matters"
    typer.echo(f"wrote {write_uq_report(found.result, folder, title=title)}")
